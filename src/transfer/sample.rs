//! One transfer: start the client program, wait until the remote command is ready, move the bytes, wait
//! for the remote command's report, reap the client. Between the two readings of the clock nothing is
//! done that could be done before or after.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::host::session::Report;
use crate::local::child::{Child, Reaped};
use crate::local::client::ClientSetting;
use crate::local::interrupt::Interrupt;
use crate::local::proc::{WaitTimes, children, io_bytes};
use crate::local::standstill::Standstill;
use crate::local::stderr::{StderrReader, without_report};
use crate::model::Configuration;
use crate::model::units::printable;
use crate::model::{CpuTimes, Waits};
use crate::remote::control::ControlConnection;
use crate::remote::target::Target;
use crate::ssh::failure::last_words;
use crate::ssh::{Connection, Session, Transcript};
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::{self, Flow, FlowEnd};
use crate::transfer::pipe;
use crate::transfer::route::Route;
use crate::transfer::scp;
use crate::transfer::shim;
use crate::transfer::watch::{Watch, stalled};

/// What the transfers of a target have in common.
#[derive(Clone, Copy, Debug)]
pub struct TransferContext<'a> {
    pub connection: &'a Connection,
    pub setting: &'a ClientSetting,
    /// Begins the lines of the remote command's report.
    pub mark: &'a str,
    /// The program that scp runs as its ssh ([`shim`]).
    pub shim: &'a Path,
    /// Clock ticks per second of this machine.
    pub ticks_per_s: u32,
}

impl<'a> TransferContext<'a> {
    /// That of a target, and its control connection, which stays usable beside it.
    pub fn of(target: &'a mut Target, shim: &'a Path) -> (Self, &'a mut ControlConnection) {
        let context = TransferContext {
            connection: &target.spec.connection,
            setting: &target.spec.setting,
            mark: &target.mark,
            shim,
            ticks_per_s: target.local.ticks_per_s,
        };
        (context, &mut target.control)
    }
}

/// What a completed transfer shows.
#[derive(Debug)]
pub struct Transferred {
    pub setup_s: f64,
    pub real_s: f64,
    /// CPU of the client until the bulk began, and in all.
    pub client_before: CpuTimes,
    pub client_total: CpuTimes,
    pub client_waits: Waits,
    /// Bytes with their times, where they went through a pipe of this program.
    pub flow: Option<Flow>,
    pub report: Report,
    pub transcript: Transcript,
    /// The last message on standard error: perhaps an error of the remote command.
    pub last_message: Option<String>,
}

/// Runs a transfer. `on_ready` is called when the remote command is ready, before any byte moves;
/// `progress` from time to time with the bytes moved so far.
pub fn transfer(
    context: &TransferContext,
    configuration: &Configuration,
    route: &Route,
    interrupt: &Interrupt,
    on_ready: &mut dyn FnMut(),
    progress: &mut dyn FnMut(u64),
) -> Result<Transferred, TransferError> {
    let mut command = command(context, configuration, route)
        .map_err(failed("the transfer could not be prepared"))?;
    let cores = context.setting.cores.as_deref();
    let mut child =
        Child::spawn(&mut command, cores).map_err(failed("the client could not be started"))?;
    let stderr =
        child.stderr.take().ok_or_else(|| TransferError::Other("no standard error".into()))?;
    let standstill = Standstill::of(child.pid);
    let mut watch = Watch {
        stderr: StderrReader::new(stderr, context.mark),
        standstill: &standstill,
        report: Report::default(),
        finished: None,
        mark: context.mark,
        // The sftp subsystem reports nothing: the client's log shows when its session is up.
        ready_by_log: matches!(route, Route::Scp { command: None, .. }),
    };
    let timed = timed(context, route, &mut child, &mut watch, interrupt, on_ready, progress);
    match (timed, standstill.reason()) {
        (Err(TransferError::Interrupted), _) => Err(TransferError::Interrupted),
        (_, Some(reason)) => Err(TransferError::Other(reason)),
        (Ok(timed), None) => completed(timed, child.started, watch, context),
        (Err(error), None) => {
            child.end();
            let log = watch.stderr.drain(Duration::from_secs(1));
            let host = context.connection.target.host_label();
            Err(error.explained(&without_report(log, context.mark), &host))
        }
    }
}

/// What is read while a transfer runs.
struct Timed {
    ready: Instant,
    client_before: CpuTimes,
    client_waits: Waits,
    flow: Option<Flow>,
    client: Reaped,
    real_s: f64,
}

/// From the start of the client until it is reaped.
fn timed(
    context: &TransferContext,
    route: &Route,
    child: &mut Child,
    watch: &mut Watch,
    interrupt: &Interrupt,
    on_ready: &mut dyn FnMut(),
    progress: &mut dyn FnMut(u64),
) -> Result<Timed, TransferError> {
    let ready = watch.wait_until_ready(child, interrupt)?;
    let client_before = child.cpu_so_far(context.ticks_per_s);
    let mut waits = WaitTimes::of(child.pid);
    on_ready();
    let begun = if watch.ready_by_log { ready } else { bulk_begins(route, ready) };
    let standstill = watch.standstill;
    let mut progress = |bytes| {
        standstill.poll();
        waits.poll();
        progress(bytes);
    };
    let flow = move_bytes(route, child, watch, interrupt, &mut progress)?;
    let client = watch.wait_for_end(child, &mut waits, interrupt)?;
    // The remote command's report may arrive before the last data has left the client.
    let flow_end = flow.as_ref().and_then(|flow| flow.marks.last()).map(|(seconds, _)| *seconds);
    let reported = watch.finished.unwrap_or(client.at).saturating_duration_since(begun);
    let real_s = flow_end.unwrap_or(0.0).max(reported.as_secs_f64());
    Ok(Timed { ready, client_before, client_waits: waits.finish(), flow, client, real_s })
}

/// scp begins by itself as soon as it can; everything else when this program lets it.
fn bulk_begins(route: &Route, ready: Instant) -> Instant {
    match route {
        Route::Scp { .. } => ready,
        _ => Instant::now(),
    }
}

/// The transfer's times with the rest of its log, or why the client failed after all.
fn completed(
    timed: Timed,
    started: Instant,
    mut watch: Watch,
    context: &TransferContext,
) -> Result<Transferred, TransferError> {
    let log = watch.stderr.drain(Duration::from_secs(5)).to_owned();
    let messages = without_report(&log, context.mark);
    if !timed.client.status.success() {
        let host = context.connection.target.host_label();
        return Err(TransferError::of_client(&timed.client, &messages, &host));
    }
    for line in log.lines() {
        watch.report.take(line, context.mark);
    }
    Ok(Transferred {
        setup_s: timed.ready.saturating_duration_since(started).as_secs_f64(),
        real_s: timed.real_s,
        client_before: timed.client_before,
        client_total: timed.client.cpu,
        client_waits: timed.client_waits,
        flow: timed.flow,
        report: watch.report,
        transcript: Transcript::parse(&log),
        last_message: last_words(&messages).map(printable),
    })
}

fn command(
    context: &TransferContext,
    configuration: &Configuration,
    route: &Route,
) -> io::Result<Command> {
    let connection = context.connection;
    let session = Session {
        cipher: Some(&configuration.cipher),
        mac: configuration.mac.as_ref(),
        verbosity: 1,
        ..Session::default()
    };
    let mut command = match route {
        Route::Scp { local, remote, command } => {
            let directory = context.shim.parent().unwrap_or(Path::new("."));
            shim::prepare(directory, connection, &session, command.as_deref())?;
            let mut scp = Command::new("scp");
            scp.args(scp::arguments(context.shim, configuration.direction, local, remote));
            scp.stdin(Stdio::null()).stdout(Stdio::null());
            scp
        }
        Route::FeedPipe { remote, .. }
        | Route::DrainNull { remote, .. }
        | Route::DrainPipe { remote, .. }
        | Route::PipeToFile { remote, .. } => {
            let mut ssh = Command::new(&connection.program);
            ssh.args(connection.arguments(&session)).arg(pipe::command(context.mark, *remote));
            ssh.stdin(Stdio::piped());
            match route {
                Route::DrainPipe { .. } => ssh.stdout(Stdio::piped()),
                Route::PipeToFile { local, .. } => {
                    File::create(local)?;
                    // Appending: after the file is emptied, what follows begins at its start.
                    ssh.stdout(File::options().append(true).open(local)?)
                }
                _ => ssh.stdout(Stdio::null()),
            };
            ssh
        }
    };
    command.stderr(Stdio::piped());
    context.setting.apply(&mut command);
    Ok(command)
}

fn move_bytes(
    route: &Route,
    child: &mut Child,
    watch: &mut Watch,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64),
) -> Result<Option<Flow>, TransferError> {
    let missing = || TransferError::Other("the client's standard streams are missing".into());
    let flow = match route {
        Route::FeedPipe { file, length, until, .. } => {
            let stdin = child.stdin.take().ok_or_else(missing)?;
            flow::feed(file, *length, &stdin, *until, interrupt, progress)
        }
        Route::DrainPipe { stop_after, .. } => {
            let mut stdin = child.stdin.take();
            let stdout = child.stdout.take().ok_or_else(missing)?;
            let null =
                File::options().write(true).open("/dev/null").map_err(failed("/dev/null"))?;
            flow::discard(&stdout, &null).map_err(failed("/dev/null"))?;
            send_go(stdin.as_mut())?;
            let mut stop = || stdin = None;
            flow::drain(&stdout, &null, *stop_after, &mut stop, interrupt, progress)
        }
        Route::DrainNull { stop_after, .. } => {
            let mut stdin = child.stdin.take();
            send_go(stdin.as_mut())?;
            return watch.drain(child.pid, stdin, *stop_after, interrupt, progress).map(Some);
        }
        Route::PipeToFile { local, .. } => {
            let mut stdin = child.stdin.take();
            // What remote start-up files print comes first, and is not part of FILE.
            let emptied = File::options().write(true).open(local).and_then(|file| file.set_len(0));
            emptied.map_err(failed("the file could not be emptied"))?;
            send_go(stdin.as_mut())?;
            let size = || std::fs::metadata(local).map(|about| about.len()).unwrap_or(0);
            watch.wait_until_finished(child, interrupt, progress, &mut |_| size())?;
            return Ok(None);
        }
        Route::Scp { .. } => {
            watch.wait_until_finished(child, interrupt, progress, &mut client_bytes)?;
            return Ok(None);
        }
    };
    let flow = flow.map_err(failed("the bytes could not be moved"))?;
    match flow.end {
        FlowEnd::Done => Ok(Some(flow)),
        FlowEnd::Interrupted => Err(TransferError::Interrupted),
        FlowEnd::Stalled => Err(TransferError::Other(stalled())),
        FlowEnd::Closed => Err(TransferError::Other("the client closed its standard input".into())),
    }
}

/// Lets a remote command that waits for a line begin.
fn send_go(stdin: Option<&mut ChildStdin>) -> Result<(), TransferError> {
    match stdin {
        Some(stdin) => {
            stdin.write_all(b"go\n").map_err(failed("the remote command could not be started"))
        }
        None => Err(TransferError::Other("the client has no standard input".into())),
    }
}

/// Bytes that scp and its ssh have read and written so far: more than the payload, and good enough to
/// show whether anything moves.
fn client_bytes(pid: u32) -> u64 {
    let of = |pid: u32| io_bytes(pid).map_or(0, |(read, written)| read.max(written));
    children(pid).into_iter().map(of).max().unwrap_or_else(|| of(pid))
}
