//! `pipe`: one session whose remote loop reads `op blocks`, then reads or sends so many blocks, then answers.
//! No file is written unless `--sink file` asks for it.
//!
//! The answer comes on standard error. For an upload it follows the last byte. For a download it may
//! overtake the last data, since a server reads the two streams of a session one after the other: the
//! slice ends when the client has written as many bytes as were sent.

use std::fs::File;
use std::io::Write;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempPath;

use crate::local::cpu::Processes;
use crate::local::interrupt::Interrupt;
use crate::local::proc::io_bytes;
use crate::local::standstill::Standstill;
use crate::model::units::printable;
use crate::model::{Configuration, Direction, Sink};
use crate::ssh::Session;
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::{FlowEnd, STALLED_AFTER, feed};
use crate::transfer::method::{
    Closed, Connection, Ends, KeyExchange, Made, Method, Missing, Moved, Observer, Setup, Site,
    Work,
};
use crate::transfer::pipe_loop::{self, Answer};
use crate::transfer::process::{ClientContext, ClientProcess};

pub use crate::transfer::pipe_loop::{BLOCK, PARTIAL};

pub struct Pipe;

/// The tools that the remote loop starts.
const TOOLS: &[&str] = &["dd"];

impl Method for Pipe {
    fn needs(&self, ends: &Ends) -> Result<(), Missing> {
        if !ends.shell {
            return Err(Missing {
                what: format!(
                    "the account on {} allows SFTP alone, and pipe needs a shell",
                    ends.host
                ),
                remedy: "use --method sftp".into(),
            });
        }
        match ends.missing_tools.iter().find(|tool| TOOLS.contains(&tool.as_str())) {
            None => Ok(()),
            Some(tool) => Err(Missing {
                what: format!("{} has no {tool}, which pipe needs", ends.host),
                remedy: match ends.no_sftp {
                    None => format!("install {tool} there, or use --method sftp"),
                    Some(_) => format!("install {tool} there"),
                },
            }),
        }
    }

    fn open(
        &self,
        configuration: &Configuration,
        at: &Site,
    ) -> Result<Box<dyn Connection>, TransferError> {
        let session = Session { kept_alive: true, ..Session::of(configuration) };
        let mut command = Command::new(&at.connection.program);
        command.args(at.connection.arguments(&session));
        command.arg(pipe_loop::command(at.mark, at.remote_directory));
        command.stdin(Stdio::piped()).stderr(Stdio::piped());
        let download = match at.sink {
            Sink::Null => {
                command.stdout(Stdio::null());
                None
            }
            Sink::File => {
                let made = tempfile::Builder::new().prefix("pipe-").tempfile_in(at.scratch);
                let path =
                    made.map_err(failed("a file for downloads can't be made"))?.into_temp_path();
                // Appending: after the file is emptied, what follows begins at its start.
                let appended = File::options().append(true).open(&path);
                command.stdout(appended.map_err(failed("the file for downloads can't be opened"))?);
                Some(path)
            }
        };
        at.setting.apply(&mut command);
        let mut client = ClientProcess::start(&mut command, &ClientContext::of(at))?;
        let stdin = client.child.stdin.take();
        let payload = at.payload.file.try_clone().map_err(failed("FILE can't be opened again"))?;
        Ok(Box::new(PipeConnection {
            payload,
            payload_bytes: at.payload.usable,
            stdin: stdin.ok_or_else(|| TransferError::Other("no standard input".into()))?,
            setup: Setup::default(),
            client,
            download,
        }))
    }
}

/// What the answer to a download has overtaken is under way already: where nothing of it moves for so long, it
/// is lost.
const OVERTAKEN_FOR: Duration = Duration::from_secs(10);

struct PipeConnection {
    client: ClientProcess,
    stdin: ChildStdin,
    payload: File,
    payload_bytes: u64,
    setup: Setup,
    /// Where downloads are written; absent: nowhere.
    download: Option<TempPath>,
}

impl Connection for PipeConnection {
    fn wait_until_open(&mut self, interrupt: &Interrupt) -> Result<(), TransferError> {
        let ready = self.client.wait_until_reported(interrupt)?;
        self.setup = self.client.setup(ready);
        Ok(())
    }

    fn run(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        observer: &mut dyn Observer,
    ) -> Result<Moved, TransferError> {
        self.client.last_message();
        let standstill = Standstill::of(self.client.child.pid);
        let mut moved = match work.direction {
            Direction::Upload => self.upload(work, interrupt, &standstill, observer)?,
            Direction::Download => self.download(work, interrupt, &standstill)?,
        };
        moved.stopped = standstill.reason();
        Ok(moved)
    }

    fn setup(&self) -> &Setup {
        &self.setup
    }

    fn key_exchanges(&mut self) -> &[KeyExchange] {
        self.client.key_exchanges()
    }

    fn close(self: Box<Self>, time: Duration) -> Closed {
        let PipeConnection { client, stdin, .. } = *self;
        drop(stdin);
        client.close(time)
    }
}

impl PipeConnection {
    fn upload(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        standstill: &Standstill,
        observer: &mut dyn Observer,
    ) -> Result<Moved, TransferError> {
        let names = self.download.as_ref().map(|_| names(work)).unwrap_or_default();
        let begun = Instant::now();
        // Where nothing moves at all, that is told first.
        let latest = 2 * work.timeout;
        let mut progress = |bytes| {
            standstill.poll();
            observer.moved(bytes);
            begun.elapsed() <= latest + standstill.own_stop()
        };
        for index in 0..work.times as usize {
            let line = match names.get(index) {
                Some(name) => pipe_loop::write(work.bytes, name),
                None => pipe_loop::take(work.bytes),
            };
            self.stdin.write_all(line.as_bytes()).map_err(|_| self.ended(work))?;
            let (file, length) = (&self.payload, self.payload_bytes);
            let most = work.timeout.min(STALLED_AFTER);
            let flow = feed(file, length, &self.stdin, work.bytes, most, interrupt, &mut progress);
            match flow.map_err(failed("the bytes could not be moved"))?.end {
                FlowEnd::Done => {}
                FlowEnd::Interrupted => return Err(TransferError::Interrupted),
                FlowEnd::Stalled => return Err(self.client.stalled(standstill, most)),
                FlowEnd::Closed => return Err(self.ended(work)),
                FlowEnd::Stopped => {
                    let seconds = latest.as_secs();
                    return Err(TransferError::Other(standstill.reason().unwrap_or_else(|| {
                        format!("{} bytes did not move within {seconds} s", work.total())
                    })));
                }
            }
        }
        let (ended, confirmed) = self.answers(work, standstill, interrupt)?;
        let made = if names.is_empty() { Made::Nothing } else { Made::Remote(names) };
        Ok(moved(work, (begun, ended), confirmed, made))
    }

    fn download(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        standstill: &Standstill,
    ) -> Result<Moved, TransferError> {
        let line = match &self.download {
            None => pipe_loop::send(work.bytes),
            Some(path) => {
                let emptied = File::options().write(true).open(path);
                let emptied = emptied.and_then(|file| file.set_len(0));
                emptied.map_err(failed("the file for downloads could not be emptied"))?;
                pipe_loop::read(work.bytes, &work.source)
            }
        };
        let lines = line.repeat(work.times as usize);
        let before = self.written();
        let arrived = |connection: &PipeConnection| growth(&before, &connection.written());
        let begun = Instant::now();
        self.stdin.write_all(lines.as_bytes()).map_err(|_| self.ended(work))?;
        let (mut ended, confirmed) = self.answers(work, standstill, interrupt)?;
        // What the answer has overtaken.
        let deadline = ended + work.timeout;
        while arrived(self) < confirmed {
            standstill.poll();
            if interrupt.is_raised() {
                return Err(TransferError::Interrupted);
            }
            let late = Instant::now() > deadline || standstill.idle() > OVERTAKEN_FOR;
            if late || self.client.has_ended() {
                let arrived = arrived(self);
                return Err(TransferError::Other(format!(
                    "{confirmed} bytes were sent and {arrived} arrived"
                )));
            }
            self.client.read_all();
            std::thread::sleep(Duration::from_micros(50));
            ended = Instant::now();
        }
        let made =
            self.download.as_ref().map_or(Made::Nothing, |path| Made::Stays(path.to_path_buf()));
        Ok(moved(work, (begun, ended), confirmed, made))
    }

    /// Bytes written so far to where downloads go: by each of the client's processes, its own packets, which
    /// are few, included.
    fn written(&self) -> Vec<u64> {
        let of = |pid: &u32| io_bytes(*pid).map_or(0, |(_, written)| written);
        match &self.download {
            Some(path) => vec![std::fs::metadata(path).map_or(0, |about| about.len())],
            None => self.setup.processes.iter().flat_map(Processes::pids).map(of).collect(),
        }
    }

    /// Waits for the answer to each transfer; when the last one arrived, and the bytes of all.
    fn answers(
        &mut self,
        work: &Work,
        standstill: &Standstill,
        interrupt: &Interrupt,
    ) -> Result<(Instant, u64), TransferError> {
        let (mut ended, mut bytes) = (Instant::now(), 0);
        for _ in 0..work.times {
            let late = format!("the remote command on {} did not answer", self.client.host());
            let found = |client: &mut ClientProcess| match client.answer() {
                Some(answer) => Some(Ok(answer)),
                None => client.check_moves(standstill).err().map(Err),
            };
            let (at, answer) =
                self.client.wait_for(work.timeout, &late, standstill, interrupt, found)??;
            bytes += self.parsed(&answer)?;
            ended = at;
        }
        Ok((ended, bytes))
    }

    fn parsed(&self, answer: &str) -> Result<u64, TransferError> {
        let failed = |words: &str| {
            let host = self.client.host();
            TransferError::Other(format!(
                "the remote command on {host} failed: {}",
                printable(words)
            ))
        };
        Answer::parse(answer).map(|answer| answer.bytes).map_err(failed)
    }

    /// Why the client takes no more: the remote command has ended early and said how many bytes it took,
    /// or why it failed; else the client's own reason.
    fn ended(&mut self, work: &Work) -> TransferError {
        let failure = self.client.failure("the client closed its standard input");
        match self.client.answer().map(|(_, answer)| self.parsed(&answer)) {
            None => failure,
            Some(Err(reason)) => reason,
            Some(Ok(arrived)) => TransferError::Other(format!(
                "{} bytes were asked for and {arrived} arrived",
                work.bytes
            )),
        }
    }
}

/// What the first process has written that has written anything: the client itself, below a script that has
/// started it and above its proxy.
fn growth(before: &[u64], after: &[u64]) -> u64 {
    let growths = before.iter().zip(after).map(|(before, after)| after.saturating_sub(*before));
    growths.into_iter().find(|growth| *growth > 0).unwrap_or(0)
}

/// The names of the files that an upload makes.
fn names(work: &Work) -> Vec<String> {
    (0..work.times).map(|index| format!("{}-{index}", work.name)).collect()
}

fn moved(work: &Work, (begun, ended): (Instant, Instant), confirmed: u64, made: Made) -> Moved {
    Moved {
        begun,
        ended,
        bytes: work.bytes * u64::from(work.times),
        confirmed: Some(confirmed),
        made,
        stopped: None,
        run: None,
    }
}
