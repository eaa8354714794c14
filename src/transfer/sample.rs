//! One trial: start the client program, wait until the far part is ready, move the bytes, hear
//! the far part's last word, reap. Nothing is computed between the two readings of the clock that
//! could wait until after.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::session::Report;
use crate::local::child::Child;
use crate::local::interrupt::Interrupt;
use crate::local::proc::{Waiting, children, io_bytes};
use crate::local::standstill::Pulse;
use crate::local::stderr::{Listener, without};
use crate::model::Configuration;
use crate::model::units::printable;
use crate::model::{CpuTimes, Waits};
use crate::remote::control::ClientSetting;
use crate::ssh::failure::last_words;
use crate::ssh::{Connection, Session, Transcript};
use crate::transfer::broken::{Broken, other};
use crate::transfer::flow::{self, Flow, FlowEnd};
use crate::transfer::pipe;
use crate::transfer::route::Route;
use crate::transfer::scp;
use crate::transfer::shim;
use crate::transfer::watch::{Watch, stalled};

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
    pub setup_s: f64,
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

/// Runs a transfer. `on_ready` is called once the far part is ready, before any byte moves;
/// `live` now and then with the bytes moved so far.
pub fn transfer(
    way: &Way,
    configuration: &Configuration,
    route: &Route,
    interrupt: &Interrupt,
    on_ready: &mut dyn FnMut(),
    live: &mut dyn FnMut(u64),
) -> Result<Transferred, Broken> {
    let host = way.connection.target.host_label();
    let mut command =
        command(way, configuration, route).map_err(other("it could not be prepared"))?;
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
    let words = without(&log, way.mark);
    if !reaped.status.success() {
        return Err(Broken::of_client(&reaped, &words, &host));
    }
    for line in log.lines() {
        watch.report.take(line, way.mark);
    }
    Ok(Transferred {
        setup_s: ready.saturating_duration_since(child.started).as_secs_f64(),
        real_s,
        client_before,
        client_total: reaped.cpu,
        client_waits,
        flow,
        report: watch.report,
        transcript: Transcript::parse(&log),
        said: last_words(&words).map(printable),
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

fn command(way: &Way, configuration: &Configuration, route: &Route) -> io::Result<Command> {
    let connection = way.connection;
    let session = Session {
        cipher: Some(&configuration.cipher),
        mac: configuration.mac.as_ref(),
        verbosity: 1,
        ..Session::default()
    };
    let mut command = match route {
        Route::Scp { local, remote, command } => {
            let directory = way.shim.parent().unwrap_or(Path::new("."));
            shim::prepare(directory, connection, &session, command.as_deref())?;
            let mut scp = Command::new("scp");
            scp.args(scp::arguments(way.shim, configuration.direction, local, remote));
            scp.stdin(Stdio::null()).stdout(Stdio::null());
            scp
        }
        Route::FeedPipe { remote, .. }
        | Route::DrainNull { remote, .. }
        | Route::DrainPipe { remote, .. }
        | Route::PipeToFile { remote, .. } => {
            let mut ssh = Command::new(&connection.program);
            ssh.args(connection.arguments(&session)).arg(pipe::command(way.mark, *remote));
            ssh.stdin(Stdio::piped());
            match route {
                Route::DrainPipe { .. } => ssh.stdout(Stdio::piped()),
                Route::PipeToFile { local, .. } => {
                    File::create(local)?;
                    // What is written after it was emptied begins at its start.
                    ssh.stdout(File::options().append(true).open(local)?)
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
        Route::PipeToFile { local, .. } => {
            let mut stdin = child.stdin.take();
            // What start-up files over there print comes first, and is no part of FILE.
            let emptied = File::options().write(true).open(local).and_then(|file| file.set_len(0));
            emptied.map_err(other("the file could not be emptied"))?;
            say_go(stdin.as_mut())?;
            let size = || std::fs::metadata(local).map(|about| about.len()).unwrap_or(0);
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
