//! Worker processes as their parent sees them: one with AES enabled, one with AES disabled.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::de::DeserializeOwned;

use super::worker::{Answer, Hello, Request};
use crate::local::child::Child;
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::model::units::printable;

/// A worker process.
#[derive(Debug)]
pub struct Worker {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Receiver<String>,
    errors: Receiver<String>,
    /// `VARIABLE=value` in its environment, which disables AES; absent where AES is enabled.
    pub aes_disabled_by: Option<String>,
    pub hello: Hello,
}

/// For an answer, beyond the time that is measured.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The variables that disable AES. The caller's own are not passed on.
const AES_VARIABLES: [&str; 2] = ["OPENSSL_ia32cap", "OPENSSL_armcap"];

impl Worker {
    /// Starts one, with AES disabled by a variable and its value where they are given.
    ///
    /// # Errors
    /// It can't be started, or ends before it says what it has: a library that refuses the value of
    /// the variable ends its process.
    pub fn start(
        aes_disabled_by: Option<(&str, &str)>,
        libcrypto: Option<&Path>,
        interrupt: &Interrupt,
    ) -> Result<Worker> {
        let program = std::env::current_exe().context("this program's own path is not known")?;
        let mut command = Command::new(program);
        command.args(["cores", "--worker"]);
        if let Some(path) = libcrypto {
            command.args([OsStr::new("--libcrypto"), path.as_os_str()]);
        }
        for variable in AES_VARIABLES {
            command.env_remove(variable);
        }
        command.envs(aes_disabled_by);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child =
            Child::spawn(&mut command, None).context("the worker process can't be started")?;
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            bail!("the worker process has no streams");
        };
        let mut worker = Worker {
            stdin: child.stdin.take(),
            child,
            lines: lines_of(stdout),
            errors: lines_of(stderr),
            aes_disabled_by: aes_disabled_by.map(|(variable, value)| format!("{variable}={value}")),
            hello: Hello { libraries: Vec::new(), absent: Vec::new(), counts_cycles: false },
        };
        worker.hello = worker.receive(TIMEOUT, interrupt)?;
        Ok(worker)
    }

    /// Has it measure.
    ///
    /// # Errors
    /// It has ended, or does not answer.
    pub fn ask(&mut self, request: &Request, interrupt: &Interrupt) -> Result<Answer> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        let sent = self.stdin.as_mut().map(|stdin| stdin.write_all(&line));
        if !matches!(sent, Some(Ok(()))) {
            return Err(self.ended());
        }
        self.receive(TIMEOUT + Duration::from_secs_f64(4.0 * request.seconds), interrupt)
    }

    fn receive<T: DeserializeOwned>(
        &mut self,
        timeout: Duration,
        interrupt: &Interrupt,
    ) -> Result<T> {
        let deadline = Instant::now() + timeout;
        loop {
            match self.lines.recv_timeout(POLL_INTERVAL) {
                Ok(line) => {
                    return serde_json::from_str(&line)
                        .context("the worker process sent an invalid answer");
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.ended()),
                Err(RecvTimeoutError::Timeout) if interrupt.is_raised() => bail!("interrupted"),
                Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                    bail!("the worker process does not answer")
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// Why there is no answer.
    fn ended(&mut self) -> anyhow::Error {
        let how = match self.child.wait(Duration::from_secs(2)) {
            Ok(Some(reaped)) => reaped.status.to_string(),
            _ => "its output closed".into(),
        };
        let said = self.errors.iter().last().map(|line| format!(": {}", printable(&line)));
        let with = self
            .aes_disabled_by
            .as_ref()
            .map(|aes_disabled_by| format!(" with {aes_disabled_by}"))
            .unwrap_or_default();
        anyhow::anyhow!("the worker process{with} ended ({how}){}", said.unwrap_or_default())
    }
}

/// The lines of a stream, as they come.
fn lines_of(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            let sent = line.is_ok_and(|line| sender.send(line).is_ok());
            if !sent {
                break;
            }
        }
    });
    lines
}
