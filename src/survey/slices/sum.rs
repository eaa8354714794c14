//! A sample from the slices of one connection in one direction. Pure.

use crate::host::session::SCHEDSTAT_RESOLUTION_S;
use crate::local::cpu::CLOCK_RESOLUTION_S;
use crate::model::host::{Disk, HostDelta, Interface};
use crate::model::record::{FixedCost, Slices, Spent, WireBytes};
use crate::model::{CpuTimes, Source, Waits};
use crate::survey::slices::slice::Slice;

/// What the slices of a sample sum up to.
#[derive(Clone, Debug)]
pub struct Sum {
    pub bytes: u64,
    pub real_s: f64,
    pub slices: Slices,
    pub client: Spent,
    /// Absent where no slice has a reading of the server's processes.
    pub server: Option<Spent>,
    pub wire: Option<WireBytes>,
    pub local_host: Option<HostDelta>,
    pub remote_host: Option<HostDelta>,
}

/// What is known of the connection that the slices were on.
#[derive(Clone, Copy, Debug)]
pub struct Of {
    pub setup_client: CpuTimes,
    /// Absent where the process serves other connections too, or can't be read.
    pub setup_server: Option<CpuTimes>,
    /// The server's CPU is in nanoseconds.
    pub fine: bool,
    pub fixed: FixedCost,
    /// Clock ticks per second at the two ends.
    pub ticks_per_s: u32,
    pub remote_ticks_per_s: u32,
}

/// Sums slices; absent without any that counts. `with_key_exchange`: which of them are left out, since keys
/// were exchanged again in them.
pub fn sum(slices: &[Slice], with_key_exchange: &[bool], of: &Of) -> Option<Sum> {
    let rekeyed = with_key_exchange.iter().filter(|with| **with).count() as u32;
    let plain = || slices.iter().zip(with_key_exchange).filter(|(_, with)| !**with);
    let suspended = plain().filter(|(slice, _)| slice.suspended.is_some()).count() as u32;
    let counted: Vec<&Slice> =
        plain().map(|(slice, _)| slice).filter(|slice| slice.suspended.is_none()).collect();
    if counted.is_empty() {
        return None;
    }
    let bytes = counted.iter().map(|slice| slice.bytes).sum();
    let real_s = counted.iter().map(|slice| slice.real_s()).sum();
    let tick = |ticks_per_s: u32| 1.0 / f64::from(ticks_per_s.max(1));
    let server = counted.iter().map(|slice| slice.server).collect::<Option<Vec<_>>>();
    let helpers = counted.iter().map(|slice| slice.helpers).collect::<Option<Vec<_>>>();
    let all = |times: Vec<CpuTimes>| times.into_iter().fold(CpuTimes::default(), |a, b| a + b);
    let remote_tick = tick(of.remote_ticks_per_s);
    Some(Sum {
        bytes,
        real_s,
        slices: Slices {
            count: counted.len() as u32,
            spread: spread(&counted, of.fixed.real_s),
            fixed: of.fixed,
            with_key_exchange: rekeyed,
            suspended,
        },
        client: Spent {
            source: Source::Clock,
            resolution_s: CLOCK_RESOLUTION_S,
            split_resolution_s: tick(of.ticks_per_s),
            bulk: all(counted.iter().map(|slice| slice.client).collect()),
            real_s: None,
            setup: Some(of.setup_client),
            helpers: None,
            with_helpers: false,
            waits: waits(counted.iter().map(|slice| slice.client_waits)),
        },
        server: server.map(|server| Spent {
            source: Source::Process,
            resolution_s: if of.fine { SCHEDSTAT_RESOLUTION_S } else { remote_tick },
            split_resolution_s: remote_tick,
            bulk: all(server),
            real_s: None,
            setup: of.setup_server,
            helpers: helpers.map(all),
            with_helpers: false,
            waits: waits(counted.iter().map(|slice| slice.server_waits)),
        }),
        wire: counted
            .iter()
            .map(|slice| slice.wire)
            .reduce(|a, b| {
                let (a, b) = (a?, b?);
                Some(WireBytes { sent: a.sent + b.sent, received: a.received + b.received })
            })
            .flatten(),
        local_host: hosts(counted.iter().map(|slice| slice.local_host.as_ref())),
        remote_host: hosts(counted.iter().map(|slice| slice.remote_host.as_ref())),
    })
}

/// Standard deviation of the logarithms of the slices' rates, without their fixed cost.
fn spread(slices: &[&Slice], fixed_s: f64) -> Option<f64> {
    let flow_s = |slice: &Slice| (slice.real_s() - fixed_s).max(0.3 * slice.real_s());
    let logs: Vec<f64> =
        slices.iter().map(|slice| (slice.bytes as f64 / flow_s(slice).max(1e-6)).ln()).collect();
    let many = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / many;
    let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
    (many > 1.0).then(|| (squares / (many - 1.0)).sqrt())
}

fn waits(of: impl Iterator<Item = Waits>) -> Waits {
    let more = |a: Option<f64>, b: Option<f64>| Some(a? + b?);
    of.reduce(|a, b| Waits {
        run_delay_s: more(a.run_delay_s, b.run_delay_s),
        throttled_s: more(a.throttled_s, b.throttled_s),
    })
    .unwrap_or_default()
}

/// The counters of a host around some slices, summed; absent where they are missing around one.
fn hosts<'a>(of: impl Iterator<Item = Option<&'a HostDelta>>) -> Option<HostDelta> {
    let mut sum: Option<HostDelta> = None;
    for delta in of {
        let delta = delta?;
        sum = Some(match sum {
            None => delta.clone(),
            Some(so_far) => plus(so_far, delta),
        });
    }
    sum
}

fn plus(a: HostDelta, b: &HostDelta) -> HostDelta {
    let more = |a: Option<u64>, b: Option<u64>| Some(a? + b?);
    HostDelta {
        real_s: a.real_s + b.real_s,
        user_s: a.user_s + b.user_s,
        system_s: a.system_s + b.system_s,
        idle_s: a.idle_s + b.idle_s,
        iowait_s: a.iowait_s + b.iowait_s,
        softirq_s: a.softirq_s + b.softirq_s,
        steal_s: a.steal_s + b.steal_s,
        interfaces: interfaces(a.interfaces, &b.interfaces),
        disk: a.disk.zip(b.disk.as_ref()).map(|(a, b)| Disk {
            device: a.device,
            read_bytes: a.read_bytes + b.read_bytes,
            written_bytes: a.written_bytes + b.written_bytes,
            busy_s: a.busy_s + b.busy_s,
        }),
        frequency_khz: b.frequency_khz,
        temperature_millic: b.temperature_millic,
        swapped_pages: more(a.swapped_pages, b.swapped_pages),
        resent_segments: more(a.resent_segments, b.resent_segments),
    }
}

fn interfaces(mut sum: Vec<Interface>, more: &[Interface]) -> Vec<Interface> {
    for one in more {
        match sum.iter_mut().find(|known| known.name == one.name) {
            Some(known) => {
                known.received_bytes += one.received_bytes;
                known.sent_bytes += one.sent_bytes;
            }
            None => sum.push(one.clone()),
        }
    }
    sum
}

#[cfg(test)]
#[path = "sum_tests.rs"]
mod tests;
