//! The session that the control connection carries, as bytes: what is sent to it and what it sends
//! back, with timeouts. Shell scripts ([`super::shell`]) and SFTP ([`super::sftp`]) go over it.

use std::io::{Read, Write};
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::{Duration, Instant};

use crate::local::child::Child;
use crate::local::client::ClientSetting;
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::lines::LineReader;
use crate::model::units::printable;
use crate::remote::control::error::ControlError;
use crate::ssh::failure::last_message_of;
use crate::ssh::{Connection, Session};

/// How long the answer to a request may take, unless it moves much data.
pub const TIMEOUT: Duration = Duration::from_secs(60);

/// An SSH client and the session that it carries.
#[derive(Debug)]
pub struct Channel {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<Vec<u8>>,
    stderr: LineReader,
    /// Bytes that have arrived and were not taken yet.
    pub received: Vec<u8>,
    /// The number of the last request.
    pub requests: u32,
    pub interrupt: Interrupt,
    /// The remote host, as messages name it.
    host: String,
}

impl Channel {
    /// Starts the client with a session for `command`. `mark`: see [`LineReader::new`].
    pub fn start(
        connection: &Connection,
        setting: &ClientSetting,
        session: &Session,
        command: &str,
        mark: &str,
        interrupt: &Interrupt,
    ) -> Result<Channel, ControlError> {
        let mut client = Command::new(&connection.program);
        client
            .args(connection.arguments(session))
            .arg(command)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        setting.apply(&mut client);
        let mut child =
            Child::spawn(&mut client, setting.cores.as_deref()).map_err(ControlError::Spawn)?;
        let stdin = child.stdin.take();
        let (stdout, stderr) = match (child.stdout.take(), child.stderr.take()) {
            (Some(stdout), Some(stderr)) => (stdout, stderr),
            _ => return Err(ControlError::Spawn(std::io::ErrorKind::BrokenPipe.into())),
        };
        Ok(Channel {
            child,
            stdin,
            stdout: blocks(stdout),
            stderr: LineReader::new(stderr, mark),
            received: Vec::new(),
            requests: 0,
            interrupt: interrupt.clone(),
            host: connection.target.host_label(),
        })
    }

    pub fn host(&self) -> &str {
        &self.host
    }

    pub fn started(&self) -> Instant {
        self.child.started
    }

    /// The client's log so far, waiting for its end at most for `time`.
    pub fn log(&mut self, time: Duration) -> &str {
        self.stderr.drain(time)
    }

    pub fn send(&mut self, bytes: &[u8]) -> Result<(), ControlError> {
        let sent = match &mut self.stdin {
            Some(stdin) => stdin.write_all(bytes).and_then(|()| stdin.flush()),
            None => Err(std::io::ErrorKind::BrokenPipe.into()),
        };
        sent.map_err(|error| self.ended(&error.to_string()))
    }

    /// The next line, with its line end.
    pub fn line(&mut self, deadline: Instant, timeout: Duration) -> Result<Vec<u8>, ControlError> {
        loop {
            if let Some(end) = self.received.iter().position(|&byte| byte == b'\n') {
                return Ok(self.received.drain(..=end).collect());
            }
            self.receive(deadline, timeout)?;
        }
    }

    /// Waits for more bytes. `timeout` is what the deadline was made from.
    pub fn receive(&mut self, deadline: Instant, timeout: Duration) -> Result<(), ControlError> {
        loop {
            if self.interrupt.is_raised() {
                return Err(ControlError::Interrupted);
            }
            let late = |by: Duration| Instant::now() > deadline + by;
            match self.stdout.recv_timeout(POLL_INTERVAL) {
                // A host that keeps sending and never answers counts as silent. The extra time is
                // for this program having been stopped: the answer may be in what waits.
                Ok(_) if late(timeout) => return Err(self.no_answer(timeout)),
                Ok(block) => {
                    self.received.extend(block);
                    return Ok(());
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended("")),
                Err(RecvTimeoutError::Timeout) if late(Duration::ZERO) => {
                    return Err(self.no_answer(timeout));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// The connection is ended, so that the next request makes a new one.
    fn no_answer(&mut self, timeout: Duration) -> ControlError {
        self.child.end();
        ControlError::NoAnswer { host: self.host.clone(), seconds: timeout }
    }

    /// The error of a connection that has ended; `detail` where the client's log gives no reason.
    pub fn ended(&mut self, detail: &str) -> ControlError {
        let log = self.stderr.drain(Duration::from_millis(200));
        let reason = match last_message_of(log) {
            Some(words) => printable(words),
            None if detail.is_empty() => "the SSH client gave no reason".to_owned(),
            None => detail.to_owned(),
        };
        ControlError::Ended { host: self.host.clone(), reason }
    }

    pub fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Closes the session's input and waits until the client has ended.
    pub fn close(&mut self) {
        self.stdin = None;
        if !matches!(self.child.wait(Duration::from_secs(5)), Ok(Some(_))) {
            self.child.end();
        }
    }
}

/// What arrives on a standard output. No more than some blocks are read ahead.
fn blocks(mut stdout: ChildStdout) -> Receiver<Vec<u8>> {
    const AHEAD: usize = 64;
    let (sender, blocks) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut buffer = [0; 1 << 15];
        while let Ok(read @ 1..) = stdout.read(&mut buffer) {
            if sender.send(buffer[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    blocks
}
