//! This end: its profile and file system, asked by the same shell fragments as the far end's.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use crate::host::profile::{host_profile, storage};
use crate::host::{Sections, script};
use crate::local::child::output;
use crate::model::HostProfile;
use crate::model::host::Storage;

pub fn profile() -> Result<HostProfile> {
    Ok(host_profile(&ask(script::PROFILE, Path::new("/"))?))
}

/// What the kernel says of the first core's frequency, in hertz: the most that cpufreq allows (kernel
/// `Documentation/admin-guide/pm/cpufreq.rst`), else what `/proc/cpuinfo` says, which without cpufreq
/// does not change. Absent where neither tells.
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

/// The file system behind a directory.
pub fn storage_of(directory: &Path) -> Result<Storage> {
    Ok(storage(&ask(script::STORAGE, directory)?))
}

fn ask(fragment: &str, directory: &Path) -> Result<Sections> {
    let output = output(Command::new("sh").args(["-c", fragment]).current_dir(directory))
        .context("the shell of this machine, sh, can't be started")?;
    Ok(Sections::parse(&String::from_utf8_lossy(&output.stdout)))
}
