//! Parsing of `/proc` (`proc(5)`): one process's CPU and the host's counters.

use crate::model::CpuTimes;

/// `/proc/PID/stat`, as far as a survey needs it. Times are in ticks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessStat {
    pub pid: u32,
    pub parent: u32,
    pub session: u32,
    /// Page faults of reaped children: more than none where there was one.
    pub children_faults: u64,
    pub user: u64,
    pub system: u64,
    /// Of reaped children.
    pub children_user: u64,
    pub children_system: u64,
    pub threads: u32,
}

impl ProcessStat {
    /// The name in the second field may hold spaces and parentheses: fields are counted from the
    /// last parenthesis on.
    pub fn parse(line: &str) -> Option<ProcessStat> {
        let (head, rest) = line.rsplit_once(')')?;
        let pid = head.split_once('(')?.0.trim().parse().ok()?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        // Field 3 of proc(5) is fields[0].
        let field = |number: usize| fields.get(number - 3).and_then(|text| text.parse().ok());
        Some(ProcessStat {
            pid,
            parent: field(4)? as u32,
            session: field(6)? as u32,
            children_faults: field(11)?,
            user: field(14)?,
            system: field(15)?,
            children_user: field(16)?,
            children_system: field(17)?,
            threads: field(20)? as u32,
        })
    }

    /// The process's own CPU in seconds, to the tick.
    pub fn own(&self, ticks_per_s: u32) -> CpuTimes {
        ticks(self.user as f64, self.system as f64, ticks_per_s)
    }

    /// CPU of its reaped children. The kernel cuts what is less than a tick from both of its numbers: that is
    /// half a tick of each on average, much of the 20 ms that sshd's key exchange takes.
    pub fn children(&self, ticks_per_s: u32) -> CpuTimes {
        let cut = if self.children_faults > 0 { 0.5 } else { 0.0 };
        let (user, system) = (self.children_user as f64, self.children_system as f64);
        ticks(user + cut, system + cut, ticks_per_s)
    }
}

fn ticks(user: f64, system: f64, ticks_per_s: u32) -> CpuTimes {
    let seconds = |ticks: f64| ticks / f64::from(ticks_per_s.max(1));
    CpuTimes { user_s: seconds(user), system_s: seconds(system), total_s: seconds(user + system) }
}

/// Seconds on a CPU from `/proc/PID/schedstat` (nanoseconds; its first field), of the main thread
/// only. The kernel writes zeros where it does not count them.
pub fn schedstat_seconds(line: &str) -> Option<f64> {
    let nanoseconds: u64 = line.split_whitespace().next()?.parse().ok()?;
    (nanoseconds > 0).then_some(nanoseconds as f64 / 1e9)
}

/// Seconds that the main thread was runnable but not running: the second field of
/// `/proc/PID/schedstat`.
pub fn run_delay_seconds(line: &str) -> Option<f64> {
    schedstat_seconds(line)?;
    let nanoseconds: u64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(nanoseconds as f64 / 1e9)
}

/// The directories whose `cpu.stat` may show a quota on a process, from its `/proc/PID/cgroup`
/// (`cgroups(7)`): its own group and those above, of the hierarchy with the CPU controller.
pub fn cpu_groups(cgroup: &str) -> Vec<String> {
    let mut directories = Vec::new();
    for line in cgroup.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let top = match controllers {
            "" => "/sys/fs/cgroup".to_owned(),
            _ if controllers.split(',').any(|name| name == "cpu") => {
                format!("/sys/fs/cgroup/{controllers}")
            }
            _ => continue,
        };
        let mut path = path.trim_end_matches('/');
        loop {
            directories.push(format!("{top}{path}"));
            let Some((above, _)) = path.rsplit_once('/') else { break };
            path = above;
        }
    }
    directories
}

/// Seconds that a cgroup was throttled, in its `cpu.stat`: microseconds of version 2, nanoseconds
/// of version 1.
pub fn throttled_seconds(cpu_stat: &str) -> Option<f64> {
    let value = |key: &str| cpu_stat.lines().find_map(|line| line.strip_prefix(key)?.parse().ok());
    let microseconds = value("throttled_usec ").map(|value: u64| value as f64 / 1e6);
    microseconds.or_else(|| value("throttled_time ").map(|value: u64| value as f64 / 1e9))
}

/// The `cpu` line of `/proc/stat`, in seconds of all cores together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HostCpu {
    pub user_s: f64,
    pub system_s: f64,
    pub idle_s: f64,
    pub iowait_s: f64,
    pub softirq_s: f64,
    pub steal_s: f64,
}

impl HostCpu {
    pub fn parse(stat: &str, ticks_per_s: u32) -> Option<HostCpu> {
        let line = stat.lines().find(|line| line.starts_with("cpu "))?;
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).map_while(|text| text.parse().ok()).collect();
        let seconds = |index: usize| {
            ticks.get(index).map_or(0.0, |&ticks| ticks as f64 / f64::from(ticks_per_s.max(1)))
        };
        (ticks.len() >= 4).then(|| HostCpu {
            user_s: seconds(0) + seconds(1),
            system_s: seconds(2) + seconds(5),
            idle_s: seconds(3),
            iowait_s: seconds(4),
            softirq_s: seconds(6),
            steal_s: seconds(7),
        })
    }
}

/// Pages swapped in and out since boot, in `/proc/vmstat`.
pub fn swapped_pages(vmstat: &str) -> Option<u64> {
    let of = |line: &str| line.strip_prefix("pswp")?.split_whitespace().nth(1)?.parse::<u64>().ok();
    vmstat.lines().filter_map(of).reduce(u64::saturating_add)
}

/// Retransmitted TCP segments since boot, in `/proc/net/snmp`: a line of names, a line of values.
pub fn resent_segments(snmp: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Tcp: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let place = names.split_whitespace().position(|name| name == "RetransSegs")?;
    values.split_whitespace().nth(place)?.parse().ok()
}

/// Received and sent bytes of each interface in `/proc/net/dev`.
pub fn interfaces(net_dev: &str) -> Vec<(String, u64, u64)> {
    let row = |line: &str| {
        let (name, rest) = line.split_once(':')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let bytes = |index: usize| fields.get(index)?.parse().ok();
        Some((name.trim().to_owned(), bytes(0)?, bytes(8)?))
    };
    net_dev.lines().filter_map(row).collect()
}

/// Bytes read and written and seconds busy of one device in `/proc/diskstats` (sectors there are
/// 512 bytes, times milliseconds; kernel `Documentation/admin-guide/iostats.rst`).
pub fn disk(diskstats: &str, device: &str) -> Option<(u64, u64, f64)> {
    let name = device.strip_prefix("/dev/")?;
    let row = |line: &str| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.get(2) != Some(&name) {
            return None;
        }
        let number = |index: usize| fields.get(index)?.parse::<u64>().ok();
        let bytes = |index: usize| Some(number(index)?.saturating_mul(512));
        Some((bytes(5)?, bytes(9)?, number(12)? as f64 / 1e3))
    };
    diskstats.lines().find_map(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 42 40 0 -1 0 0 0 0 0 11 22 33 44 20 0 3 0 100 0 0";
        let stat = ProcessStat::parse(line).unwrap();
        assert_eq!((stat.pid, stat.parent, stat.session, stat.threads), (42, 7, 40, 3));
        assert_eq!(stat.own(100).total_s, 0.33);
        assert_eq!(stat.children(100).user_s, 0.33);
        assert!(ProcessStat::parse("42 (x) S 7").is_none());
    }

    #[test]
    fn a_quota_is_searched_in_the_group_and_above() {
        assert_eq!(
            cpu_groups("0::/a/b\n"),
            ["/sys/fs/cgroup/a/b", "/sys/fs/cgroup/a", "/sys/fs/cgroup"]
        );
        assert_eq!(
            cpu_groups("4:memory:/x\n3:cpu,cpuacct:/test\n2:cpuset:/\n"),
            ["/sys/fs/cgroup/cpu,cpuacct/test", "/sys/fs/cgroup/cpu,cpuacct"]
        );
        assert_eq!(cpu_groups("1:cpu:/\n"), ["/sys/fs/cgroup/cpu"]);
        assert_eq!(throttled_seconds("nr_periods 1\nthrottled_time 2500000000\n"), Some(2.5));
        assert_eq!(throttled_seconds("usage_usec 9\nthrottled_usec 500000\n"), Some(0.5));
        assert_eq!(throttled_seconds("usage_usec 9\n"), None);
    }

    #[test]
    fn host_counters_are_read_from_this_machines_own_form() {
        let cpu = HostCpu::parse("cpu  100 20 30 400 5 6 7 8 0 0\ncpu0 1 2", 100).unwrap();
        assert_eq!((cpu.user_s, cpu.system_s, cpu.steal_s), (1.2, 0.36, 0.08));
        let net = "Inter-| x\n face |\n    lo: 10 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0\n";
        assert_eq!(interfaces(net), [("lo".to_owned(), 10, 20)]);
        let disks = " 254 0 vda 9 0 8 7 6 0 4 3 0 2000 1 0 0 0 0 0 0\n";
        assert_eq!(disk(disks, "/dev/vda"), Some((4096, 2048, 2.0)));
        assert_eq!(disk(disks, "tmpfs"), None);
        assert_eq!(schedstat_seconds("1500000000 5 6"), Some(1.5));
        assert_eq!(schedstat_seconds("0 0 0"), None);
        assert_eq!(run_delay_seconds("1500000000 250000000 6"), Some(0.25));
        assert_eq!(run_delay_seconds("0 0 0"), None);
        assert_eq!(swapped_pages("pgpgin 5\npswpin 3\npswpout 4\n"), Some(7));
        assert_eq!(swapped_pages("pgpgin 5\n"), None);
        let snmp = "Ip: Forwarding\nIp: 1\nTcp: InSegs RetransSegs InErrs\nTcp: 900 12 0\n";
        assert_eq!(resent_segments(snmp), Some(12));
        assert_eq!(resent_segments("Tcp: InSegs\nTcp: 900\n"), None);
    }
}
