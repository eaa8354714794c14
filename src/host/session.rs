//! What a remote command reports of its own server process: lines that begin with our mark, on its
//! standard error, among whatever else is printed there.

use super::linux::{ProcessStat, run_delay_seconds, schedstat_seconds};
use crate::model::record::Spent;
use crate::model::{CpuTimes, Source, Waits};

/// One reading of the counters.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Snapshot {
    /// The process that does the bulk encryption.
    pub server: Option<ProcessStat>,
    /// Its seconds on a CPU, from a clock of nanoseconds.
    pub schedstat_s: Option<f64>,
    /// How long it waited for a CPU.
    pub waits: Waits,
    /// The shell that reports; what it has started and reaped is in its children's times.
    pub shell: Option<ProcessStat>,
    /// Seconds since the host booted.
    pub uptime_s: Option<f64>,
    /// The reading is complete.
    pub done: bool,
}

/// A process above the server process, in the beginning.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Above {
    process: ProcessStat,
    /// Its seconds on a CPU, from a clock of nanoseconds.
    schedstat_s: Option<f64>,
}

impl Above {
    /// `NANOSECONDS STAT`; the first is missing where the kernel does not tell.
    fn parse(value: &str) -> Option<Above> {
        let (nanoseconds, stat) = value.split_once(' ')?;
        let schedstat_s = schedstat_seconds(nanoseconds);
        Some(Above { process: ProcessStat::parse(stat)?, schedstat_s })
    }
}

/// All that the remote command has reported.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
    pub begin: Snapshot,
    pub end: Snapshot,
    /// The server process and its ancestors, in this order.
    pub chain: Vec<u32>,
    above: Vec<Above>,
    /// How the remote command counts what it reads ([`crate::transfer::pipe`]).
    pub way: Option<String>,
}

/// What a line of its standard error says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The remote command is ready to move data.
    Ready,
    /// The remote command has moved it all.
    Finished,
}

impl Report {
    /// Takes a line; an event if the line completes a reading.
    pub fn take(&mut self, line: &str, mark: &str) -> Option<Event> {
        let said = line.split_once(mark)?.1.trim_start();
        let (when, rest) = said.split_once(' ')?;
        let (what, value) = rest.split_once(' ').unwrap_or((rest, ""));
        let (snapshot, event) = match when {
            "begin" => (&mut self.begin, Event::Ready),
            "end" => (&mut self.end, Event::Finished),
            _ => return None,
        };
        match what {
            "chain" => {
                self.chain = value.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
            }
            "above" => self.above.extend(Above::parse(value)),
            "server" => snapshot.server = ProcessStat::parse(value),
            "schedstat" => {
                snapshot.schedstat_s = schedstat_seconds(value);
                snapshot.waits.run_delay_s = run_delay_seconds(value);
            }
            "throttled" => {
                let microseconds: Option<u64> = value.trim().parse().ok();
                snapshot.waits.throttled_s = microseconds.map(|value| value as f64 / 1e6);
            }
            "shell" => snapshot.shell = ProcessStat::parse(value),
            "uptime" => {
                snapshot.uptime_s =
                    value.split_whitespace().next().and_then(|text| text.parse().ok());
            }
            "way" => self.way = Some(value.trim().to_owned()),
            "done" => {
                snapshot.done = true;
                return Some(event);
            }
            _ => {}
        }
        None
    }

    /// CPU of the server process in the bulk; absent where the remote command could not read it.
    pub fn spent(&self, ticks_per_s: u32) -> Option<Spent> {
        let (from, to) = (self.begin.server?, self.end.server?);
        if from.pid != to.pid {
            return None;
        }
        let tick = 1.0 / f64::from(ticks_per_s.max(1));
        let mut bulk = to.own(ticks_per_s) - from.own(ticks_per_s);
        let mut own = from.own(ticks_per_s);
        let mut resolution_s = tick;
        // schedstat counts the main thread only; if there are more, ticks count all.
        if let (1, 1, Some(before), Some(after)) =
            (from.threads, to.threads, self.begin.schedstat_s, self.end.schedstat_s)
        {
            bulk.total_s = (after - before).max(0.0);
            own.total_s = before;
            resolution_s = SCHEDSTAT_RESOLUTION_S;
        }
        Some(Spent {
            source: Source::Process,
            resolution_s,
            split_resolution_s: tick,
            bulk,
            real_s: self.begin.uptime_s.zip(self.end.uptime_s).map(|(from, to)| to - from),
            setup: Some(own + from.children(ticks_per_s) + self.setup_above(&from, ticks_per_s)),
            helpers: self.helpers(ticks_per_s),
            with_helpers: false,
            waits: self.end.waits.since(self.begin.waits),
        })
    }

    /// CPU of the processes above it that serve this connection alone: sshd's, and the key exchange's that it has
    /// reaped. The server begins a session for each connection (setsid, OpenSSH sshd.c, Dropbear svr-main.c).
    fn setup_above(&self, server: &ProcessStat, ticks_per_s: u32) -> CpuTimes {
        let alone = |above: &&Above| above.process.session == server.session;
        let spent = |above: &Above| {
            let own = above.process.own(ticks_per_s);
            let total_s = above.schedstat_s.unwrap_or(own.total_s);
            CpuTimes { total_s, ..own } + above.process.children(ticks_per_s)
        };
        self.above.iter().filter(alone).map(spent).fold(CpuTimes::default(), |sum, one| sum + one)
    }

    fn helpers(&self, ticks_per_s: u32) -> Option<CpuTimes> {
        let (from, to) = (self.begin.shell?, self.end.shell?);
        let all = |stat: ProcessStat| stat.own(ticks_per_s) + stat.children(ticks_per_s);
        Some(all(to) - all(from))
    }
}

/// A running process's schedstat is brought up to date when it leaves the CPU and at each tick of
/// the kernel, at most 10 ms apart (kernel `kernel/sched/fair.c`, update_curr); a server that is
/// asked while it waits is up to date. One millisecond is the allowance for the rest.
pub const SCHEDSTAT_RESOLUTION_S: f64 = 0.001;

#[cfg(test)]
mod tests {
    use super::*;

    const STAT: &str = "(sshd: me@notty) S 7 42 40 0 -1 0 0 0 0 0";

    fn report(threads: u32) -> Report {
        let mut report = Report::default();
        let lines = [
            "hello from .bashrc".to_owned(),
            "MARK begin chain  42 41 7".to_owned(),
            // The privileged process, which has reaped the key exchange, and the listener, whose session is another.
            "MARK begin above 2000000 41 (sshd: me [priv]) S 7 41 40 0 -1 0 0 99 0 0 0 0 1 0 0 0 1 0 9"
                .to_owned(),
            "MARK begin above 9000000000 7 (sshd) S 1 7 7 0 -1 0 0 9 0 0 70 20 500 100 0 0 1 0 9"
                .to_owned(),
            format!("MARK begin server 42 {STAT} 10 5 0 0 20 0 {threads} 0 100"),
            "MARK begin throttled 1000000".to_owned(),
            "MARK begin schedstat 150000000 100000000 1".to_owned(),
            "MARK begin shell 50 (sh) S 42 50 50 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 100".to_owned(),
            "MARK begin uptime 100.00 1.0".to_owned(),
        ];
        for line in &lines {
            assert_eq!(report.take(line, "MARK"), None);
        }
        assert_eq!(report.take("MARK begin done", "MARK"), Some(Event::Ready));
        let lines = [
            format!(
                "noise without a line end MARK end server 42 {STAT} 60 35 0 0 20 0 {threads} 0 100"
            ),
            "MARK end schedstat 1050000000 600000000 1".to_owned(),
            "MARK end shell 50 (sh) S 42 50 50 0 -1 0 0 0 0 0 1 0 7 2 20 0 1 0 100".to_owned(),
            "MARK end uptime 102.50 1.0".to_owned(),
        ];
        for line in &lines {
            assert_eq!(report.take(line, "MARK"), None);
        }
        assert_eq!(report.take("MARK end done", "MARK"), Some(Event::Finished));
        assert_eq!(report.take("MARK end throttled 1250000", "MARK"), None);
        report
    }

    #[test]
    fn growth_between_two_readings_is_the_bulk() {
        let report = report(1);
        assert_eq!(report.chain, [42, 41, 7]);
        let spent = report.spent(100).unwrap();
        assert!((spent.bulk.total_s - 0.9).abs() < 1e-9);
        assert!((spent.bulk.user_s - 0.5).abs() < 1e-9 && (spent.bulk.system_s - 0.3).abs() < 1e-9);
        // Its own, the privileged process's, and a tick of a child with what was cut off.
        assert!((spent.setup.unwrap().total_s - (0.15 + 0.002 + 0.02)).abs() < 1e-9);
        assert!((spent.helpers.unwrap().total_s - 0.10).abs() < 1e-9);
        assert_eq!(spent.real_s, Some(2.5));
        assert_eq!(spent.waits, Waits { run_delay_s: Some(0.5), throttled_s: Some(0.25) });
    }

    #[test]
    fn the_clock_of_one_thread_is_not_taken_for_that_of_three() {
        let spent = report(3).spent(100).unwrap();
        assert!((spent.bulk.total_s - 0.8).abs() < 1e-9);
        assert_eq!(spent.resolution_s, 0.01);
    }

    #[test]
    fn a_session_that_sees_nothing_reports_nothing() {
        let mut report = Report::default();
        report.take("MARK begin server ", "MARK");
        assert_eq!(report.take("MARK begin done", "MARK"), Some(Event::Ready));
        assert_eq!(report.spent(100), None);
    }
}
