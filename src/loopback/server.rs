//! A private server of this machine: on 127.0.0.1 only, with keys made for the one run, for the
//! calling user alone, gone when we are gone however that happens.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;

#[cfg(feature = "russh")]
use super::builtin;
use super::keys::Keys;
use super::sshd;
use crate::local::child::Child;
use crate::local::interrupt::Interrupt;
use crate::model::names::{OPENSSH, RUSSH};

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum ServerProgram {
    /// OpenSSH's sshd
    Openssh,
    /// The built-in one
    Russh,
}

impl ServerProgram {
    /// As records name it.
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
    /// A directory for keys and configuration, to be made; nobody else may enter it.
    pub directory: &'a Path,
    /// Cipher names that sshd is to offer; empty: its default. The built-in server offers all that
    /// it has.
    pub ciphers: &'a [String],
    /// The built-in server also allows a session without cipher and MAC.
    pub with_none: bool,
    pub aes_disabled_by: Option<&'a (String, String)>,
    pub cores: Option<&'a [u32]>,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// For `ssh -F`.
    pub client_config: PathBuf,
    /// Where the survey's directory is to be.
    pub target_directory: PathBuf,
    /// The program behind its sftp subsystem, where its own configuration does not tell.
    pub sftp_server: Option<PathBuf>,
}

/// A server that has come up.
pub struct Up {
    pub child: Child,
    pub port: u16,
    pub sftp_server: Option<PathBuf>,
}

impl Server {
    pub fn start(spec: &ServerSpec, interrupt: &Interrupt) -> Result<Server> {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(spec.directory)
            .with_context(|| format!("{} can't be made", spec.directory.display()))?;
        let keys = Keys::make(spec.directory)?;
        let Up { child, port, sftp_server } = match spec.program {
            ServerProgram::Openssh => sshd::start(spec, &keys, interrupt)?,
            #[cfg(feature = "russh")]
            ServerProgram::Russh => builtin::start(spec, &keys, interrupt)?,
            #[cfg(not(feature = "russh"))]
            ServerProgram::Russh => anyhow::bail!(
                "this build has no SSH server of its own (it was made without the feature russh)"
            ),
        };
        let client_config = keys.write_client_config(port)?;
        let target_directory = spec.directory.join("target");
        fs::create_dir(&target_directory)?;
        Ok(Server { child, client_config, target_directory, sftp_server })
    }

    pub fn end(mut self) {
        self.child.end();
    }
}
