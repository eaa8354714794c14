//! How long a connection is fed in a round. Pure.
//!
//! Connections of one configuration differ by σc in the logarithm of the rate; the slices of one connection
//! tell it to σs / √t after t seconds. A connection costs its setup and start-up, h, besides. So the variance that a second
//! of survey leaves, (σc² + σs²/t) (h + t), is least at t = √h σs/σc.

use std::time::Duration;

use crate::model::record::{Outcome, Sample};
use crate::model::{Direction, Entry, RaceKey};
use crate::stats::fit::fit;
use crate::stats::statistics::median;
use crate::survey::slices::feed::Pace;

/// σs / σc before anything is known of them, in √s: slices of a second tell a rate to about 3 %, and connections
/// differ by as much (A/A surveys on two cores, `results/validation/labels.md`).
const USUAL: f64 = 1.0;
/// What is known before counts like so many degrees of freedom: a few rounds tell σc badly.
const PRIOR: f64 = 10.0;
const LEAST: f64 = 0.1;
const MOST: f64 = 2.0;

/// Rounds that have to fit into the budget at least.
const LEAST_ROUNDS: f64 = 4.0;
/// What goes on between slices takes a part of the time.
const BESIDE: f64 = 1.15;

/// Two slices in each direction.
const LEAST_S: f64 = 0.2;

/// What bounds the time for which a connection is fed.
#[derive(Clone, Copy, Debug)]
pub struct FeedTime {
    pub budget: Option<Duration>,
    /// `--rounds`.
    pub rounds: Option<u32>,
    /// Setup is part of the budget.
    pub counts_all: bool,
    pub most_bytes: Option<u64>,
}

/// Rounds that have to fit into the bytes that may be moved, where it is not known how many there are.
const LEAST_ROUNDS_OF_BYTES: u32 = 3;

impl FeedTime {
    /// The share of each one of `many` in the bytes that may still be moved, in this round, so that the rounds that
    /// are left fit into them.
    pub fn share(&self, moved: u64, round: u32, many: usize) -> Option<u64> {
        let rounds = self.rounds.unwrap_or(LEAST_ROUNDS_OF_BYTES).saturating_sub(round - 1).max(1);
        Some(self.most_bytes?.saturating_sub(moved) / u64::from(rounds) / many.max(1) as u64)
    }

    /// Seconds for each of so many connections. `before`: what each takes before it is fed.
    pub fn seconds(&self, connections: usize, before: Before, spread: Spread) -> f64 {
        let Before { setup_s, start_up_s } = before;
        let ratio = spread.ratio().unwrap_or(USUAL).clamp(LEAST, MOST);
        let best_s = (setup_s + start_up_s).max(0.05).sqrt() * ratio;
        let budget_s = self.budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
        let share_s = budget_s / LEAST_ROUNDS / connections.max(1) as f64;
        let counted_s = start_up_s + if self.counts_all { setup_s } else { 0.0 };
        best_s.min(((share_s - counted_s) / BESIDE).max(LEAST_S)).min(10.0)
    }
}

/// Seconds that a connection takes before the slices that count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Before {
    pub setup_s: f64,
    /// Its first slices, in which buffers and windows grow.
    pub start_up_s: f64,
}

impl Before {
    /// Before any connection was fed: as long as the control connection's setup took, and the usual start-up in
    /// both directions.
    pub fn usual(setup_s: f64, paces: &[Pace]) -> Before {
        let both = |pace: &Pace| {
            let directions = [Direction::Upload, Direction::Download];
            directions.into_iter().map(|direction| pace.usual_start_up_s(direction)).sum()
        };
        Before { setup_s, start_up_s: paces.iter().map(both).fold(0.0, f64::max) }
    }
}

/// What samples show of how connections, and slices within one, differ.
#[derive(Clone, Debug, Default)]
pub struct Spread {
    samples: Vec<(u32, Entry, f64)>,
    /// σs of each sample, in √s.
    slices: Vec<f64>,
    /// Seconds of each sample.
    times_s: Vec<f64>,
}

impl Spread {
    pub fn add(&mut self, samples: &[Sample]) {
        for sample in samples.iter().filter(|sample| sample.outcome == Outcome::Measured) {
            let (Some(slices), Some(bytes), Some(real_s)) =
                (sample.slices, sample.bytes, sample.real_s)
            else {
                continue;
            };
            let rate = (bytes as f64 / real_s.max(1e-6)).ln();
            self.samples.push((sample.round, Entry::of(sample), rate));
            if let Some(spread) = slices.spread {
                self.slices.push(spread * (real_s / f64::from(slices.count.max(1))).sqrt());
                self.times_s.push(real_s);
            }
        }
    }

    /// σs / σc in √s; absent where too little is known.
    fn ratio(&self) -> Option<f64> {
        let of_slices = median(&self.slices)?;
        let time_s = median(&self.times_s)?;
        let (of_samples, freedom) = self.variance()?;
        let usual = (of_slices / USUAL).powi(2);
        let seen = of_samples - of_slices.powi(2) / time_s.max(1e-3);
        let connections = (PRIOR * usual + freedom * seen) / (PRIOR + freedom);
        Some(of_slices / connections.max(1e-6).sqrt().max(0.003))
    }

    /// The variance of samples about the fit of their races, rounds and configurations taken out, and its degrees of
    /// freedom; absent where too little is known.
    fn variance(&self) -> Option<(f64, f64)> {
        let mut races: Vec<RaceKey> =
            self.samples.iter().map(|(_, entry, _)| entry.race()).collect();
        races.sort_unstable();
        races.dedup();
        let rounds = self.samples.iter().map(|(round, ..)| *round).max().unwrap_or(0) as usize;
        let of = |race: RaceKey| {
            let own = self.samples.iter().filter(|(_, entry, _)| entry.race() == race);
            let mut entries: Vec<&Entry> = Vec::new();
            let mut values: Vec<Vec<Option<f64>>> = Vec::new();
            for (round, entry, rate) in own {
                let k = entries.iter().position(|known| *known == entry).unwrap_or_else(|| {
                    entries.push(entry);
                    values.push(vec![None; rounds]);
                    entries.len() - 1
                });
                values[k][(*round as usize).saturating_sub(1)] = Some(*rate);
            }
            fit(&values).filter(|fitted| fitted.freedom >= 2)
        };
        let (mut squares, mut all) = (0.0, 0.0);
        for fitted in races.into_iter().filter_map(of) {
            let freedom = fitted.freedom as f64;
            squares += freedom * fitted.scale.powi(2);
            all += freedom;
        }
        (all > 0.0).then(|| (squares / all, all))
    }
}

#[cfg(test)]
#[path = "feed_time_tests.rs"]
mod tests;
