//! This machine's profile and file system, by the same shell scripts as the remote host's.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::host::profile::{host_profile, storage};
use crate::host::{Sections, script};
use crate::local::child::output;
use crate::model::HostProfile;
use crate::model::host::Storage;

pub fn profile() -> Result<HostProfile> {
    Ok(host_profile(&run(script::PROFILE, Path::new("/"))?))
}

/// The frequency of the first CPU core according to the kernel, in hertz: the maximum of cpufreq (kernel
/// `Documentation/admin-guide/pm/cpufreq.rst`), else that of `/proc/cpuinfo`, which is constant without
/// cpufreq. Absent where the kernel shows neither.
pub fn claimed_hz() -> Option<f64> {
    let cpufreq = std::fs::read_to_string("/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    if let Some(khz) = cpufreq.ok().and_then(|text| text.trim().parse::<f64>().ok()) {
        return Some(khz * 1e3);
    }
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = cpuinfo.lines().find_map(|line| line.strip_prefix("cpu MHz"))?;
    let mhz: f64 = line.trim_start_matches([' ', '\t', ':']).trim().parse().ok()?;
    Some(mhz * 1e6)
}

/// The file system of a directory.
pub fn storage_of(directory: &Path) -> Result<Storage> {
    Ok(storage(&run(script::STORAGE, directory)?))
}

fn run(fragment: &str, directory: &Path) -> Result<Sections> {
    let output = output(Command::new("sh").args(["-c", fragment]).current_dir(directory))
        .context("sh can't be started on this machine")?;
    Ok(Sections::parse(&String::from_utf8_lossy(&output.stdout)))
}
