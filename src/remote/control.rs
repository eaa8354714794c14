//! The control connection: one more SSH connection per target. Its shell runs scripts between the
//! samples, and removes the survey's directory when its input ends, however that happens. Where an
//! account has no shell, the connection is to its SFTP server.

use std::time::{Duration, Instant};

use crate::local::client::ClientSetting;
use crate::local::interrupt::Interrupt;
use crate::model::Cipher;
use crate::model::units::printable;
use crate::remote::channel::Channel;
use crate::remote::error::ControlError;
use crate::remote::sftp::Sftp;
use crate::ssh::failure::{exit_status, said_in_session};
use crate::ssh::{Connection, Failure, Session, Transcript};

/// The control connection to a remote host.
#[derive(Debug)]
pub struct ControlConnection {
    channel: Channel,
    pub access: Access,
    /// Begins the lines around each answer of the shell.
    mark: String,
    /// The last line in front of an answer that was not expected.
    stray: Option<String>,
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
            mark: mark.to_owned(),
            stray: None,
            remove_at_end: None,
            setup_s: 0.0,
        };
        let answered = match options.access {
            Access::Shell => control.run("", LOGIN_TIMEOUT).map(|_| ()),
            Access::Sftp => control.sftp().start(LOGIN_TIMEOUT),
        };
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

    /// Runs a script on the remote host; returns its standard output.
    pub fn run(&mut self, script: &str, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        self.begin(script)?;
        self.collect(timeout)
    }

    /// Starts a script whose output is fetched later, by [`ControlConnection::collect`].
    pub fn begin(&mut self, script: &str) -> Result<(), ControlError> {
        self.channel.requests += 1;
        let (mark, number) = (&self.mark, self.channel.requests);
        // The script's own standard input is empty: nothing in it can consume the next script.
        let text = format!(
            "printf '\\n%s\\n' '{mark} begin {number}'\n{{ :\n{script}\n}} 2>/dev/null </dev/null\n\
             printf '\\n%s\\n' '{mark} end {number}'\n"
        );
        self.channel.send(text.as_bytes())
    }

    /// The output of the script that was started last.
    pub fn collect(&mut self, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        let begin = format!("{} begin {}", self.mark, self.channel.requests).into_bytes();
        let end = format!("{} end {}", self.mark, self.channel.requests).into_bytes();
        let deadline = Instant::now() + timeout;
        let mut output: Option<Vec<u8>> = None;
        loop {
            let line = self.channel.line(deadline, timeout)?;
            let plain = line.trim_ascii_end();
            match &mut output {
                _ if plain.ends_with(&begin) => output = Some(Vec::new()),
                Some(_) if plain == end => {
                    let mut output = output.unwrap_or_default();
                    // The line end in front of the end mark.
                    output.pop();
                    return Ok(output);
                }
                Some(output) => output.extend_from_slice(&line),
                // The line with `begin` never reached the shell.
                None if plain == end => {
                    return Err(ControlError::InputTaken { host: self.host().to_owned() });
                }
                // Printed by start-up files, or by what runs in place of the shell.
                None if !plain.is_empty() => {
                    self.stray = Some(printable(&String::from_utf8_lossy(plain)));
                }
                None => {}
            }
        }
    }

    /// The SFTP server, where that is what answers.
    pub(super) fn sftp(&mut self) -> Sftp<'_> {
        Sftp::over(&mut self.channel)
    }

    /// Has a directory removed when the connection is ended, since no shell does it.
    pub(super) fn remove_at_end(&mut self, directory: &[u8]) {
        self.remove_at_end = Some(directory.to_vec());
    }

    /// Why there is no session.
    fn login_failure(&mut self) -> ControlError {
        let host = self.host().to_owned();
        let log = self.channel.log(Duration::from_secs(2)).to_owned();
        if !Transcript::parse(&log).session_up {
            let failure = Failure::read(&log, &host);
            return ControlError::Connect(failure, Box::new(Transcript::parse(&log)));
        }
        let output = self.stray.take().or_else(|| said_in_session(&log)).unwrap_or_default();
        ControlError::NoShell { host, output, status: exit_status(&log) }
    }

    /// What was printed in front of the first answer: by start-up files, which break what expects a protocol.
    pub fn printed_at_login(&self) -> Option<&str> {
        self.stray.as_deref()
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
