//! `sftp`: the system's sftp, told on its standard input to put and get chunks of FILE, one after the other, on
//! one connection. It is the data path of scp since OpenSSH 9.0.
//!
//! sftp echoes each command that it reads from a pipe, and answers `lpwd` by itself: the answer tells that
//! what was asked for before has ended. Its errors are on standard error, and it goes on after them.

use std::io::Write;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::lines::LineReader;
use crate::local::standstill::Standstill;
use crate::model::{Configuration, Direction};
use crate::ssh::Session;
use crate::transfer::error::{TransferError, failed};
use crate::transfer::method::{
    Closed, Connection, Ends, KeyExchange, Made, Method, Missing, Moved, Observer, Setup, Site,
    Work,
};
use crate::transfer::process::{ClientContext, ClientProcess};
use crate::transfer::{scp, shim};

pub struct Sftp;

/// A login that takes longer has failed.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// What `lpwd` answers (OpenSSH sftp.c).
const ANSWER: &str = "Local working directory: ";

impl Method for Sftp {
    fn program(&self) -> Option<&'static str> {
        Some("sftp")
    }

    fn needs(&self, ends: &Ends) -> Result<(), Missing> {
        match &ends.no_sftp {
            None => Ok(()),
            Some(words) => Err(Missing {
                what: format!("{} has no SFTP ({words})", ends.host),
                remedy: ends.quiet_login().unwrap_or_else(|| {
                    "use --method pipe, or enable the sftp subsystem there".into()
                }),
            }),
        }
    }

    fn open(
        &self,
        configuration: &Configuration,
        at: &Site,
    ) -> Result<Box<dyn Connection>, TransferError> {
        let session = Session { kept_alive: true, ..Session::of(configuration) };
        let server = at.sftp_server.and_then(|server| scp::command(at.mark, server));
        let directory = at.shim.parent().unwrap_or(Path::new("."));
        shim::prepare(directory, at.connection, &session, server.as_deref())
            .map_err(failed("sftp could not be prepared"))?;
        let mut command = Command::new("sftp");
        command.arg("-q").arg("-S").arg(at.shim).arg(scp::HOST);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        at.setting.apply(&mut command);
        shim::keep_heap(&mut command);
        let mut client = ClientProcess::start(&mut command, &ClientContext::of(at))?;
        let (stdin, stdout) = (client.child.stdin.take(), client.child.stdout.take());
        let (Some(stdin), Some(stdout)) = (stdin, stdout) else {
            return Err(TransferError::Other("sftp has no standard streams".into()));
        };
        let mut connection = SftpConnection {
            client,
            stdin,
            answers: LineReader::new(stdout, ANSWER),
            setup: Setup::default(),
            scratch: at.scratch.to_owned(),
            remote_directory: at.remote_directory.to_owned(),
        };
        // Answered once both ends speak SFTP.
        connection.send(b"lpwd\n".to_vec())?;
        Ok(Box::new(connection))
    }
}

struct SftpConnection {
    client: ClientProcess,
    stdin: ChildStdin,
    answers: LineReader,
    setup: Setup,
    scratch: std::path::PathBuf,
    remote_directory: Vec<u8>,
}

impl SftpConnection {
    fn send(&mut self, lines: Vec<u8>) -> Result<(), TransferError> {
        let sent = self.stdin.write_all(&lines);
        sent.map_err(|_| self.client.failure("sftp closed its standard input"))
    }

    /// Waits for so many answers; when the last one arrived.
    fn wait(
        &mut self,
        answers: u32,
        timeout: Duration,
        interrupt: &Interrupt,
        standstill: &Standstill,
    ) -> Result<Instant, TransferError> {
        let deadline = Instant::now() + timeout;
        let mut left = answers;
        loop {
            standstill.poll();
            match self.answers.next(POLL_INTERVAL) {
                Some((at, line)) if line.starts_with(ANSWER) => {
                    left -= 1;
                    if left == 0 {
                        return Ok(at);
                    }
                }
                Some(_) => {}
                None if interrupt.is_raised() => return Err(TransferError::Interrupted),
                None if self.answers.has_ended() => {
                    return Err(self.client.failure("the connection ended"));
                }
                None if Instant::now() > deadline + standstill.own_stop() => {
                    let seconds = timeout.as_secs_f64();
                    let host = self.client.host();
                    let late = format!("sftp to {host} did not answer within {seconds:.0} s");
                    return Err(TransferError::Other(standstill.reason().unwrap_or(late)));
                }
                None => self.client.check_moves(standstill)?,
            }
        }
    }
}

impl Connection for SftpConnection {
    /// Waits until both ends speak SFTP, and goes to the directories of both.
    fn wait_until_open(&mut self, interrupt: &Interrupt) -> Result<(), TransferError> {
        let words = [quoted(&self.remote_directory)?, quoted(as_bytes(&self.scratch))?];
        let standstill = Standstill::of(self.client.child.pid);
        self.wait(1, LOGIN_TIMEOUT, interrupt, &standstill)?;
        // What the server prints at login is no answer to a command.
        self.client.last_message();
        let lines = [b"cd ", words[0].as_slice(), b"\nlcd ", &words[1], b"\nlpwd\n"].concat();
        self.send(lines)?;
        let ready = self.wait(1, LOGIN_TIMEOUT, interrupt, &standstill)?;
        if let Some(words) = self.client.last_message() {
            return Err(TransferError::Other(words));
        }
        self.setup = self.client.setup(ready);
        Ok(())
    }

    fn run(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        _observer: &mut dyn Observer,
    ) -> Result<Moved, TransferError> {
        self.client.last_message();
        let names: Vec<String> =
            (0..work.times).map(|index| format!("{}-{index}", work.name)).collect();
        let chunk = work.local_chunk.as_deref().and_then(Path::file_name).unwrap_or_default();
        let mut lines = Vec::new();
        let remote = |name: &str| quoted(&[&self.remote_directory, name.as_bytes()].join(&b'/'));
        for name in &names {
            // Absolute there: where the directory has vanished, nothing may be written elsewhere.
            let (verb, from, to) = match work.direction {
                Direction::Upload => ("put", quoted(chunk.as_encoded_bytes())?, remote(name)?),
                Direction::Download => ("get", remote(&work.source)?, quoted(name.as_bytes())?),
            };
            lines.extend([verb.as_bytes(), b" ", &from, b" ", &to, b"\n"].concat());
        }
        lines.extend(b"lpwd\n");
        let standstill = Standstill::of(self.client.child.pid);
        let begun = Instant::now();
        self.send(lines)?;
        let ended = self.wait(1, work.timeout, interrupt, &standstill)?;
        if let Some(words) = self.client.last_message() {
            return Err(TransferError::Other(words));
        }
        Ok(Moved {
            begun,
            ended,
            bytes: work.bytes * u64::from(work.times),
            confirmed: None,
            made: match work.direction {
                Direction::Upload => Made::Remote(names),
                Direction::Download => {
                    Made::Local(names.iter().map(|name| self.scratch.join(name)).collect())
                }
            },
            stopped: standstill.reason(),
            run: None,
        })
    }

    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn key_exchanges(&mut self) -> &[KeyExchange] {
        self.client.key_exchanges()
    }

    fn close(self: Box<Self>, time: Duration) -> Closed {
        let SftpConnection { client, stdin, .. } = *self;
        drop(stdin);
        client.close(time)
    }
}

fn as_bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

/// A path as a word of sftp's command line (sftp.c, makeargv): between quotes blanks are kept and patterns
/// are not expanded.
fn quoted(path: &[u8]) -> Result<Vec<u8>, TransferError> {
    if path.contains(&b'\n') {
        return Err(TransferError::Other(
            "sftp takes no path with a line end in it; use --method pipe".into(),
        ));
    }
    let mut word = vec![b'"'];
    for &byte in path {
        if matches!(byte, b'"' | b'\\') {
            word.push(b'\\');
        }
        word.push(byte);
    }
    word.push(b'"');
    Ok(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_path_without_a_line_end_is_one_word() {
        assert_eq!(quoted(br#"/srv/my "files" [1]"#).unwrap(), br#""/srv/my \"files\" [1]""#);
        assert!(quoted(b"a\nb").is_err());
    }
}
