//! A sample of a method that runs a program per transfer: counters of both ends before and after the run,
//! its proof, and the CPU of both ends.

use std::time::{Duration, Instant};

use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::local::cpu::CLOCK_RESOLUTION_S;
use crate::local::proc::host_counters;
use crate::model::record::{Asked, Connection, ConnectionCpu, Outcome, Phase, Sample, Spent};
use crate::model::{Entry, Source, Waits};
use crate::remote::control::ControlConnection;
use crate::remote::control::error::ControlError;
use crate::remote::target::Target;
use crate::remote::whole_host::Remote;
use crate::survey::context::Context;
use crate::survey::made::{check_bytes, take};
use crate::survey::runs::account::{Readings, account};
use crate::survey::slices::sizes::Amount;
use crate::transfer;
use crate::transfer::error::TransferError;
use crate::transfer::method::{Moved, Observer, Run};
use crate::transfer::proof;

/// For the server to reap a session after its client has ended.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);
/// For a client to end after its input has.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);
/// A run has no other deadline than that bytes move.
const NO_TIMEOUT: Duration = Duration::from_secs(86_400);

/// What is to be run.
#[derive(Clone, Debug)]
pub struct PlannedRun {
    pub phase: Phase,
    pub round: u32,
    pub entry: Entry,
    pub bytes: u64,
}

/// Makes one attempt; fills in the sample, and returns the line of its connection.
pub fn attempt(
    context: &mut Context,
    planned: &PlannedRun,
    sample: &mut Sample,
    progress: &mut dyn FnMut(u64),
) -> Result<Connection, TransferError> {
    let number = context.next_number();
    let Context { targets, files, interrupt, .. } = context;
    let Entry { configuration, .. } = &planned.entry;
    let target = &mut targets[configuration.pairing];
    let site = files.site(target);
    let mut program = transfer::method(configuration.method).open(configuration, &site)?;
    program.wait_until_open(interrupt)?;
    let amount = Amount { bytes: planned.bytes, times: 1 };
    let work =
        files.work(program.as_mut(), &planned.entry, amount, NO_TIMEOUT, target, interrupt)?;
    // Staging may have run the program, with arguments of its own.
    let before = Counters { remote: target.remote_counters()?, local: local_counters(target) };
    sample.started = jiff::Timestamp::now().to_string();
    let sampling = sampling_script(target, before.remote.as_ref());
    let mut sampler =
        Sampler { control: &mut target.control, script: sampling, on: false, progress };
    let moved = program.run(&work, interrupt, &mut sampler);
    let on = sampler.on;
    let answer = on.then(|| target.control.collect(REAP_TIMEOUT + Duration::from_secs(60)));
    let moved = moved?;
    let run = match moved.run.clone() {
        Some(run) => run,
        None => Box::new(ended(program, &moved)),
    };
    let local = local_counters(target);
    let remote = counters_after(target, before.remote.as_ref(), run.server.is_none())?;
    let after = Counters { remote, local };
    fill_in(sample, target, &moved, &run, answer.transpose()?, (&before, &after));
    let sha256 = files.compare(configuration, &moved.made, planned.bytes, interrupt);
    let size = take(&moved.made, target)?;
    sample.bytes = size;
    sample.negotiated = run.closed.transcript.negotiated.clone();
    let negotiated = proof::negotiated(configuration, &run.closed.transcript);
    sample.outcome = match negotiated {
        Err(reason) => Outcome::Failed { reason, remedy: None },
        Ok(_) => Outcome::Measured,
    };
    if sample.outcome == Outcome::Measured {
        check_bytes(&moved, size)?;
        sample.sha256 = sha256?;
        if let Some(reason) = &moved.stopped {
            sample.outcome = Outcome::Failed { reason: reason.clone(), remedy: None };
        }
    }
    sample.connection = Some(number);
    Ok(line(number, planned, sample, &run))
}

/// Ends a connection that could stay open and has moved all that it was opened for.
fn ended(connection: Box<dyn transfer::method::Connection>, moved: &Moved) -> Run {
    let setup = connection.setup().clone();
    let closing = Instant::now();
    let closed = connection.close(CLOSE_TIMEOUT);
    let bulk = moved.ended.duration_since(moved.begun) + closing.elapsed();
    let whole_s = setup.times.ready_s + bulk.as_secs_f64();
    Run { setup, closed, server: None, client_waits: Waits::default(), whole_s }
}

/// Begins to sample the server's processes when the session is up, where the session reports nothing.
struct Sampler<'a> {
    control: &'a mut ControlConnection,
    script: Option<String>,
    on: bool,
    progress: &'a mut dyn FnMut(u64),
}

impl Observer for Sampler<'_> {
    fn begins(&mut self) {
        self.on = self.script.as_ref().is_some_and(|text| self.control.begin(text).is_ok());
    }

    fn moved(&mut self, bytes: u64) {
        (self.progress)(bytes);
    }
}

/// The counters of both hosts at one moment.
struct Counters {
    remote: Option<HostCounters>,
    local: Option<HostCounters>,
}

fn local_counters(target: &Target) -> Option<HostCounters> {
    host_counters(target.local.ticks_per_s, target.local_storage.device.as_deref())
}

/// Where a session can't read its server process itself, the control connection does: this is the script.
fn sampling_script(target: &Target, before: Option<&HostCounters>) -> Option<String> {
    let reports = target
        .processes
        .sftp_server
        .as_deref()
        .and_then(|server| crate::transfer::scp::command(&target.mark, server))
        .is_some();
    let listener = target.processes.listener.filter(|_| !reports && target.has_shell())?;
    Some(script::sample(listener, before.map_or(&[], |before| &before.children)))
}

/// The remote counters, once the session is reaped where that matters.
fn counters_after(
    target: &mut Target,
    before: Option<&HostCounters>,
    wait: bool,
) -> Result<Option<HostCounters>, ControlError> {
    let end = Instant::now() + REAP_TIMEOUT;
    loop {
        let after = target.remote_counters()?;
        let reaped = match (before, &after) {
            (Some(before), Some(after)) => before.children == after.children,
            _ => true,
        };
        if reaped || !wait || Instant::now() > end {
            return Ok(after);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Fills in times, counters and CPU of both ends.
fn fill_in(
    sample: &mut Sample,
    target: &Target,
    moved: &Moved,
    run: &Run,
    answer: Option<Vec<u8>>,
    (before, after): (&Counters, &Counters),
) {
    let ticks_per_s = target.remote.ticks_per_s;
    let remote = before.remote.as_ref().zip(after.remote.as_ref());
    let local = before.local.as_ref().zip(after.local.as_ref());
    let remote_device = target.directory.storage.device.as_deref();
    let local_device = target.local_storage.device.as_deref();
    sample.remote_host = remote.map(|(before, after)| after.since(before, remote_device));
    sample.local_host = local.map(|(before, after)| after.since(before, local_device));
    let sampled = answer.and_then(|answer| {
        sampled::spent(&Sections::parse(&String::from_utf8_lossy(&answer)), ticks_per_s)
    });
    let shared = run.setup.chain.first().is_some_and(|pid| target.processes.chain.contains(pid));
    let account = account(
        &Readings {
            process: run.server.map(|spent| match shared {
                true => Spent { setup: None, ..spent },
                false => spent,
            }),
            sampled,
            before: before.remote.as_ref(),
            after: after.remote.as_ref(),
            host: sample.remote_host.as_ref(),
        },
        &Remote::of(target),
    );
    let real_s = moved.ended.duration_since(moved.begun).as_secs_f64();
    sample.server = account.spent;
    sample.server_missing = account.missing;
    sample.server_checks = account.checks;
    sample.setup_s = Some(run.setup.times.ready_s);
    sample.real_s = Some(real_s);
    sample.whole_s = Some(run.whole_s);
    sample.client = run.closed.client.map(|total| Spent {
        source: Source::Wait4,
        // rusage is in microseconds, the reading at the start of the bulk in nanoseconds by another
        // clock of the kernel: a millisecond allows for the difference between the two.
        resolution_s: crate::host::session::SCHEDSTAT_RESOLUTION_S,
        split_resolution_s: 0.01,
        bulk: total - run.setup.client,
        real_s: Some(real_s),
        setup: Some(run.setup.client),
        helpers: None,
        with_helpers: false,
        waits: run.client_waits,
    });
}

/// The line of the run's connection.
fn line(number: u32, planned: &PlannedRun, sample: &Sample, run: &Run) -> Connection {
    let configuration = planned.entry.configuration.clone();
    let cpu = |spent: &Spent| ConnectionCpu {
        times: spent.bulk + spent.setup.unwrap_or_default(),
        setup: spent.setup,
        helpers: spent.helpers,
        source: spent.source,
        resolution_s: spent.resolution_s,
    };
    Connection {
        number,
        round: planned.round,
        pairing: configuration.pairing,
        method: configuration.method,
        cipher: configuration.cipher,
        mac: configuration.mac,
        started: sample.started.clone(),
        outcome: sample.outcome.clone(),
        negotiated: sample.negotiated.clone(),
        setup: Some(run.setup.times),
        client: run.closed.client.map(|times| ConnectionCpu {
            times,
            setup: Some(run.setup.client),
            helpers: None,
            source: Source::Wait4,
            resolution_s: CLOCK_RESOLUTION_S,
        }),
        server: sample.server.as_ref().map(cpu),
        server_missing: sample.server_missing.clone(),
        start_up: Vec::new(),
        key_exchanges: Vec::new(),
        dd: None,
        wire: None,
        backoff_s: sample.backoff_s,
    }
}

/// The record of a sample before it is taken.
pub fn blank(planned: &PlannedRun) -> Sample {
    Sample {
        outcome: Outcome::Failed { reason: "not run".into(), remedy: None },
        ..planned.entry.sample(
            (planned.phase, planned.round),
            Asked::Bytes(planned.bytes),
            jiff::Timestamp::now().to_string(),
        )
    }
}
