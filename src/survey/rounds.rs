//! Rounds: each gives one sample of each entry that is still in its race, recorded as it ends, until a rule,
//! the budget or the user stops them. What runs a round is behind [`Executor`], so that tests need neither
//! time nor a network.

use std::time::Duration;

use anyhow::Result;

use crate::local::interrupt::Interrupt;
use crate::model::Entry;
use crate::model::record::{Footer, Phase, Record, Sample, StopReason};
use crate::model::units;
use crate::survey::ended::{Ended, Recorder};
use crate::survey::events::Events;
use crate::survey::journal::Journal;

/// Runs single rounds.
pub trait Executor {
    /// What is spent of the budget.
    fn spent(&self) -> Duration;

    /// Bytes of payload that were moved so far.
    fn moved(&self) -> u64;

    /// Runs a round: one sample of each entry. What it gives is recorded the moment that it exists, and
    /// returned, also where the round ends early.
    fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        recorder: &mut Recorder,
        events: &mut dyn Events,
    ) -> (Vec<Sample>, Result<(), Ended>);
}

/// Decides after each round which entries go on.
pub trait StopRule {
    /// The entries of the next round; with none the survey ends.
    fn after_round(&mut self, so_far: &SoFar) -> Vec<Entry>;

    /// Why the rounds stopped, once no entry goes on.
    fn reason(&self) -> StopReason;

    /// What the last round has shown, in one line.
    fn news(&self) -> Option<String>;

    /// About how many rounds an entry that goes on needs in all.
    fn expected_rounds(&self) -> u32;
}

/// What a rule decides by.
#[derive(Clone, Copy, Debug)]
pub struct SoFar<'a> {
    /// The number of the last round.
    pub round: u32,
    /// Of all rounds, and of the calibration.
    pub samples: &'a [Sample],
    /// The entries of the last round.
    pub entries: &'a [Entry],
    /// What is left of the budget; absent: there is none.
    pub left: Option<Duration>,
    /// How long the last round took of it.
    pub took: Duration,
}

/// A fixed number of rounds (`--rounds`).
#[derive(Clone, Copy, Debug)]
pub struct FixedRounds(pub u32);

impl StopRule for FixedRounds {
    fn after_round(&mut self, so_far: &SoFar) -> Vec<Entry> {
        if so_far.round >= self.0 { Vec::new() } else { so_far.entries.to_vec() }
    }

    fn reason(&self) -> StopReason {
        StopReason::RoundsDone
    }

    fn news(&self) -> Option<String> {
        None
    }

    fn expected_rounds(&self) -> u32 {
        self.0
    }
}

/// What is measured, for how long.
#[derive(Clone, Debug)]
pub struct Schedule {
    pub entries: Vec<Entry>,
    pub budget: Option<Duration>,
    /// The most bytes that may be moved.
    pub most_bytes: Option<u64>,
}

/// A decision that is forecast within so much of the budget beyond it is waited for.
const WAITED_FOR: f64 = 0.25;

impl Schedule {
    /// What is left for more rounds; absent: there is no budget.
    fn left(&self, spent: Duration) -> Option<Duration> {
        let all = self.budget?.mul_f64(1.0 + WAITED_FOR);
        Some(all.saturating_sub(spent))
    }

    /// Whether no further round fits. `next`: how long it is expected to take; `needed`: how many more a
    /// decision is forecast to need.
    fn is_over(&self, spent: Duration, next: Duration, needed: u32) -> bool {
        let Some(budget) = self.budget else { return false };
        let waited_for = spent + next * needed.max(1) <= budget.mul_f64(1.0 + WAITED_FOR);
        spent + next > budget && !(needed > 0 && waited_for)
    }
}

/// Runs rounds; returns why they stopped.
///
/// # Errors
/// The journal can't be written: then nothing more is measured, since it would be lost.
pub fn run_rounds(
    schedule: &Schedule,
    executor: &mut dyn Executor,
    stop: &mut dyn StopRule,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
    interrupt: &Interrupt,
) -> Result<(StopReason, Option<String>)> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut going_on = schedule.entries.clone();
    let mut round = 0;
    while !going_on.is_empty() {
        round += 1;
        if interrupt.is_raised() {
            return Ok((StopReason::Interrupted, None));
        }
        let before = executor.spent();
        let rounds_left = stop.expected_rounds().saturating_sub(round - 1).max(1);
        events.round_begins(round, going_on.len(), rounds_left);
        let mut recorder = |line: Record| journal.append(&line);
        let (more, ran) = executor.round(round, &going_on, &mut recorder, events);
        samples.extend(more);
        match ran {
            Ok(()) => {}
            Err(Ended::Stopped(stopped)) => return Ok(stopped.into()),
            Err(Ended::Journal(error)) => return Err(error),
        }
        let spent = executor.spent();
        let took = spent.saturating_sub(before);
        let entries = going_on.len();
        let so_far = SoFar {
            round,
            samples: &samples,
            entries: &going_on,
            left: schedule.left(spent),
            took,
        };
        going_on = stop.after_round(&so_far);
        if let Some(news) = stop.news() {
            events.round_ends(round, &news);
        }
        if going_on.is_empty() {
            break;
        }
        if let Some(most) = schedule.most_bytes.filter(|most| executor.moved() >= *most) {
            let moved = units::size(most);
            let detail = format!("{moved} were moved, as many as --max-bytes allows");
            return Ok((StopReason::Budget, Some(detail)));
        }
        let next = took.mul_f64(going_on.len() as f64 / entries as f64);
        let needed = stop.expected_rounds().saturating_sub(round);
        if schedule.is_over(spent, next, needed) {
            return Ok((StopReason::Budget, None));
        }
    }
    Ok((stop.reason(), None))
}

/// Those of some samples that are analysed.
pub fn of_rounds(samples: &[Sample]) -> impl Iterator<Item = &Sample> {
    samples.iter().filter(|sample| sample.phase == Phase::Round)
}

/// The journal's last line.
pub fn footer(
    (reason, detail): (StopReason, Option<String>),
    elapsed_s: f64,
    backoff_s: f64,
    own_cpu_s: Option<f64>,
) -> Footer {
    Footer { reason, elapsed_s, backoff_s, own_cpu_s, detail }
}

#[cfg(test)]
#[path = "rounds_tests.rs"]
mod tests;
