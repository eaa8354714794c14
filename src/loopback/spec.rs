//! What a private server is made with, and what is known once it has started.

use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::local::child::Child;
use crate::model::names::{OPENSSH, RUSSH};

/// The server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ServerProgram {
    /// OpenSSH's sshd
    Openssh,
    /// The built-in server
    Russh,
}

impl ServerProgram {
    /// Its name in records.
    pub fn name(self) -> &'static str {
        match self {
            ServerProgram::Openssh => OPENSSH,
            ServerProgram::Russh => RUSSH,
        }
    }
}

/// What a server is made with.
#[derive(Clone, Debug)]
pub struct ServerSpec<'a> {
    pub program: ServerProgram,
    /// A directory for keys and configuration, to be made; only the user may enter it.
    pub directory: &'a Path,
    /// Ciphers that sshd is to offer; empty: its default. The built-in server offers all it has.
    pub ciphers: &'a [String],
    /// The built-in server also allows a connection without cipher and MAC.
    pub with_none: bool,
    pub aes_disabled_by: Option<&'a (String, String)>,
    pub cores: Option<&'a [u32]>,
}

/// A server that listens.
pub struct Started {
    pub child: Child,
    pub port: u16,
    pub sftp_server: Option<PathBuf>,
}
