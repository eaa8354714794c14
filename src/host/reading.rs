//! One reading of a remote host after a slice: what the server's processes and their helpers have spent, and
//! the host's counters. Everything but the host's counters is read by the shell itself: a program that is
//! started costs more than the reading.

use super::Sections;
use super::counters::HostCounters;
use super::linux::ProcessStat;
use crate::model::{CpuTimes, Waits};

/// Files of the host's counters, with the section that [`HostCounters`] reads each as. The devices' own
/// lines are chosen by [`script`].
const FILES: [(&str, &str); 8] = [
    ("uptime", "/proc/uptime"),
    ("stat", "/proc/stat"),
    ("net", "/proc/net/dev"),
    ("disks", "/proc/diskstats"),
    ("frequency", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"),
    ("temperature", "/sys/class/thermal/thermal_zone0/temp"),
    ("swap", "/proc/vmstat"),
    ("snmp", "/proc/net/snmp"),
];

/// What is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The server's processes for a connection.
    pub servers: &'a [u32],
    /// What they have started: the remote shell, sftp-server.
    pub helpers: &'a [u32],
    /// The `cpu.stat` files that may show a quota on the server.
    pub quotas: &'a [String],
    /// The device behind the survey's directory.
    pub device: Option<&'a str>,
}

/// A script of POSIX `sh` that reads it. The processes come first: the host's counters take longer.
pub fn script(wanted: &Wanted) -> String {
    let list = |pids: &[u32]| pids.iter().map(u32::to_string).collect::<Vec<_>>().join(" ");
    let read = |letter: char, pids: &[u32]| match pids {
        [] => String::new(),
        pids => format!(
            "for p in {}; do for f in /proc/$p/task/*/schedstat; do read -r a b c <$f && \
             echo \"{letter}s $p $a $b\"; done; read -r l </proc/$p/stat && echo \"{letter}t $l\"; done\n",
            list(pids)
        ),
    };
    let device = wanted.device.and_then(|device| device.strip_prefix("/dev/"));
    let device = device.filter(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric()));
    let disk = device.map_or(String::new(), |name| format!(" -e ' {name} '"));
    let files: Vec<&str> = FILES.iter().map(|(_, path)| *path).collect();
    let quotas: String = wanted.quotas.iter().map(|path| format!(" {path}")).collect();
    format!(
        "{}{}grep -H -e '^cpu ' -e '^pswp' -e '^Tcp:' -e '^throttled_' -e ': *[0-9]' \
         -e '^[-0-9. ]*$'{disk} {}{quotas}\n",
        read('s', wanted.servers),
        read('h', wanted.helpers),
        files.join(" "),
    )
}

/// What was read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// CPU of the server's processes, children that they have reaped included. Absent where none could be
    /// read.
    pub server: Option<CpuTimes>,
    /// `server.total_s` is in nanoseconds; else in ticks.
    pub fine: bool,
    pub waits: Waits,
    pub helpers: Option<CpuTimes>,
    /// Absent where the host has no `/proc/stat`, or no grep.
    pub host: Option<HostCounters>,
}

impl Reading {
    pub fn parse(answer: &str, ticks_per_s: u32, device: Option<&str>) -> Reading {
        let mut sections = Sections::default();
        let mut texts: Vec<String> = vec![String::new(); FILES.len()];
        let (mut server, mut helpers) = (Sum::default(), Sum::default());
        let mut throttled: Option<u64> = None;
        for line in answer.lines() {
            if let Some(rest) = line.strip_prefix("ss ") {
                server.take_thread(rest);
            } else if let Some(rest) = line.strip_prefix("st ") {
                server.take_process(rest, ticks_per_s);
            } else if let Some(rest) = line.strip_prefix("hs ") {
                helpers.take_thread(rest);
            } else if let Some(rest) = line.strip_prefix("ht ") {
                helpers.take_process(rest, ticks_per_s);
            } else if let Some((path, rest)) = line.split_once(':') {
                match FILES.iter().position(|(_, file)| *file == path) {
                    Some(index) => texts[index] += &format!("{rest}\n"),
                    // A group's own, and of those above: each may have a quota.
                    None => {
                        if let Some(more) = throttled_microseconds(rest) {
                            throttled = Some(throttled.unwrap_or(0).saturating_add(more));
                        }
                    }
                }
            }
        }
        for ((name, _), text) in FILES.iter().zip(texts) {
            sections.insert(name, text);
        }
        let waits = Waits {
            run_delay_s: server.times.and(server.run_delay_s),
            throttled_s: throttled.map(|microseconds| microseconds as f64 / 1e6),
        };
        Reading {
            server: server.times,
            fine: server.fine && server.times.is_some(),
            waits,
            helpers: helpers.times,
            host: HostCounters::parse(&sections, ticks_per_s, device),
        }
    }
}

/// `throttled_usec N` of control groups version 2, `throttled_time NANOSECONDS` of version 1.
fn throttled_microseconds(line: &str) -> Option<u64> {
    let (key, value) = line.split_once(' ')?;
    let value: u64 = value.trim().parse().ok()?;
    match key {
        "throttled_usec" => Some(value),
        "throttled_time" => Some(value / 1000),
        _ => None,
    }
}

/// The CPU of some processes, read thread by thread.
#[derive(Default)]
struct Sum {
    /// Of the process whose threads are being read.
    threads_s: f64,
    run_delay_s: Option<f64>,
    times: Option<CpuTimes>,
    fine: bool,
}

impl Sum {
    /// `PID NANOSECONDS NANOSECONDS`: on a CPU, and waiting for one.
    fn take_thread(&mut self, rest: &str) {
        let mut numbers = rest.split_whitespace().skip(1).map(|text| text.parse::<u64>());
        if let (Some(Ok(ran)), Some(Ok(waited))) = (numbers.next(), numbers.next()) {
            self.threads_s += ran as f64 / 1e9;
            *self.run_delay_s.get_or_insert(0.0) += waited as f64 / 1e9;
        }
    }

    /// The stat line that follows the threads of a process.
    fn take_process(&mut self, line: &str, ticks_per_s: u32) {
        let threads_s = std::mem::take(&mut self.threads_s);
        let Some(stat) = ProcessStat::parse(line) else { return };
        let mut own = stat.own(ticks_per_s);
        // Threads that have ended are in the ticks alone. A kernel without schedstat writes zeros.
        let counted = threads_s > 0.0 && threads_s + 2.5 / f64::from(ticks_per_s) > own.total_s;
        if counted {
            own.total_s = threads_s;
        }
        self.fine = counted && (self.fine || self.times.is_none());
        let all = own + stat.children(ticks_per_s);
        self.times = Some(self.times.unwrap_or_default() + all);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    fn read(wanted: &Wanted) -> Reading {
        let output = Command::new("sh").arg("-c").arg(script(wanted)).output().unwrap();
        Reading::parse(&String::from_utf8(output.stdout).unwrap(), 100, wanted.device)
    }

    #[test]
    fn this_machine_is_read() {
        // A process of one thread: those of this one come and go.
        let spin =
            "while read x; do i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; done";
        let mut child = Command::new("sh")
            .args(["-c", spin])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut spun = || {
            writeln!(child.stdin.as_ref().unwrap()).unwrap();
            said.read_line(&mut String::new()).unwrap();
        };
        spun();
        let server = [child.id()];
        let before = read(&Wanted { servers: &server, helpers: &server, ..Wanted::default() });
        spun();
        let after = read(&Wanted { servers: &server, ..Wanted::default() });
        drop(child.stdin.take());
        let whole_s = after.server.unwrap().total_s;
        let growth = after.server.unwrap() - before.server.unwrap();
        assert!(
            growth.total_s > 0.25 * whole_s && growth.total_s < whole_s,
            "{growth:?} {whole_s}"
        );
        assert!(before.fine && before.helpers.is_some() && after.helpers.is_none());
        let delta = after.host.unwrap().since(&before.host.unwrap(), None);
        assert!(delta.busy_s() > 0.0 && delta.resent_segments.is_some(), "{delta:?}");
        child.wait().unwrap();
    }

    #[test]
    fn a_process_that_is_gone_is_absent_and_no_zero() {
        let reading = read(&Wanted { servers: &[0x3fff_ffff], ..Wanted::default() });
        assert_eq!((reading.server, reading.fine), (None, false));
        assert!(reading.host.is_some());
    }

    #[test]
    fn a_quota_is_read_from_both_versions_of_control_groups() {
        let of = |line: &str| Reading::parse(line, 100, None).waits.throttled_s;
        assert_eq!(of("/sys/fs/cgroup/a/cpu.stat:throttled_usec 1500000"), Some(1.5));
        assert_eq!(of("/sys/fs/cgroup/cpu/a/cpu.stat:throttled_time 2500000000"), Some(2.5));
        assert_eq!(of("/sys/fs/cgroup/a/cpu.stat:usage_usec 7"), None);
        // The root group has none, and is read last.
        let groups = "/sys/fs/cgroup/cpu/a/cpu.stat:throttled_time 2500000000\n\
                      /sys/fs/cgroup/cpu/cpu.stat:throttled_time 0\n";
        assert_eq!(of(groups), Some(2.5));
    }

    #[test]
    fn threads_are_summed_and_those_that_ended_are_in_the_ticks() {
        let stat = |ticks: u32| format!("7 (x) S 1 7 7 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 2 0 5");
        let of = |ticks: u32| {
            let text = format!("ss 7 300000000 1\nss 7 200000000 2\nst {}\n", stat(ticks));
            let reading = Reading::parse(&text, 100, None);
            (reading.server.unwrap().total_s, reading.fine)
        };
        assert_eq!(of(50), (0.5, true));
        assert_eq!(of(90), (0.9, false));
    }
}
