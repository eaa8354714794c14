//! One line a trial.

use super::{Cell, Column, Part, Place, column};
use crate::analysis::rows::{Macs, way};
use crate::analysis::series::{costs_s, steady_rate};
use crate::analysis::startup::Startups;
use crate::model::OneWay;
use crate::model::record::{Asked, Disk, HostDelta, Outcome, Spent, Steady, Trial};
use crate::model::units::MB;
use crate::report::Report;

/// A trial with what the analysis makes of it.
pub struct Line<'a> {
    trial: &'a Trial,
    /// Of its row in the summary.
    mac: Option<&'a str>,
    steady_mb_per_s: Option<f64>,
    client_flow_s: Option<f64>,
    server_flow_s: Option<f64>,
}

pub fn rows<'a>(report: &Report<'a>) -> impl Iterator<Item = (Place<'a>, Line<'a>)> {
    let survey = report.survey;
    let startups = Startups::of(&survey.trials);
    let macs = Macs::of(survey);
    survey.trials.iter().map(move |trial| {
        let (client_flow_s, server_flow_s) = costs_s(trial, &startups);
        let steady = steady_rate(trial, &startups).filter(|&rate| rate > 0.0);
        let line = Line {
            trial,
            mac: macs.of_trial(trial),
            steady_mb_per_s: steady.map(|rate| rate / MB),
            client_flow_s,
            server_flow_s,
        };
        (Place::of(survey, trial.pairing, trial.method, trial.direction), line)
    })
}

pub fn columns<'a>() -> Vec<Column<Line<'a>>> {
    let mut columns = vec![
        of("phase", |trial| Cell::named(trial.phase)),
        of("round", |trial| trial.round),
        of("cipher", |trial| trial.cipher.as_str().to_owned()),
        column("mac", |line: &Line| line.mac.map(str::to_owned)),
        of("mac_asked", |trial| trial.mac.as_ref().map(|mac| mac.as_str().to_owned())),
        of("negotiated_cipher", |trial| Some(negotiated(trial)?.cipher.as_str().to_owned())),
        of("negotiated_mac", |trial| Some(negotiated(trial)?.mac.clone())),
        of("negotiated_key_exchange", |trial| {
            Some(trial.negotiated.as_ref()?.key_exchange.clone())
        }),
        of("asked_bytes", |trial| match trial.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        }),
        of("asked_seconds", |trial| match trial.asked {
            Asked::Bytes(_) => None,
            Asked::Seconds(seconds) => Some(seconds),
        }),
        of("started", |trial| trial.started.clone()),
        of("at_s", |trial| trial.at_s),
        of("outcome", |trial| match trial.outcome {
            Outcome::Measured => "measured",
            Outcome::Failed { .. } => "failed",
        }),
        of("reason", |trial| match &trial.outcome {
            Outcome::Measured => None,
            Outcome::Failed { reason, .. } => Some(reason.clone()),
        }),
        of("remedy", |trial| match &trial.outcome {
            Outcome::Measured => None,
            Outcome::Failed { remedy, .. } => remedy.clone(),
        }),
        of("bytes", |trial| trial.bytes),
        of("handshake_s", |trial| trial.handshake_s),
        of("real_s", |trial| trial.real_s),
        of("backoff_s", |trial| trial.backoff_s),
        of_steady("steady_bytes", |steady| steady.bytes),
        of_steady("steady_seconds", |steady| steady.seconds),
        of_steady("steady_skipped_s", |steady| steady.skipped_s),
        column("steady_mb_per_s", |line: &Line| line.steady_mb_per_s),
        column("client_flow_cpu_s", |line: &Line| line.client_flow_s),
        column("server_flow_cpu_s", |line: &Line| line.server_flow_s),
    ];
    columns.extend(of_end("client", |trial| trial.client.as_ref()));
    columns.extend(of_end("server", |trial| trial.server.as_ref()));
    columns.extend([
        of("server_helpers_cpu_s", |trial| Some(trial.server?.helpers?.total_s)),
        of("server_with_helpers", |trial| Some(trial.server?.with_helpers)),
        of("server_missing", |trial| trial.server_missing.clone()),
    ]);
    columns.extend(of_host("near_host", |trial| trial.near_host.as_ref()));
    columns.extend(of_host("far_host", |trial| trial.far_host.as_ref()));
    columns
}

fn of<'a, C: Into<Cell> + 'static>(name: &str, cell: fn(&Trial) -> C) -> Column<Line<'a>> {
    column(name, move |line: &Line| cell(line.trial))
}

fn of_steady<'a, C: Into<Cell> + 'static>(name: &str, cell: fn(&Steady) -> C) -> Column<Line<'a>> {
    column(name, move |line: &Line| line.trial.steady.as_ref().map(cell))
}

fn negotiated(trial: &Trial) -> Option<&OneWay> {
    Some(way(trial.negotiated.as_ref()?, trial.direction))
}

/// CPU of one end. What the journal has in `bulk` has the plain names: the handshake is apart.
fn of_end<'a>(
    end: &str,
    spent: fn(&Trial) -> Option<&Spent>,
) -> impl Iterator<Item = Column<Line<'a>>> {
    let figures: [Part<Spent, Option<f64>>; 11] = [
        ("resolution_s", |spent| Some(spent.resolution_s)),
        ("split_resolution_s", |spent| Some(spent.split_resolution_s)),
        ("user_s", |spent| Some(spent.bulk.user_s)),
        ("system_s", |spent| Some(spent.bulk.system_s)),
        ("cpu_s", |spent| Some(spent.bulk.total_s)),
        ("real_s", |spent| spent.real_s),
        ("handshake_user_s", |spent| Some(spent.handshake?.user_s)),
        ("handshake_system_s", |spent| Some(spent.handshake?.system_s)),
        ("handshake_cpu_s", |spent| Some(spent.handshake?.total_s)),
        ("run_delay_s", |spent| spent.waits.run_delay_s),
        ("throttled_s", |spent| spent.waits.throttled_s),
    ];
    let source = column(format!("{end}_source"), move |line: &Line| {
        spent(line.trial).map_or(Cell::Absent, |spent| Cell::named(spent.source))
    });
    let figures = figures.map(|(name, figure)| {
        column(format!("{end}_{name}"), move |line: &Line| spent(line.trial).and_then(figure))
    });
    [source].into_iter().chain(figures)
}

/// Growth of one host's counters.
fn of_host<'a>(
    host: &str,
    delta: fn(&Trial) -> Option<&HostDelta>,
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
            delta(line.trial).map_or(Cell::Absent, figure)
        })
    })
}
