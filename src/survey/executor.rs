//! Runs planned trials for real: files in place, counters around, the transfer, its proof, its
//! account.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::local::interrupt::Interrupt;
use crate::local::proc::{host_counters, own_cpu_s};
use crate::model::record::{Asked, Outcome, Phase, Sample, Spent};
use crate::model::{Cipher, Direction, Method, Source};
use crate::remote::control::ControlError;
use crate::remote::target::Target;
use crate::survey::account::{Readings, Setting, account, reaper_growth};
use crate::survey::events::Events;
use crate::survey::plan::PlannedSample;
use crate::survey::rounds::{Executor, Stopped};
use crate::survey::staging::Files;
use crate::transfer::broken::Broken;
use crate::transfer::route::{Places, Route, counts_each_byte, route};
use crate::transfer::sample::{Transferred, transfer};

/// Everything that a survey of real hosts works with.
#[derive(Debug)]
pub struct SshExecutor {
    pub targets: Vec<Target>,
    pub files: Files,
    /// `--full`: each download is compared with FILE.
    pub full: bool,
    pub interrupt: Interrupt,
    pub(super) started: Instant,
    pub(super) backoff_s: f64,
    own_cpu_s: f64,
    /// Pairings, methods and ciphers of which a download of the rounds was FILE's prefix.
    pub(super) compared: HashSet<(usize, Method, Cipher)>,
    /// SHA-256 of FILE's prefixes, by size.
    pub(super) digests: HashMap<u64, String>,
}

/// The file that an upload makes on the far host, and a download on this one.
pub(super) const MADE: &str = "upload";
pub(super) const DOWNLOADED: &str = "download";

/// A session is reaped a moment after its client has ended.
const REAP_TIMEOUT: Duration = Duration::from_secs(2);

impl SshExecutor {
    pub fn new(
        targets: Vec<Target>,
        files: Files,
        full: bool,
        interrupt: Interrupt,
        started: Instant,
    ) -> SshExecutor {
        SshExecutor {
            targets,
            files,
            full,
            interrupt,
            started,
            backoff_s: 0.0,
            own_cpu_s: 0.0,
            compared: HashSet::new(),
            digests: HashMap::new(),
        }
    }

    pub(super) fn check_interrupt(&self) -> Result<(), Stopped> {
        if self.interrupt.is_raised() { Err(Stopped::Interrupted) } else { Ok(()) }
    }

    /// One try; what it left behind is for the caller to remove where it broke.
    pub(super) fn attempt(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        events: &mut dyn Events,
    ) -> Result<(), Broken> {
        let configuration = &planned.configuration;
        let local_file = self.files.scratch.join(DOWNLOADED);
        let local_chunk = self.put_one_in_place(planned)?;
        let remote_chunk = match planned.asked {
            Asked::Bytes(bytes) => {
                self.targets[self.holder(configuration.pairing)].directory.chunk(bytes)
            }
            Asked::Seconds(_) => Vec::new(),
        };
        let target = &mut self.targets[configuration.pairing];
        let made = target.directory.join(MADE);
        let command = target.sftp_command();
        let local_chunk = local_chunk.as_deref().unwrap_or(&local_file);
        let route = route(
            configuration,
            planned.asked,
            self.files.sink,
            counts_each_byte(sample.phase),
            &self.files.payload,
            &Places {
                local_chunk,
                local_file: &local_file,
                remote_chunk: &remote_chunk,
                made: &made,
            },
            command,
        );

        let before = target.remote_counters()?;
        let local_device = target.local_storage.device.clone();
        let local_before = host_counters(target.local.ticks_per_s, local_device.as_deref());
        let sampling = sampling(&route, target, before.as_ref());
        let mut begun = false;
        let ours = own_cpu_s();
        sample.started = jiff::Timestamp::now().to_string();
        let (way, control) = target.parts(&self.files.shim);
        let result = transfer(
            &way,
            configuration,
            &route,
            &self.interrupt,
            &mut || begun = sampling.as_ref().is_some_and(|text| control.begin(text).is_ok()),
            &mut |bytes| events.progress(bytes),
        );
        self.own_cpu_s += own_cpu_s() - ours;
        let sampled_answer = begun.then(|| control.collect(REAP_TIMEOUT + Duration::from_secs(60)));
        let done = result?;
        let local_after = host_counters(target.local.ticks_per_s, local_device.as_deref());
        let wait_for_reaping = sample.phase == Phase::Pilot || done.report.spent(100).is_none();
        let after = counters_after(target, before.as_ref(), wait_for_reaping)?;

        let remote_device = target.directory.storage.device.clone();
        sample.remote_host = before
            .as_ref()
            .zip(after.as_ref())
            .map(|(before, after)| after.since(before, remote_device.as_deref()));
        sample.local_host = local_before
            .zip(local_after)
            .map(|(before, after)| after.since(&before, local_device.as_deref()));
        let sampled = sampled_answer.transpose()?.and_then(|answer| {
            let sections = Sections::parse(&String::from_utf8_lossy(&answer));
            sampled::spent(&sections, target.remote.ticks_per_s)
        });
        let key = (configuration.method, configuration.direction);
        let mut inside = done.report.spent(target.remote.ticks_per_s);
        if target.processes.is_shared(&done.report.chain) {
            inside = inside.map(|spent| Spent { setup: None, ..spent });
        }
        let account = account(
            &Readings {
                inside,
                sampled,
                before: before.as_ref(),
                after: after.as_ref(),
                reaped: wait_for_reaping,
                host: sample.remote_host.as_ref(),
            },
            &Setting {
                processes: &target.processes,
                empty_reaper_s: target.empty_reaper_s.get(&key).copied(),
                idle_busy: target.idle_busy,
                ticks_per_s: target.remote.ticks_per_s,
                loopback: target.spec.server.loopback,
                shell: target.has_shell(),
            },
        );
        target.last_reaper_s =
            before.as_ref().zip(after.as_ref()).filter(|_| wait_for_reaping).and_then(
                |(before, after)| reaper_growth(before, after, target.remote.ticks_per_s),
            );
        target.last_chain = Some(done.report.chain.clone());
        sample.server = account.spent;
        sample.server_missing = account.missing;
        sample.server_checks = account.checks;
        sample.client = Some(client_spent(&done));
        sample.setup_s = Some(done.setup_s);
        sample.real_s = Some(done.real_s);
        self.judge(planned, sample, &done)?;
        Ok(())
    }

    /// Why the end that was to get a file takes none, in its own words, and what to do about it;
    /// asked where a trial has failed.
    pub(super) fn unwritable(&mut self, planned: &PlannedSample) -> Option<(String, String)> {
        let configuration = &planned.configuration;
        if !configuration.method.makes_files(self.files.sink) {
            return None;
        }
        if configuration.direction == Direction::Download {
            let why = self.files.scratch.unwritable()?;
            let remedy = "free space here, or set TMPDIR to another directory".to_owned();
            return Some((why, remedy));
        }
        let target = &mut self.targets[configuration.pairing];
        // Where nobody answers, there is another reason.
        let why = target.directory.unwritable(&mut target.control).ok()??;
        let (place, host) = (target.directory.shown(), target.host());
        let remedy = format!("free space there, or name another directory, as {host}:DIRECTORY");
        Some((format!("{place} on {host} takes no file: {why}"), remedy))
    }

    /// Removes what a failed transfer may have made on either end, and has put in place again what
    /// somebody else may have removed over there.
    pub(super) fn discard(&mut self, planned: &PlannedSample) -> Result<(), Broken> {
        // It goes with its directory otherwise.
        let _ = std::fs::remove_file(self.files.scratch.join(DOWNLOADED));
        let configuration = &planned.configuration;
        let target = &mut self.targets[configuration.pairing];
        target.directory.take_made(&mut target.control, MADE, 0)?;
        target.check_directory()?;
        if let Asked::Bytes(bytes) = planned.asked
            && configuration.fetches_chunk(self.files.sink)
        {
            let holder = self.holder(configuration.pairing);
            self.targets[holder].check_chunk(bytes)?;
        }
        Ok(())
    }

    pub fn backoff_s(&self) -> f64 {
        self.backoff_s
    }

    pub fn own_cpu_s(&self) -> f64 {
        self.own_cpu_s
    }

    /// Removes everything on both ends.
    pub fn close(self) {
        for target in self.targets {
            target.close();
        }
    }
}

impl Executor for SshExecutor {
    fn elapsed(&self) -> Duration {
        let backoff = Duration::from_secs_f64(self.backoff_s);
        self.started.elapsed().saturating_sub(backoff)
    }

    fn prepare(&mut self, round: &[PlannedSample]) -> Result<(), Stopped> {
        self.put_in_place(round)
    }

    fn run(&mut self, planned: &PlannedSample, events: &mut dyn Events) -> Result<Sample, Stopped> {
        self.run_in(Phase::Round, planned, events)
    }
}

/// Where the session can't read its own counters, the monitor samples them.
fn sampling(route: &Route, target: &Target, before: Option<&HostCounters>) -> Option<String> {
    let blind = matches!(route, Route::Scp { command: None, .. });
    let reaper = target.processes.reaper?;
    blind.then(|| script::sample(reaper, before.map_or(&[], |before| &before.children)))
}

/// Counters once the session is reaped, where that matters.
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

fn client_spent(done: &Transferred) -> Spent {
    Spent {
        source: Source::Wait4,
        // rusage counts microseconds; the reading at the start of the bulk is the kernel's
        // nanosecond account. A millisecond is the allowance for the two meeting.
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

pub(super) fn blank(phase: Phase, planned: &PlannedSample) -> Sample {
    let configuration = &planned.configuration;
    Sample {
        phase,
        round: planned.round,
        pairing: configuration.pairing,
        method: configuration.method,
        direction: configuration.direction,
        cipher: configuration.cipher.clone(),
        mac: configuration.mac.clone(),
        asked: planned.asked,
        started: jiff::Timestamp::now().to_string(),
        outcome: failed("not run".into(), None),
        negotiated: None,
        bytes: None,
        setup_s: None,
        real_s: None,
        steady: None,
        client: None,
        server: None,
        server_missing: None,
        server_checks: Vec::new(),
        local_host: None,
        remote_host: None,
        sha256: None,
        backoff_s: 0.0,
        at_s: 0.0,
    }
}

pub(super) fn failed(reason: String, remedy: Option<&str>) -> Outcome {
    Outcome::Failed { reason, remedy: remedy.map(str::to_owned) }
}
