//! What falls on all ciphers alike: drift and throttling, on the clock of a survey.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::worlds::World;

/// What the conditions were in a slice or a run: pairing, round, logarithm.
type Seen = (usize, u32, f64);

pub struct Conditions {
    pub clock_s: f64,
    /// Standard deviation of a slice, and how far neighbouring slices are alike (their correlation).
    pub noise: f64,
    pub alike: f64,
    /// Standard deviations between connections of one configuration: of the rate, of the cost.
    pub of_rates: f64,
    pub of_costs: f64,
    /// Share of slices that are slower.
    pub slow: f64,
    /// Seconds that each slice takes besides its bytes, by cipher.
    pub fixed_s: Vec<f64>,
    random: ChaCha8Rng,
    drift: f64,
    drift_s: f64,
    throttled_from_s: f64,
    states: f64,
    /// The drift now, in standard deviations.
    now: f64,
    seen: Vec<Seen>,
}

/// What the fixed cost of a slice differs by between ciphers (measured: 1.34 to 1.42 ms over six).
const FIXED_DIFFERS: f64 = 0.02;

/// Slower slices take so many times as long.
const SLOWER: (f64, f64) = (1.1, 1.6);

impl Conditions {
    pub fn new(world: &World, seed: u64) -> Conditions {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut between = |(low, high): (f64, f64)| low + (high - low) * random.random::<f64>();
        let (noise, wider) = (between(world.noise), between(world.wider));
        let (drift, drift_s) = (between(world.drift), between(world.drift_s));
        let (of_rates, of_costs) = (between(world.of_rates), between(world.of_costs));
        let (slow, fixed_s) = (between(world.slow), between(world.fixed_s));
        let throttled_from_s = match between((0.0, 1.0)) < world.throttled {
            true => between((0.0, 2.0 * world.budget_s)),
            false => f64::INFINITY,
        };
        let mut conditions = Conditions {
            clock_s: 0.0,
            noise,
            alike: (wider.powi(2) - 1.0) / (wider.powi(2) + 1.0),
            of_rates,
            of_costs,
            slow,
            fixed_s: Vec::new(),
            random,
            drift,
            drift_s,
            throttled_from_s,
            states: world.states,
            now: 0.0,
            seen: Vec::new(),
        };
        conditions.now = conditions.normal();
        let ciphers = world.rates.iter().map(Vec::len).max().unwrap_or(0);
        for _ in 0..ciphers {
            let own_s = fixed_s * (1.0 + FIXED_DIFFERS * conditions.normal());
            conditions.fixed_s.push(own_s);
        }
        conditions
    }

    pub fn between(&mut self, (low, high): (f64, f64)) -> f64 {
        low + (high - low) * self.random.random::<f64>()
    }

    pub fn normal(&mut self) -> f64 {
        // Box and Muller.
        let (u, v): (f64, f64) = (1.0 - self.random.random::<f64>(), self.random.random());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }

    pub fn pass(&mut self, seconds: f64) {
        let kept = (-seconds / self.drift_s).exp();
        self.now = kept * self.now + (1.0 - kept * kept).sqrt() * self.normal();
        self.clock_s += seconds;
    }

    /// Now, in logarithms.
    pub fn common(&self) -> f64 {
        let throttled = if self.clock_s > self.throttled_from_s { 0.75_f64.ln() } else { 0.0 };
        self.drift * self.now + throttled
    }

    /// How many times as long a slice or a run takes.
    pub fn disturbed(&mut self) -> f64 {
        let is_slow = self.between((0.0, 1.0)) < self.slow;
        if is_slow { self.between(SLOWER) } else { 1.0 }
    }

    /// The state of placement that a connection gets, in logarithms.
    pub fn state(&mut self) -> f64 {
        let is_slow = self.states > 0.0 && self.between((0.0, 1.0)) < 0.5;
        if is_slow { (1.0 - self.states).ln() } else { 0.0 }
    }

    pub fn saw(&mut self, pairing: usize, round: u32, conditions: f64) {
        self.seen.push((pairing, round, conditions));
    }

    /// The mean over the rounds of a pairing; of two states of placement half of each, of slower slices their
    /// share.
    pub fn mean(&self, pairing: usize) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let own = || self.seen.iter().filter(|(of, ..)| *of == pairing);
        let last = own().map(|(_, round, _)| *round).max().unwrap_or(0);
        let of = |round: u32| -> Vec<f64> {
            own().filter(|(_, other, _)| *other == round).map(|(.., seen)| *seen).collect()
        };
        let rounds: Vec<f64> = (1..=last).map(|round| mean(&of(round))).collect();
        let states = 0.5 * (1.0 - self.states).ln();
        let slow = (1.0 + self.slow * ((SLOWER.0 + SLOWER.1) / 2.0 - 1.0)).ln();
        mean(&rounds) + states - slow
    }
}
