//! Control groups for a lab's server: an account of its CPU, and a quota.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::lab::need_root;

/// CPU of a server and all its sessions, by the kernel's own account.
pub struct Cgroup {
    directory: PathBuf,
    usage: PathBuf,
}

impl Cgroup {
    pub fn with(pid: u32) -> Cgroup {
        need_root();
        let name = format!("cipher-survey-test-{}", std::process::id());
        let roots = ["/sys/fs/cgroup/cpuacct", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup"];
        for root in roots {
            let directory = Path::new(root).join(&name);
            if fs::create_dir(&directory).is_err() {
                continue;
            }
            for usage in ["cpuacct.usage", "cpu.stat"] {
                let usage = directory.join(usage);
                if usage.exists()
                    && fs::write(directory.join("cgroup.procs"), pid.to_string()).is_ok()
                {
                    return Cgroup { directory, usage };
                }
            }
            let _ = fs::remove_dir(&directory);
        }
        panic!("this test needs a cgroup with CPU accounting (v1 cpuacct or v2), writable by root");
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

/// A share of a core for a server and all its sessions.
pub struct Quota {
    directory: PathBuf,
}

impl Quota {
    /// Long enough that what may run does so in one piece, short enough to be steady.
    const PERIOD_US: u32 = 20_000;

    pub fn of(share: f64, pid: u32) -> Quota {
        need_root();
        let name = format!("cipher-survey-quota-{}", std::process::id());
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
            if limited && set("cgroup.procs", pid.to_string()) {
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

/// The processes of a cgroup may take a moment to go.
fn remove(directory: &Path) {
    for _ in 0..50 {
        if fs::remove_dir(directory).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
