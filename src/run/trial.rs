//! One trial: start the client program, wait until the far part is ready, move the bytes, hear
//! the far part's last word, reap. Nothing is computed between the two readings of the clock that
//! could wait until after.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use super::broken::{Broken, other};
use super::child::{Child, Reaped};
use super::counters::{Waiting, children, io_bytes};
use super::flow::{self, Flow, FlowEnd, STALLED_AFTER};
use super::interrupt::{GLANCE, Interrupt};
use super::listener::{Listener, without};
use super::monitor::ClientSetting;
use super::pulse::Pulse;
use super::route::Route;
use super::shim;
use crate::client::failure::last_words;
use crate::client::transcript::SESSION_UP;
use crate::client::{Connection, Failure, Session, Transcript};
use crate::host::session::{Event, Report};
use crate::method::pipe;
use crate::method::scp;
use crate::model::units::printable;
use crate::model::{CpuTimes, Waits};
use crate::plan::Contender;

/// The way to a server, for one transfer.
#[derive(Clone, Copy, Debug)]
pub struct Way<'a> {
    pub connection: &'a Connection,
    pub setting: &'a ClientSetting,
    /// Begins the lines of the far part's report.
    pub mark: &'a str,
    /// Where scp's shim lies.
    pub shim: &'a Path,
    /// Clock ticks a second of this machine.
    pub ticks_per_s: u32,
}

/// What a transfer leaves behind to be judged.
#[derive(Debug)]
pub struct Transferred {
    pub handshake_s: f64,
    pub real_s: f64,
    /// Client CPU until the bulk, and after it all.
    pub client_before: CpuTimes,
    pub client_total: CpuTimes,
    pub client_waits: Waits,
    /// Bytes that went through our pipe, with their times.
    pub flow: Option<Flow>,
    pub report: Report,
    pub transcript: Transcript,
    /// The last that was said besides: an error of the far part, perhaps.
    pub said: Option<String>,
}

/// A login that takes longer has failed; a far part that does not end either.
const LOGIN_PATIENCE: Duration = Duration::from_secs(60);
const LAST_WORD_PATIENCE: Duration = Duration::from_secs(120);

/// Runs a transfer. `on_ready` is called once the far part is ready, before any byte moves;
/// `live` now and then with the bytes moved so far.
pub fn transfer(
    way: &Way,
    contender: &Contender,
    route: &Route,
    interrupt: &Interrupt,
    on_ready: &mut dyn FnMut(),
    live: &mut dyn FnMut(u64),
) -> Result<Transferred, Broken> {
    let host = way.connection.target.host_label();
    let mut command = command(way, contender, route).map_err(other("it could not be prepared"))?;
    let cores = way.setting.cores.as_deref();
    let mut child =
        Child::spawn(&mut command, cores).map_err(other("the client could not be started"))?;
    let stderr = child.stderr.take().ok_or_else(|| Broken::Other("no standard error".into()))?;
    let pulse = Pulse::of(child.pid);
    let mut watch = Watch {
        listener: Listener::new(stderr, way.mark),
        pulse: &pulse,
        report: Report::default(),
        finished: None,
        mark: way.mark,
        // Without a far part of ours, the client's own log says that the session is up.
        ready_by_log: matches!(route, Route::Scp { command: None, .. }),
    };
    let result: Result<_, Broken> = (|| {
        let ready = watch.ready(&mut child, interrupt)?;
        let client_before = child.cpu_so_far(way.ticks_per_s);
        let mut waiting = Waiting::of(child.pid);
        on_ready();
        let begun = if watch.ready_by_log { ready } else { bulk_begins(route, ready) };
        let mut live = |bytes| {
            pulse.look();
            waiting.look();
            live(bytes);
        };
        let flow = move_bytes(route, &mut child, &mut watch, interrupt, &mut live)?;
        let reaped = watch.last_word(&mut child, &mut waiting, interrupt)?;
        // The far part's last word may overtake the data on its way out of the client.
        let flow_end =
            flow.as_ref().and_then(|flow| flow.marks.last()).map(|(seconds, _)| *seconds);
        let heard = watch.finished.unwrap_or(reaped.at).saturating_duration_since(begun);
        let real_s = flow_end.unwrap_or(0.0).max(heard.as_secs_f64());
        Ok((ready, client_before, waiting.until_now(), flow, reaped, real_s))
    })();
    let stood_still = pulse.stood_still();
    let (ready, client_before, client_waits, flow, reaped, real_s) = match (result, stood_still) {
        (Err(Broken::Interrupted), _) => return Err(Broken::Interrupted),
        (_, Some(reason)) => return Err(Broken::Other(reason)),
        (Ok(parts), None) => parts,
        (Err(broken), None) => {
            child.end();
            let log = watch.listener.drain(Duration::from_secs(1));
            return Err(broken.explained(&without(log, way.mark), &host));
        }
    };
    let log = watch.listener.drain(Duration::from_secs(5)).to_owned();
    if !reaped.status.success() {
        return Err(Broken::of_client(&reaped, &without(&log, way.mark), &host));
    }
    for line in log.lines() {
        watch.report.take(line, way.mark);
    }
    Ok(Transferred {
        handshake_s: ready.saturating_duration_since(child.started).as_secs_f64(),
        real_s,
        client_before,
        client_total: reaped.cpu,
        client_waits,
        flow,
        report: watch.report,
        transcript: Transcript::parse(&log),
        said: last_words(&without(&log, way.mark)).map(printable),
    })
}

/// For all but scp the bulk begins when we begin it, right after the far part said that it is
/// ready; scp begins by itself.
fn bulk_begins(route: &Route, ready: Instant) -> Instant {
    match route {
        Route::Scp { .. } => ready,
        _ => Instant::now(),
    }
}

fn command(way: &Way, contender: &Contender, route: &Route) -> io::Result<Command> {
    let connection = way.connection;
    let session = Session {
        cipher: Some(&contender.cipher),
        mac: contender.mac.as_ref(),
        verbosity: 1,
        ..Session::default()
    };
    let mut command = match route {
        Route::Scp { near, far, command } => {
            let directory = way.shim.parent().unwrap_or(Path::new("."));
            shim::prepare(directory, connection, &session, command.as_deref())?;
            let mut scp = Command::new("scp");
            scp.args(scp::arguments(way.shim, contender.direction, near, far));
            scp.stdin(Stdio::null()).stdout(Stdio::null());
            scp
        }
        Route::FeedPipe { far, .. }
        | Route::DrainNull { far, .. }
        | Route::DrainPipe { far, .. }
        | Route::PipeToFile { far, .. } => {
            let mut ssh = Command::new(&connection.program);
            ssh.args(connection.arguments(&session)).arg(pipe::command(way.mark, *far));
            ssh.stdin(Stdio::piped());
            match route {
                Route::DrainPipe { .. } => ssh.stdout(Stdio::piped()),
                Route::PipeToFile { near, .. } => {
                    File::create(near)?;
                    // What is written after it was emptied begins at its start.
                    ssh.stdout(File::options().append(true).open(near)?)
                }
                _ => ssh.stdout(Stdio::null()),
            };
            ssh
        }
    };
    command.stderr(Stdio::piped());
    way.setting.apply(&mut command);
    Ok(command)
}

fn move_bytes(
    route: &Route,
    child: &mut Child,
    watch: &mut Watch,
    interrupt: &Interrupt,
    live: &mut dyn FnMut(u64),
) -> Result<Option<Flow>, Broken> {
    let missing = || Broken::Other("the client's standard streams are not there".into());
    let flow = match route {
        Route::FeedPipe { file, length, until, .. } => {
            let stdin = child.stdin.take().ok_or_else(missing)?;
            flow::feed(file, *length, &stdin, *until, interrupt, live)
        }
        Route::DrainPipe { stop_after, .. } => {
            let mut stdin = child.stdin.take();
            let stdout = child.stdout.take().ok_or_else(missing)?;
            let null = File::options().write(true).open("/dev/null").map_err(other("/dev/null"))?;
            flow::discard(&stdout, &null).map_err(other("/dev/null"))?;
            say_go(stdin.as_mut())?;
            let mut stop = || stdin = None;
            flow::drain(&stdout, &null, *stop_after, &mut stop, interrupt, live)
        }
        Route::DrainNull { stop_after, .. } => {
            let mut stdin = child.stdin.take();
            say_go(stdin.as_mut())?;
            return watch.drained(child.pid, stdin, *stop_after, interrupt, live).map(Some);
        }
        Route::PipeToFile { near, .. } => {
            let mut stdin = child.stdin.take();
            // What start-up files over there print comes first, and is no part of FILE.
            let emptied = File::options().write(true).open(near).and_then(|file| file.set_len(0));
            emptied.map_err(other("the file could not be emptied"))?;
            say_go(stdin.as_mut())?;
            let size = || std::fs::metadata(near).map(|about| about.len()).unwrap_or(0);
            watch.until_finished(child, interrupt, live, &mut |_| size())?;
            return Ok(None);
        }
        Route::Scp { .. } => {
            watch.until_finished(child, interrupt, live, &mut client_bytes)?;
            return Ok(None);
        }
    };
    let flow = flow.map_err(other("the bytes could not be moved"))?;
    match flow.end {
        FlowEnd::Done => Ok(Some(flow)),
        FlowEnd::Interrupted => Err(Broken::Interrupted),
        FlowEnd::Stalled => Err(Broken::Other(stalled())),
        FlowEnd::Closed => Err(Broken::Other("the client closed its standard input".into())),
    }
}

fn stalled() -> String {
    format!("no byte moved for {} s", STALLED_AFTER.as_secs())
}

fn say_go(stdin: Option<&mut ChildStdin>) -> Result<(), Broken> {
    match stdin {
        Some(stdin) => stdin.write_all(b"go\n").map_err(other("the far part could not be told")),
        None => Err(Broken::Other("the client has no standard input".into())),
    }
}

/// Bytes that scp and its ssh have read and written by now; more than the payload, and good
/// enough to show that something moves.
fn client_bytes(pid: u32) -> u64 {
    let of = |pid: u32| io_bytes(pid).map_or(0, |(read, written)| read.max(written));
    children(pid).into_iter().map(of).max().unwrap_or_else(|| of(pid))
}

/// Waits for what the session says.
struct Watch<'a> {
    listener: Listener,
    pulse: &'a Pulse,
    report: Report,
    finished: Option<Instant>,
    mark: &'a str,
    ready_by_log: bool,
}

impl Watch<'_> {
    /// Takes one line in, if one comes in time; the event and when it was.
    fn turn(&mut self, time: Duration) -> Option<(Instant, Event)> {
        self.pulse.look();
        let (at, line) = self.listener.next(time)?;
        if self.ready_by_log && line.starts_with(SESSION_UP) {
            return Some((at, Event::Ready));
        }
        let event = self.report.take(&line, self.mark)?;
        if event == Event::Finished {
            self.finished = Some(at);
        }
        Some((at, event))
    }

    fn ready(&mut self, child: &mut Child, interrupt: &Interrupt) -> Result<Instant, Broken> {
        let deadline = Instant::now() + LOGIN_PATIENCE;
        loop {
            match self.turn(GLANCE) {
                Some((at, Event::Ready)) => return Ok(at),
                Some(_) => {}
                None if interrupt.is_raised() => return Err(Broken::Interrupted),
                None if self.listener.has_ended() => return Err(self.ended(child)),
                None if Instant::now() > deadline => {
                    return Err(Broken::Other(format!(
                        "the far part was not ready after {} s",
                        LOGIN_PATIENCE.as_secs()
                    )));
                }
                None => {}
            }
        }
    }

    /// Until the client or the far part is done, as long as something moves.
    fn until_finished(
        &mut self,
        child: &mut Child,
        interrupt: &Interrupt,
        live: &mut dyn FnMut(u64),
        moved: &mut dyn FnMut(u32) -> u64,
    ) -> Result<(), Broken> {
        let (mut last, mut last_moved) = (0, Instant::now());
        while self.finished.is_none() && !self.listener.has_ended() {
            self.turn(GLANCE);
            if interrupt.is_raised() {
                return Err(Broken::Interrupted);
            }
            let now = moved(child.pid);
            live(now);
            if now != last {
                (last, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(Broken::Other(stalled()));
            }
        }
        Ok(())
    }

    /// Until the far part has sent all, with marks of what the client has read by then.
    fn drained(
        &mut self,
        pid: u32,
        mut stdin: Option<ChildStdin>,
        stop_after: Option<f64>,
        interrupt: &Interrupt,
        live: &mut dyn FnMut(u64),
    ) -> Result<Flow, Broken> {
        let read = || io_bytes(pid).map_or(0, |(read, _)| read);
        let (started, before) = (Instant::now(), read());
        let mut last_moved = started;
        let mut flow = Flow::default();
        while self.finished.is_none() && !self.listener.has_ended() {
            let left = stop_after
                .map(Duration::from_secs_f64)
                .filter(|_| stdin.is_some())
                .map(|stop| stop.saturating_sub(started.elapsed()));
            self.turn(left.unwrap_or(GLANCE).min(GLANCE));
            if interrupt.is_raised() {
                return Err(Broken::Interrupted);
            }
            let now = read().saturating_sub(before);
            // What comes after the word to stop is no steady flow.
            if stdin.is_some() && now >= flow.bytes {
                flow.marks.push((started.elapsed().as_secs_f64(), now));
                live(now);
            }
            if left.is_some_and(|left| left.is_zero()) {
                stdin = None;
            }
            if now > flow.bytes {
                (flow.bytes, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(Broken::Other(stalled()));
            }
        }
        Ok(flow)
    }

    /// Until the far part has spoken its last word and the client has ended.
    fn last_word(
        &mut self,
        child: &mut Child,
        waiting: &mut Waiting,
        interrupt: &Interrupt,
    ) -> Result<Reaped, Broken> {
        let deadline = Instant::now() + LAST_WORD_PATIENCE;
        let in_time = |late: &str| match Instant::now() > deadline {
            _ if interrupt.is_raised() => Err(Broken::Interrupted),
            true => Err(Broken::Other(late.into())),
            false => Ok(()),
        };
        while !self.ready_by_log && self.finished.is_none() && !self.listener.has_ended() {
            self.turn(GLANCE);
            waiting.look();
            in_time("the far part did not say its last word")?;
        }
        let reaped = loop {
            self.pulse.look();
            match child.wait(GLANCE).map_err(other("the client"))? {
                Some(reaped) => break reaped,
                None => in_time("the client did not end")?,
            }
        };
        if !self.ready_by_log && self.finished.is_none() && reaped.status.success() {
            return Err(Broken::Other("the session ended before its far part was done".into()));
        }
        Ok(reaped)
    }

    fn ended(&mut self, child: &mut Child) -> Broken {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut waited = child.wait(GLANCE);
        while matches!(waited, Ok(None)) && Instant::now() < deadline {
            self.pulse.look();
            waited = child.wait(GLANCE);
        }
        match waited {
            Ok(Some(reaped)) if reaped.status.success() => {
                Broken::Other("the client ended before the far part was ready".into())
            }
            Ok(Some(reaped)) => {
                Broken::of_client(&reaped, &without(self.listener.log(), self.mark), "")
            }
            _ => Broken::Client(Failure::read(self.listener.log(), "")),
        }
    }
}
