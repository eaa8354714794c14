//! The control connection: one more SSH connection per target. Its shell runs scripts between the
//! samples, and removes the survey's directory when its input ends, however that happens. Where an
//! account has no shell, the connection is to its SFTP server.

mod channel;
pub mod error;
pub mod lock;
mod remote_host;
mod sftp;
mod shell;

use std::time::Duration;

pub use channel::TIMEOUT;
pub use remote_host::RemoteHost;

use crate::local::client::ClientSetting;
use crate::local::interrupt::Interrupt;
use crate::model::Cipher;
use crate::ssh::failure::{exit_status, said_in_session};
use crate::ssh::{Connection, Failure, Session, Transcript};
use channel::Channel;
use error::ControlError;
use lock::{Claimed, Owner};
use sftp::Sftp;
use shell::{Shell, ShellState};

/// The control connection to a remote host.
#[derive(Debug)]
pub struct ControlConnection {
    channel: Channel,
    pub access: Access,
    shell: ShellState,
    /// A directory to remove at the end, where no shell does.
    remove_at_end: Option<Vec<u8>>,
    /// Seconds from the start of the client program to the shell's first answer.
    pub setup_s: f64,
}

/// What an account allows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    Shell,
    Sftp,
}

/// How to open the control connection to a target, as found out by the first one.
#[derive(Clone, Debug, Default)]
pub struct ControlOptions {
    pub access: Access,
    /// Asked for where ssh proposes no cipher by default that the server offers.
    pub cipher: Option<Cipher>,
}

/// A login that takes longer has failed.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

impl ControlConnection {
    pub fn connect(
        connection: &Connection,
        setting: &ClientSetting,
        options: &ControlOptions,
        mark: &str,
        interrupt: &Interrupt,
    ) -> Result<ControlConnection, ControlError> {
        let session = Session {
            cipher: options.cipher.as_ref(),
            subsystem: options.access == Access::Sftp,
            verbosity: 2,
            kept_alive: true,
            ..Session::default()
        };
        let command = if session.subsystem { "sftp" } else { "sh" };
        let channel = Channel::start(connection, setting, &session, command, mark, interrupt)?;
        let mut control = ControlConnection {
            channel,
            access: options.access,
            shell: ShellState::new(mark),
            remove_at_end: None,
            setup_s: 0.0,
        };
        let answered = control.remote_host().start(LOGIN_TIMEOUT);
        match answered {
            Ok(()) => {
                control.setup_s = control.channel.started().elapsed().as_secs_f64();
                Ok(control)
            }
            Err(ControlError::Ended { .. }) => Err(control.login_failure()),
            Err(ControlError::NoAnswer { host, seconds }) if control.transcript().session_up => {
                Err(ControlError::LoginHangs { host, seconds })
            }
            Err(other) => Err(other),
        }
    }

    /// What the connection's log says so far.
    pub fn transcript(&mut self) -> Transcript {
        Transcript::parse(self.channel.log(Duration::from_millis(1)))
    }

    /// The remote host, whichever way the account allows.
    pub fn remote_host(&mut self) -> Box<dyn RemoteHost + '_> {
        match self.access {
            Access::Shell => Box::new(self.shell()),
            Access::Sftp => Box::new(self.sftp()),
        }
    }

    fn shell(&mut self) -> Shell<'_> {
        Shell::over(&mut self.channel, &mut self.shell)
    }

    /// Runs a script on the remote host; returns its standard output.
    pub fn run(&mut self, script: &str, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        self.shell().run(script, timeout)
    }

    /// Starts a script whose output is fetched later, by [`ControlConnection::collect`].
    pub fn begin(&mut self, script: &str) -> Result<(), ControlError> {
        self.shell().begin(script)
    }

    /// The output of the script that was started last.
    pub fn collect(&mut self, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        self.shell().collect(timeout)
    }

    /// The SFTP server, where that is what answers.
    pub(super) fn sftp(&mut self) -> Sftp<'_> {
        Sftp::over(&mut self.channel)
    }

    /// Creates the survey's directory, and has it removed when the connection ends; see [`RemoteHost::claim`].
    pub fn claim(&mut self, parent: Option<&[u8]>, owner: &Owner) -> anyhow::Result<Claimed> {
        let host = self.host().to_owned();
        let claimed = self.remote_host().claim(&host, parent, owner)?;
        // A shell does it by itself.
        self.remove_at_end = (self.access == Access::Sftp).then(|| claimed.path.clone());
        Ok(claimed)
    }

    /// Why there is no session.
    fn login_failure(&mut self) -> ControlError {
        let host = self.host().to_owned();
        let log = self.channel.log(Duration::from_secs(2)).to_owned();
        if !Transcript::parse(&log).session_up {
            let failure = Failure::read(&log, &host);
            return ControlError::Connect(failure, Box::new(Transcript::parse(&log)));
        }
        let output = self.shell.stray.take().or_else(|| said_in_session(&log)).unwrap_or_default();
        ControlError::NoShell { host, output, status: exit_status(&log) }
    }

    /// What was printed in front of the first answer: by start-up files, which break what expects a protocol.
    pub fn printed_at_login(&self) -> Option<&str> {
        self.shell.stray.as_deref()
    }

    pub fn host(&self) -> &str {
        self.channel.host()
    }

    pub fn is_alive(&mut self) -> bool {
        self.channel.is_alive()
    }

    /// The reason of a connection that has ended by itself.
    pub fn why_ended(&mut self) -> ControlError {
        self.channel.ended("")
    }

    /// Ends the connection: the remote shell removes the survey's directory, and this waits for it.
    pub fn end(&mut self) {
        // An interrupt does not keep the directory from being removed.
        self.channel.interrupt = Interrupt::default();
        if let Some(directory) = self.remove_at_end.take() {
            // If that fails, the lock in it tells the next survey.
            let _ = self.sftp().remove_all(&directory);
        }
        self.channel.close();
    }

    /// The same of a connection that is not needed any more.
    pub fn close(mut self) {
        self.end();
    }
}

/// However a survey ends, nothing is left on the remote host. Where no login succeeded there is
/// nothing to wait for.
impl Drop for ControlConnection {
    fn drop(&mut self) {
        if self.setup_s > 0.0 {
            self.end();
        }
    }
}
