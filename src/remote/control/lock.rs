//! The survey's directory on the remote host is also its lock: one survey per target at a time.

use crate::model::host::Storage;
use crate::model::units::printable;

/// The name of the directory.
pub const NAME: &str = ".cipher-survey";

/// The file in it that says whose it is.
pub const OWNER_FILE: &str = "owner";

/// Who owns a lock.
#[derive(Clone, Debug)]
pub struct Owner {
    /// Random, one per target of a survey: a lock with it was made by an earlier control connection
    /// of the same target.
    pub token: String,
    /// How this survey is named to another one that finds the lock.
    pub who: String,
    /// From 0: which of the clients that are compared on one host. The directory of the first is the
    /// lock of all; those of the others are beside it.
    pub client_index: usize,
}

impl Owner {
    /// Follows [`NAME`]: each client has a directory of its own.
    pub fn suffix(&self) -> String {
        match self.client_index {
            0 => String::new(),
            others => format!("-{}", others + 1),
        }
    }

    /// Who it is, in one line of plain characters.
    pub fn plain_name(&self) -> String {
        self.who.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
    }
}

/// The directory, once it is ours.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// Absolute, any bytes.
    pub path: Vec<u8>,
    pub storage: Storage,
}

/// The directory that the user named.
pub fn in_words(parent: Option<&[u8]>) -> String {
    parent.map_or_else(
        || "the login directory".to_owned(),
        |parent| format!("the directory {}", printable(&String::from_utf8_lossy(parent))),
    )
}

/// Another survey has the lock. `owner`: the line in it; `lost`: what to do if nobody runs it any more.
pub fn held(owner: &str, host: &str, lost: &str) -> String {
    let words: Vec<&str> = owner.split_whitespace().collect();
    let who = printable(&words.get(6..).unwrap_or_default().join(" "));
    format!(
        "another survey of {host} is running ({who}), and only one may run at a time; wait until it has \
         ended, or, {lost}"
    )
}

pub fn foreign(shown: &str, host: &str) -> String {
    format!(
        "{shown} on {host} was not created by cipher-survey; look at what it holds, and remove it by hand"
    )
}
