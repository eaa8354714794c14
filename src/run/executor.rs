//! Runs planned trials for real: files in place, counters around, the transfer, its proof, its
//! account.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::account::{Readings, Setting, account, reaper_growth};
use super::counters::{host_counters, own_cpu_s};
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::route::{Places, Route, counts_each_byte, route};
use super::scratch::{Payload, Scratch};
use super::survey::{Executor, Stopped};
use super::trial::{Broken, Transferred, transfer};
use crate::client::Failure;
use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::method::makes_files;
use crate::model::record::{Asked, Outcome, Phase, Spent, Trial};
use crate::model::units;
use crate::model::{Direction, Method, Sink, Source};
use crate::plan::PlannedTrial;
use crate::ui::Events;

/// Everything that a survey of real hosts works with.
#[derive(Debug)]
pub struct Real {
    pub lanes: Vec<Lane>,
    pub payload: Payload,
    pub scratch: Scratch,
    pub sink: Sink,
    pub interrupt: Interrupt,
    started: Instant,
    backoff_s: f64,
    own_cpu_s: f64,
    /// Pairings and methods whose downloads were compared with FILE.
    pub(super) compared: HashSet<(usize, Method)>,
}

/// Seconds to wait, one after the other, while the server refuses connections: together longer
/// than any PerSourcePenalty of a single offence and than a rate rule's window.
const BACKOFF_S: [u64; 7] = [2, 5, 10, 20, 40, 60, 60];

/// The file that an upload makes on the far host.
pub(super) const MADE: &str = "upload";

/// A session is reaped a moment after its client has ended.
const REAP_PATIENCE: Duration = Duration::from_secs(2);

impl Real {
    pub fn new(
        lanes: Vec<Lane>,
        payload: Payload,
        scratch: Scratch,
        sink: Sink,
        interrupt: Interrupt,
        started: Instant,
    ) -> Real {
        Real {
            lanes,
            payload,
            scratch,
            sink,
            interrupt,
            started,
            backoff_s: 0.0,
            own_cpu_s: 0.0,
            compared: HashSet::new(),
        }
    }

    /// Runs a trial, waiting and trying again where the server refuses connections.
    pub fn run_in(
        &mut self,
        phase: Phase,
        planned: &PlannedTrial,
        events: &mut dyn Events,
    ) -> Result<Trial, Stopped> {
        let mut trial = blank(phase, planned);
        let lane = &mut self.lanes[planned.contender.pairing];
        if let Some(doubt) = &lane.mask_doubt {
            trial.outcome = failed(doubt.clone(), Some("name the pairs to measure with --aes"));
            return Ok(trial);
        }
        let mut waited = BACKOFF_S.iter();
        loop {
            self.check_interrupt()?;
            let interrupt = self.interrupt.clone();
            let refusal = match self.lane(planned).ensure_monitor_or_refusal(&interrupt) {
                Ok(None) => match self.attempt(planned, &mut trial, events) {
                    Ok(()) => None,
                    Err(Broken::Interrupted) => return Err(Stopped::Interrupted),
                    Err(Broken::Client(failure)) if failure.is_refusal() => Some(failure),
                    Err(Broken::Client(failure)) => {
                        trial.outcome = failed(failure.reason, failure.remedy.as_deref());
                        None
                    }
                    Err(Broken::Other(reason)) => {
                        trial.outcome = failed(reason, None);
                        None
                    }
                },
                Ok(Some(failure)) => Some(failure),
                Err(error) => return Err(Stopped::Lost(format!("{error:#}"))),
            };
            let Some(failure) = refusal else { break };
            let Some(&seconds) = waited.next() else {
                return Err(Stopped::Lost(failure.reason));
            };
            events.say(&format!(
                "{}; waiting {} before the next try",
                units::printable(&failure.reason),
                units::duration(seconds as f64)
            ));
            self.interrupt.sleep(Duration::from_secs(seconds));
            trial.backoff_s += seconds as f64;
            self.backoff_s += seconds as f64;
        }
        trial.at_s = self.started.elapsed().as_secs_f64();
        Ok(trial)
    }

    fn lane(&mut self, planned: &PlannedTrial) -> &mut Lane {
        &mut self.lanes[planned.contender.pairing]
    }

    pub(super) fn check_interrupt(&self) -> Result<(), Stopped> {
        if self.interrupt.is_raised() { Err(Stopped::Interrupted) } else { Ok(()) }
    }

    fn attempt(
        &mut self,
        planned: &PlannedTrial,
        trial: &mut Trial,
        events: &mut dyn Events,
    ) -> Result<(), Broken> {
        let contender = &planned.contender;
        let put = |error: anyhow::Error| Broken::Other(format!("{error:#}"));
        let near_file = self.scratch.join("download");
        let prefix = match planned.asked {
            Asked::Bytes(bytes) if makes_files(contender.method, self.sink) => {
                if contender.direction == Direction::Download {
                    self.stage(contender.pairing, bytes).map_err(put)?;
                }
                Some(self.payload.prefix(&self.scratch, bytes).map_err(put)?)
            }
            _ => None,
        };
        let lane = &mut self.lanes[contender.pairing];
        let far_prefix = match planned.asked {
            Asked::Bytes(bytes) => lane.directory.prefix(bytes),
            Asked::Seconds(_) => Vec::new(),
        };
        let made = lane.directory.join(MADE);
        let command = lane.sftp_command();
        let near_prefix = prefix.as_deref().unwrap_or(&near_file);
        let route = route(
            contender,
            planned.asked,
            self.sink,
            counts_each_byte(trial.phase),
            &self.payload,
            &Places { near_prefix, near_file: &near_file, far_prefix: &far_prefix, made: &made },
            command,
        );

        let before = lane.far_counters().map_err(|e| put(e.into()))?;
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
        let done = match result {
            Ok(done) => done,
            Err(broken) => {
                self.discard(contender.pairing);
                return Err(broken);
            }
        };
        let near_after = host_counters(lane.near.ticks_per_s, near_device.as_deref());
        let wait_for_reaping = trial.phase == Phase::Pilot || done.report.spent(100).is_none();
        let after =
            counters_after(lane, before.as_ref(), wait_for_reaping).map_err(|e| put(e.into()))?;

        let far_device = lane.directory.storage.device.clone();
        trial.far_host = before
            .as_ref()
            .zip(after.as_ref())
            .map(|(before, after)| after.since(before, far_device.as_deref()));
        trial.near_host = near_before
            .zip(near_after)
            .map(|(before, after)| after.since(&before, near_device.as_deref()));
        let sampled = sampled_answer.transpose().map_err(|e| put(e.into()))?.and_then(|answer| {
            let sections = Sections::parse(&String::from_utf8_lossy(&answer));
            sampled::spent(&sections, lane.far.ticks_per_s)
        });
        let key = (contender.method, contender.direction);
        let account = account(
            &Readings {
                inside: done.report.spent(lane.far.ticks_per_s),
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
        self.judge(planned, trial, &done).map_err(put)
    }

    /// Removes what a broken transfer may have made on either end.
    fn discard(&mut self, pairing: usize) {
        let lane = &mut self.lanes[pairing];
        // Where this fails the monitor has gone, and its shell has removed the whole directory.
        let _ = lane.directory.take_made(&mut lane.monitor, MADE, 0);
        let _ = std::fs::remove_file(self.scratch.join("download"));
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

impl Lane {
    /// Connects the monitor again where it has ended; a refusal is worth waiting for.
    fn ensure_monitor_or_refusal(&mut self, interrupt: &Interrupt) -> Result<Option<Failure>> {
        match self.ensure_monitor(interrupt) {
            Ok(()) => Ok(None),
            Err(error) => match error.downcast_ref::<super::monitor::MonitorError>() {
                Some(super::monitor::MonitorError::Connect(failure)) if failure.is_refusal() => {
                    Ok(Some(failure.clone()))
                }
                _ => Err(error),
            },
        }
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
) -> Result<Option<HostCounters>, super::monitor::MonitorError> {
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

fn blank(phase: Phase, planned: &PlannedTrial) -> Trial {
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
