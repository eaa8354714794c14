//! What a sample has. To add a figure of samples, add a row to a list here.

use super::place::{self, Place};
use super::{Column, Group, Kind, Look, Value, When, chosen, column};
use crate::analysis::samples::grouping::{Macs, one_way};
use crate::analysis::samples::series::{costs_s, steady_rate};
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Asked, Disk, HostDelta, Outcome, Phase, Sample, Spent, Steady};
use crate::model::units::{MB, printable};
use crate::model::{OneWay, Survey};

/// A sample with what the analysis makes of it.
pub struct Line<'a> {
    survey: &'a Survey,
    sample: &'a Sample,
    /// Of its row in the summary.
    mac: Option<&'a str>,
    steady_mb_per_s: Option<f64>,
    client_flow_s: Option<f64>,
    server_flow_s: Option<f64>,
}

impl<'a> Line<'a> {
    pub fn all(survey: &'a Survey) -> impl Iterator<Item = Line<'a>> {
        let startups = Startups::of(&survey.samples);
        let macs = Macs::of(survey);
        survey.samples.iter().map(move |sample| {
            let (client_flow_s, server_flow_s) = costs_s(sample, &startups);
            let steady = steady_rate(sample, &startups).filter(|&rate| rate > 0.0);
            Line {
                survey,
                sample,
                mac: macs.of_sample(sample),
                steady_mb_per_s: steady.map(|rate| rate / MB),
                client_flow_s,
                server_flow_s,
            }
        })
    }

    /// The cipher, with the MAC that was asked for.
    pub fn name(&self) -> String {
        match &self.sample.mac {
            Some(mac) => format!("{} with {mac}", self.sample.cipher),
            None => self.sample.cipher.to_string(),
        }
    }

    fn place(&self) -> Place<'_> {
        let Sample { pairing, method, direction, .. } = *self.sample;
        Place::of(self.survey, pairing, method, direction)
    }
}

/// The columns of the table on a page, behind the names.
pub fn of_page<'a>(lines: &[Line<'a>]) -> Vec<Column<Line<'a>>> {
    let order = [Group::Count, Group::Speed, Group::Cost, Group::Mark];
    chosen(columns(), lines, &order, false, |look| look.in_page)
}

/// All columns, in the order of CSV.
#[rustfmt::skip]
pub fn columns<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = place::columns(Line::place);
    list.extend([
        of("phase", |at| Value::named(at.phase)),
        of("round", |at| at.round)
            .shown(look(Group::Count, "round").kind(Kind::Text).text(|at| match at.sample.phase {
                Phase::Calibration => "calibration".to_owned(),
                Phase::Round => at.sample.round.to_string(),
                Phase::Confirmation => format!("copy {}", at.sample.round),
            })),
        of("connection", |at| at.connection),
        column("transfer", transfer).not_in_csv()
            .shown(look(Group::Count, "transfer").kind(Kind::Text)),
        of("cipher", |at| at.cipher.as_str().to_owned()),
        column("mac", |at: &Line| at.mac.map(str::to_owned)),
    ]);
    list.extend(asked_and_negotiated());
    list.extend([
        of("started", |at| at.started.clone()),
        of("at_s", |at| at.at_s)
            .shown(look(Group::Count, "at s").text(|at| format!("{:.1}", at.sample.at_s))),
        of("outcome", |at| match at.outcome {
            Outcome::Measured => "measured",
            Outcome::Failed { .. } => "failed",
        }),
        of("reason", |at| reason(at).map(str::to_owned))
            .shown(look(Group::Mark, "failed").kind(Kind::Text)
                .text(|at| reason(at.sample).map(printable).unwrap_or_default())),
        of("remedy", |at| match &at.outcome {
            Outcome::Measured => None,
            Outcome::Failed { remedy, .. } => remedy.clone(),
        }),
        of("bytes", |at| at.bytes)
            .shown(look(Group::Speed, "MB").page_key("mb")
                .text(|at| Value::from(at.sample.bytes.map(|bytes| bytes as f64 / MB)).rounded())),
        of("slices", |at| at.slices.map(|slices| slices.count)),
        of("slice_spread", |at| at.slices?.spread),
        of("wire_sent", |at| at.wire.map(|wire| wire.sent)),
        of("wire_received", |at| at.wire.map(|wire| wire.received)),
        of("setup_s", |at| at.setup_s),
        of("real_s", |at| at.real_s),
        of("backoff_s", |at| at.backoff_s),
        of_steady("steady_bytes", |steady| steady.bytes),
        of_steady("steady_seconds", |steady| steady.seconds),
        of_steady("steady_skipped_s", |steady| steady.skipped_s),
        column("steady_mb_per_s", |at: &Line| at.steady_mb_per_s)
            .shown(look(Group::Speed, "MB/s").page_key("rate_mb_per_s").text(measured_rate)),
        column("client_flow_cpu_s", |at: &Line| at.client_flow_s),
        column("server_flow_cpu_s", |at: &Line| at.server_flow_s),
    ]);
    list.extend(of_end("client", |at| at.client.as_ref()));
    list.extend(of_end("server", |at| at.server.as_ref()));
    list.extend([
        of("server_helpers_cpu_s", |at| Some(at.server?.helpers?.total_s)),
        of("server_with_helpers", |at| Some(at.server?.with_helpers)),
        of("server_missing", |at| at.server_missing.clone()),
    ]);
    list.extend(of_host("local_host", |at| at.local_host.as_ref()));
    list.extend(of_host("remote_host", |at| at.remote_host.as_ref()));
    list
}

#[rustfmt::skip]
fn asked_and_negotiated<'a>() -> [Column<Line<'a>>; 6] {
    [
        of("mac_asked", |at| at.mac.as_ref().map(|mac| mac.as_str().to_owned())),
        of("negotiated_cipher", |at| Some(negotiated(at)?.cipher.as_str().to_owned())),
        of("negotiated_mac", |at| Some(negotiated(at)?.mac.clone())),
        of("negotiated_key_exchange", |at| Some(at.negotiated.as_ref()?.key_exchange.clone())),
        of("asked_bytes", |at| match at.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        }),
        of("asked_seconds", |at| match at.asked {
            Asked::Bytes(_) => None,
            Asked::Seconds(seconds) => Some(seconds),
        }),
    ]
}

/// CPU of one end. What the journal has in `bulk` has the plain names; setup has its own.
fn of_end<'a>(end: &str, spent: fn(&Sample) -> Option<&Spent>) -> [Column<Line<'a>>; 12] {
    let own = |template: &str, value: fn(&Spent) -> Value| {
        of(template.replace("END", end), move |at| spent(at).map(value))
    };
    [
        own("END_source", |spent| Value::named(spent.source)),
        own("END_resolution_s", |spent| spent.resolution_s.into()),
        own("END_split_resolution_s", |spent| spent.split_resolution_s.into()),
        own("END_user_s", |spent| spent.bulk.user_s.into()),
        own("END_system_s", |spent| spent.bulk.system_s.into()),
        own("END_cpu_s", |spent| spent.bulk.total_s.into())
            .shown(look(Group::Cost, format!("{end}\nCPU-s"))),
        own("END_real_s", |spent| spent.real_s.into()),
        own("END_setup_user_s", |spent| spent.setup.map(|setup| setup.user_s).into()),
        own("END_setup_system_s", |spent| spent.setup.map(|setup| setup.system_s).into()),
        own("END_setup_cpu_s", |spent| spent.setup.map(|setup| setup.total_s).into()),
        own("END_run_delay_s", |spent| spent.waits.run_delay_s.into()),
        own("END_throttled_s", |spent| spent.waits.throttled_s.into()),
    ]
}

/// Growth of one host's counters.
fn of_host<'a>(host: &str, delta: fn(&Sample) -> Option<&HostDelta>) -> [Column<Line<'a>>; 14] {
    let own = |template: &str, value: fn(&HostDelta) -> Value| {
        of(template.replace("HOST", host), move |at| delta(at).map(value))
    };
    fn disk<V: Into<Value>>(delta: &HostDelta, value: fn(&Disk) -> V) -> Value {
        delta.disk.as_ref().map(value).into()
    }
    [
        own("HOST_real_s", |delta| delta.real_s.into()),
        own("HOST_user_s", |delta| delta.user_s.into()),
        own("HOST_system_s", |delta| delta.system_s.into()),
        own("HOST_idle_s", |delta| delta.idle_s.into()),
        own("HOST_iowait_s", |delta| delta.iowait_s.into()),
        own("HOST_softirq_s", |delta| delta.softirq_s.into()),
        own("HOST_steal_s", |delta| delta.steal_s.into()),
        own("HOST_disk_read_bytes", |delta| disk(delta, |disk| disk.read_bytes)),
        own("HOST_disk_written_bytes", |delta| disk(delta, |disk| disk.written_bytes)),
        own("HOST_disk_busy_s", |delta| disk(delta, |disk| disk.busy_s)),
        own("HOST_frequency_khz", |delta| delta.frequency_khz.into()),
        own("HOST_temperature_millic", |delta| delta.temperature_millic.into()),
        own("HOST_swapped_pages", |delta| delta.swapped_pages.into()),
        own("HOST_resent_segments", |delta| delta.resent_segments.into()),
    ]
}

fn of<'a, V: Into<Value>>(
    key: impl Into<String>,
    value: impl Fn(&Sample) -> V + 'static,
) -> Column<Line<'a>> {
    column(key, move |at: &Line| value(at.sample))
}

fn of_steady<'a, V: Into<Value> + 'static>(key: &str, value: fn(&Steady) -> V) -> Column<Line<'a>> {
    of(key, move |at| at.steady.as_ref().map(value))
}

/// On a page alone: no table of a terminal has samples.
fn look<'a>(group: Group, title: impl Into<String>) -> Look<Line<'a>> {
    super::look(group, title).table(When::Never)
}

fn negotiated(sample: &Sample) -> Option<&OneWay> {
    Some(one_way(sample.negotiated.as_ref()?, sample.direction))
}

fn reason(sample: &Sample) -> Option<&str> {
    match &sample.outcome {
        Outcome::Measured => None,
        Outcome::Failed { reason, .. } => Some(reason),
    }
}

fn measured_rate(at: &Line) -> String {
    let measured = at.sample.outcome == Outcome::Measured;
    Value::from(at.steady_mb_per_s.filter(|_| measured)).rounded()
}

/// `upload`; by which method and between which ends, where the survey has several.
fn transfer(at: &Line) -> String {
    let Sample { pairing, method, direction, .. } = at.sample;
    let header = &at.survey.header;
    let mut text = direction.to_string();
    if header.methods.len() > 1 {
        text = format!("{method} {text}");
    }
    if header.pairings.len() > 1 {
        text += &format!(" {}", pairing + 1);
    }
    text
}
