//! A scripted executor: the samples of a world, on a clock of its own.

use std::time::Duration;

use cipher_survey::model::Configuration;
use cipher_survey::model::record::{Asked, Outcome, Phase, Sample, Spent};
use cipher_survey::model::{Cipher, CpuTimes, Direction, Method, Source, Waits};
use cipher_survey::survey::events::Events;
use cipher_survey::survey::plan::PlannedSample;
use cipher_survey::survey::rounds::{Executor, Stopped};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::worlds::World;

/// Seconds between two samples.
const AROUND_S: f64 = 0.15;

/// One survey's host, with what it has drawn of its world.
pub struct Host {
    rates: Vec<f64>,
    setup_s: f64,
    noise: f64,
    drift: f64,
    drift_s: f64,
    slow: f64,
    startups_s: Vec<f64>,
    throttled_from_s: f64,
    states: f64,
    random: ChaCha8Rng,
    clock_s: f64,
    /// The drift now, in standard deviations.
    conditions: f64,
    /// What the conditions were in each sample: round, logarithm.
    conditions_seen: Vec<(u32, f64)>,
}

pub fn configuration(k: usize) -> Configuration {
    Configuration {
        pairing: 0,
        method: Method::Pipe,
        direction: Direction::Upload,
        cipher: Cipher(format!("cipher-{k}")),
        mac: None,
    }
}

pub fn index(cipher: &Cipher) -> usize {
    cipher.as_str().rsplit('-').next().unwrap().parse().unwrap()
}

impl Host {
    pub fn new(world: &World, seed: u64) -> Host {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut between = |(low, high): (f64, f64)| low + (high - low) * random.random::<f64>();
        let (noise, drift, drift_s) =
            (between(world.noise), between(world.drift), between(world.drift_s));
        let (slow, startup_s) = (between(world.slow), between(world.startup_s));
        let throttled_from_s = match between((0.0, 1.0)) < world.throttled {
            true => between((0.0, 150.0)),
            false => f64::INFINITY,
        };
        let mut host = Host {
            rates: world.rates.clone(),
            setup_s: world.setup_s,
            noise,
            drift,
            drift_s,
            slow,
            startups_s: Vec::new(),
            throttled_from_s,
            states: world.states,
            random,
            clock_s: 0.0,
            conditions: 0.0,
            conditions_seen: Vec::new(),
        };
        host.conditions = host.normal();
        for _ in 0..world.rates.len() {
            let own = startup_s * (1.0 + 0.05 * host.normal());
            host.startups_s.push(own);
        }
        host
    }

    /// An empty transfer, as the pilot would have made it.
    pub fn pilot(&mut self) -> Sample {
        let planned =
            PlannedSample { round: 0, configuration: configuration(0), asked: Asked::Bytes(0) };
        let mut sample = self.sample(&planned);
        sample.phase = Phase::Calibration;
        sample.bytes = Some(0);
        sample.real_s = Some(self.startups_s[0]);
        sample
    }

    /// The mean over rounds, pilot apart; of two states of placement half of each.
    pub fn mean_conditions(&self) -> f64 {
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let last = self.conditions_seen.iter().map(|(round, _)| *round).max().unwrap_or(0);
        let of = |round: u32| -> Vec<f64> {
            let own = self.conditions_seen.iter().filter(|(other, _)| *other == round);
            own.map(|(_, conditions)| *conditions).collect()
        };
        let states = 0.5 * (1.0 - self.states).ln();
        states + mean(&(1..=last).map(|round| mean(&of(round))).collect::<Vec<_>>())
    }

    fn normal(&mut self) -> f64 {
        // Box and Muller.
        let (u, v): (f64, f64) = (1.0 - self.random.random::<f64>(), self.random.random());
        (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
    }

    fn pass(&mut self, seconds: f64) {
        let kept = (-seconds / self.drift_s).exp();
        self.conditions = kept * self.conditions + (1.0 - kept * kept).sqrt() * self.normal();
        self.clock_s += seconds;
    }

    fn sample(&mut self, planned: &PlannedSample) -> Sample {
        let k = index(&planned.configuration.cipher);
        self.pass(self.setup_s + AROUND_S);
        let lasts = match planned.asked {
            Asked::Seconds(seconds) => seconds,
            Asked::Bytes(_) => 0.0,
        };
        self.pass(lasts / 2.0);
        let mut conditions = self.drift * self.conditions;
        if self.clock_s > self.throttled_from_s {
            conditions += 0.75_f64.ln();
        }
        self.conditions_seen.push((planned.round, conditions));
        let mut disturbed = self.noise * self.normal();
        if self.random.random::<f64>() < self.slow {
            disturbed -= (1.1 + 0.5 * self.random.random::<f64>()).ln();
        }
        if self.states > 0.0 && self.random.random::<f64>() < 0.5 {
            disturbed += (1.0 - self.states).ln();
        }
        self.pass(lasts / 2.0);
        let rate = self.rates[k] * 1e6 * (conditions + disturbed).exp();
        let bytes = rate * (lasts - self.startups_s[k]).max(0.0);
        // A CPU-second a GB and a hundredth of noise.
        let cpu_s = 500.0 / self.rates[k] * bytes / 1e9 * (0.01 * self.normal()).exp();
        let spent = spent(cpu_s, lasts);
        Sample {
            phase: Phase::Round,
            round: planned.round,
            pairing: 0,
            method: planned.configuration.method,
            direction: planned.configuration.direction,
            cipher: planned.configuration.cipher.clone(),
            mac: None,
            asked: planned.asked,
            connection: None,
            slices: None,
            wire: None,
            started: "2026-01-02T03:04:05Z".into(),
            outcome: Outcome::Measured,
            negotiated: None,
            bytes: Some(bytes as u64),
            setup_s: Some(self.setup_s),
            real_s: Some(lasts),
            steady: None,
            client: Some(spent),
            server: Some(spent),
            server_missing: None,
            server_checks: Vec::new(),
            local_host: None,
            remote_host: None,
            sha256: None,
            backoff_s: 0.0,
            at_s: self.clock_s,
        }
    }
}

impl Executor for Host {
    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.clock_s)
    }

    fn prepare(&mut self, _: &[PlannedSample]) -> Result<(), Stopped> {
        Ok(())
    }

    fn run(&mut self, planned: &PlannedSample, _: &mut dyn Events) -> Result<Sample, Stopped> {
        Ok(self.sample(planned))
    }
}

/// What an end spent in a sample that lasted so many seconds.
fn spent(cpu_s: f64, lasts: f64) -> Spent {
    Spent {
        source: Source::Process,
        resolution_s: 0.001,
        split_resolution_s: 0.01,
        bulk: CpuTimes { user_s: 0.7 * cpu_s, system_s: 0.3 * cpu_s, total_s: cpu_s },
        real_s: Some(lasts),
        setup: None,
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    }
}
