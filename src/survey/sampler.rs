//! One attempt at a sample: files in place, counters of both ends before and after, the transfer, its
//! proof, and the CPU of both ends.

use std::time::{Duration, Instant};

use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::local::interrupt::Interrupt;
use crate::local::proc::{host_counters, own_cpu_s};
use crate::model::record::{Asked, Phase, Sample, Spent};
use crate::model::{Configuration, Direction, Source};
use crate::remote::error::ControlError;
use crate::remote::target::Target;
use crate::survey::account::{Readings, Setting, account, reaper_growth};
use crate::survey::events::Events;
use crate::survey::plan::PlannedSample;
use crate::survey::retry::{check_chunk, check_directory};
use crate::survey::staging::{Files, holder};
use crate::survey::verdict::{DOWNLOADED, Judge, UPLOADED};
use crate::transfer::error::TransferError;
use crate::transfer::route::{Route, SampleFiles, counts_each_byte, route};
use crate::transfer::sample::{TransferContext, Transferred, transfer};
use crate::transfer::scp;

/// Takes samples, each in one attempt.
#[derive(Debug)]
pub struct Sampler {
    pub targets: Vec<Target>,
    pub files: Files,
    pub judge: Judge,
    pub interrupt: Interrupt,
    /// CPU seconds of this program during transfers.
    pub own_cpu_s: f64,
}

/// What an attempt shows of the server, besides the sample. The pilot needs it.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// The server process of the connection and all above it; empty where they can't be read.
    pub chain: Vec<u32>,
    /// CPU seconds that the reaper's counters have gained, where the session was waited for.
    pub reaper_growth_s: Option<f64>,
}

/// For the server to reap a session after its client has ended.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);

impl Sampler {
    /// Makes one attempt. Where it fails, the caller calls [`Sampler::discard`].
    pub fn attempt(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        events: &mut dyn Events,
    ) -> Result<Observed, TransferError> {
        let Sampler { targets, files, judge, interrupt, .. } = self;
        let configuration = &planned.configuration;
        let local_destination = files.scratch.join(DOWNLOADED);
        let local_source = files.put_one_in_place(targets, planned, interrupt)?;
        let remote_source = match planned.asked {
            Asked::Bytes(bytes) => {
                targets[holder(targets, configuration.pairing)].directory.chunk(bytes)
            }
            Asked::Seconds(_) => Vec::new(),
        };
        let target = &mut targets[configuration.pairing];
        let remote_destination = target.directory.join(UPLOADED);
        let sftp_server = target.processes.sftp_server.as_deref();
        let route = route(
            configuration,
            planned.asked,
            files.sink,
            counts_each_byte(sample.phase),
            &files.payload,
            &SampleFiles {
                local_source: local_source.as_deref().unwrap_or(&local_destination),
                local_destination: &local_destination,
                remote_source: &remote_source,
                remote_destination: &remote_destination,
            },
            sftp_server.and_then(|server| scp::command(&target.mark, server)),
        );
        let before = Counters { remote: target.remote_counters()?, local: local_counters(target) };
        let script = sampling_script(&route, target, before.remote.as_ref());
        sample.started = jiff::Timestamp::now().to_string();
        let (cpu_s, moved) =
            run(target, files, configuration, &route, script.as_deref(), interrupt, events);
        self.own_cpu_s += cpu_s;
        let (done, answer) = moved?;
        let local = local_counters(target);
        let reaped = sample.phase == Phase::Calibration || done.report.spent(100).is_none();
        let remote = counters_after(target, before.remote.as_ref(), reaped)?;
        let after = Counters { remote, local };
        let observed =
            record(sample, target, &done, answer.transpose()?, (&before, &after), reaped);
        judge.judge(planned, sample, &done, target, files, interrupt)?;
        Ok(observed)
    }

    /// Why the destination of a failed sample can't be written, and what to do about it; absent where
    /// it can.
    pub fn unwritable(&mut self, planned: &PlannedSample) -> Option<(String, String)> {
        let configuration = &planned.configuration;
        if !configuration.method.makes_files(self.files.sink) {
            return None;
        }
        if configuration.direction == Direction::Download {
            let reason = self.files.scratch.unwritable()?;
            let remedy =
                "free space on this machine, or set TMPDIR to another directory".to_owned();
            return Some((reason, remedy));
        }
        let target = &mut self.targets[configuration.pairing];
        // Where the control connection fails, the sample failed for another reason.
        let reason = target.directory.unwritable(&mut target.control).ok()??;
        let (directory, host) = (target.directory.shown(), target.host());
        let remedy =
            format!("free space on {host}, or name another directory, as {host}:DIRECTORY");
        Some((format!("{directory} on {host} can't be written: {reason}"), remedy))
    }

    /// Removes what a failed transfer may have made on either end. What somebody else may have removed
    /// from the remote directory is put in place again.
    pub fn discard(&mut self, planned: &PlannedSample) -> Result<(), TransferError> {
        // Otherwise it is removed with its directory.
        let _ = std::fs::remove_file(self.files.scratch.join(DOWNLOADED));
        let configuration = &planned.configuration;
        let target = &mut self.targets[configuration.pairing];
        target.directory.take_size(&mut target.control, UPLOADED, 0)?;
        check_directory(target)?;
        if let Asked::Bytes(bytes) = planned.asked
            && configuration.fetches_chunk(self.files.sink)
        {
            let holder = holder(&self.targets, configuration.pairing);
            check_chunk(&mut self.targets[holder], bytes)?;
        }
        Ok(())
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
fn sampling_script(
    route: &Route,
    target: &Target,
    before: Option<&HostCounters>,
) -> Option<String> {
    let blind = matches!(route, Route::Scp { command: None, .. });
    let reaper = target.processes.reaper?;
    blind.then(|| script::sample(reaper, before.map_or(&[], |before| &before.children)))
}

/// A completed transfer, and what the script has printed meanwhile, where one ran.
type Moved = (Transferred, Option<Result<Vec<u8>, ControlError>>);

/// Runs the transfer, and `script` over the control connection beside it. Also returns the CPU seconds
/// that this program used for the transfer.
fn run(
    target: &mut Target,
    files: &Files,
    configuration: &Configuration,
    route: &Route,
    script: Option<&str>,
    interrupt: &Interrupt,
    events: &mut dyn Events,
) -> (f64, Result<Moved, TransferError>) {
    let mut sampling = false;
    let before_s = own_cpu_s();
    let (context, control) = TransferContext::of(target, &files.shim);
    let result = transfer(
        &context,
        configuration,
        route,
        interrupt,
        &mut || sampling = script.is_some_and(|text| control.begin(text).is_ok()),
        &mut |bytes| events.progress(bytes),
    );
    let cpu_s = own_cpu_s() - before_s;
    let answer = sampling.then(|| control.collect(REAP_TIMEOUT + Duration::from_secs(60)));
    (cpu_s, result.map(|done| (done, answer)))
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

/// Records times, counters and CPU of both ends. `reaped`: the session was waited for.
fn record(
    sample: &mut Sample,
    target: &Target,
    done: &Transferred,
    answer: Option<Vec<u8>>,
    (before, after): (&Counters, &Counters),
    reaped: bool,
) -> Observed {
    let ticks_per_s = target.remote.ticks_per_s;
    let remote = before.remote.as_ref().zip(after.remote.as_ref());
    let local = before.local.as_ref().zip(after.local.as_ref());
    let remote_device = target.directory.storage.device.as_deref();
    let local_device = target.local_storage.device.as_deref();
    sample.remote_host = remote.map(|(before, after)| after.since(before, remote_device));
    sample.local_host = local.map(|(before, after)| after.since(before, local_device));
    let mut inside = done.report.spent(ticks_per_s);
    if target.processes.is_shared(&done.report.chain) {
        inside = inside.map(|spent| Spent { setup: None, ..spent });
    }
    let sampled = answer.and_then(|answer| {
        sampled::spent(&Sections::parse(&String::from_utf8_lossy(&answer)), ticks_per_s)
    });
    let key = (sample.method, sample.direction);
    let account = account(
        &Readings {
            inside,
            sampled,
            before: before.remote.as_ref(),
            after: after.remote.as_ref(),
            reaped,
            host: sample.remote_host.as_ref(),
        },
        &Setting {
            processes: &target.processes,
            empty_reaper_s: target.empty_reaper_s.get(&key).copied(),
            idle_busy: target.idle_busy,
            ticks_per_s,
            loopback: target.spec.server.loopback,
            shell: target.has_shell(),
        },
    );
    sample.server = account.spent;
    sample.server_missing = account.missing;
    sample.server_checks = account.checks;
    sample.client = Some(client_spent(done));
    sample.setup_s = Some(done.setup_s);
    sample.real_s = Some(done.real_s);
    let growth = remote.filter(|_| reaped);
    Observed {
        chain: done.report.chain.clone(),
        reaper_growth_s: growth
            .and_then(|(before, after)| reaper_growth(before, after, ticks_per_s)),
    }
}

fn client_spent(done: &Transferred) -> Spent {
    Spent {
        source: Source::Wait4,
        // rusage is in microseconds, the reading at the start of the bulk in nanoseconds by another
        // clock of the kernel: a millisecond allows for the difference between the two.
        resolution_s: crate::host::session::SCHEDSTAT_RESOLUTION_S,
        split_resolution_s: 0.01,
        bulk: done.client_total - done.client_before,
        real_s: Some(done.real_s),
        setup: Some(done.client_before),
        helpers: None,
        with_helpers: false,
        waits: done.client_waits,
    }
}
