//! The monitor: one more SSH session a target. A shell over there answers our questions between
//! trials; when its input ends, whoever died, it removes our directory.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use thiserror::Error;

use crate::local::child::Child;
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::stderr::Listener;
use crate::model::Cipher;
use crate::model::units::printable;
use crate::ssh::failure::last_words;
use crate::ssh::{Connection, Failure, Session, Transcript};

/// A shell on the far host; where an account allows no more, its SFTP server.
#[derive(Debug)]
pub struct ControlConnection {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    /// What has come of it and was not taken.
    pub(super) come: Vec<u8>,
    pub access: Access,
    /// The last line that was no answer to anything.
    stray: Option<String>,
    /// Our directory over there, which no shell removes for us.
    pub(super) directory: Option<Vec<u8>>,
    listener: Listener,
    /// How messages name the far host.
    host: String,
    mark: String,
    pub(super) asked: u32,
    pub(super) interrupt: Interrupt,
    /// Seconds from the start of the client program to the shell's first word.
    pub setup_s: f64,
}

#[derive(Debug, Error)]
pub enum ControlError {
    #[error("{}{}", .0.reason, .0.remedy.as_deref().map(|r| format!("; {r}")).unwrap_or_default())]
    Connect(Failure, Box<Transcript>),
    #[error(
        "the login on {host} works, but what its account runs (nologin, a forced command) is \
         neither a shell nor SFTP{}; survey an account that has either", and_says(.said)
    )]
    NoShell { host: String, said: String },
    #[error(
        "a start-up file of the login shell on {host} reads standard input, and what scp, sftp and \
         rsync send is lost to it; have it end early where no terminal is: [ -t 0 ] || return"
    )]
    InputTaken { host: String },
    #[error(
        "the login on {host} works, but what answers there does not answer for {} s: a start-up file \
         of the login shell may wait for something, or take all of standard input",
        seconds.as_secs()
    )]
    Deaf { host: String, seconds: Duration },
    #[error("the SSH client could not be started: {0}")]
    Spawn(std::io::Error),
    #[error("the monitor session on {host} ended: {reason}")]
    Gone { host: String, reason: String },
    #[error("the monitor session on {host} did not answer for {} s", seconds.as_secs())]
    Silent { host: String, seconds: Duration },
    #[error("interrupted")]
    Interrupted,
}

fn and_says(words: &str) -> String {
    if words.is_empty() { String::new() } else { format!(", and says: {words}") }
}

/// A login that takes longer has failed.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// What answers in a monitor's session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    #[default]
    Shell,
    Sftp,
}

/// How a monitor has to come: what an earlier one of the same target found out.
#[derive(Clone, Debug, Default)]
pub struct ControlOptions {
    pub access: Access,
    /// Asked for where ssh by itself proposes none that the server has.
    pub cipher: Option<Cipher>,
}

/// What a client needs besides its arguments.
#[derive(Clone, Debug, Default)]
pub struct ClientSetting {
    /// `VARIABLE=value` that masks AES instructions.
    pub aes_disabled_by: Option<(String, String)>,
    pub cores: Option<Vec<u32>>,
}

impl ClientSetting {
    pub fn apply(&self, command: &mut Command) {
        if let Some((variable, value)) = &self.aes_disabled_by {
            command.env(variable, value);
        }
    }
}

impl ControlConnection {
    pub fn connect(
        connection: &Connection,
        setting: &ClientSetting,
        options: &ControlOptions,
        mark: &str,
        interrupt: &Interrupt,
    ) -> Result<ControlConnection, ControlError> {
        let mut control = ControlConnection::start(connection, setting, options, mark, interrupt)?;
        let answered = match options.access {
            Access::Shell => control.ask("", LOGIN_TIMEOUT).map(|_| ()),
            Access::Sftp => control.greet(LOGIN_TIMEOUT),
        };
        match answered {
            Ok(()) => {
                control.setup_s = control.child.started.elapsed().as_secs_f64();
                Ok(control)
            }
            Err(ControlError::Gone { .. }) => Err(control.login_failure()),
            Err(ControlError::Silent { host, seconds }) if control.transcript().session_up => {
                Err(ControlError::Deaf { host, seconds })
            }
            Err(other) => Err(other),
        }
    }

    fn start(
        connection: &Connection,
        setting: &ClientSetting,
        options: &ControlOptions,
        mark: &str,
        interrupt: &Interrupt,
    ) -> Result<ControlConnection, ControlError> {
        let mut command = Command::new(&connection.program);
        let session = Session {
            cipher: options.cipher.as_ref(),
            subsystem: options.access == Access::Sftp,
            verbosity: 2,
            kept_alive: true,
            ..Session::default()
        };
        command
            .args(connection.arguments(&session))
            .arg(if session.subsystem { "sftp" } else { "sh" })
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        setting.apply(&mut command);
        let mut child =
            Child::spawn(&mut command, setting.cores.as_deref()).map_err(ControlError::Spawn)?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => (stdout, stderr),
            _ => return Err(ControlError::Spawn(std::io::ErrorKind::BrokenPipe.into())),
        };
        Ok(ControlConnection {
            child,
            stdin,
            stdout: chunks(stdout),
            come: Vec::new(),
            access: options.access,
            stray: None,
            directory: None,
            listener: Listener::new(stderr, mark),
            host: connection.target.host_label(),
            mark: mark.to_owned(),
            asked: 0,
            interrupt: interrupt.clone(),
            setup_s: 0.0,
        })
    }

    /// What the connection's own log says so far.
    pub fn transcript(&mut self) -> Transcript {
        Transcript::parse(self.listener.drain(Duration::from_millis(1)))
    }

    /// Runs a fragment over there; what it wrote to its standard output.
    pub fn ask(&mut self, fragment: &str, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        self.begin(fragment)?;
        self.collect(timeout)
    }

    /// Begins a fragment whose answer is fetched later with [`ControlConnection::collect`].
    pub fn begin(&mut self, fragment: &str) -> Result<(), ControlError> {
        self.asked += 1;
        let (mark, number) = (&self.mark, self.asked);
        // The fragment's own standard input is empty, so that nothing in it eats the next one.
        let text = format!(
            "printf '\\n%s\\n' '{mark} begin {number}'\n{{ :\n{fragment}\n}} 2>/dev/null </dev/null\n\
             printf '\\n%s\\n' '{mark} end {number}'\n"
        );
        self.send(text.as_bytes())
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), ControlError> {
        let sent = match &mut self.stdin {
            Some(stdin) => stdin.write_all(bytes).and_then(|()| stdin.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| self.gone(&error.to_string()))
    }

    /// The answer to the fragment begun last.
    pub fn collect(&mut self, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        let begin = format!("{} begin {}", self.mark, self.asked).into_bytes();
        let end = format!("{} end {}", self.mark, self.asked).into_bytes();
        let deadline = Instant::now() + timeout;
        let mut body: Option<Vec<u8>> = None;
        loop {
            let line = self.line(deadline, timeout)?;
            let plain = line.trim_ascii_end();
            match &mut body {
                _ if plain.ends_with(&begin) => body = Some(Vec::new()),
                Some(_) if plain == end => {
                    let mut body = body.unwrap_or_default();
                    // The line end that we put before the end mark.
                    body.pop();
                    return Ok(body);
                }
                Some(body) => body.extend_from_slice(&line),
                // The line that says `begin` never reached the shell.
                None if plain == end => {
                    return Err(ControlError::InputTaken { host: self.host.clone() });
                }
                // What start-up files print, or whatever runs in the shell's place.
                None if !plain.is_empty() => {
                    self.stray = Some(printable(&String::from_utf8_lossy(plain)));
                }
                None => {}
            }
        }
    }

    fn line(&mut self, deadline: Instant, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        loop {
            if let Some(end) = self.come.iter().position(|&byte| byte == b'\n') {
                return Ok(self.come.drain(..=end).collect());
            }
            self.wait(deadline, timeout)?;
        }
    }

    /// Until more has come.
    pub(super) fn wait(
        &mut self,
        deadline: Instant,
        timeout: Duration,
    ) -> Result<(), ControlError> {
        loop {
            if self.interrupt.is_raised() {
                return Err(ControlError::Interrupted);
            }
            let late = |by: Duration| Instant::now() > deadline + by;
            match self.stdout.recv_timeout(POLL_INTERVAL) {
                // Whoever goes on talking and never says what was asked for is as good as silent;
                // where we ourselves stood still the answer may be among what waits.
                Ok(_) if late(timeout) => return Err(self.silent(timeout)),
                Ok(chunk) => {
                    self.come.extend(chunk);
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone("")),
                Err(RecvTimeoutError::Timeout) if late(Duration::ZERO) => {
                    return Err(self.silent(timeout));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Of no further use: the next question is to find a new one.
    fn silent(&mut self, timeout: Duration) -> ControlError {
        self.child.end();
        ControlError::Silent { host: self.host.clone(), seconds: timeout }
    }

    pub(super) fn gone(&mut self, detail: &str) -> ControlError {
        let log = self.listener.drain(Duration::from_millis(200));
        let reason = match last_words(log) {
            Some(words) => printable(words),
            None if detail.is_empty() => "its client said nothing".to_owned(),
            None => detail.to_owned(),
        };
        ControlError::Gone { host: self.host.clone(), reason }
    }

    /// Why no session came about.
    fn login_failure(&mut self) -> ControlError {
        let log = self.listener.drain(Duration::from_secs(2)).to_owned();
        if !Transcript::parse(&log).session_up {
            let failure = Failure::read(&log, &self.host);
            return ControlError::Connect(failure, Box::new(Transcript::parse(&log)));
        }
        let own = ["debug", "Authenticated to ", "Transferred: ", "Bytes per second: "];
        let theirs = |line: &&str| !line.is_empty() && !own.iter().any(|o| line.starts_with(o));
        let logged = || log.lines().map(str::trim).rfind(theirs).map(printable);
        let said = self.stray.take().or_else(logged).unwrap_or_default();
        ControlError::NoShell { host: self.host.clone(), said }
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets the far shell clean up and waits until it has.
    pub fn end(&mut self) {
        // Nothing is left behind for the reason that somebody is in a hurry.
        self.interrupt = Interrupt::default();
        self.clean_up();
        self.stdin = None;
        if !matches!(self.child.wait(Duration::from_secs(5)), Ok(Some(_))) {
            self.child.end();
        }
    }

    /// The same of a monitor that is of no further use.
    pub fn close(mut self) {
        self.end();
    }
}

/// Whatever ends a survey, nothing is left over there when we have ended. Where no shell was
/// reached there is nothing to wait for.
impl Drop for ControlConnection {
    fn drop(&mut self) {
        if self.setup_s > 0.0 {
            self.end();
        }
    }
}

/// What comes from a standard output, as it comes; no more of it than is taken in good time.
fn chunks(mut stdout: ChildStdout) -> Receiver<Vec<u8>> {
    const AHEAD: usize = 64;
    let (sender, chunks) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 15];
        while let Ok(read @ 1..) = stdout.read(&mut buffer) {
            if sender.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    chunks
}
