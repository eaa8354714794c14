//! Runs planned trials for real: files in place, counters around, the transfer, its proof, its
//! account.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use super::account::{Readings, Setting, account, reaper_growth};
use super::broken::Broken;
use super::counters::{host_counters, own_cpu_s};
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::monitor::MonitorError;
use super::route::{Places, Route, counts_each_byte, route};
use super::scratch::{Payload, Scratch};
use super::survey::{Executor, Stopped};
use super::trial::{Transferred, transfer};
use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::method::makes_files;
use crate::model::record::{Asked, Outcome, Phase, Spent, Trial};
use crate::model::{Cipher, Direction, Method, Sink, Source};
use crate::plan::PlannedTrial;
use crate::ui::Events;

/// Everything that a survey of real hosts works with.
#[derive(Debug)]
pub struct Real {
    pub lanes: Vec<Lane>,
    pub payload: Payload,
    pub scratch: Scratch,
    pub sink: Sink,
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
const REAP_PATIENCE: Duration = Duration::from_secs(2);

impl Real {
    pub fn new(
        lanes: Vec<Lane>,
        payload: Payload,
        scratch: Scratch,
        sink: Sink,
        full: bool,
        interrupt: Interrupt,
        started: Instant,
    ) -> Real {
        Real {
            lanes,
            payload,
            scratch,
            sink,
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
        planned: &PlannedTrial,
        trial: &mut Trial,
        events: &mut dyn Events,
    ) -> Result<(), Broken> {
        let contender = &planned.contender;
        let near_file = self.scratch.join(DOWNLOADED);
        let near_prefix = self.put_one_in_place(planned)?;
        let far_prefix = match planned.asked {
            Asked::Bytes(bytes) => {
                self.lanes[self.holder(contender.pairing)].directory.prefix(bytes)
            }
            Asked::Seconds(_) => Vec::new(),
        };
        let lane = &mut self.lanes[contender.pairing];
        let made = lane.directory.join(MADE);
        let command = lane.sftp_command();
        let near_prefix = near_prefix.as_deref().unwrap_or(&near_file);
        let route = route(
            contender,
            planned.asked,
            self.sink,
            counts_each_byte(trial.phase),
            &self.payload,
            &Places { near_prefix, near_file: &near_file, far_prefix: &far_prefix, made: &made },
            command,
        );

        let before = lane.far_counters()?;
        let near_device = lane.near_storage.device.clone();
        let near_before = host_counters(lane.near.ticks_per_s, near_device.as_deref());
        let sampling = sampling(&route, lane, before.as_ref());
        let mut begun = false;
        let ours = own_cpu_s();
        trial.started = jiff::Timestamp::now().to_string();
        let (way, monitor) = lane.parts();
        let result = transfer(
            &way,
            contender,
            &route,
            &self.interrupt,
            &mut || begun = sampling.as_ref().is_some_and(|text| monitor.begin(text).is_ok()),
            &mut |bytes| events.live(bytes),
        );
        self.own_cpu_s += own_cpu_s() - ours;
        let sampled_answer =
            begun.then(|| monitor.collect(REAP_PATIENCE + Duration::from_secs(60)));
        let done = result?;
        let near_after = host_counters(lane.near.ticks_per_s, near_device.as_deref());
        let wait_for_reaping = trial.phase == Phase::Pilot || done.report.spent(100).is_none();
        let after = counters_after(lane, before.as_ref(), wait_for_reaping)?;

        let far_device = lane.directory.storage.device.clone();
        trial.far_host = before
            .as_ref()
            .zip(after.as_ref())
            .map(|(before, after)| after.since(before, far_device.as_deref()));
        trial.near_host = near_before
            .zip(near_after)
            .map(|(before, after)| after.since(&before, near_device.as_deref()));
        let sampled = sampled_answer.transpose()?.and_then(|answer| {
            let sections = Sections::parse(&String::from_utf8_lossy(&answer));
            sampled::spent(&sections, lane.far.ticks_per_s)
        });
        let key = (contender.method, contender.direction);
        let mut inside = done.report.spent(lane.far.ticks_per_s);
        if lane.processes.is_shared(&done.report.chain) {
            inside = inside.map(|spent| Spent { handshake: None, ..spent });
        }
        let account = account(
            &Readings {
                inside,
                sampled,
                before: before.as_ref(),
                after: after.as_ref(),
                reaped: wait_for_reaping,
                host: trial.far_host.as_ref(),
            },
            &Setting {
                processes: &lane.processes,
                empty_reaper_s: lane.empty_reaper_s.get(&key).copied(),
                idle_busy: lane.idle_busy,
                ticks_per_s: lane.far.ticks_per_s,
                loopback: lane.spec.server.loopback,
                shell: lane.has_shell(),
            },
        );
        lane.last_reaper_s = before
            .as_ref()
            .zip(after.as_ref())
            .filter(|_| wait_for_reaping)
            .and_then(|(before, after)| reaper_growth(before, after, lane.far.ticks_per_s));
        lane.last_chain = Some(done.report.chain.clone());
        trial.server = account.spent;
        trial.server_missing = account.missing;
        trial.server_checks = account.checks;
        trial.client = Some(client_spent(&done));
        trial.handshake_s = Some(done.handshake_s);
        trial.real_s = Some(done.real_s);
        self.judge(planned, trial, &done)?;
        Ok(())
    }

    /// Why the end that was to get a file takes none, in its own words, and what to do about it;
    /// asked where a trial has failed.
    pub(super) fn unwritable(&mut self, planned: &PlannedTrial) -> Option<(String, String)> {
        let contender = &planned.contender;
        if !makes_files(contender.method, self.sink) {
            return None;
        }
        if contender.direction == Direction::Download {
            let why = self.scratch.unwritable()?;
            let remedy = "free space here, or set TMPDIR to another directory".to_owned();
            return Some((why, remedy));
        }
        let lane = &mut self.lanes[contender.pairing];
        // Where nobody answers, there is another reason.
        let why = lane.directory.unwritable(&mut lane.monitor).ok()??;
        let (place, host) = (lane.directory.shown(), lane.host());
        let remedy = format!("free space there, or name another directory, as {host}:DIRECTORY");
        Some((format!("{place} on {host} takes no file: {why}"), remedy))
    }

    /// Removes what a failed transfer may have made on either end, and has put in place again what
    /// somebody else may have removed over there.
    pub(super) fn discard(&mut self, planned: &PlannedTrial) -> Result<(), Broken> {
        // It goes with its directory otherwise.
        let _ = std::fs::remove_file(self.scratch.join(DOWNLOADED));
        let contender = &planned.contender;
        let lane = &mut self.lanes[contender.pairing];
        lane.directory.take_made(&mut lane.monitor, MADE, 0)?;
        lane.check_directory()?;
        if let Asked::Bytes(bytes) = planned.asked
            && contender.fetches_prefix(self.sink)
        {
            let holder = self.holder(contender.pairing);
            self.lanes[holder].check_prefix(bytes)?;
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
        for lane in self.lanes {
            lane.close();
        }
    }
}

impl Executor for Real {
    fn elapsed(&self) -> Duration {
        let backoff = Duration::from_secs_f64(self.backoff_s);
        self.started.elapsed().saturating_sub(backoff)
    }

    fn prepare(&mut self, round: &[PlannedTrial]) -> Result<(), Stopped> {
        self.put_in_place(round)
    }

    fn run(&mut self, planned: &PlannedTrial, events: &mut dyn Events) -> Result<Trial, Stopped> {
        self.run_in(Phase::Round, planned, events)
    }
}

/// Where the session can't read its own counters, the monitor samples them.
fn sampling(route: &Route, lane: &Lane, before: Option<&HostCounters>) -> Option<String> {
    let blind = matches!(route, Route::Scp { command: None, .. });
    let reaper = lane.processes.reaper?;
    blind.then(|| script::sample(reaper, before.map_or(&[], |before| &before.children)))
}

/// Counters once the session is reaped, where that matters.
fn counters_after(
    lane: &mut Lane,
    before: Option<&HostCounters>,
    wait: bool,
) -> Result<Option<HostCounters>, MonitorError> {
    let end = Instant::now() + REAP_PATIENCE;
    loop {
        let after = lane.far_counters()?;
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
        handshake: Some(done.client_before),
        helpers: None,
        with_helpers: false,
        waits: done.client_waits,
    }
}

pub(super) fn blank(phase: Phase, planned: &PlannedTrial) -> Trial {
    let contender = &planned.contender;
    Trial {
        phase,
        round: planned.round,
        pairing: contender.pairing,
        method: contender.method,
        direction: contender.direction,
        cipher: contender.cipher.clone(),
        mac: contender.mac.clone(),
        asked: planned.asked,
        started: jiff::Timestamp::now().to_string(),
        outcome: failed("not run".into(), None),
        negotiated: None,
        bytes: None,
        handshake_s: None,
        real_s: None,
        steady: None,
        client: None,
        server: None,
        server_missing: None,
        server_checks: Vec::new(),
        near_host: None,
        far_host: None,
        sha256: None,
        backoff_s: 0.0,
        at_s: 0.0,
    }
}

pub(super) fn failed(reason: String, remedy: Option<&str>) -> Outcome {
    Outcome::Failed { reason, remedy: remedy.map(str::to_owned) }
}
