//! Times the storage of all targets and of this machine before the rounds.

use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use anyhow::{Context, Result};

use crate::local::child::output_within;
use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, Scratch};
use crate::model::Direction;
use crate::model::record::{EndStorage, StorageRates};
use crate::remote::control::ControlConnection;
use crate::remote::target::Target;
use crate::survey::storage::{Scripts, TIMEOUT, Wanted, time};

/// The file of our own that is written and read.
const NAME: &str = "storage";

/// No more of the free space is used than one part of so many.
const PARTS_OF_FREE: u64 = 4;

/// Times the storage of all ends, each directory once.
pub fn time_storage(
    targets: &mut [Target],
    payload: &Payload,
    scratch: &Scratch,
    directions: &[Direction],
    interrupt: &Interrupt,
) -> Result<()> {
    let Some(first) = targets.first() else { return Ok(()) };
    let most_written = |free: Option<u64>| {
        free.map_or(payload.usable, |free| payload.usable.min(free / PARTS_OF_FREE))
    };
    let (up, down) =
        (directions.contains(&Direction::Upload), directions.contains(&Direction::Download));
    let own = scratch.join(NAME);
    let wanted = Wanted {
        own: own.as_os_str().as_bytes(),
        directory: scratch.path().as_os_str().as_bytes(),
        file: Some((payload.path().as_os_str().as_bytes(), payload.usable)),
        write: down,
        read: up,
        most_written: most_written(first.local_storage.free_bytes),
    };
    let local = or_missing(time(&mut Local { interrupt }, &wanted), interrupt)?;
    for index in 0..targets.len() {
        let same = |known: &&Target| known.spec.label == targets[index].spec.label;
        let known = targets[..index].iter().find(same).map(|known| known.storage_rates.clone());
        let target = &mut targets[index];
        if let Some(known) = known {
            target.storage_rates = known;
            continue;
        }
        let remote = if target.has_shell() {
            let (own, directory) = (target.directory.join(NAME), target.directory.path.clone());
            let wanted = Wanted {
                own: &own,
                directory: &directory,
                file: None,
                write: up,
                read: down,
                most_written: most_written(target.directory.storage.free_bytes),
            };
            let round_trip_s = target.round_trip_s;
            let mut end = Remote { control: &mut target.control, round_trip_s };
            or_missing(time(&mut end, &wanted), interrupt)?
        } else {
            let missing = Some("the account allows SFTP alone".to_owned());
            EndStorage { missing, ..EndStorage::default() }
        };
        target.storage_rates = Some(StorageRates { local: local.clone(), remote });
    }
    Ok(())
}

/// A survey goes on without: what went wrong is recorded.
fn or_missing(timed: Result<EndStorage>, interrupt: &Interrupt) -> Result<EndStorage> {
    match timed {
        Err(error) if !interrupt.is_raised() => {
            Ok(EndStorage { missing: Some(format!("{error:#}")), ..EndStorage::default() })
        }
        timed => timed,
    }
}

struct Remote<'a> {
    control: &'a mut ControlConnection,
    round_trip_s: f64,
}

impl Scripts for Remote<'_> {
    fn run(&mut self, script: &str) -> Result<String> {
        let answer = self.control.run(script, TIMEOUT)?;
        Ok(String::from_utf8_lossy(&answer).into_owned())
    }

    fn beyond_s(&self) -> f64 {
        self.round_trip_s
    }
}

struct Local<'a> {
    interrupt: &'a Interrupt,
}

impl Scripts for Local<'_> {
    fn run(&mut self, script: &str) -> Result<String> {
        let mut command = Command::new("sh");
        let output = output_within(command.args(["-c", script]), TIMEOUT, self.interrupt)
            .context("the storage of this machine could not be timed")?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn beyond_s(&self) -> f64 {
        0.0
    }
}
