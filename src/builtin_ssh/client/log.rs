//! The client's messages on standard error (with `-E`, in a file), at OpenSSH's levels and in its
//! words: `ssh::Transcript` reads them.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::error::Error;

/// `LogLevel` of ssh_config(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    Quiet,
    Error,
    Info,
    Verbose,
    Debug1,
    Debug2,
    Debug3,
}

impl Level {
    /// After one more `-v`.
    pub fn louder(before: Option<Level>) -> Level {
        match before {
            Some(Level::Debug1) => Level::Debug2,
            Some(Level::Debug2 | Level::Debug3) => Level::Debug3,
            _ => Level::Debug1,
        }
    }

    pub fn named(name: &str) -> Option<Level> {
        Some(match name.to_ascii_uppercase().as_str() {
            "QUIET" => Level::Quiet,
            "FATAL" | "ERROR" => Level::Error,
            "INFO" => Level::Info,
            "VERBOSE" => Level::Verbose,
            "DEBUG" | "DEBUG1" => Level::Debug1,
            "DEBUG2" => Level::Debug2,
            "DEBUG3" => Level::Debug3,
            _ => return None,
        })
    }
}

#[derive(Debug)]
pub struct Log {
    level: Level,
    file: Option<File>,
}

impl Log {
    pub fn new(level: Level, file: Option<&Path>) -> Result<Log, Error> {
        let open = |path: &Path| {
            let file = OpenOptions::new().append(true).create(true).open(path);
            file.map_err(Error::system(format!("Couldn't open logfile {}", path.display())))
        };
        Ok(Log { level, file: file.map(open).transpose()? })
    }

    pub fn level(&self) -> Level {
        self.level
    }

    /// A message without a prefix.
    pub fn say(&self, level: Level, text: &str) {
        if self.level < level {
            return;
        }
        let line = format!("{text}\n");
        // A log that can't be written is no reason to end the connection.
        let _ = match &self.file {
            Some(file) => { file }.write_all(line.as_bytes()),
            None => std::io::stderr().write_all(line.as_bytes()),
        };
    }

    pub fn debug1(&self, text: impl FnOnce() -> String) {
        if self.level >= Level::Debug1 {
            self.say(Level::Debug1, &format!("debug1: {}", text()));
        }
    }

    pub fn debug2(&self, text: impl FnOnce() -> String) {
        if self.level >= Level::Debug2 {
            self.say(Level::Debug2, &format!("debug2: {}", text()));
        }
    }
}
