//! The survey's directory on the remote host: its files are made, checked and removed over the control
//! connection.

use std::io::Read;
use std::time::Duration;

use anyhow::{Result, bail};

use crate::host::script::assign;
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::remote::channel::TIMEOUT;
use crate::remote::control::{Access, ControlConnection};
use crate::remote::sftp::join;

/// The survey's directory, as made by [`crate::remote::lock::claim`].
#[derive(Clone, Debug)]
pub struct RemoteDirectory {
    /// Absolute, any bytes.
    pub path: Vec<u8>,
    pub storage: Storage,
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

    /// Makes a smaller chunk from a larger one and flushes it to disk, so that its write-back does not
    /// run into a sample. (A plain `sync` would flush the whole host.)
    pub fn cut(&self, control: &mut ControlConnection, from: u64, to: u64) -> Result<()> {
        let script = format!(
            "{} {} head -c {to} \"$a\" > \"$b\"; {}; wc -c < \"$b\"",
            assign("a", &self.chunk(from)),
            assign("b", &self.chunk(to)),
            flush("b"),
        );
        let made = count(control, &script, to)?;
        if made != Some(to) {
            bail!(
                "a chunk of {to} bytes could not be made on {} (is its disk full?)",
                control.host()
            );
        }
        Ok(())
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

    /// Flushes a file to disk.
    pub fn flush(&self, control: &mut ControlConnection, path: &[u8], bytes: u64) -> Result<()> {
        let script = format!("{} {}", assign("b", path), flush("b"));
        control.run(&script, timeout_for(bytes))?;
        Ok(())
    }

    /// The size of a file that a sample made. The file is removed, and with it what was not yet
    /// written back.
    pub fn take_size(
        &self,
        control: &mut ControlConnection,
        name: &str,
        bytes: u64,
    ) -> Result<Option<u64>> {
        if control.access == Access::Sftp {
            return control.sftp().take_size(&self.join(name));
        }
        let script = format!("{} wc -c < \"$f\"; rm -f \"$f\"", assign("f", &self.join(name)));
        count(control, &script, bytes)
    }

    /// Whether a file is there and its first line holds a text.
    pub fn first_line_contains(
        &self,
        control: &mut ControlConnection,
        name: &str,
        text: &str,
    ) -> Result<bool> {
        if control.access == Access::Sftp {
            return Ok(control.sftp().first_line(&self.join(name))?.contains(text));
        }
        let script = format!("{} cat \"$f\"", assign("f", &self.join(name)));
        let answer = control.run(&script, TIMEOUT)?;
        Ok(String::from_utf8_lossy(&answer).contains(text))
    }

    /// Whether a chunk is there and has its size.
    pub fn holds_chunk(&self, control: &mut ControlConnection, bytes: u64) -> Result<bool> {
        if control.access == Access::Sftp {
            return Ok(control.sftp().size(&self.chunk(bytes))? == Some(bytes));
        }
        let script = format!("{} wc -c < \"$f\"", assign("f", &self.chunk(bytes)));
        Ok(count(control, &script, 0)? == Some(bytes))
    }

    /// Why another 64 KiB can't be written; absent where they can.
    pub fn unwritable(&self, control: &mut ControlConnection) -> Result<Option<String>> {
        let probe = self.join("probe");
        if control.access == Access::Sftp {
            return Ok(control.sftp().unwritable(&probe)?);
        }
        let script = format!(
            "{} e=$(dd if=/dev/zero of=\"$f\" bs=65536 count=1 2>&1) || echo \"$e\"; rm -f \"$f\"",
            assign("f", &probe)
        );
        let answer = control.run(&script, TIMEOUT)?;
        let answer = String::from_utf8_lossy(&answer);
        // `dd: error writing '…/probe': No space left on device`
        let reason =
            answer.lines().next().map(|line| line.rsplit_once(": ").map_or(line, |(_, why)| why));
        Ok(reason.map(printable))
    }

    /// Removes all chunks but those of these sizes.
    pub fn keep_only(&self, control: &mut ControlConnection, sizes: &[u64]) -> Result<()> {
        let kept: Vec<String> = sizes.iter().map(|&size| chunk_name(size)).collect();
        if control.access == Access::Sftp {
            for name in control.sftp().names(&self.path)? {
                let text = String::from_utf8_lossy(&name);
                if text.starts_with("chunk-") && !kept.iter().any(|kept| *kept == text) {
                    control.sftp().remove(&join(&self.path, &name))?;
                }
            }
            return Ok(());
        }
        let script = format!(
            "{} for f in \"$w\"/chunk-*; do case ' {} ' in *\" ${{f##*/}} \"*) ;; \
             *) rm -f \"$f\";; esac; done",
            assign("w", &self.path),
            kept.join(" ")
        );
        control.run(&script, TIMEOUT)?;
        Ok(())
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
