//! Rounds of trials: interleaved, shuffled, recorded as they end, until a rule, the budget or the
//! user says stop. What runs a trial is behind [`Executor`], so that all of this is tested with no
//! time and no network.

use std::time::Duration;

use anyhow::Result;

use super::interrupt::Interrupt;
use super::journal::Journal;
use crate::model::record::{Asked, End, Line, StopReason, Trial};
use crate::plan::{Contender, PlannedTrial, shuffled};
use crate::sizing::Sizer;
use crate::ui::Events;

/// Runs single trials.
pub trait Executor {
    /// The survey's clock: time since its start without waiting for a server that refuses.
    fn elapsed(&self) -> Duration;
    /// Puts in place what the trials of a round need, outside any clock.
    fn prepare(&mut self, round: &[PlannedTrial]) -> Result<(), Stopped>;
    /// A trial that fails is a record like any other.
    fn run(&mut self, planned: &PlannedTrial, events: &mut dyn Events) -> Result<Trial, Stopped>;
}

/// Why no further trial can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    Interrupted,
    /// The far host can no longer be reached, with the reason.
    Lost(String),
}

/// Decides after each round whether there is another one.
pub trait StopRule {
    fn is_done(&mut self, round: u32, trials: &[Trial]) -> bool;
}

/// A number of rounds fixed beforehand.
#[derive(Clone, Copy, Debug)]
pub struct FixedRounds(pub u32);

impl StopRule for FixedRounds {
    fn is_done(&mut self, round: u32, _: &[Trial]) -> bool {
        round >= self.0
    }
}

/// What is run, in which order, for how long.
#[derive(Debug)]
pub struct Course {
    pub contenders: Vec<Contender>,
    pub sizer: Sizer,
    pub seed: u64,
    /// For the progress line; the stop rule decides.
    pub expected_rounds: u32,
    pub budget: Option<Duration>,
    /// Seconds of a trial with all that is around it, for the progress line.
    pub trial_s: f64,
}

/// Runs rounds until something says stop; why it stopped. Failing to write the journal ends the
/// survey: nothing measured may be lost.
pub fn run_rounds(
    course: &mut Course,
    executor: &mut dyn Executor,
    stop: &mut dyn StopRule,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
    interrupt: &Interrupt,
) -> Result<(StopReason, Option<String>)> {
    let mut trials: Vec<Trial> = Vec::new();
    let total = course.contenders.len() * course.expected_rounds as usize;
    let begun = executor.elapsed();
    for round in 1.. {
        let order = shuffled(&course.contenders, course.seed, round);
        let amounts = course.sizer.amounts(&order);
        let planned: Vec<PlannedTrial> = order
            .into_iter()
            .zip(amounts)
            .map(|(contender, asked): (Contender, Asked)| PlannedTrial { round, contender, asked })
            .collect();
        if let Err(stopped) = executor.prepare(&planned) {
            return Ok(stopped.into());
        }
        let first_of_round = trials.len();
        for next in &planned {
            if interrupt.is_raised() {
                return Ok((StopReason::Interrupted, None));
            }
            if course.budget.is_some_and(|budget| executor.elapsed() >= budget) {
                return Ok((StopReason::Budget, None));
            }
            let left = total.saturating_sub(trials.len()) as f64;
            let each = if trials.len() >= 3 {
                (executor.elapsed() - begun).as_secs_f64() / trials.len() as f64
            } else {
                course.trial_s
            };
            events.trial_begins(next, trials.len(), total, left * each);
            let trial = match executor.run(next, events) {
                Ok(trial) => trial,
                Err(stopped) => return Ok(stopped.into()),
            };
            journal.append(&Line::Trial(Box::new(trial.clone())))?;
            events.trial_ends(&trial);
            trials.push(trial);
        }
        course.sizer.after_round(round, &trials[first_of_round..]);
        if stop.is_done(round, &trials) {
            break;
        }
    }
    Ok((StopReason::RoundsDone, None))
}

impl From<Stopped> for (StopReason, Option<String>) {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Interrupted => (StopReason::Interrupted, None),
            Stopped::Lost(why) => (StopReason::Lost, Some(why)),
        }
    }
}

/// The journal's last line.
pub fn end(
    (reason, detail): (StopReason, Option<String>),
    elapsed_s: f64,
    backoff_s: f64,
    own_cpu_s: Option<f64>,
) -> End {
    End { reason, elapsed_s, backoff_s, own_cpu_s, detail }
}
