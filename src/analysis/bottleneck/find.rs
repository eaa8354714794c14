//! Finds the bottleneck of each cipher's transfers: named only with the figures behind it, else
//! unknown with the figures that there are.
//!
//! Causes are checked from the narrowest to the widest, since each also shows the signs of the
//! next: a quota makes a process wait, a waiting process looks idle, and an idle host may wait for
//! a window, a disk or the network.

use super::kind::{Bottleneck, BottleneckKind};
use super::load::{Load, loads};
use super::path::{Path, Transfers};
use crate::analysis::end::End;
use crate::analysis::rows::storage::Storage;
use crate::analysis::window;
use crate::model::Direction;
use crate::model::record::{Pairing, Sample};
use crate::model::units::{MB, significant, size};
use crate::stats::statistics::median;

/// Transfers that are over sooner are too short for any share of their time: clocks of CPU time may tick in 10 ms.
const LEAST_S: f64 = 0.1;

// Shares of the time.

/// A thread is the bottleneck when it runs, or waits for a CPU, so much: it also waits a little for
/// the other end, however slow it is itself.
const RUNNING_OR_WAITING: f64 = 0.9;
/// … and runs so much.
const BUSY: f64 = 0.75;
/// A whole host, its cores counted together.
const HOST_BUSY: f64 = 0.95;
/// Other work that has so much of a whole host is what keeps it busy.
const MUCH_OTHER_WORK: f64 = 0.3;
/// A thread that runs, or is kept from running, so much could use a whole core.
const NEEDS_A_CORE: f64 = 0.8;
/// What takes less is not named.
const NOTABLE: f64 = 0.2;
/// CPUs that are less busy leave room for another bottleneck.
const IDLE: f64 = 0.8;
/// … and CPUs that are less busy leave nothing but the path.
const MOSTLY_IDLE: f64 = 0.5;
const DISK_BUSY: f64 = 0.8;

/// How many times faster than into a file a pipe has to be for storage to be named, and than transfers storage by
/// itself for it to be ruled out.
const MUCH_FASTER: f64 = 2.0;
/// Storage without memory before it is the bottleneck where by itself it is no more than so many times as fast.
const NO_FASTER: f64 = 1.25;
/// A rate so near the plain TCP rate, as a logarithm, is equal to it.
const NEAR: f64 = 0.1;
/// Fewer retransmitted segments are not mentioned.
const RESENT_PER_MB: f64 = 0.1;
/// Ciphers whose rates differ by no more, as a logarithm, have the same bottleneck.
const SAME_RATE: f64 = 0.05;
/// … if the CPU that they cost the busier end differs by so much, as a logarithm.
const OTHER_COST: f64 = 0.1;

/// The bottleneck of each of a section's rows. Absent for rows without a measured sample.
pub fn bottlenecks(rows: &[Option<Transfers>], path: &Path) -> Vec<Option<Bottleneck>> {
    let Path { pairing, .. } = *path;
    let loads: Vec<Option<(Load, Load)>> = rows
        .iter()
        .map(|row| {
            row.as_ref().map(|transfers| loads(transfers.samples, path.pairing, path.startups))
        })
        .collect();
    let of = |k: usize| {
        let transfers = rows[k].as_ref()?;
        let (client, server) = loads[k]?;
        let others = (0..rows.len()).filter(|&other| other != k).filter_map(|other| {
            Some((rows[other].as_ref()?.rate_mb_per_s, busier(&loads[other]?)))
        });
        let (kind, evidence) = too_short(transfers)
            .or_else(|| by_quota(&client, &server))
            .or_else(|| by_contention(&client, &server))
            .or_else(|| by_cpu(&client, &server))
            .or_else(|| by_other_work(&client, &server))
            .or_else(|| by_window(transfers, pairing))
            .or_else(|| by_storage(transfers, &client, &server, path))
            .or_else(|| by_network(transfers, &client, &server, path, others))
            .unwrap_or_else(|| (BottleneckKind::Unknown, figures(&client, &server)));
        Some(Bottleneck { kind, evidence, client, server })
    };
    (0..rows.len()).map(of).collect()
}

type Named = (BottleneckKind, String);

fn too_short(transfers: &Transfers) -> Option<Named> {
    let real_s: Vec<f64> = transfers.samples.iter().filter_map(|sample| sample.real_s).collect();
    let real_s = median(&real_s).filter(|&real_s| real_s < LEAST_S)?;
    let evidence = format!("{} ms of transfer are too short to tell", significant(real_s * 1e3));
    Some((BottleneckKind::Unknown, evidence))
}

fn ends<'a>(client: &'a Load, server: &'a Load) -> [(End, &'a Load); 2] {
    // The busier one first: it is the likelier bottleneck.
    let mut ends = [(End::Client, client), (End::Server, server)];
    ends.sort_by(|(_, a), (_, b)| b.busy.unwrap_or(0.0).total_cmp(&a.busy.unwrap_or(0.0)));
    ends
}

fn by_quota(client: &Load, server: &Load) -> Option<Named> {
    ends(client, server).into_iter().find_map(|(end, load)| {
        let (busy, throttled) = (load.busy?, load.throttled?);
        (throttled >= NOTABLE && busy + throttled >= NEEDS_A_CORE).then(|| {
            let evidence = format!(
                "the {end} is throttled {} of the time and busy {} of one core",
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
        let delayed =
            load.delayed.filter(|&share| share >= NOTABLE && busy + share >= NEEDS_A_CORE);
        let stolen = load.stolen.filter(|&share| share >= NOTABLE && busy + share >= NEEDS_A_CORE);
        let why = match (delayed, stolen) {
            (Some(share), _) => format!("waits for a CPU {} of the time", per_cent(share)),
            (None, Some(share)) => {
                format!("loses {} of the time to other virtual machines", per_cent(share))
            }
            (None, None) => return None,
        };
        let evidence = format!("the {end} {why} and is busy {} of one core", per_cent(busy));
        Some((BottleneckKind::Contention, evidence))
    })
}

/// All cores of a host are busy, much of it with other work, and the SSH process waits for a CPU there, as far as that
/// is known.
fn by_other_work(client: &Load, server: &Load) -> Option<Named> {
    ends(client, server).into_iter().find_map(|(end, load)| {
        let all = load.host_busy.filter(|&busy| busy >= HOST_BUSY)?;
        let other = load.other_work.filter(|&share| share >= MUCH_OTHER_WORK)?;
        let waits = match load.delayed {
            Some(share) if share >= NOTABLE => {
                format!(", and its SSH process waits for a CPU {} of the time", per_cent(share))
            }
            Some(_) => return None,
            None => String::new(),
        };
        let evidence = format!(
            "all cores of the {end} are busy {}, {} with other work{waits}",
            per_cent(all),
            per_cent(other)
        );
        Some((BottleneckKind::Contention, evidence))
    })
}

fn by_cpu(client: &Load, server: &Load) -> Option<Named> {
    let cpu_of = |end: End| match end {
        End::Client => BottleneckKind::ClientCpu,
        End::Server => BottleneckKind::ServerCpu,
    };
    let thread = ends(client, server).into_iter().find_map(|(end, load)| {
        let busy = load.busy.filter(|&busy| busy >= BUSY)?;
        let waiting = load.delayed.unwrap_or(0.0);
        let and_waiting = match waiting >= 0.01 {
            true => format!(", waiting for a CPU {}", per_cent(waiting)),
            false => String::new(),
        };
        let evidence = format!("busy {} of one core{and_waiting}", per_cent(busy));
        (busy + waiting >= RUNNING_OR_WAITING).then(|| (cpu_of(end), evidence))
    });
    let helper = || {
        let busy = server.helpers.filter(|&busy| busy >= RUNNING_OR_WAITING)?;
        Some((
            BottleneckKind::ServerCpu,
            format!("its helper is busy {} of one core", per_cent(busy)),
        ))
    };
    thread.or_else(helper).or_else(|| {
        ends(client, server).into_iter().find_map(|(end, load)| {
            let busy = load.host_busy.filter(|&busy| busy >= HOST_BUSY)?;
            let own = load.other_work.is_some_and(|share| share < MUCH_OTHER_WORK);
            own.then(|| (cpu_of(end), format!("all cores of the host are busy {}", per_cent(busy))))
        })
    })
}

fn by_window(transfers: &Transfers, pairing: &Pairing) -> Option<Named> {
    let (first, rate) = (transfers.samples.first()?, transfers.rate_mb_per_s);
    let full = window::full(pairing, first.direction, first.method, rate)?;
    let whose = match window::is_small(full.window_bytes) {
        true => "the server's window",
        false => "the window of a channel",
    };
    let evidence = format!(
        "{} MB in flight ({} ms × {} MB/s) of the {} that {whose} allows",
        significant(full.in_flight_bytes / MB),
        significant(full.round_trip_s * 1e3),
        significant(rate),
        size(full.window_bytes)
    );
    Some((BottleneckKind::Window, evidence))
}

/// The file is written, and flushed, at the end that receives it.
fn by_storage(transfers: &Transfers, client: &Load, server: &Load, path: &Path) -> Option<Named> {
    let sample = transfers.samples.first().filter(|sample| sample.method.makes_files(path.sink))?;
    let (end, load) = match sample.direction {
        Direction::Upload => (End::Server, server),
        Direction::Download => (End::Client, client),
    };
    let named = |figures: String| Some((BottleneckKind::Storage, figures));
    if let Some(busy) = load.disk_busy.filter(|&share| share >= DISK_BUSY) {
        return named(format!("the {end}'s disk is busy {} of the time", per_cent(busy)));
    }
    if let Some(wait) = load.disk_wait.filter(|&share| share >= NOTABLE) {
        return named(format!("the {end} waits for its disk {} of the time", per_cent(wait)));
    }
    // A file system may wait for what no counter shows: a disk over a network, or a file system in
    // user space.
    if [client.busy, server.busy, server.helpers].into_iter().flatten().any(|busy| busy >= IDLE) {
        return None;
    }
    let rate = transfers.rate_mb_per_s;
    let is_upload = sample.direction == Direction::Upload;
    let into_no_file = path.pipe_mb_per_s.filter(|pipe| is_upload && *pipe >= MUCH_FASTER * rate);
    if let Some(pipe) = into_no_file {
        return named(format!(
            "{} MB/s into a file at the {end}, {} MB/s by pipe into none; {}",
            significant(rate),
            significant(pipe),
            figures(client, server)
        ));
    }
    let storage = Storage::of(path.pairing, sample.direction);
    // Where memory takes a file first, slices of it do not wait.
    let waits = storage.filter(|storage| storage.cached_bytes == Some(0));
    let written = waits.and_then(|storage| storage.write_mb_per_s);
    let written = written.filter(|&written| written <= NO_FASTER * rate)?;
    named(format!(
        "{} MB/s, and {} MB/s into a file at the {end} without SSH; {}",
        significant(rate),
        significant(written),
        figures(client, server)
    ))
}

/// Ciphers that are equally fast although no CPU is busy have the network as their bottleneck.
fn by_network(
    transfers: &Transfers,
    client: &Load,
    server: &Load,
    path: &Path,
    others: impl Iterator<Item = (f64, f64)>,
) -> Option<Named> {
    let own = busier(&(*client, *server));
    // Between two ends on one machine there is no network.
    let one_machine = path.pairing.loopback;
    if one_machine || client.busy.is_none() || server.busy.is_none() || own >= IDLE {
        return None;
    }
    let rate = transfers.rate_mb_per_s;
    if let Some(stream) = path.plain_tcp_mb_per_s.filter(|stream| (rate / stream).ln().abs() < NEAR)
    {
        let evidence = format!(
            "{} MB/s, a plain TCP stream {}; {}{}",
            significant(rate),
            significant(stream),
            figures(client, server),
            resent(transfers)
        );
        return Some((BottleneckKind::Network, evidence));
    }
    let as_fast: Vec<f64> = others
        .filter(|(other, busy)| (other / rate).ln().abs() <= SAME_RATE && *busy < IDLE)
        .map(|(_, busy)| busy)
        .collect();
    let of_other_cost = as_fast.iter().filter(|&&busy| (busy / own).ln().abs() >= OTHER_COST);
    // A file may be what all ciphers wait for, unless what it takes is known.
    let first = transfers.samples.first()?;
    let no_file = !first.method.makes_files(path.sink);
    if !no_file && path.pipe_mb_per_s.is_none() && !is_stored_faster(first, rate, path) {
        return None;
    }
    // By elimination, ciphers of equal cost show it too: neither CPU is busy.
    let left = own < MOSTLY_IDLE;
    let (alike, cost) = match of_other_cost.count() {
        0 if left => (as_fast.len(), ""),
        many => (many, " of different cost"),
    };
    (alike > 0).then(|| {
        let many =
            if alike == 1 { "another cipher".into() } else { format!("{alike} other ciphers") };
        let evidence = format!(
            "{} MB/s, as fast as {many}{cost}; {}{}",
            significant(rate),
            figures(client, server),
            resent(transfers)
        );
        (BottleneckKind::Network, evidence)
    })
}

/// Whether storage was timed apart and is much faster at both ends.
fn is_stored_faster(sample: &Sample, rate: f64, path: &Path) -> bool {
    Storage::of(path.pairing, sample.direction).is_some_and(|storage| {
        [storage.read_mb_per_s, storage.write_mb_per_s]
            .iter()
            .all(|stored| stored.is_some_and(|stored| stored >= MUCH_FASTER * rate))
    })
}

/// TCP's own sign of a full path: what the sending end had to retransmit.
fn resent(transfers: &Transfers) -> String {
    let of = |sample: &&Sample| {
        let sender = match sample.direction {
            Direction::Upload => sample.local_host.as_ref(),
            Direction::Download => sample.remote_host.as_ref(),
        };
        Some(sender?.resent_segments? as f64 / (sample.bytes? as f64 / MB))
    };
    let per_mb = median(&transfers.samples.iter().filter_map(of).collect::<Vec<_>>());
    match per_mb.filter(|&per_mb| per_mb >= RESENT_PER_MB) {
        Some(per_mb) => format!("; {} TCP segments retransmitted per MB", significant(per_mb)),
        None => String::new(),
    }
}

/// How busy the busier end is, of one core.
fn busier(loads: &(Load, Load)) -> f64 {
    [loads.0.busy, loads.1.busy].into_iter().flatten().fold(0.0, f64::max)
}

fn figures(client: &Load, server: &Load) -> String {
    let of = |load: &Load| load.busy.map_or("?".into(), per_cent);
    format!("the client is busy {} of one core, the server {}", of(client), of(server))
}

fn per_cent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
