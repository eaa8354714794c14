//! What both ends have spent, read around a slice.

use std::time::{Duration, Instant};

use crate::host::counters::HostCounters;
use crate::local::cpu::Processes;
use crate::local::proc::{Quotas, host_counters, run_delay_of};
use crate::local::socket::TcpSocket;
use crate::model::record::{HostDelta, WireBytes};
use crate::model::{CpuTimes, Waits};
use crate::remote::target::Target;

/// One reading of a connection's processes on this machine.
#[derive(Clone, Copy, Debug)]
pub struct LocalReading {
    pub cpu: CpuTimes,
    pub wire: Option<WireBytes>,
    pub waits: Waits,
}

/// What is read of a connection on this machine.
#[derive(Clone, Debug)]
pub struct LocalAccount {
    pub processes: Processes,
    pub socket: Option<TcpSocket>,
    quotas: Quotas,
}

impl LocalAccount {
    pub fn of(processes: Processes, socket: Option<TcpSocket>) -> LocalAccount {
        let quotas = Quotas::of(processes.pids());
        LocalAccount { processes, socket, quotas }
    }

    pub fn read(&self) -> LocalReading {
        LocalReading {
            cpu: self.processes.cpu(),
            wire: self.socket.and_then(|socket| socket.info()).map(|info| info.wire),
            waits: Waits {
                run_delay_s: run_delay_of(self.processes.pids()),
                throttled_s: self.quotas.throttled_s(),
            },
        }
    }
}

/// Counters of both hosts when the last slice of a target had ended; the next one's growth counts from there.
#[derive(Clone, Debug, Default)]
pub struct HostsBefore {
    local: Option<(Instant, HostCounters)>,
    remote: Option<(Instant, HostCounters)>,
}

/// Longer than what goes on between two slices: something else was done since the last one.
const FRESH: Duration = Duration::from_millis(10);

impl HostsBefore {
    /// Whether the last reading is no longer that of the moment before a slice.
    pub fn are_stale(&self) -> bool {
        let fresh = |(at, _): &(Instant, HostCounters)| at.elapsed() < FRESH;
        !self.local.as_ref().is_some_and(fresh)
    }

    /// Takes the counters after a slice; the growth of each host since the last ones.
    pub fn advance(
        &mut self,
        target: &Target,
        remote: Option<&HostCounters>,
    ) -> (Option<HostDelta>, Option<HostDelta>) {
        let now = Instant::now();
        let local_device = target.local_storage.device.as_deref();
        let remote_device = target.directory.storage.device.as_deref();
        let local = host_counters(target.local.ticks_per_s, local_device);
        (
            step(&mut self.local, now, local, local_device),
            step(&mut self.remote, now, remote.cloned(), remote_device),
        )
    }
}

fn step(
    before: &mut Option<(Instant, HostCounters)>,
    now: Instant,
    counters: Option<HostCounters>,
    device: Option<&str>,
) -> Option<HostDelta> {
    let counters = counters?;
    let delta = before.as_ref().map(|(then, earlier)| HostDelta {
        // The host's own clock of uptime is too coarse for a slice.
        real_s: now.duration_since(*then).as_secs_f64(),
        ..counters.since(earlier, device)
    });
    *before = Some((now, counters));
    delta
}
