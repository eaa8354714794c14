//! Rounds of samples: one per configuration, shuffled, each recorded as it ends, until a rule, the budget
//! or the user stops them. What takes a sample is behind [`Executor`], so that tests need neither time
//! nor a network.

use std::time::Duration;

use anyhow::Result;

use crate::local::interrupt::Interrupt;
use crate::model::Configuration;
use crate::model::record::{Asked, Footer, Record, Sample, StopReason};
use crate::model::units;
use crate::remote::error::ControlError;
use crate::survey::events::Events;
use crate::survey::journal::Journal;
use crate::survey::plan::{PlannedSample, shuffled};
use crate::survey::sizing::Sizer;

/// Takes single samples.
pub trait Executor {
    /// Time since the survey began, without back-off.
    fn elapsed(&self) -> Duration;
    /// Puts in place what the samples of a round need, while no clock runs.
    fn prepare(&mut self, round: &[PlannedSample]) -> Result<(), Stopped>;
    /// Takes one sample; a failed one is a result too.
    fn run(&mut self, planned: &PlannedSample, events: &mut dyn Events) -> Result<Sample, Stopped>;
}

/// Why no further sample can be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stopped {
    Interrupted,
    /// The remote host can't be reached any more; the reason.
    Lost(String),
}

impl Stopped {
    /// An error if an interrupt was raised.
    pub fn if_raised(interrupt: &Interrupt) -> Result<(), Stopped> {
        if interrupt.is_raised() { Err(Stopped::Interrupted) } else { Ok(()) }
    }
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

/// Decides after each round which configurations go on.
pub trait StopRule {
    /// The configurations of the next round; with none the survey ends. `samples` are those of all rounds
    /// so far, `left` is what is left of the budget.
    fn after_round(
        &mut self,
        round: u32,
        samples: &[Sample],
        configurations: &[Configuration],
        left: Option<Duration>,
    ) -> Vec<Configuration>;

    /// Why the rounds stopped, once no configuration goes on.
    fn reason(&self) -> StopReason;

    /// What the last round has shown, in one line.
    fn news(&self) -> Option<String>;

    /// About how many rounds a configuration that goes on needs in all.
    fn expected_rounds(&self) -> u32;
}

/// A fixed number of rounds (`--rounds`).
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

/// What is measured, in which order, for how long.
#[derive(Debug)]
pub struct Schedule {
    pub configurations: Vec<Configuration>,
    pub sizer: Sizer,
    pub seed: u64,
    pub budget: Option<Duration>,
    /// Expected seconds per sample, with setup and everything between two samples.
    pub sample_s: f64,
}

impl Schedule {
    /// Why there is no sample at all, and which budget holds a round.
    fn too_short(&self, budget: Duration, begun: Duration) -> String {
        let round_s = self.sample_s * self.configurations.len() as f64;
        // With a larger budget the pilot takes longer, up to a half of it.
        let needed_s = (begun.as_secs_f64() + round_s).max(2.0 * round_s);
        let enough = match needed_s {
            short if short < 120.0 => format!("{}s", 5 * (short / 5.0).ceil() as u32),
            long => format!("{}m", (long / 60.0).ceil() as u32),
        };
        format!(
            "the budget of {} was spent before the first round; a round fits into --budget {enough}",
            units::duration(budget.as_secs_f64())
        )
    }
}

/// Runs rounds; returns why they stopped.
///
/// # Errors
/// The journal can't be written: then nothing more is measured, since it would be lost.
pub fn run_rounds(
    schedule: &mut Schedule,
    executor: &mut dyn Executor,
    stop: &mut dyn StopRule,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
    interrupt: &Interrupt,
) -> Result<(StopReason, Option<String>)> {
    let mut samples: Vec<Sample> = Vec::new();
    let mut going_on = schedule.configurations.clone();
    let begun = executor.elapsed();
    let mut round = 0;
    while !going_on.is_empty() {
        round += 1;
        let order = shuffled(&going_on, schedule.seed, round);
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
            let ahead = planned.len() - index + rounds_left * going_on.len();
            let time_s = match schedule.budget {
                Some(budget) => (budget - executor.elapsed()).as_secs_f64(),
                None => f64::INFINITY,
            };
            // No more samples are shown than there is time for.
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
        going_on = stop.after_round(round, &samples, &going_on, left);
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
    fn a_budget_too_short_for_a_round_names_one_that_is_enough() {
        let configuration = Configuration {
            pairing: 0,
            method: Method::Scp,
            direction: Direction::Upload,
            cipher: Cipher::from("aes128-ctr"),
            mac: None,
        };
        let message = |sample_s: f64, begun: u64| {
            let schedule = Schedule {
                configurations: vec![configuration.clone(); 4],
                sizer: Sizer::new(Sink::Null, false, 1 << 20, vec![2.0]),
                seed: 1,
                budget: None,
                sample_s,
            };
            schedule.too_short(Duration::from_secs(30), Duration::from_secs(begun))
        };
        let expected =
            "the budget of 30 s was spent before the first round; a round fits into --budget 75s";
        assert!(message(9.0, 14).starts_with(expected), "{}", message(9.0, 14));
        assert!(message(3.0, 29).contains("--budget 45s"), "{}", message(3.0, 29));
        assert!(message(60.0, 14).contains("--budget 8m"), "{}", message(60.0, 14));
    }
}
