//! Rounds of trials: interleaved, shuffled, recorded as they end, until a rule, the budget or the
//! user says stop. What runs a trial is behind [`Executor`], so that all of this is tested with no
//! time and no network.

use std::time::Duration;

use anyhow::Result;

use crate::local::interrupt::Interrupt;
use crate::model::Configuration;
use crate::model::record::{Asked, Footer, Record, Sample, StopReason};
use crate::model::units;
use crate::remote::control::ControlError;
use crate::survey::events::Events;
use crate::survey::journal::Journal;
use crate::survey::plan::{PlannedSample, shuffled};
use crate::survey::sizing::Sizer;

/// Runs single trials.
pub trait Executor {
    /// The survey's clock: time since its start without waiting for a server that refuses.
    fn elapsed(&self) -> Duration;
    /// Puts in place what the trials of a round need, outside any clock.
    fn prepare(&mut self, round: &[PlannedSample]) -> Result<(), Stopped>;
    /// A trial that fails is a record like any other.
    fn run(&mut self, planned: &PlannedSample, events: &mut dyn Events) -> Result<Sample, Stopped>;
}

/// Why no further trial can be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    Interrupted,
    /// The far host can no longer be reached, with the reason.
    Lost(String),
}

impl From<ControlError> for Stopped {
    fn from(error: ControlError) -> Stopped {
        match error {
            ControlError::Interrupted => Stopped::Interrupted,
            lost => Stopped::Lost(lost.to_string()),
        }
    }
}

impl From<anyhow::Error> for Stopped {
    fn from(error: anyhow::Error) -> Stopped {
        match error.downcast::<ControlError>() {
            Ok(error) => error.into(),
            Err(error) => Stopped::Lost(format!("{error:#}")),
        }
    }
}

/// Decides after each round who goes on.
pub trait StopRule {
    /// Those that the next round holds; none ends the survey. `samples` are those of all rounds so
    /// far, `left` what is left of the budget.
    fn after_round(
        &mut self,
        round: u32,
        samples: &[Sample],
        configurations: &[Configuration],
        left: Option<Duration>,
    ) -> Vec<Configuration>;

    /// Why it stopped, once nobody goes on.
    fn reason(&self) -> StopReason;

    /// What the last round has told, in a few words for the progress line.
    fn news(&self) -> Option<String>;

    /// Rounds that a contender still in will take, as far as can be told.
    fn expected_rounds(&self) -> u32;
}

/// A number of rounds fixed beforehand.
#[derive(Clone, Copy, Debug)]
pub struct FixedRounds(pub u32);

impl StopRule for FixedRounds {
    fn after_round(
        &mut self,
        round: u32,
        _: &[Sample],
        configurations: &[Configuration],
        _: Option<Duration>,
    ) -> Vec<Configuration> {
        if round >= self.0 { Vec::new() } else { configurations.to_vec() }
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

/// What is run, in which order, for how long.
#[derive(Debug)]
pub struct Schedule {
    pub configurations: Vec<Configuration>,
    pub sizer: Sizer,
    pub seed: u64,
    pub budget: Option<Duration>,
    /// Seconds of a trial with all that is around it, for the progress line.
    pub sample_s: f64,
}

impl Schedule {
    /// Why there is no trial at all, and what would do.
    fn too_short(&self, budget: Duration, begun: Duration) -> String {
        let round_s = self.sample_s * self.configurations.len() as f64;
        // With more time the pilot takes more, up to a half of all.
        let needed_s = (begun.as_secs_f64() + round_s).max(2.0 * round_s);
        let enough = match needed_s {
            short if short < 120.0 => format!("{}s", 5 * (short / 5.0).ceil() as u32),
            long => format!("{}m", (long / 60.0).ceil() as u32),
        };
        format!(
            "the budget of {} was spent before the first round; --budget {enough} would hold one",
            units::duration(budget.as_secs_f64())
        )
    }
}

/// Runs rounds until something says stop; why it stopped. Failing to write the journal ends the
/// survey: nothing measured may be lost.
pub fn run_rounds(
    schedule: &mut Schedule,
    executor: &mut dyn Executor,
    stop: &mut dyn StopRule,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
    interrupt: &Interrupt,
) -> Result<(StopReason, Option<String>)> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut inside = schedule.configurations.clone();
    let begun = executor.elapsed();
    let mut round = 0;
    while !inside.is_empty() {
        round += 1;
        let order = shuffled(&inside, schedule.seed, round);
        let amounts = schedule.sizer.amounts(&order);
        let planned: Vec<PlannedSample> = order
            .into_iter()
            .zip(amounts)
            .map(|(configuration, asked): (Configuration, Asked)| PlannedSample {
                round,
                configuration,
                asked,
            })
            .collect();
        if let Err(stopped) = executor.prepare(&planned) {
            return Ok(stopped.into());
        }
        let first_of_round = samples.len();
        for (index, next) in planned.iter().enumerate() {
            if interrupt.is_raised() {
                return Ok((StopReason::Interrupted, None));
            }
            let each = match samples.len() {
                0..3 => schedule.sample_s,
                many => (executor.elapsed() - begun).as_secs_f64() / many as f64,
            };
            let end = executor.elapsed() + Duration::from_secs_f64(each);
            if let Some(budget) = schedule.budget.filter(|budget| end > *budget) {
                let detail = samples.is_empty().then(|| schedule.too_short(budget, begun));
                return Ok((StopReason::Budget, detail));
            }
            let rounds_left = stop.expected_rounds().saturating_sub(round) as usize;
            let ahead = planned.len() - index + rounds_left * inside.len();
            let time_s = match schedule.budget {
                Some(budget) => (budget - executor.elapsed()).as_secs_f64(),
                None => f64::INFINITY,
            };
            // No more are told than there is time for.
            let ahead = (ahead as f64).min((time_s / each).ceil());
            let (total, left_s) = (samples.len() + ahead as usize, time_s.min(ahead * each));
            events.sample_begins(next, samples.len(), total, left_s);
            let sample = match executor.run(next, events) {
                Ok(sample) => sample,
                Err(stopped) => return Ok(stopped.into()),
            };
            journal.append(&Record::Sample(Box::new(sample.clone())))?;
            events.sample_ends(&sample);
            samples.push(sample);
        }
        schedule.sizer.after_round(round, &samples[first_of_round..]);
        let left = schedule.budget.map(|budget| budget.saturating_sub(executor.elapsed()));
        inside = stop.after_round(round, &samples, &inside, left);
        if let Some(news) = stop.news() {
            events.round_ends(round, &news);
        }
    }
    Ok((stop.reason(), None))
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
pub fn footer(
    (reason, detail): (StopReason, Option<String>),
    elapsed_s: f64,
    backoff_s: f64,
    own_cpu_s: Option<f64>,
) -> Footer {
    Footer { reason, elapsed_s, backoff_s, own_cpu_s, detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Direction, Method, Sink};

    #[test]
    fn a_budget_too_short_for_a_round_says_what_would_do() {
        let configuration = Configuration {
            pairing: 0,
            method: Method::Scp,
            direction: Direction::Upload,
            cipher: Cipher::from("aes128-ctr"),
            mac: None,
        };
        let said = |sample_s: f64, begun: u64| {
            let schedule = Schedule {
                configurations: vec![configuration.clone(); 4],
                sizer: Sizer::new(Sink::Null, false, 1 << 20, vec![2.0]),
                seed: 1,
                budget: None,
                sample_s,
            };
            schedule.too_short(Duration::from_secs(30), Duration::from_secs(begun))
        };
        let expected = "the budget of 30 s was spent before the first round; --budget 75s would";
        assert!(said(9.0, 14).starts_with(expected), "{}", said(9.0, 14));
        assert!(said(3.0, 29).contains("--budget 45s"), "{}", said(3.0, 29));
        assert!(said(60.0, 14).contains("--budget 8m"), "{}", said(60.0, 14));
    }
}
