//! The survey's temporary directory on this machine, and the data that is sent.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rand::{Rng, SeedableRng};
use rustix::fs::FlockOperation;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::local::interrupt::Interrupt;
use crate::model::units::shown;

/// Bytes that are generated, copied or hashed between two polls of the interrupt.
const BLOCK: usize = 1 << 20;

/// The names of these directories begin so.
pub const PREFIX: &str = "cipher-survey-";

/// A file in each of them, which its survey keeps locked as long as it runs.
const LOCK: &str = "lock";

/// A temporary directory, removed when dropped. What a killed survey left is removed by the next one.
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
    _lock: OwnedFd,
}

impl Scratch {
    pub fn new() -> Result<Scratch> {
        let parent = std::env::temp_dir();
        sweep(&parent);
        let create = || -> io::Result<Scratch> {
            let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(&parent)?;
            let lock: OwnedFd = File::create(directory.path().join(LOCK))?.into();
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive)?;
            Ok(Scratch { directory, _lock: lock })
        };
        create().with_context(|| {
            format!("no temporary directory could be created in {} (TMPDIR)", parent.display())
        })
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Why another 64 KiB can't be written; absent where they can.
    pub fn unwritable(&self) -> Option<String> {
        let probe = self.join("probe");
        let written = fs::write(&probe, [0; 1 << 16]);
        // If it was not created there is nothing to remove.
        let _ = fs::remove_file(&probe);
        let (place, error) = (shown(&std::env::temp_dir()), written.err()?);
        Some(format!("{place} on this machine can't be written: {error}"))
    }

    pub fn join(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// Removes the directories of surveys that have ended.
fn sweep(parent: &Path) {
    let Ok(entries) = fs::read_dir(parent) else { return };
    for entry in entries.flatten() {
        let is_survey = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
        let lock = is_survey.then(|| File::open(entry.path().join(LOCK)).ok()).flatten();
        let abandoned = lock.is_some_and(|lock| {
            rustix::fs::flock(&lock, FlockOperation::NonBlockingLockExclusive).is_ok()
        });
        if abandoned {
            // Another user's directory can't be removed, and that is fine.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// The data that is sent: FILE, or random bytes if none was named.
#[derive(Debug)]
pub struct Payload {
    /// FILE as the user named it; absent: random bytes.
    pub name: Option<String>,
    pub file: File,
    path: PathBuf,
    /// Bytes of the whole file.
    pub length: u64,
    /// Bytes of it that may be used (`--limit`).
    pub usable: u64,
}

impl Payload {
    /// Opens FILE.
    ///
    /// # Errors
    /// It can't be read, is no regular file, or is empty.
    pub fn open(path: &Path, limit: Option<u64>) -> Result<Payload> {
        let shown = path.display();
        let about =
            fs::metadata(path).with_context(|| format!("the file {shown} can't be read"))?;
        if about.is_dir() {
            bail!("{shown} is a directory; name a file in it, or pack it into one (tar)");
        }
        if !about.is_file() {
            bail!("{shown} is not a regular file; copy its content into one");
        }
        if about.len() == 0 {
            bail!("the file {shown} is empty; name one of some megabytes, or leave FILE out");
        }
        let file = File::open(path).with_context(|| format!("the file {shown} can't be read"))?;
        Ok(Payload {
            name: Some(path.to_string_lossy().into_owned()),
            file,
            path: std::path::absolute(path)?,
            length: about.len(),
            usable: limit.map_or(about.len(), |limit| limit.min(about.len())),
        })
    }

    /// Random bytes, which neither a file system nor a link can compress.
    pub fn generate(
        scratch: &Scratch,
        bytes: u64,
        seed: u64,
        interrupt: &Interrupt,
    ) -> Result<Payload> {
        let path = scratch.join("random-data");
        let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let mut write = || -> io::Result<File> {
            let mut file = File::options().create_new(true).read(true).write(true).open(&path)?;
            let mut buffer = vec![0; BLOCK];
            let mut left = bytes;
            while left > 0 {
                interrupt.check()?;
                let part = left.min(buffer.len() as u64) as usize;
                random.fill_bytes(&mut buffer[..part]);
                file.write_all(&buffer[..part])?;
                left -= part as u64;
            }
            Ok(file)
        };
        let file = write()
            .with_context(|| format!("random data could not be written to {}", path.display()))?;
        Ok(Payload { name: None, file, path, length: bytes, usable: bytes })
    }

    /// The chunk of FILE with its first `bytes`, as a file in `scratch` under a plain name. Each size is
    /// made once, by the kernel (`copy_file_range`) where it can.
    pub fn chunk(&self, scratch: &Scratch, bytes: u64, interrupt: &Interrupt) -> Result<PathBuf> {
        let path = scratch.join(&format!("chunk-{bytes}"));
        if path.symlink_metadata().is_ok() {
            return Ok(path);
        }
        let make = || -> io::Result<()> {
            if bytes == self.length {
                return std::os::unix::fs::symlink(&self.path, &path);
            }
            let (from, mut to) = (File::open(&self.path)?, File::create(&path)?);
            let mut left = bytes;
            while left > 0 {
                interrupt.check()?;
                match io::copy(&mut (&from).take(left.min(BLOCK as u64)), &mut to)? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    copied => left -= copied,
                }
            }
            Ok(())
        };
        let about =
            || format!("a chunk of {bytes} bytes could not be written to {}", path.display());
        if let Err(error) = make() {
            // An incomplete chunk must not be taken for a complete one.
            let _ = fs::remove_file(&path);
            return Err(error).with_context(about);
        }
        Ok(path)
    }

    /// Absolute.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the data from its start.
    pub fn reader(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    /// SHA-256 of the first `bytes`, in hexadecimal.
    pub fn sha256(&self, bytes: u64, interrupt: &Interrupt) -> io::Result<String> {
        sha256(File::open(&self.path)?.take(bytes), interrupt)
    }
}

/// SHA-256 of all that can be read, in hexadecimal.
pub fn sha256(mut from: impl Read, interrupt: &Interrupt) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; BLOCK];
    loop {
        interrupt.check()?;
        match from.read(&mut buffer)? {
            0 => break,
            read => digest.update(&buffer[..read]),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chunk_holds_the_first_bytes_of_the_data() {
        let (scratch, none) = (Scratch::new().unwrap(), Interrupt::default());
        let payload = Payload::generate(&scratch, 3_000_000, 7, &none).unwrap();
        let part = payload.chunk(&scratch, 1_000_001, &none).unwrap();
        let made = sha256(File::open(&part).unwrap(), &none).unwrap();
        assert_eq!(made, payload.sha256(1_000_001, &none).unwrap());
        assert_eq!(fs::metadata(&part).unwrap().len(), 1_000_001);
        let whole = payload.chunk(&scratch, 3_000_000, &none).unwrap();
        assert_eq!(fs::metadata(&whole).unwrap().len(), 3_000_000);
        // A chunk that is longer than the data fails and leaves nothing behind.
        assert!(payload.chunk(&scratch, 3_000_001, &none).is_err());
        assert!(!scratch.join("chunk-3000001").exists());
    }

    #[test]
    fn an_interrupt_ends_generating_copying_and_hashing() {
        let scratch = Scratch::new().unwrap();
        let payload = Payload::generate(&scratch, 100_000, 7, &Interrupt::default()).unwrap();
        let raised = Interrupt::default();
        raised.raise();
        let message = |error: anyhow::Error| format!("{error:#}");
        assert!(
            message(payload.chunk(&scratch, 99_999, &raised).unwrap_err()).contains("interrupted")
        );
        assert!(!scratch.join("chunk-99999").exists());
        assert!(payload.sha256(100_000, &raised).is_err());
        let other = Scratch::new().unwrap();
        assert!(
            message(Payload::generate(&other, 1, 7, &raised).unwrap_err()).contains("interrupted")
        );
    }

    #[test]
    fn the_directory_of_an_ended_survey_is_removed_and_that_of_a_running_one_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let dead = parent.path().join("cipher-survey-dead");
        let living = parent.path().join("cipher-survey-living");
        let foreign = parent.path().join("cipher-survey-notes");
        for directory in [&dead, &living, &foreign] {
            fs::create_dir(directory).unwrap();
        }
        File::create(dead.join(LOCK)).unwrap();
        let lock = File::create(living.join(LOCK)).unwrap();
        rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
        sweep(parent.path());
        assert!(!dead.exists() && living.exists() && foreign.exists());
    }

    #[test]
    fn an_unusable_file_is_refused_with_the_reason() {
        let directory = tempfile::tempdir().unwrap();
        let empty = directory.path().join("empty");
        File::create(&empty).unwrap();
        let message = |path: &Path| format!("{:#}", Payload::open(path, None).unwrap_err());
        assert!(message(&empty).contains("is empty"));
        assert!(message(directory.path()).contains("is a directory"));
        assert!(message(&directory.path().join("none")).contains("can't be read"));
    }
}
