//! The files that a transfer made: measured after its clock, compared with what was asked for, removed.

use crate::remote::target::Target;
use crate::survey::staging::Files;
use crate::transfer::error::TransferError;
use crate::transfer::method::{Made, Moved};

/// The size of the files that a transfer made, which are removed; absent where it made none.
pub fn take(made: &Made, target: &mut Target) -> Result<Option<u64>, TransferError> {
    match made {
        Made::Nothing => Ok(None),
        Made::Remote(names) => Ok(Some(target.directory.take_sizes(&mut target.control, names)?)),
        Made::Stays(path) => Ok(std::fs::metadata(path).ok().map(|about| about.len())),
        Made::Local(paths) => {
            let mut bytes = 0;
            for path in paths {
                bytes += std::fs::metadata(path).map_or(0, |about| about.len());
                // Otherwise it is removed with its directory.
                let _ = std::fs::remove_file(path);
            }
            Ok(Some(bytes))
        }
    }
}

/// What arrived is what was asked for, by each count that there is.
pub fn check_bytes(moved: &Moved, size: Option<u64>) -> Result<(), TransferError> {
    let wrong = [moved.confirmed, size].into_iter().flatten().find(|&bytes| bytes != moved.bytes);
    match wrong {
        None => Ok(()),
        Some(arrived) => Err(TransferError::Other(format!(
            "{} bytes were asked for and {arrived} arrived",
            moved.bytes
        ))),
    }
}

/// Removes what the last transfer, and the lead-in before it, may have made at either end, where it has failed.
pub fn discard(target: &mut Target, files: &Files) -> Result<(), TransferError> {
    for begins in files.last_names().map(|name| format!("{name}-")) {
        let own = std::fs::read_dir(files.scratch.path()).into_iter().flatten().flatten();
        for entry in own.filter(|entry| entry.file_name().to_string_lossy().starts_with(&begins)) {
            // Otherwise it is removed with its directory.
            let _ = std::fs::remove_file(entry.path());
        }
        target.directory.remove_all(&mut target.control, &begins)?;
    }
    Ok(())
}
