//! This end: its profile and file system, asked by the same shell fragments as the far end's.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

use super::child::output;
use crate::host::profile::{host_profile, storage};
use crate::host::{Sections, script};
use crate::model::HostProfile;
use crate::model::host::Storage;

pub fn profile() -> Result<HostProfile> {
    Ok(host_profile(&ask(script::PROFILE, Path::new("/"))?))
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
