//! The server's CPU in one run of a program: by the most trusted source that there is, checked against the
//! others.

use crate::host::counters::HostCounters;
use crate::host::linux::ProcessStat;
use crate::model::record::{Check, HostDelta, Spent};
use crate::model::{Source, Waits};
use crate::remote::whole_host::{Remote, whole_host, within_busy};

/// The readings of one run.
#[derive(Debug, Default)]
pub struct Readings<'a> {
    /// By the remote command, before and after its transfer.
    pub process: Option<Spent>,
    /// By the control connection, while the server's processes lived.
    pub sampled: Option<Spent>,
    /// Counters of the remote host before the client was started, and after it has ended.
    pub before: Option<&'a HostCounters>,
    pub after: Option<&'a HostCounters>,
    pub host: Option<&'a HostDelta>,
}

/// The figure or why it is missing, and the other sources that it was checked against.
#[derive(Debug, Default, PartialEq)]
pub struct Account {
    pub spent: Option<Spent>,
    pub missing: Option<String>,
    pub checks: Vec<Check>,
}

pub fn account(readings: &Readings, remote: &Remote) -> Account {
    let listener = listener(readings, remote.ticks_per_s);
    let mut checks = Vec::new();
    if let Some(spent) = &listener {
        checks.push(check(spent, "with helpers"));
    }
    if let Some(sampled) = &readings.sampled {
        checks.push(check(sampled, "without CPU after the last reading"));
    }
    let found = readings
        .process
        .or(listener)
        .or(readings.sampled)
        .map_or_else(|| whole_host(readings.host, remote), Ok);
    let found = found.and_then(|spent| within_busy(spent, readings.host));
    match found {
        Ok(spent) => {
            checks.retain(|check| check.source != spent.source);
            Account { spent: Some(spent), missing: None, checks }
        }
        Err(reason) => Account { spent: None, missing: Some(reason), checks },
    }
}

/// What the children that the listener has reaped have gained, less what the samples show of the setup. Before
/// OpenSSH 9.8 it does not reap the session processes of an ordinary user: then the samples show more.
fn listener(readings: &Readings, ticks_per_s: u32) -> Option<Spent> {
    let sampled = readings.sampled?;
    let (before, after) = (readings.before?, readings.after?);
    let (from, to) = (before.listener?, after.listener?);
    // Otherwise another connection to the server has begun or ended meanwhile.
    let alone = before.children == after.children;
    let all = |stat: ProcessStat| stat.own(ticks_per_s) + stat.children(ticks_per_s);
    let growth = all(to) - all(from);
    let setup = sampled.setup.unwrap_or_default();
    let seen = sampled.bulk + setup;
    let tick = 1.0 / f64::from(ticks_per_s.max(1));
    (alone && growth.total_s >= 0.9 * seen.total_s).then(|| Spent {
        source: Source::Listener,
        resolution_s: 2.0 * tick,
        split_resolution_s: 2.0 * tick,
        bulk: growth - setup,
        real_s: None,
        setup: Some(setup),
        helpers: None,
        with_helpers: true,
        waits: Waits::default(),
    })
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
    use crate::model::CpuTimes;

    fn counters(children_ticks: u64, children: &str) -> HostCounters {
        let answer = Sections::parse(&format!(
            "@@uptime\n5 1\n@@stat\ncpu  1 0 0 0 0 0 0 0\n@@listener\n\
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

    fn judge(readings: &Readings, loopback: bool) -> Account {
        let remote = Remote { idle_busy: 0.5, ticks_per_s: 100, loopback, shell: true };
        account(readings, &remote)
    }

    #[test]
    fn the_most_trusted_reading_is_taken_and_checked_against_the_next() {
        let (before, after) = (counters(100, "11"), counters(220, "11"));
        let setup = Some(CpuTimes { total_s: 0.2, ..CpuTimes::default() });
        let mut readings = Readings {
            process: Some(spent(Source::Process, 0.9)),
            sampled: Some(Spent { setup, ..spent(Source::Sampled, 0.95) }),
            before: Some(&before),
            after: Some(&after),
            host: None,
        };
        let by_process = judge(&readings, false);
        assert_eq!(by_process.spent.unwrap().source, Source::Process);
        assert!((by_process.checks[0].total_s - 1.0).abs() < 1e-9);
        readings.process = None;
        let by_listener = judge(&readings, false);
        assert!((by_listener.spent.unwrap().bulk.total_s - 1.0).abs() < 1e-9);
        // One that does not reap the session processes.
        let blind = counters(101, "11");
        readings.after = Some(&blind);
        assert_eq!(judge(&readings, false).spent.unwrap().source, Source::Sampled);
    }

    #[test]
    fn the_counters_of_a_listener_with_other_connections_are_not_used() {
        let (before, after) = (counters(100, "11"), counters(220, "11 12"));
        let host = HostDelta { real_s: 2.0, user_s: 3.0, ..HostDelta::default() };
        let mut readings = Readings {
            sampled: Some(spent(Source::Sampled, 0.5)),
            before: Some(&before),
            after: Some(&after),
            host: Some(&host),
            ..Readings::default()
        };
        assert_eq!(judge(&readings, false).spent.unwrap().source, Source::Sampled);
        readings.sampled = None;
        let remote = judge(&readings, false).spent.unwrap();
        assert_eq!((remote.source, remote.bulk.total_s), (Source::Host, 2.0));
        assert!(judge(&readings, true).missing.unwrap().contains("share"));
    }

    #[test]
    fn more_cpu_than_the_host_was_busy_is_refused() {
        let host = HostDelta { real_s: 2.0, user_s: 0.5, ..HostDelta::default() };
        let readings = Readings {
            process: Some(spent(Source::Process, 1.5)),
            host: Some(&host),
            ..Readings::default()
        };
        let account = judge(&readings, false);
        assert!(account.spent.is_none() && account.missing.unwrap().contains("busy"));
    }
}
