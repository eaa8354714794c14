//! The counters of the whole remote host: the server's CPU where its processes can't be read, and their check.

use crate::model::record::{HostDelta, Spent};
use crate::model::{CpuTimes, Source, Waits};
use crate::remote::target::Target;

/// What is known of the remote host.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    /// Busy CPU seconds per second while nothing is transferred.
    pub idle_busy: f64,
    pub ticks_per_s: u32,
    pub loopback: bool,
    /// The account has a shell.
    pub shell: bool,
}

impl Remote {
    pub fn of(target: &Target) -> Remote {
        Remote {
            idle_busy: target.idle_busy,
            ticks_per_s: target.remote.ticks_per_s,
            loopback: target.spec.server.loopback,
            shell: target.has_shell(),
        }
    }
}

/// What the host has spent beyond its idle load, or why that is no figure of the server.
pub fn whole_host(host: Option<&HostDelta>, remote: &Remote) -> Result<Spent, String> {
    if remote.loopback {
        return Err("the server's processes can't be read, and both ends share the counters of \
                    this host"
            .into());
    }
    if !remote.shell {
        return Err("the account allows SFTP alone, and SFTP shows no counters".into());
    }
    let host = host.ok_or("the remote host shows no counters (it has no /proc)")?;
    let tick = 1.0 / f64::from(remote.ticks_per_s.max(1));
    let idle_s = remote.idle_busy * host.real_s;
    let resolution_s = (0.1 * idle_s).max(4.0 * tick);
    Ok(Spent {
        source: Source::Host,
        resolution_s,
        split_resolution_s: resolution_s,
        bulk: CpuTimes {
            user_s: host.user_s,
            system_s: host.system_s + host.softirq_s,
            total_s: (host.busy_s() - idle_s).max(0.0),
        },
        real_s: Some(host.real_s),
        setup: None,
        helpers: None,
        with_helpers: true,
        waits: Waits::default(),
    })
}

/// Processes can't use more CPU than the whole host was busy. The kernel samples the host's counters by clock
/// ticks: a fifth and 0.1 s are allowed for that.
pub fn within_busy(spent: Spent, host: Option<&HostDelta>) -> Result<Spent, String> {
    match host {
        Some(host) if spent.bulk.total_s > 1.2 * host.busy_s() + 0.1 => Err(format!(
            "the source \"{}\" shows {:.2} s, but the whole host was busy for only {:.2} s",
            spent.source,
            spent.bulk.total_s,
            host.busy_s()
        )),
        _ => Ok(spent),
    }
}
