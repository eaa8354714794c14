//! What limited the transfers of a cipher: a name only with the figures behind it, else unknown
//! with the figures that there are.
//!
//! The questions are asked from the narrowest to the widest, since a cause shows in the signs of
//! the next: a quota also delays, delays also look idle, and an idle machine may wait for a window,
//! a disk or a wire.

use super::kind::{Bottleneck, BottleneckKind};
use super::load::{Load, loads};
use super::path::{Path, Transfers};
use crate::analysis::end::End;
use crate::model::Direction;
use crate::model::record::{Pairing, Sample};
use crate::model::units::{MB, significant};
use crate::stats::statistics::median;

/// A thread is the limit when it works, or is ready to, for so much of the time: it also waits a
/// little for the other end, however slow it is itself.
const WORKING: f64 = 0.9;
/// … and works for so much of it.
const BUSY: f64 = 0.75;
/// A whole host, its cores counted together.
const HOST_BUSY: f64 = 0.95;
/// A thread that works, or is kept from it, for so much of the time wants no more than a core.
const WANTS: f64 = 0.8;
/// The share of the time that something has to take to be named.
const NOTABLE: f64 = 0.2;
/// CPUs are idle enough to look for another limit.
const IDLE: f64 = 0.8;
/// … and so idle that nothing but the path is left.
const MOSTLY_IDLE: f64 = 0.5;
/// Of a session's window (OpenSSH: 2 MiB, `channels.h`, CHAN_SES_WINDOW_DEFAULT; sftp keeps as
/// much in flight, 64 requests of 32 KiB).
const WINDOW_BYTES: f64 = 2.0 * 1024.0 * 1024.0;
const WINDOW_USED: f64 = 0.7;
/// Below this a window is no limit of anything.
const LEAST_ROUND_TRIP_S: f64 = 0.002;
const DISK_BUSY: f64 = 0.8;
/// How many times faster than into a file a pipe has to be for the file system to be named.
const MUCH_FASTER: f64 = 2.0;
/// A rate so near to a plain stream's, as a logarithm, is the stream's.
const NEAR: f64 = 0.1;
/// Fewer segments sent again are not worth a word.
const RESENT_PER_MB: f64 = 0.1;
/// Ciphers whose rates differ by no more meet the same wall.
const SAME_RATE: f64 = 0.05;
/// … provided that they cost the busier end CPU that differs by so much.
const OTHER_COST: f64 = 0.1;

/// The limit of each of a section's rows. Absent for rows without a measured trial.
pub fn bottlenecks(rows: &[Option<Transfers>], path: &Path) -> Vec<Option<Bottleneck>> {
    let Path { pairing, .. } = *path;
    let loads: Vec<Option<(Load, Load)>> = rows
        .iter()
        .map(|row| row.as_ref().map(|subject| loads(subject.samples, path.pairing, path.startups)))
        .collect();
    let of = |k: usize| {
        let subject = rows[k].as_ref()?;
        let (client, server) = loads[k]?;
        let others = (0..rows.len()).filter(|&other| other != k).filter_map(|other| {
            Some((rows[other].as_ref()?.rate_mb_per_s, busier(&loads[other]?)))
        });
        let (kind, evidence) = by_quota(&client, &server)
            .or_else(|| by_contention(&client, &server))
            .or_else(|| by_cpu(&client, &server))
            .or_else(|| by_window(subject, pairing))
            .or_else(|| by_storage(subject, &client, &server, path))
            .or_else(|| by_network(subject, &client, &server, path, others))
            .unwrap_or_else(|| (BottleneckKind::Unknown, figures(&client, &server)));
        Some(Bottleneck { kind, evidence, client, server })
    };
    (0..rows.len()).map(of).collect()
}

type Named = (BottleneckKind, String);

fn ends<'a>(client: &'a Load, server: &'a Load) -> [(End, &'a Load); 2] {
    // The busier one first: it is the likelier limit.
    let mut ends = [(End::Client, client), (End::Server, server)];
    ends.sort_by(|(_, a), (_, b)| b.busy.unwrap_or(0.0).total_cmp(&a.busy.unwrap_or(0.0)));
    ends
}

fn by_quota(client: &Load, server: &Load) -> Option<Named> {
    ends(client, server).into_iter().find_map(|(end, load)| {
        let (busy, throttled) = (load.busy?, load.throttled?);
        (throttled >= NOTABLE && busy + throttled >= WANTS).then(|| {
            let evidence = format!(
                "at the {end}, throttled for {} of the time, at work for {}",
                per_cent(throttled),
                per_cent(busy)
            );
            (BottleneckKind::Quota, evidence)
        })
    })
}

fn by_contention(client: &Load, server: &Load) -> Option<Named> {
    ends(client, server).into_iter().find_map(|(end, load)| {
        let busy = load.busy?;
        let delayed = load.delayed.filter(|&share| share >= NOTABLE && busy + share >= WANTS);
        let stolen = load.stolen.filter(|&share| share >= NOTABLE && busy + share >= WANTS);
        let why = match (delayed, stolen) {
            (Some(share), _) => format!("runnable but not running for {}", per_cent(share)),
            (None, Some(share)) => {
                format!("its virtual machine was not run for {}", per_cent(share))
            }
            (None, None) => return None,
        };
        let evidence = format!("at the {end}, {why} of the time, at work for {}", per_cent(busy));
        Some((BottleneckKind::Contention, evidence))
    })
}

fn by_cpu(client: &Load, server: &Load) -> Option<Named> {
    let limit = |end: End| match end {
        End::Client => BottleneckKind::ClientCpu,
        End::Server => BottleneckKind::ServerCpu,
    };
    let thread = ends(client, server).into_iter().find_map(|(end, load)| {
        let busy = load.busy.filter(|&busy| busy >= BUSY)?;
        let ready = load.delayed.unwrap_or(0.0);
        let more = match ready >= 0.01 {
            true => format!(", ready to work for {} more", per_cent(ready)),
            false => String::new(),
        };
        let evidence = format!("at work for {} of the time{more}", per_cent(busy));
        (busy + ready >= WORKING).then(|| (limit(end), evidence))
    });
    let helper = || {
        let busy = server.helpers.filter(|&busy| busy >= WORKING)?;
        Some((
            BottleneckKind::ServerCpu,
            format!("its helper at work for {} of the time", per_cent(busy)),
        ))
    };
    thread.or_else(helper).or_else(|| {
        ends(client, server).into_iter().find_map(|(end, load)| {
            let busy = load.host_busy.filter(|&busy| busy >= HOST_BUSY)?;
            Some((limit(end), format!("all cores of the host at work for {}", per_cent(busy))))
        })
    })
}

fn by_window(subject: &Transfers, pairing: &Pairing) -> Option<Named> {
    let round_trip_s = pairing.round_trip_s.filter(|&seconds| seconds >= LEAST_ROUND_TRIP_S)?;
    let in_flight = subject.rate_mb_per_s * MB * round_trip_s;
    (in_flight >= WINDOW_USED * WINDOW_BYTES).then(|| {
        let evidence = format!(
            "{} MB in flight ({} ms × {} MB/s), of the 2.1 MB that a session's window holds",
            significant(in_flight / MB),
            significant(round_trip_s * 1e3),
            significant(subject.rate_mb_per_s)
        );
        (BottleneckKind::Window, evidence)
    })
}

/// The file is written, and flushed, at the end that receives it.
fn by_storage(subject: &Transfers, client: &Load, server: &Load, path: &Path) -> Option<Named> {
    let sample = subject.samples.first().filter(|sample| sample.method.makes_files(path.sink))?;
    let (end, load) = match sample.direction {
        Direction::Upload => (End::Server, server),
        Direction::Download => (End::Client, client),
    };
    let wait = load.disk_wait.filter(|&share| share >= NOTABLE);
    let busy = load.disk_busy.filter(|&share| share >= DISK_BUSY);
    // A file system may wait for what no counter shows: a disk over a network, or one in user
    // space. What goes much faster into no file tells it.
    let rate = subject.rate_mb_per_s;
    let without_file = path.pipe_mb_per_s.filter(|pipe| {
        *pipe >= MUCH_FASTER * rate
            && sample.direction == Direction::Upload
            && [client.busy, server.busy, server.helpers].iter().flatten().all(|&b| b < IDLE)
    });
    let figures = match (busy, wait, without_file) {
        (Some(busy), ..) => format!("its disk at work for {} of the time", per_cent(busy)),
        (None, Some(wait), _) => format!("waiting for its disk for {} of the time", per_cent(wait)),
        (None, None, Some(pipe)) => format!(
            "{} MB/s into a file, {} by pipe into none; {}",
            significant(rate),
            significant(pipe),
            figures(client, server)
        ),
        (None, None, None) => return None,
    };
    Some((BottleneckKind::Storage, format!("at the {end}, {figures}")))
}

/// Ciphers that are as fast meet the same wall, and no CPU is at it.
fn by_network(
    subject: &Transfers,
    client: &Load,
    server: &Load,
    path: &Path,
    others: impl Iterator<Item = (f64, f64)>,
) -> Option<Named> {
    let own = busier(&(*client, *server));
    if client.busy.is_none() || server.busy.is_none() || own >= IDLE {
        return None;
    }
    let rate = subject.rate_mb_per_s;
    if let Some(stream) = path.plain_tcp_mb_per_s.filter(|stream| (rate / stream).ln().abs() < NEAR)
    {
        let evidence = format!(
            "{} MB/s, a plain TCP stream carries {}; {}{}",
            significant(rate),
            significant(stream),
            figures(client, server),
            resent(subject)
        );
        return Some((BottleneckKind::Network, evidence));
    }
    let as_fast: Vec<f64> = others
        .filter(|(other, busy)| (other / rate).ln().abs() <= SAME_RATE && *busy < IDLE)
        .map(|(_, busy)| busy)
        .collect();
    let of_other_cost = as_fast.iter().filter(|&&busy| (busy / own).ln().abs() >= OTHER_COST);
    // By elimination, ciphers of one cost tell it too: neither CPU does much, and what a file system
    // would take is known.
    let no_file = !subject.samples.first()?.method.makes_files(path.sink);
    let left = own < MOSTLY_IDLE && (no_file || path.pipe_mb_per_s.is_some());
    let (alike, cost) = match of_other_cost.count() {
        0 if left => (as_fast.len(), ""),
        many => (many, " of other cost"),
    };
    (alike > 0).then(|| {
        let many = if alike == 1 { "another cipher".into() } else { format!("{alike} others") };
        let evidence = format!(
            "{} MB/s, no faster than {many}{cost}; {}{}",
            significant(rate),
            figures(client, server),
            resent(subject)
        );
        (BottleneckKind::Network, evidence)
    })
}

/// TCP's own sign of a full path: what the sending end had to send again.
fn resent(subject: &Transfers) -> String {
    let of = |sample: &&Sample| {
        let sender = match sample.direction {
            Direction::Upload => sample.local_host.as_ref(),
            Direction::Download => sample.remote_host.as_ref(),
        };
        Some(sender?.resent_segments? as f64 / (sample.bytes? as f64 / MB))
    };
    let per_mb = median(&subject.samples.iter().filter_map(of).collect::<Vec<_>>());
    match per_mb.filter(|&per_mb| per_mb >= RESENT_PER_MB) {
        Some(per_mb) => format!("; {} TCP segments a MB sent again", significant(per_mb)),
        None => String::new(),
    }
}

/// The share of the time that the busier end is at work.
fn busier(loads: &(Load, Load)) -> f64 {
    [loads.0.busy, loads.1.busy].into_iter().flatten().fold(0.0, f64::max)
}

fn figures(client: &Load, server: &Load) -> String {
    let of = |load: &Load| load.busy.map_or("an unknown share".into(), per_cent);
    format!("the client at work for {} of the time, the server for {}", of(client), of(server))
}

fn per_cent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
