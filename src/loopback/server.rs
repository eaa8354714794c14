//! A private server on this machine: on 127.0.0.1 only, with keys for one run, for the calling user
//! only. It ends with this program, however that ends.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use anyhow::{Context, Result};

#[cfg(feature = "russh")]
use super::builtin;
use super::keys::Keys;
use super::spec::{ServerProgram, ServerSpec, Started};
use super::sshd;
use crate::local::child::Child;
use crate::local::interrupt::Interrupt;

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// For `ssh -F`.
    pub client_config: PathBuf,
    /// The directory in which a survey makes its own.
    pub target_directory: PathBuf,
    /// The program of its sftp subsystem, where its configuration does not name one.
    pub sftp_server: Option<PathBuf>,
}

impl Server {
    pub fn start(spec: &ServerSpec, interrupt: &Interrupt) -> Result<Server> {
        fs::DirBuilder::new()
            .mode(0o700)
            .create(spec.directory)
            .with_context(|| format!("{} can't be made", spec.directory.display()))?;
        let keys = Keys::make(spec.directory)?;
        let Started { child, port, sftp_server } = match spec.program {
            ServerProgram::Openssh => sshd::start(spec, &keys, interrupt)?,
            #[cfg(feature = "russh")]
            ServerProgram::Russh => builtin::start(spec, &keys, interrupt)?,
            #[cfg(not(feature = "russh"))]
            ServerProgram::Russh => anyhow::bail!(
                "this build has no built-in SSH server (it was built without the feature russh)"
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
