//! Control groups for a testbed's server: an account of its CPU, and a quota.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::need_root;
use super::system::be_first;

/// CPU of a server and all its connections, by the kernel's own account.
pub struct Cgroup {
    directory: PathBuf,
    usage: PathBuf,
}

impl Cgroup {
    pub fn with(pid: u32) -> Cgroup {
        let cgroup = Cgroup::empty("server");
        fs::write(cgroup.processes(), pid.to_string()).unwrap();
        cgroup
    }

    /// Who writes its number into this file is accounted for, with all its children.
    pub fn processes(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    pub fn empty(end: &str) -> Cgroup {
        need_root();
        let name = name(end);
        let roots = ["/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"];
        for root in roots {
            let directory = Path::new(root).join(&name);
            if fs::create_dir(&directory).is_err() {
                continue;
            }
            for usage in ["cpuacct.usage", "cpu.stat"] {
                let usage = directory.join(usage);
                if usage.exists() {
                    return Cgroup { directory, usage };
                }
            }
            let _ = fs::remove_dir(&directory);
        }
        panic!("this test needs a cgroup with CPU accounting (v1 cpuacct or v2), writable by root");
    }

    /// Lets any account's processes join by themselves.
    pub fn open_to_all(&self) {
        fs::set_permissions(self.processes(), fs::Permissions::from_mode(0o666)).unwrap();
    }

    /// Moves a process; one that has ended stays where it was.
    pub fn take(&self, pid: u32) {
        let _ = fs::write(self.processes(), pid.to_string());
    }

    /// Seconds of CPU so far.
    pub fn cpu_s(&self) -> f64 {
        let text = fs::read_to_string(&self.usage).unwrap();
        match text.lines().find_map(|line| line.strip_prefix("usage_usec ")) {
            Some(microseconds) => microseconds.trim().parse::<f64>().unwrap() / 1e6,
            None => text.trim().parse::<f64>().unwrap() / 1e9,
        }
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        remove(&self.directory);
    }
}

/// A time in seconds since 1970, and the accounts of several groups.
type Sample = (f64, Vec<f64>);

/// The accounts of several groups over time.
pub struct Samples(Vec<Sample>);

/// Samples the accounts while `work` runs.
pub fn sampled<T>(groups: &[&Cgroup], work: impl FnOnce() -> T) -> (T, Samples) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let sampler = scope.spawn(|| {
            be_first();
            let mut samples = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
                samples.push((now, groups.iter().map(|group| group.cpu_s()).collect()));
                std::thread::sleep(Duration::from_millis(2));
            }
            samples
        });
        let result = work();
        stop.store(true, Ordering::Relaxed);
        (result, Samples(sampler.join().unwrap()))
    })
}

impl Samples {
    /// CPU seconds of a group until a time in seconds since 1970.
    pub fn at(&self, group: usize, time: f64) -> f64 {
        let (earlier, later) = self.around(time);
        let share = (time - earlier.0) / (later.0 - earlier.0);
        earlier.1[group] + share * (later.1[group] - earlier.1[group])
    }

    /// How long nobody looked around that time: what [`Samples::at`] says may be off by so much.
    pub fn gap_s(&self, time: f64) -> f64 {
        let (earlier, later) = self.around(time);
        later.0 - earlier.0
    }

    /// When the accounts were last read, in seconds since 1970.
    pub fn end(&self) -> f64 {
        self.0.last().map_or(0.0, |(at, _)| *at)
    }

    fn around(&self, time: f64) -> (&Sample, &Sample) {
        let after = self.0.partition_point(|(at, _)| *at < time).clamp(1, self.0.len() - 1);
        (&self.0[after - 1], &self.0[after])
    }
}

/// A share of a core for a process and all its children.
pub struct Quota {
    directory: PathBuf,
}

impl Quota {
    /// Long enough that what may run does so in one piece, short enough to be steady.
    const PERIOD_US: u32 = 20_000;

    pub fn of(share: f64, pid: u32) -> Quota {
        let quota = Quota::empty(share);
        fs::write(quota.processes(), pid.to_string()).unwrap();
        quota
    }

    /// Who writes its number into this file is held to the quota.
    pub fn processes(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    pub fn empty(share: f64) -> Quota {
        need_root();
        let name = name("quota");
        let quota_us = (share * f64::from(Quota::PERIOD_US)) as u32;
        let period_us = Quota::PERIOD_US;
        // Version 2 hands the controller down on request.
        let _ = fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+cpu");
        for root in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"] {
            let directory = Path::new(root).join(&name);
            if fs::create_dir(&directory).is_err() {
                continue;
            }
            let set = |file: &str, value: String| fs::write(directory.join(file), value).is_ok();
            let limited = match directory.join("cpu.max").exists() {
                true => set("cpu.max", format!("{quota_us} {period_us}")),
                false => {
                    directory.join("cpu.cfs_quota_us").exists()
                        && set("cpu.cfs_period_us", period_us.to_string())
                        && set("cpu.cfs_quota_us", quota_us.to_string())
                }
            };
            if limited {
                return Quota { directory };
            }
            let _ = fs::remove_dir(&directory);
        }
        panic!("this test needs a cgroup with CPU quotas (v1 cpu or v2), writable by root");
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        remove(&self.directory);
    }
}

/// Of a new group.
fn name(what: &str) -> String {
    static GROUPS: AtomicU32 = AtomicU32::new(0);
    let number = GROUPS.fetch_add(1, Ordering::Relaxed);
    format!("cipher-survey-{what}-{}-{number}", std::process::id())
}

/// The processes of a cgroup may take a moment to go.
fn remove(directory: &Path) {
    for _ in 0..50 {
        if fs::remove_dir(directory).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
