//! Runs planned trials for real: files in place, counters around, the transfer, its proof, its
//! account.

use std::collections::HashSet;
use std::fs::{self, File};
use std::time::{Duration, Instant};

use anyhow::Result;

use super::account::{Readings, Setting, account, reaper_growth};
use super::counters::{host_counters, own_cpu_s};
use super::flow::Until;
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::scratch::{Payload, Scratch, sha256};
use super::survey::{Executor, Stopped};
use super::trial::{Broken, Route, Transferred, transfer};
use crate::client::Failure;
use crate::host::counters::HostCounters;
use crate::host::{Sections, sampled, script};
use crate::method::makes_files;
use crate::method::pipe::FarPart;
use crate::model::record::{Asked, Digests, Outcome, Phase, Spent, Steady, Trial};
use crate::model::units;
use crate::model::{Direction, Method, Sink, Source};
use crate::plan::{Contender, PlannedTrial};
use crate::proof::{self, Shown};
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
    compared: HashSet<(usize, Method)>,
}

/// Seconds to wait, one after the other, while the server refuses connections: together longer
/// than any PerSourcePenalty of a single offence and than a rate rule's window.
const BACKOFF_S: [u64; 7] = [2, 5, 10, 20, 40, 60, 60];

/// The file that an upload makes on the far host.
const MADE: &str = "upload";

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
            let refusal = match self.lane(planned).ensure_monitor_or_refusal() {
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

    fn check_interrupt(&self) -> Result<(), Stopped> {
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
        let done = result?;
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
        let startup = lane.startups.get(&key).copied().unwrap_or_default();
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
                startup,
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
        self.judge(planned, trial, &done, startup.real_s).map_err(put)
    }

    /// Counts the bytes at their destination, removes what was made, and proves the trial.
    fn judge(
        &mut self,
        planned: &PlannedTrial,
        trial: &mut Trial,
        done: &Transferred,
        startup_s: f64,
    ) -> Result<()> {
        let contender = &planned.contender;
        let asked = match planned.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        };
        let files = makes_files(contender.method, self.sink);
        let flowed = done.flow.as_ref().map(|flow| flow.bytes);
        let (sent, received) = match (contender.direction, files) {
            (Direction::Upload, true) => {
                let lane = &mut self.lanes[contender.pairing];
                let size =
                    lane.directory.take_made(&mut lane.monitor, MADE, asked.unwrap_or_default())?;
                (flowed, size)
            }
            (Direction::Upload, false) => (flowed, done.report.bytes),
            (Direction::Download, true) => {
                let path = self.scratch.join("download");
                let size = fs::metadata(&path)?.len();
                // In the pilot, and once in the rounds where files are of full size.
                if trial.phase == Phase::Pilot
                    || self.compared.insert((contender.pairing, contender.method))
                {
                    trial.sha256 = Some(Digests {
                        sent: self.payload.sha256(size)?,
                        received: sha256(File::open(&path)?)?,
                    });
                }
                fs::remove_file(&path)?;
                (done.report.bytes, Some(size))
            }
            (Direction::Download, false) if counts_each_byte(trial.phase) => {
                (done.report.bytes, flowed)
            }
            (Direction::Download, false) => {
                let sent = done.report.bytes;
                (sent, proof::arrived(sent, done.transcript.received))
            }
        };
        let framed =
            contender.direction == Direction::Download && !files && !counts_each_byte(trial.phase);
        trial.bytes = received;
        let shown = Shown { transcript: &done.transcript, sent, received, asked };
        match proof::check(contender, &shown) {
            Ok(negotiated) => trial.negotiated = Some(negotiated),
            Err(reason) => {
                trial.negotiated = done.transcript.negotiated.clone();
                trial.outcome = failed(reason, None);
                return Ok(());
            }
        }
        if trial.sha256.as_ref().is_some_and(|digests| digests.sent != digests.received) {
            trial.outcome = failed("what was downloaded is not what FILE holds".into(), None);
            return Ok(());
        }
        trial.steady = steady(done, received.unwrap_or_default(), startup_s, framed);
        trial.outcome = Outcome::Measured;
        Ok(())
    }

    /// Has the prefix of FILE of so many bytes on the far host.
    pub fn stage(&mut self, pairing: usize, bytes: u64) -> Result<()> {
        let lane = &mut self.lanes[pairing];
        if lane.staged.contains(&bytes) {
            return Ok(());
        }
        let larger = lane.staged.iter().copied().filter(|&staged| staged > bytes).min();
        match larger {
            Some(from) => lane.directory.cut(&mut lane.monitor, from, bytes)?,
            None => {
                let contender = Contender {
                    pairing,
                    method: Method::Pipe,
                    direction: Direction::Upload,
                    cipher: lane.unasked.client_to_server.cipher.clone(),
                    mac: None,
                };
                let name = lane.directory.prefix(bytes);
                let route = Route::FeedPipe {
                    file: &self.payload.file,
                    length: bytes,
                    until: Until::Bytes(bytes),
                    far: FarPart::Write(&name),
                };
                let (way, _) = lane.parts();
                let done =
                    transfer(&way, &contender, &route, &self.interrupt, &mut || {}, &mut |_| {})
                        .map_err(|broken| anyhow::anyhow!("{}", in_words(&broken)))?;
                if done.report.bytes != Some(bytes) {
                    anyhow::bail!("{bytes} bytes for downloads could not be put on the far host");
                }
                lane.directory.flush(&mut lane.monitor, &name, bytes)?;
            }
        }
        lane.staged.push(bytes);
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

    /// Prefixes for the downloads of a round, the largest first, since the smaller ones are cut
    /// from it; those of no further use are removed on both ends.
    fn prepare(&mut self, round: &[PlannedTrial]) -> Result<(), Stopped> {
        let files = |pairing: Option<usize>, direction: Direction| {
            let mut sizes: Vec<u64> = round
                .iter()
                .map(|planned| (&planned.contender, planned.asked))
                .filter(|(c, _)| pairing.is_none_or(|pairing| c.pairing == pairing))
                .filter(|(c, _)| c.direction == direction && makes_files(c.method, self.sink))
                .filter_map(|(_, asked)| match asked {
                    Asked::Bytes(bytes) => Some(bytes),
                    Asked::Seconds(_) => None,
                })
                .collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            sizes.dedup();
            sizes
        };
        let near = files(None, Direction::Upload);
        let far: Vec<Vec<u64>> =
            (0..self.lanes.len()).map(|p| files(Some(p), Direction::Download)).collect();
        self.payload.keep_only(&self.scratch, &near);
        for (pairing, sizes) in far.into_iter().enumerate() {
            let lane = &mut self.lanes[pairing];
            if lane.staged.iter().any(|staged| !sizes.contains(staged)) {
                // A monitor that has ended is noticed, and mended, by the next trial.
                if lane.directory.keep_only(&mut lane.monitor, &sizes).is_ok() {
                    lane.staged.retain(|staged| sizes.contains(staged));
                }
            }
            for bytes in sizes {
                self.check_interrupt()?;
                // What can't be staged now is tried again by the trial that needs it, and its
                // failure told there.
                let _ = self.stage(pairing, bytes);
            }
        }
        Ok(())
    }

    fn run(&mut self, planned: &PlannedTrial, events: &mut dyn Events) -> Result<Trial, Stopped> {
        self.run_in(Phase::Round, planned, events)
    }
}

impl Lane {
    /// Connects the monitor again where it has ended; a refusal is worth waiting for.
    fn ensure_monitor_or_refusal(&mut self) -> Result<Option<Failure>> {
        match self.ensure_monitor(&Interrupt::default()) {
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

/// Files of one trial on both ends.
struct Places<'a> {
    near_prefix: &'a std::path::Path,
    near_file: &'a std::path::Path,
    far_prefix: &'a [u8],
    made: &'a [u8],
}

fn route<'a>(
    contender: &Contender,
    asked: Asked,
    sink: Sink,
    counted: bool,
    payload: &'a Payload,
    places: &Places<'a>,
    command: Option<String>,
) -> Route<'a> {
    let until = match asked {
        Asked::Bytes(bytes) => Until::Bytes(bytes),
        Asked::Seconds(seconds) => Until::Seconds(seconds),
    };
    let feed = |far| Route::FeedPipe { file: &payload.file, length: payload.usable, until, far };
    match (contender.method, contender.direction, sink) {
        (Method::Scp, Direction::Upload, _) => {
            Route::Scp { near: places.near_prefix, far: places.made, command }
        }
        (Method::Scp, Direction::Download, _) => {
            Route::Scp { near: places.near_file, far: places.far_prefix, command }
        }
        (Method::Pipe, Direction::Upload, Sink::Null) => feed(FarPart::Count),
        (Method::Pipe, Direction::Upload, Sink::File) => feed(FarPart::Write(places.made)),
        (Method::Pipe, Direction::Download, Sink::Null) => {
            let (stop_after, far) = match asked {
                Asked::Seconds(seconds) => (Some(seconds), FarPart::SendUntilClosed),
                Asked::Bytes(bytes) => (None, FarPart::Send(bytes)),
            };
            match counted {
                true => Route::DrainPipe { stop_after, far },
                false => Route::DrainNull { stop_after, far },
            }
        }
        (Method::Pipe, Direction::Download, Sink::File) => {
            Route::PipeToFile { near: places.near_file, far: FarPart::Read(places.far_prefix) }
        }
    }
}

/// A pilot's download by `pipe` goes through our hands, so that the client's own count may be
/// believed in the rounds.
fn counts_each_byte(phase: Phase) -> bool {
    phase == Phase::Pilot
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
    }
}

/// The steady part of a pipe's transfer begins after half a second, and not before the windows
/// and buffers on the way (2 MiB of OpenSSH's channel, 1 MiB of our pipe) have been filled.
const STEADY_AFTER_S: f64 = 0.5;
const STEADY_AFTER_BYTES: u64 = 4 << 20;
/// A shorter stretch tells nothing.
const STEADY_LEAST_S: f64 = 0.3;

fn steady(done: &Transferred, bytes: u64, startup_s: f64, framed: bool) -> Option<Steady> {
    match &done.flow {
        Some(flow) => {
            let from = flow
                .marks
                .iter()
                .find(|(at, sent)| *at >= STEADY_AFTER_S && *sent >= STEADY_AFTER_BYTES)?;
            let to = flow.marks.last()?;
            // What the client has read holds the framing as well.
            let share = match done.transcript.received {
                Some(received) if framed => bytes as f64 / received.max(1) as f64,
                _ => 1.0,
            };
            (to.0 - from.0 >= STEADY_LEAST_S).then(|| Steady {
                bytes: ((to.1 - from.1) as f64 * share) as u64,
                seconds: to.0 - from.0,
                skipped_s: from.0,
            })
        }
        // Without timestamps on the way: what empty transfers take is start-up.
        None => (startup_s > 0.0 && done.real_s > 2.0 * startup_s).then(|| Steady {
            bytes,
            seconds: done.real_s - startup_s,
            skipped_s: startup_s,
        }),
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

fn failed(reason: String, remedy: Option<&str>) -> Outcome {
    Outcome::Failed { reason, remedy: remedy.map(str::to_owned) }
}

fn in_words(broken: &Broken) -> String {
    match broken {
        Broken::Interrupted => "interrupted".into(),
        Broken::Client(failure) => failure.reason.clone(),
        Broken::Other(reason) => reason.clone(),
    }
}
