//! Runs of a program (scp): a process, a login and a file of some size for each sample.

use cipher_survey::model::Entry;
use cipher_survey::model::Source;
use cipher_survey::model::record::{Asked, Sample};
use cipher_survey::survey::plan::run_seconds;
use cipher_survey::survey::runs::sizing::Sizer;

use crate::conditions::Conditions;
use crate::connection::{blank, spent};
use crate::host::index;
use crate::worlds::World;

/// Seconds in which a run moves nothing; they differ between ciphers by a twentieth.
const START_UP_S: (f64, f64) = (0.05, 0.2);
const START_UP_DIFFERS: f64 = 0.05;
/// The calibration's runs move so many bytes.
const SMALL: u64 = 4 << 20;
const COST_NOISE: f64 = 0.01;

pub struct Programs {
    rates: Vec<Vec<f64>>,
    setup_s: f64,
    sizer: Sizer,
    start_up_s: Vec<f64>,
}

impl Programs {
    pub fn new(world: &World) -> Programs {
        let run_s = run_seconds(world.setup_s, false);
        Programs {
            rates: world.rates.clone(),
            setup_s: world.setup_s,
            sizer: Sizer::new(false, 1 << 40, vec![run_s; world.rates.len()]),
            start_up_s: Vec::new(),
        }
    }

    pub fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        conditions: &mut Conditions,
    ) -> Vec<Sample> {
        let mut samples = Vec::new();
        if round == 1 {
            let usual_s = conditions.between(START_UP_S);
            for _ in &self.rates[0] {
                let own_s = usual_s * (1.0 + START_UP_DIFFERS * conditions.normal());
                self.start_up_s.push(own_s);
            }
            samples.push(self.run(0, &entries[0], 0, conditions));
            for entry in entries {
                let small = self.run(0, entry, SMALL, conditions);
                let rate = SMALL as f64 / (small.real_s.unwrap() - usual_s).max(1e-3);
                self.sizer.start_with(entry.clone(), rate);
                samples.push(small);
            }
        }
        let amounts = self.sizer.amounts(entries);
        let mut of_round = Vec::new();
        for (entry, bytes) in entries.iter().zip(amounts) {
            of_round.push(self.run(round, entry, bytes, conditions));
        }
        self.sizer.after_round(round, &of_round);
        samples.extend(of_round);
        samples
    }

    fn run(&self, round: u32, entry: &Entry, bytes: u64, conditions: &mut Conditions) -> Sample {
        conditions.pass(self.setup_s);
        let (pairing, k) = (entry.configuration.pairing, index(&entry.configuration.cipher));
        let usual = self.rates[pairing][k];
        let now = conditions.common();
        if round > 0 {
            conditions.saw(pairing, round, now);
        }
        let own = conditions.noise * conditions.normal()
            + conditions.of_rates * conditions.normal()
            + conditions.state();
        let rate = usual * 1e6 * (now + own).exp();
        let real_s = self.start_up_s[k] + bytes as f64 / rate * conditions.disturbed();
        let cost = (conditions.of_costs + COST_NOISE) * conditions.normal();
        let cpu_s = 500.0 / usual / 1e9 * bytes as f64 * cost.exp();
        conditions.pass(real_s);
        Sample {
            bytes: Some(bytes),
            setup_s: Some(self.setup_s),
            real_s: Some(real_s),
            client: Some(spent(Source::Wait4, cpu_s)),
            server: Some(spent(Source::Process, cpu_s)),
            at_s: conditions.clock_s,
            ..blank(entry, round, Asked::Bytes(bytes))
        }
    }
}
