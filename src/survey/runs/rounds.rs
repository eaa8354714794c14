//! Rounds of methods that run a program per transfer: calibration, then one run per entry and round, with
//! retries where they may help.

use crate::model::record::{Outcome, Phase, Record, Sample};
use crate::model::{Entry, RaceKey};
use crate::stats::statistics::median;
use crate::survey::context::Context;
use crate::survey::ended::Stopped;
use crate::survey::ended::{Ended, Recorder, record};
use crate::survey::events::Events;
use crate::survey::made::discard;
use crate::survey::plan::shuffled;
use crate::survey::retry::check_directory;
use crate::survey::runs::run::{PlannedRun, attempt, blank};
use crate::survey::runs::sizing::Sizer;
use crate::survey::slices::sizes::power_of_two;
use crate::survey::staging::unwritable;
use crate::transfer::error::TransferError;

/// Empty runs per race in the calibration: they show what a run takes besides its bytes.
const EMPTY: usize = 2;
/// The sizes of the calibration's other runs: above the 2 MiB of a channel's window where that takes no
/// longer than a run should.
const SMALL: u64 = 4 << 20;
const LARGE: u64 = 32 << 20;
const LEAST: u64 = 128 << 10;
/// The share of a run's time for which each entry is run in the calibration.
const SHARE: f64 = 0.25;

/// What rounds of runs know of the ones before.
#[derive(Debug)]
pub struct RunState {
    pub sizer: Sizer,
    /// Bytes that runs have moved so far, those of the calibration included.
    pub moved: u64,
    seed: u64,
    calibrated: bool,
}

impl RunState {
    pub fn new(sizer: Sizer, seed: u64) -> RunState {
        RunState { sizer, moved: 0, seed, calibrated: false }
    }
}

/// Runs each entry once; returns the samples, recorded already.
pub fn run(
    context: &mut Context,
    state: &mut RunState,
    round: u32,
    entries: &[Entry],
    recorder: &mut Recorder,
    events: &mut dyn Events,
) -> (Vec<Sample>, Result<(), Ended>) {
    let RunState { sizer, moved, seed, calibrated } = state;
    let mut runs = Runs { context, recorder, events, moved, retries: true };
    if !std::mem::replace(calibrated, true)
        && let Err(error) = calibrate(&mut runs, sizer, entries)
    {
        return (Vec::new(), Err(error));
    }
    let order = shuffled(entries, *seed, round);
    let amounts = sizer.amounts(&order);
    let mut samples = Vec::new();
    for (entry, bytes) in order.into_iter().zip(amounts) {
        let planned = PlannedRun { phase: Phase::Round, round, entry, bytes };
        match runs.one(&planned) {
            Ok(sample) => samples.push(sample),
            Err(error) => return (samples, Err(error)),
        }
    }
    sizer.after_round(round, &samples);
    (samples, Ok(()))
}

/// Finds first rates to size chunks by. Its runs are recorded, not analysed.
fn calibrate(runs: &mut Runs, sizer: &mut Sizer, entries: &[Entry]) -> Result<(), Ended> {
    let mut races: Vec<RaceKey> = entries.iter().map(Entry::race).collect();
    races.sort_unstable();
    races.dedup();
    for race in races {
        let own: Vec<&Entry> = entries.iter().filter(|entry| entry.race() == race).collect();
        let planned = |entry: &Entry, bytes| PlannedRun {
            phase: Phase::Calibration,
            round: 0,
            entry: entry.clone(),
            bytes,
        };
        let mut empties = Vec::new();
        for _ in 0..EMPTY {
            empties.extend(runs.one(&planned(own[0], 0))?.real_s);
        }
        if !sizer.needs_rates() {
            continue;
        }
        let empty_s = median(&empties).unwrap_or(0.0);
        let run_s = sizer.seconds(race.pairing);
        let mut rate = runs.rough_rate(race.pairing)?;
        for entry in own {
            let least = power_of_two(rate * run_s).clamp(LEAST, SMALL);
            let bytes = power_of_two(rate * run_s * SHARE).clamp(least, LARGE);
            let bytes = bytes.min(sizer.largest());
            let sample = runs.one(&planned(entry, bytes))?;
            if let (Outcome::Measured, Some(real_s)) = (&sample.outcome, sample.real_s) {
                rate = bytes as f64 / (real_s - empty_s).max(0.3 * real_s).max(1e-3);
                sizer.start_with(entry.clone(), rate);
            }
        }
    }
    Ok(())
}

/// Runs of programs, each recorded as it ends.
pub struct Runs<'a, 'r> {
    pub context: &'a mut Context,
    pub recorder: &'a mut Recorder<'r>,
    pub events: &'a mut dyn Events,
    /// Bytes that they have moved.
    pub moved: &'a mut u64,
    /// A run that could not begin is tried again.
    pub retries: bool,
}

/// What an attempt has led to.
enum Tried {
    Done,
    /// A retry may help; the reason why it is needed.
    Again(String),
}

impl Runs<'_, '_> {
    /// Takes a sample, with retries, and records it.
    pub fn one(&mut self, planned: &PlannedRun) -> Result<Sample, Ended> {
        let mut sample = blank(planned);
        let pairing = planned.entry.configuration.pairing;
        if let Some(doubt) = &self.context.targets[pairing].aes_doubt {
            let remedy = Some("leave this AES state out of --aes".into());
            sample.outcome = Outcome::Failed { reason: doubt.clone(), remedy };
            return self.recorded(sample);
        }
        let mut tries = 0;
        loop {
            Stopped::if_raised(&self.context.interrupt)?;
            self.context.ensure_control(pairing, self.events)?;
            let reason = match self.try_once(planned, &mut sample)? {
                Tried::Done => break,
                Tried::Again(reason) => reason,
            };
            if !self.retries {
                sample.outcome = Outcome::Failed { reason, remedy: None };
                break;
            }
            let waited_s = self.context.back_off(tries, &reason, self.events)?;
            tries += 1;
            // The record is to hold nothing of the failed attempt.
            sample = Sample { backoff_s: sample.backoff_s + waited_s, ..blank(planned) };
        }
        self.recorded(sample)
    }

    fn recorded(&mut self, mut sample: Sample) -> Result<Sample, Ended> {
        sample.at_s = self.context.at_s();
        *self.moved += sample.bytes.unwrap_or(0);
        record(self.recorder, Record::Sample(Box::new(sample.clone())))?;
        self.events.sample_ends(&sample);
        Ok(sample)
    }

    fn try_once(&mut self, planned: &PlannedRun, sample: &mut Sample) -> Result<Tried, Ended> {
        let events = &mut *self.events;
        let attempted = self.context.transferring(|context| {
            attempt(context, planned, sample, &mut |bytes| events.progress(bytes))
        });
        let error = match attempted {
            Ok(line) => {
                record(self.recorder, Record::Connection(Box::new(line)))?;
                return Ok(Tried::Done);
            }
            Err(error) => error,
        };
        // What fails after an interrupt fails because of it.
        Stopped::if_raised(&self.context.interrupt)?;
        let configuration = &planned.entry.configuration;
        let refused = matches!(&error, TransferError::Client(failure) if failure.is_refusal());
        // Checked before the run's file is removed, which may have filled the disk. Not on a host that
        // refused the connection: it is left alone.
        let Context { targets, files, .. } = &mut *self.context;
        let target = &mut targets[configuration.pairing];
        let full = if refused { None } else { unwritable(target, files, configuration) };
        // The remote directory is removed with the control connection: then a run in it has not failed by
        // itself.
        let discarded = discard(target, files).and_then(|()| Ok(check_directory(target)?));
        // It may have failed because a chunk is not what it was.
        target.staged.clear();
        let (reason, remedy) = match discarded.err().unwrap_or(error) {
            TransferError::Interrupted => return Err(Stopped::Interrupted.into()),
            TransferError::ControlLost(reason) => return Ok(Tried::Again(reason)),
            TransferError::Client(failure) if failure.is_refusal() => {
                return Ok(Tried::Again(failure.reason));
            }
            TransferError::Client(failure) => (failure.reason, failure.remedy),
            TransferError::Other(reason) => (reason, None),
        };
        sample.outcome = match full {
            Some((why, what_to_do)) => {
                Outcome::Failed { reason: format!("{why} ({reason})"), remedy: Some(what_to_do) }
            }
            None => Outcome::Failed { reason, remedy },
        };
        Ok(Tried::Done)
    }

    /// Bytes per second over the control connection, roughly.
    fn rough_rate(&mut self, pairing: usize) -> Result<f64, Ended> {
        self.context.ensure_control(pairing, self.events)?;
        let rate = self.context.targets[pairing].rough_rate();
        rate.map_err(|error| Ended::Stopped(Stopped::from(error)))
    }
}
