//! This machine's `/proc`.

use std::fs;

use crate::host::Sections;
use crate::host::counters::HostCounters;
use crate::host::linux::{ProcessStat, cpu_groups, run_delay_seconds, throttled_seconds};
use crate::model::Waits;

pub fn process_stat(pid: u32) -> Option<ProcessStat> {
    ProcessStat::parse(fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.trim_end())
}

/// A process and all its living descendants.
pub fn tree(pid: u32) -> Vec<u32> {
    let mut tree = vec![pid];
    let mut next = 0;
    while let Some(&pid) = tree.get(next) {
        tree.extend(children(pid));
        next += 1;
    }
    tree
}

/// Whether a process is stopped by a signal (state `T`).
pub fn is_stopped(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The process name in front of the state may contain anything.
    stat.rsplit_once(')').is_some_and(|(_, rest)| rest.trim_start().starts_with('T'))
}

/// How long a process and its descendants wait for a CPU, from [`WaitTimes::of`] on.
#[derive(Debug)]
pub struct WaitTimes {
    pid: u32,
    quotas: Quotas,
    begin: Waits,
    last: Waits,
}

/// The `cpu.stat` files of some processes' cgroups, which still exist when the processes have ended.
#[derive(Clone, Debug)]
pub struct Quotas(Vec<String>);

impl Quotas {
    pub fn of(pids: &[u32]) -> Quotas {
        let mut files: Vec<String> = pids
            .iter()
            .filter_map(|pid| fs::read_to_string(format!("/proc/{pid}/cgroup")).ok())
            .flat_map(|text| cpu_groups(&text))
            .map(|directory| format!("{directory}/cpu.stat"))
            // The group at the top has no quota and no such count.
            .filter(|path| fs::read_to_string(path).is_ok_and(|text| text.contains("throttled_")))
            .collect();
        files.sort();
        files.dedup();
        Quotas(files)
    }

    /// Seconds for which quotas have throttled the groups so far.
    pub fn throttled_s(&self) -> Option<f64> {
        let of = |path: &String| throttled_seconds(&fs::read_to_string(path).ok()?);
        self.0.iter().filter_map(of).reduce(|sum, seconds| sum + seconds)
    }
}

impl WaitTimes {
    pub fn of(pid: u32) -> WaitTimes {
        let quotas = Quotas::of(&tree(pid));
        let begin = Waits { run_delay_s: run_delay(pid), throttled_s: quotas.throttled_s() };
        WaitTimes { pid, quotas, begin, last: begin }
    }

    /// Reads the run delay; it is gone once the processes have ended.
    pub fn poll(&mut self) {
        // Some of the processes may have ended: the largest sum is the latest complete one.
        let seen = self.last.run_delay_s.into_iter().chain(run_delay(self.pid));
        self.last.run_delay_s = seen.reduce(f64::max);
    }

    /// The times waited until now.
    pub fn finish(mut self) -> Waits {
        self.poll();
        self.last.throttled_s = self.quotas.throttled_s();
        self.last.since(self.begin)
    }
}

/// Run delay of all living processes of a tree together, in seconds.
fn run_delay(pid: u32) -> Option<f64> {
    run_delay_of(&tree(pid))
}

/// Run delay of those of some processes that live, in seconds.
pub fn run_delay_of(pids: &[u32]) -> Option<f64> {
    let of =
        |pid: &u32| run_delay_seconds(&fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?);
    pids.iter().filter_map(of).reduce(|sum, seconds| sum + seconds)
}

pub fn children(pid: u32) -> Vec<u32> {
    fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))
        .unwrap_or_default()
        .split_whitespace()
        .filter_map(|child| child.parse().ok())
        .collect()
}

/// Bytes that a process has read and written, by any call (`/proc/PID/io`).
pub fn io_bytes(pid: u32) -> Option<(u64, u64)> {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    let value = |key: &str| {
        text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok())
    };
    Some((value("rchar:")?, value("wchar:")?))
}

/// This machine's counters, parsed as the remote host's are.
pub fn host_counters(ticks_per_s: u32, device: Option<&str>) -> Option<HostCounters> {
    let mut sections = Sections::default();
    let sources = [
        ("uptime", "/proc/uptime"),
        ("stat", "/proc/stat"),
        ("net", "/proc/net/dev"),
        ("disks", "/proc/diskstats"),
        ("frequency", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"),
        ("temperature", "/sys/class/thermal/thermal_zone0/temp"),
        ("swap", "/proc/vmstat"),
        ("snmp", "/proc/net/snmp"),
    ];
    for (name, path) in sources {
        if let Ok(text) = fs::read_to_string(path) {
            sections.insert(name, text);
        }
    }
    HostCounters::parse(&sections, ticks_per_s, device)
}

/// CPU seconds of this process so far, without its children.
pub fn own_cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
