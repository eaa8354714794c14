//! The survey's directory on the remote host: its files are made, checked and removed over the control
//! connection.

use std::io::Read;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::host::script::assign;
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::remote::control::lock::Claimed;
use crate::remote::control::{ControlConnection, TIMEOUT};

/// The survey's directory, as made by [`ControlConnection::claim`].
#[derive(Clone, Debug)]
pub struct RemoteDirectory {
    /// Absolute, any bytes.
    pub path: Vec<u8>,
    pub storage: Storage,
}

impl From<Claimed> for RemoteDirectory {
    fn from(Claimed { path, storage }: Claimed) -> RemoteDirectory {
        RemoteDirectory { path, storage }
    }
}

impl RemoteDirectory {
    /// The path of a file in the directory.
    pub fn join(&self, name: &str) -> Vec<u8> {
        [&self.path, b"/".as_slice(), name.as_bytes()].concat()
    }

    /// The path of the chunk of FILE of so many bytes, for downloads.
    pub fn chunk(&self, bytes: u64) -> Vec<u8> {
        self.join(&chunk_name(bytes))
    }

    /// The directory, as messages show it.
    pub fn shown(&self) -> String {
        printable(&String::from_utf8_lossy(&self.path))
    }

    /// Writes a chunk by SFTP, where there is no shell.
    pub fn put(&self, control: &mut ControlConnection, from: impl Read, bytes: u64) -> Result<()> {
        let timeout = timeout_for(bytes);
        if control.sftp().put(&self.chunk(bytes), from.take(bytes), timeout)? != bytes {
            bail!(
                "a chunk of {bytes} bytes for downloads could not be stored on {}",
                control.host()
            );
        }
        Ok(())
    }

    /// The sizes of files that a transfer made, summed. They are removed, and with them what was not yet
    /// written back.
    pub fn take_sizes(&self, control: &mut ControlConnection, names: &[String]) -> Result<u64> {
        let paths: Vec<Vec<u8>> = names.iter().map(|name| self.join(name)).collect();
        control.remote_host().take_sizes(&paths)
    }

    /// Removes the files whose names begin so.
    pub fn remove_all(&self, control: &mut ControlConnection, begins: &str) -> Result<()> {
        control.remote_host().remove_beginning(&self.path, begins)
    }

    /// Takes a file that was uploaded for the chunk of so many bytes, and flushes it to disk, so that its
    /// write-back does not run into a sample. (A plain `sync` would flush the whole host.)
    pub fn adopt(&self, control: &mut ControlConnection, name: &str, bytes: u64) -> Result<()> {
        let script = format!(
            "{} {} mv \"$a\" \"$b\"; {}; wc -c < \"$b\"",
            assign("a", &self.join(name)),
            assign("b", &self.chunk(bytes)),
            flush("b"),
        );
        if count(control, &script, bytes)? != Some(bytes) {
            bail!(
                "a chunk of {bytes} bytes for downloads could not be stored on {} (is its disk full?)",
                control.host()
            );
        }
        Ok(())
    }

    /// Whether a file is there and its first line holds a text.
    pub fn first_line_contains(
        &self,
        control: &mut ControlConnection,
        name: &str,
        text: &str,
    ) -> Result<bool> {
        Ok(control.remote_host().first_line(&self.join(name))?.contains(text))
    }

    /// Why another 64 KiB can't be written; absent where they can.
    pub fn unwritable(&self, control: &mut ControlConnection) -> Result<Option<String>> {
        control.remote_host().unwritable(&self.join("probe"))
    }
}

fn chunk_name(bytes: u64) -> String {
    format!("chunk-{bytes}")
}

/// The number that a script prints; absent where it prints none.
fn count(control: &mut ControlConnection, script: &str, bytes: u64) -> Result<Option<u64>> {
    let answer = control.run(script, timeout_for(bytes))?;
    Ok(String::from_utf8_lossy(&answer).trim().parse().ok())
}

/// The `sync` of coreutils and BusyBox takes a file; elsewhere dd flushes one.
fn flush(variable: &str) -> String {
    format!(
        "{{ sync \"${variable}\" || dd of=\"${variable}\" conv=fsync,notrunc count=0 if=/dev/null; }}"
    )
}

/// A slow SD card writes 2 MB/s.
fn timeout_for(bytes: u64) -> Duration {
    TIMEOUT + Duration::from_secs(bytes / 2_000_000)
}
