//! The server's CPU in one sample: by the most trusted source that there is, checked against the others.

use crate::host::counters::HostCounters;
use crate::host::linux::ProcessStat;
use crate::model::record::{Check, HostDelta, Spent};
use crate::model::{CpuTimes, Source, Waits};
use crate::remote::server::ServerProcesses;

/// The readings of one sample.
#[derive(Debug, Default)]
pub struct Readings<'a> {
    pub inside: Option<Spent>,
    pub sampled: Option<Spent>,
    /// Counters of the remote host before the client was started, and after it has ended.
    pub before: Option<&'a HostCounters>,
    pub after: Option<&'a HostCounters>,
    /// `after` was read once the session had been reaped.
    pub reaped: bool,
    pub host: Option<&'a HostDelta>,
}

/// What else is known of the remote host.
#[derive(Clone, Copy, Debug)]
pub struct Setting<'a> {
    pub processes: &'a ServerProcesses,
    /// CPU seconds that an empty transfer adds to the reaper's counters, where they were read.
    pub empty_reaper_s: Option<f64>,
    /// Busy CPU seconds per second while nothing is transferred.
    pub idle_busy: f64,
    pub ticks_per_s: u32,
    pub loopback: bool,
    /// The account has a shell.
    pub shell: bool,
}

/// The figure or why it is missing, and the other sources that it was checked against.
#[derive(Debug, Default, PartialEq)]
pub struct Account {
    pub spent: Option<Spent>,
    pub missing: Option<String>,
    pub checks: Vec<Check>,
}

pub fn account(readings: &Readings, setting: &Setting) -> Account {
    let reaper = reaper(readings, setting);
    let mut checks = Vec::new();
    // Without the empty transfer the reaper's figure includes setup, and the others do not.
    if let (Ok(spent), true) = (&reaper, setting.empty_reaper_s.is_some()) {
        let note = match setting.processes.reaper_is_blind {
            true => "does not include the CPU of connections on this server",
            false => "less an empty transfer and helpers",
        };
        let helpers = readings.inside.and_then(|spent| spent.helpers).unwrap_or_default();
        let mut comparable = *spent;
        comparable.bulk = comparable.bulk - helpers;
        checks.push(check(&comparable, note));
    }
    if let Some(sampled) = &readings.sampled {
        checks.push(check(sampled, "without CPU after the last reading"));
    }
    let usable_reaper = reaper.clone().ok().filter(|_| !setting.processes.reaper_is_blind);
    let found = readings
        .inside
        .or(usable_reaper)
        .or(readings.sampled)
        .map_or_else(|| whole_host(readings, setting), Ok);
    let found = found.and_then(|spent| within_busy(spent, readings.host));
    match found {
        Ok(spent) => {
            checks.retain(|check| check.source != spent.source);
            Account { spent: Some(spent), missing: None, checks }
        }
        Err(reason) => Account { spent: None, missing: Some(reason), checks },
    }
}

/// What the reaper's counters have gained, less what an empty transfer adds.
fn reaper(readings: &Readings, setting: &Setting) -> Result<Spent, String> {
    let (Some(before), Some(after)) = (readings.before, readings.after) else {
        return Err("the remote host's counters were not read".into());
    };
    let (Some(from), Some(to)) = (before.reaper, after.reaper) else {
        return Err("the process that reaps the server's sessions is not known".into());
    };
    if !readings.reaped || before.children != after.children {
        return Err("another connection to the server began or ended during the transfer".into());
    }
    let ticks = setting.ticks_per_s;
    let tick = 1.0 / f64::from(ticks.max(1));
    let all = |stat: ProcessStat| stat.own(ticks) + stat.children(ticks);
    let mut bulk = all(to) - all(from);
    let start = setting.empty_reaper_s.unwrap_or(0.0);
    bulk.total_s = (bulk.total_s - start).max(0.0);
    Ok(Spent {
        source: Source::Listener,
        resolution_s: 2.0 * tick,
        split_resolution_s: 2.0 * tick,
        bulk,
        real_s: None,
        setup: Some(CpuTimes { total_s: start, ..CpuTimes::default() }),
        helpers: None,
        with_helpers: true,
        waits: Waits::default(),
    })
}

/// CPU seconds that the reaper's counters have gained, once the session is reaped.
pub fn reaper_growth(before: &HostCounters, after: &HostCounters, ticks_per_s: u32) -> Option<f64> {
    let all = |stat: ProcessStat| (stat.own(ticks_per_s) + stat.children(ticks_per_s)).total_s;
    let (from, to) = (before.reaper?, after.reaper?);
    (before.children == after.children).then(|| all(to) - all(from))
}

fn whole_host(readings: &Readings, setting: &Setting) -> Result<Spent, String> {
    if setting.loopback {
        return Err(
            "the server's processes can't be read, and both ends share the counters of this \
                    host"
                .into(),
        );
    }
    if !setting.shell {
        return Err("the account allows SFTP alone, and SFTP shows no counters".into());
    }
    let host = readings.host.ok_or("the remote host shows no counters (it has no /proc)")?;
    let tick = 1.0 / f64::from(setting.ticks_per_s.max(1));
    let idle = setting.idle_busy * host.real_s;
    Ok(Spent {
        source: Source::Host,
        resolution_s: (0.1 * idle).max(4.0 * tick),
        split_resolution_s: (0.1 * idle).max(4.0 * tick),
        bulk: CpuTimes {
            user_s: host.user_s,
            system_s: host.system_s + host.softirq_s,
            total_s: (host.busy_s() - idle).max(0.0),
        },
        real_s: Some(host.real_s),
        setup: None,
        helpers: None,
        with_helpers: true,
        waits: Waits::default(),
    })
}

/// A process can't use more CPU than the whole host was busy. The kernel samples the host's counters by
/// clock ticks: a fifth and 0.1 s are allowed for that.
fn within_busy(spent: Spent, host: Option<&HostDelta>) -> Result<Spent, String> {
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

fn check(spent: &Spent, note: &str) -> Check {
    Check {
        source: spent.source,
        total_s: spent.bulk.total_s,
        resolution_s: spent.resolution_s,
        note: note.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::Sections;

    fn counters(children_ticks: u64, children: &str) -> HostCounters {
        let answer = Sections::parse(&format!(
            "@@uptime\n5 1\n@@stat\ncpu  1 0 0 0 0 0 0 0\n@@reaper\n\
             9 (sshd) S 1 9 9 0 -1 0 0 0 0 0 0 0 {children_ticks} 0 20 0 1 0 5\n@@children\n{children}\n"
        ));
        HostCounters::parse(&answer, 100, None).unwrap()
    }

    fn spent(source: Source, total_s: f64) -> Spent {
        Spent {
            source,
            resolution_s: 0.01,
            split_resolution_s: 0.01,
            bulk: CpuTimes { total_s, ..CpuTimes::default() },
            real_s: None,
            setup: None,
            helpers: None,
            with_helpers: false,
            waits: Waits::default(),
        }
    }

    fn judge(readings: &Readings, blind: bool, loopback: bool) -> Account {
        let processes = ServerProcesses { reaper_is_blind: blind, ..ServerProcesses::default() };
        let setting = Setting {
            processes: &processes,
            empty_reaper_s: Some(0.2),
            idle_busy: 0.5,
            ticks_per_s: 100,
            loopback,
            shell: true,
        };
        account(readings, &setting)
    }

    #[test]
    fn the_most_trusted_reading_is_taken_and_checked_against_the_next() {
        let (before, after) = (counters(100, "11"), counters(220, "11"));
        let mut readings = Readings {
            inside: Some(spent(Source::Process, 0.9)),
            before: Some(&before),
            after: Some(&after),
            reaped: true,
            ..Readings::default()
        };
        let with_inside = judge(&readings, false, false);
        assert_eq!(with_inside.spent.unwrap().source, Source::Process);
        assert!((with_inside.checks[0].total_s - 1.0).abs() < 1e-9);
        readings.inside = None;
        let with_reaper = judge(&readings, false, false);
        assert!((with_reaper.spent.unwrap().bulk.total_s - 1.0).abs() < 1e-9);
        readings.sampled = Some(spent(Source::Sampled, 0.8));
        assert_eq!(judge(&readings, true, false).spent.unwrap().source, Source::Sampled);
    }

    #[test]
    fn the_counters_of_a_reaper_with_other_sessions_are_not_used() {
        let (before, after) = (counters(100, "11"), counters(220, "11 12"));
        let host = HostDelta { real_s: 2.0, user_s: 3.0, ..HostDelta::default() };
        let readings = Readings {
            before: Some(&before),
            after: Some(&after),
            host: Some(&host),
            reaped: true,
            ..Readings::default()
        };
        let remote = judge(&readings, false, false).spent.unwrap();
        assert_eq!((remote.source, remote.bulk.total_s), (Source::Host, 2.0));
        assert!(judge(&readings, false, true).missing.unwrap().contains("share"));
    }

    #[test]
    fn more_cpu_than_the_host_was_busy_is_refused() {
        let host = HostDelta { real_s: 2.0, user_s: 0.5, ..HostDelta::default() };
        let readings = Readings {
            inside: Some(spent(Source::Process, 1.5)),
            host: Some(&host),
            ..Readings::default()
        };
        let account = judge(&readings, false, false);
        assert!(account.spent.is_none() && account.missing.unwrap().contains("busy"));
    }
}
