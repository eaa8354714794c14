//! Reading this machine's own `/proc`.

use std::fs;

use crate::host::Sections;
use crate::host::counters::HostCounters;
use crate::host::linux::{ProcessStat, schedstat_seconds};

pub fn process_stat(pid: u32) -> Option<ProcessStat> {
    ProcessStat::parse(fs::read_to_string(format!("/proc/{pid}/stat")).ok()?.trim_end())
}

/// Seconds on CPU of a process's main thread.
pub fn schedstat(pid: u32) -> Option<f64> {
    schedstat_seconds(&fs::read_to_string(format!("/proc/{pid}/schedstat")).ok()?)
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

/// This machine's counters, through the same parsing as the far host's.
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
    ];
    for (name, path) in sources {
        if let Ok(text) = fs::read_to_string(path) {
            sections.insert(name, text);
        }
    }
    HostCounters::parse(&sections, ticks_per_s, device)
}

/// CPU seconds of this process itself so far, its children excluded.
pub fn own_cpu_s() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
