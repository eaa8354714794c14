//! The monitor: one more SSH session a target. A shell over there answers our questions between
//! trials; when its input ends, whoever died, it removes our directory.

use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use thiserror::Error;

use super::child::Child;
use super::interrupt::{GLANCE, Interrupt};
use super::listener::Listener;
use crate::client::failure::last_words;
use crate::client::{Connection, Failure, Session, Transcript};
use crate::model::units::printable;

/// A shell on the far host.
#[derive(Debug)]
pub struct Monitor {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<Vec<u8>>,
    listener: Listener,
    /// How messages name the far host.
    host: String,
    mark: String,
    asked: u32,
    interrupt: Interrupt,
    /// Seconds from the start of the client program to the shell's first word.
    pub handshake_s: f64,
}

#[derive(Debug, Error)]
pub enum MonitorError {
    #[error("{}{}", .0.reason, .0.remedy.as_deref().map(|r| format!("; {r}")).unwrap_or_default())]
    Connect(Failure),
    #[error("the SSH client could not be started: {0}")]
    Spawn(std::io::Error),
    #[error("the monitor session on {host} ended: {reason}")]
    Gone { host: String, reason: String },
    #[error("the monitor session on {host} did not answer for {} s", seconds.as_secs())]
    Silent { host: String, seconds: Duration },
    #[error("interrupted")]
    Interrupted,
}

/// A login that takes longer has failed.
const LOGIN_PATIENCE: Duration = Duration::from_secs(60);

/// What a client needs besides its arguments.
#[derive(Clone, Debug, Default)]
pub struct ClientSetting {
    /// `VARIABLE=value` that masks AES instructions.
    pub mask: Option<(String, String)>,
    pub cores: Option<Vec<u32>>,
}

impl ClientSetting {
    pub fn apply(&self, command: &mut Command) {
        if let Some((variable, value)) = &self.mask {
            command.env(variable, value);
        }
    }
}

impl Monitor {
    pub fn connect(
        connection: &Connection,
        setting: &ClientSetting,
        mark: &str,
        interrupt: &Interrupt,
    ) -> Result<Monitor, MonitorError> {
        let mut command = Command::new(&connection.program);
        let session = Session { verbosity: 2, kept_alive: true, ..Session::default() };
        command
            .args(connection.arguments(&session))
            .arg("sh")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        setting.apply(&mut command);
        let mut child =
            Child::spawn(&mut command, setting.cores.as_deref()).map_err(MonitorError::Spawn)?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => (stdout, stderr),
            _ => return Err(MonitorError::Spawn(std::io::ErrorKind::BrokenPipe.into())),
        };
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            use std::io::BufRead;
            let mut reader = std::io::BufReader::new(stdout);
            let mut line = Vec::new();
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                if sender.send(std::mem::take(&mut line)).is_err() {
                    break;
                }
            }
        });
        let mut monitor = Monitor {
            child,
            stdin,
            lines,
            listener: Listener::new(stderr, mark),
            host: connection.target.host_label(),
            mark: mark.to_owned(),
            asked: 0,
            interrupt: interrupt.clone(),
            handshake_s: 0.0,
        };
        match monitor.ask("", LOGIN_PATIENCE) {
            Ok(_) => {
                monitor.handshake_s = monitor.child.started.elapsed().as_secs_f64();
                Ok(monitor)
            }
            Err(MonitorError::Gone { .. }) => {
                let log = monitor.listener.drain(Duration::from_secs(2)).to_owned();
                Err(MonitorError::Connect(login_failure(&log, &monitor.host)))
            }
            Err(other) => Err(other),
        }
    }

    /// What the connection's own log says so far.
    pub fn transcript(&mut self) -> Transcript {
        Transcript::parse(self.listener.drain(Duration::from_millis(1)))
    }

    /// Runs a fragment over there; what it wrote to its standard output.
    pub fn ask(&mut self, fragment: &str, patience: Duration) -> Result<Vec<u8>, MonitorError> {
        self.begin(fragment)?;
        self.collect(patience)
    }

    /// Begins a fragment whose answer is fetched later with [`Monitor::collect`].
    pub fn begin(&mut self, fragment: &str) -> Result<(), MonitorError> {
        self.asked += 1;
        let (mark, number) = (&self.mark, self.asked);
        // The fragment's own standard input is empty, so that nothing in it eats the next one.
        let text = format!(
            "printf '\\n%s\\n' '{mark} begin {number}'\n{{ :\n{fragment}\n}} 2>/dev/null </dev/null\n\
             printf '\\n%s\\n' '{mark} end {number}'\n"
        );
        let sent = match &mut self.stdin {
            Some(stdin) => stdin.write_all(text.as_bytes()).and_then(|()| stdin.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| self.gone(&error.to_string()))
    }

    /// The answer to the fragment begun last.
    pub fn collect(&mut self, patience: Duration) -> Result<Vec<u8>, MonitorError> {
        let begin = format!("{} begin {}", self.mark, self.asked).into_bytes();
        let end = format!("{} end {}", self.mark, self.asked).into_bytes();
        let deadline = Instant::now() + patience;
        let mut body: Option<Vec<u8>> = None;
        loop {
            if self.interrupt.is_raised() {
                return Err(MonitorError::Interrupted);
            }
            match self.lines.recv_timeout(GLANCE) {
                Ok(line) => {
                    let plain = line.trim_ascii_end();
                    if plain.ends_with(&begin) {
                        body = Some(Vec::new());
                    } else if plain == end && body.is_some() {
                        let mut body = body.unwrap_or_default();
                        // The line end that we put before the end mark.
                        body.pop();
                        return Ok(body);
                    } else if let Some(body) = &mut body {
                        body.extend_from_slice(&line);
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.gone("")),
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    // Of no further use: the next question is to find a new one.
                    self.child.end();
                    let host = self.host.clone();
                    return Err(MonitorError::Silent { host, seconds: patience });
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    fn gone(&mut self, detail: &str) -> MonitorError {
        let log = self.listener.drain(Duration::from_millis(200));
        let reason = match last_words(log) {
            Some(words) => printable(words),
            None if detail.is_empty() => "its client said nothing".to_owned(),
            None => detail.to_owned(),
        };
        MonitorError::Gone { host: self.host.clone(), reason }
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Lets the far shell clean up and waits until it has.
    pub fn end(&mut self) {
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
impl Drop for Monitor {
    fn drop(&mut self) {
        if self.handshake_s > 0.0 {
            self.end();
        }
    }
}

fn login_failure(log: &str, host: &str) -> Failure {
    let transcript = Transcript::parse(log);
    let mut failure = Failure::read(log, host);
    if transcript.session_up {
        failure.reason = format!(
            "the login on {host} works, but no shell answers there (nologin, a forced command or \
             an SFTP-only account?)"
        );
        failure.remedy = Some("survey an account that has a shell".into());
    }
    failure
}
