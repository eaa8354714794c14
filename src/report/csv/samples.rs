//! One line a trial.

use super::{Cell, Column, Part, Place, column};
use crate::analysis::samples::grouping::{Macs, one_way};
use crate::analysis::samples::series::{costs_s, steady_rate};
use crate::analysis::samples::startup::Startups;
use crate::model::OneWay;
use crate::model::record::{Asked, Disk, HostDelta, Outcome, Sample, Spent, Steady};
use crate::model::units::MB;
use crate::report::Report;

/// A trial with what the analysis makes of it.
pub struct Line<'a> {
    sample: &'a Sample,
    /// Of its row in the summary.
    mac: Option<&'a str>,
    steady_mb_per_s: Option<f64>,
    client_flow_s: Option<f64>,
    server_flow_s: Option<f64>,
}

pub fn rows<'a>(report: &Report<'a>) -> impl Iterator<Item = (Place<'a>, Line<'a>)> {
    let survey = report.survey;
    let startups = Startups::of(&survey.samples);
    let macs = Macs::of(survey);
    survey.samples.iter().map(move |sample| {
        let (client_flow_s, server_flow_s) = costs_s(sample, &startups);
        let steady = steady_rate(sample, &startups).filter(|&rate| rate > 0.0);
        let line = Line {
            sample,
            mac: macs.of_sample(sample),
            steady_mb_per_s: steady.map(|rate| rate / MB),
            client_flow_s,
            server_flow_s,
        };
        (Place::of(survey, sample.pairing, sample.method, sample.direction), line)
    })
}

pub fn columns<'a>() -> Vec<Column<Line<'a>>> {
    let mut columns = vec![
        of("phase", |sample| Cell::named(sample.phase)),
        of("round", |sample| sample.round),
        of("cipher", |sample| sample.cipher.as_str().to_owned()),
        column("mac", |line: &Line| line.mac.map(str::to_owned)),
        of("mac_asked", |sample| sample.mac.as_ref().map(|mac| mac.as_str().to_owned())),
        of("negotiated_cipher", |sample| Some(negotiated(sample)?.cipher.as_str().to_owned())),
        of("negotiated_mac", |sample| Some(negotiated(sample)?.mac.clone())),
        of("negotiated_key_exchange", |sample| {
            Some(sample.negotiated.as_ref()?.key_exchange.clone())
        }),
        of("asked_bytes", |sample| match sample.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        }),
        of("asked_seconds", |sample| match sample.asked {
            Asked::Bytes(_) => None,
            Asked::Seconds(seconds) => Some(seconds),
        }),
        of("started", |sample| sample.started.clone()),
        of("at_s", |sample| sample.at_s),
        of("outcome", |sample| match sample.outcome {
            Outcome::Measured => "measured",
            Outcome::Failed { .. } => "failed",
        }),
        of("reason", |sample| match &sample.outcome {
            Outcome::Measured => None,
            Outcome::Failed { reason, .. } => Some(reason.clone()),
        }),
        of("remedy", |sample| match &sample.outcome {
            Outcome::Measured => None,
            Outcome::Failed { remedy, .. } => remedy.clone(),
        }),
        of("bytes", |sample| sample.bytes),
        of("handshake_s", |sample| sample.setup_s),
        of("real_s", |sample| sample.real_s),
        of("backoff_s", |sample| sample.backoff_s),
        of_steady("steady_bytes", |steady| steady.bytes),
        of_steady("steady_seconds", |steady| steady.seconds),
        of_steady("steady_skipped_s", |steady| steady.skipped_s),
        column("steady_mb_per_s", |line: &Line| line.steady_mb_per_s),
        column("client_flow_cpu_s", |line: &Line| line.client_flow_s),
        column("server_flow_cpu_s", |line: &Line| line.server_flow_s),
    ];
    columns.extend(of_end("client", |sample| sample.client.as_ref()));
    columns.extend(of_end("server", |sample| sample.server.as_ref()));
    columns.extend([
        of("server_helpers_cpu_s", |sample| Some(sample.server?.helpers?.total_s)),
        of("server_with_helpers", |sample| Some(sample.server?.with_helpers)),
        of("server_missing", |sample| sample.server_missing.clone()),
    ]);
    columns.extend(of_host("near_host", |sample| sample.local_host.as_ref()));
    columns.extend(of_host("far_host", |sample| sample.remote_host.as_ref()));
    columns
}

fn of<'a, C: Into<Cell> + 'static>(name: &str, cell: fn(&Sample) -> C) -> Column<Line<'a>> {
    column(name, move |line: &Line| cell(line.sample))
}

fn of_steady<'a, C: Into<Cell> + 'static>(name: &str, cell: fn(&Steady) -> C) -> Column<Line<'a>> {
    column(name, move |line: &Line| line.sample.steady.as_ref().map(cell))
}

fn negotiated(sample: &Sample) -> Option<&OneWay> {
    Some(one_way(sample.negotiated.as_ref()?, sample.direction))
}

/// CPU of one end. What the journal has in `bulk` has the plain names: the handshake is apart.
fn of_end<'a>(
    end: &str,
    spent: fn(&Sample) -> Option<&Spent>,
) -> impl Iterator<Item = Column<Line<'a>>> {
    let figures: [Part<Spent, Option<f64>>; 11] = [
        ("resolution_s", |spent| Some(spent.resolution_s)),
        ("split_resolution_s", |spent| Some(spent.split_resolution_s)),
        ("user_s", |spent| Some(spent.bulk.user_s)),
        ("system_s", |spent| Some(spent.bulk.system_s)),
        ("cpu_s", |spent| Some(spent.bulk.total_s)),
        ("real_s", |spent| spent.real_s),
        ("handshake_user_s", |spent| Some(spent.setup?.user_s)),
        ("handshake_system_s", |spent| Some(spent.setup?.system_s)),
        ("handshake_cpu_s", |spent| Some(spent.setup?.total_s)),
        ("run_delay_s", |spent| spent.waits.run_delay_s),
        ("throttled_s", |spent| spent.waits.throttled_s),
    ];
    let source = column(format!("{end}_source"), move |line: &Line| {
        spent(line.sample).map_or(Cell::Absent, |spent| Cell::named(spent.source))
    });
    let figures = figures.map(|(name, figure)| {
        column(format!("{end}_{name}"), move |line: &Line| spent(line.sample).and_then(figure))
    });
    [source].into_iter().chain(figures)
}

/// Growth of one host's counters.
fn of_host<'a>(
    host: &str,
    delta: fn(&Sample) -> Option<&HostDelta>,
) -> impl Iterator<Item = Column<Line<'a>>> {
    fn disk(delta: &HostDelta) -> Option<&Disk> {
        delta.disk.as_ref()
    }
    let figures: [Part<HostDelta, Cell>; 14] = [
        ("real_s", |delta| delta.real_s.into()),
        ("user_s", |delta| delta.user_s.into()),
        ("system_s", |delta| delta.system_s.into()),
        ("idle_s", |delta| delta.idle_s.into()),
        ("iowait_s", |delta| delta.iowait_s.into()),
        ("softirq_s", |delta| delta.softirq_s.into()),
        ("steal_s", |delta| delta.steal_s.into()),
        ("disk_read_bytes", |delta| disk(delta).map(|disk| disk.read_bytes).into()),
        ("disk_written_bytes", |delta| disk(delta).map(|disk| disk.written_bytes).into()),
        ("disk_busy_s", |delta| disk(delta).map(|disk| disk.busy_s).into()),
        ("frequency_khz", |delta| delta.frequency_khz.into()),
        ("temperature_millic", |delta| delta.temperature_millic.into()),
        ("swapped_pages", |delta| delta.swapped_pages.into()),
        ("resent_segments", |delta| delta.resent_segments.into()),
    ];
    figures.into_iter().map(move |(name, figure)| {
        column(format!("{host}_{name}"), move |line: &Line| {
            delta(line.sample).map_or(Cell::Absent, figure)
        })
    })
}
