//! The journal: each record is written the moment its sample ends.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use etcetera::BaseStrategy;
use serde::Serialize;

use crate::model::record::Record;

/// Takes records one by one.
pub trait Journal {
    fn append(&mut self, record: &Record) -> Result<()>;
}

/// A JSON-lines file.
#[derive(Debug)]
pub struct FileJournal {
    path: PathBuf,
    file: File,
}

impl FileJournal {
    /// Refuses a journal that exists, before anything connects: it is never overwritten.
    pub fn refuse_existing(path: &Path) -> Result<()> {
        if path.exists() {
            bail!(
                "the journal {} exists; name another one with --journal, or move it away",
                path.display()
            );
        }
        Ok(())
    }

    /// Creates the file; an existing one is never overwritten.
    pub fn create(path: &Path) -> Result<FileJournal> {
        if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            fs::create_dir_all(parent)
                .with_context(|| format!("the directory {} can't be created", parent.display()))?;
        }
        let file = match File::options().append(true).create_new(true).open(path) {
            Ok(file) => file,
            Err(error) => {
                FileJournal::refuse_existing(path)?;
                return Err(error)
                    .with_context(|| format!("the journal {} can't be created", path.display()));
            }
        };
        Ok(FileJournal { path: path.to_owned(), file })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends one line of whatever kind of journal this is.
    pub fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        // One write per line: if this program is killed, whole lines are left.
        self.file.write_all(&text).with_context(|| {
            format!(
                "the journal {} can't be written (is the disk full?), so nothing more is measured; free \
                 space, or name another file with --journal",
                self.path.display()
            )
        })
    }
}

impl Journal for FileJournal {
    fn append(&mut self, record: &Record) -> Result<()> {
        self.write(record)
    }
}

/// A journal in memory, for tests.
impl Journal for Vec<Record> {
    fn append(&mut self, record: &Record) -> Result<()> {
        self.push(record.clone());
        Ok(())
    }
}

/// Where journals are kept by default: `cipher-survey` below the platform's data directory
/// (`$XDG_DATA_HOME`, else `~/.local/share`).
pub fn default_directory() -> Result<PathBuf> {
    let base = etcetera::choose_base_strategy()
        .context("the home directory is unknown; name a journal with --journal")?;
    Ok(base.data_dir().join("cipher-survey"))
}

/// The default name for the journal of a survey of `target`; names sort by time.
pub fn default_path(target: &str, started: &jiff::Timestamp) -> Result<PathBuf> {
    let plain = |c: char| if c.is_ascii_alphanumeric() || ".-_@".contains(c) { c } else { '_' };
    let name: String = target.chars().map(plain).take(80).collect();
    let stamp = started.strftime("%Y%m%dT%H%M%S%3fZ");
    Ok(default_directory()?.join(format!("{stamp}-{name}.jsonl")))
}
