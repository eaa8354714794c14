//! A connection that stays open: its level, its slices, and the sample that they sum up to.

use cipher_survey::model::record::{Asked, FixedCost, Phase, Sample, Slices, Spent};
use cipher_survey::model::{CpuTimes, Entry, Source, Waits};

use crate::conditions::Conditions;
use crate::host::index;
use crate::worlds::World;

/// Of what each slice takes besides its bytes: how much it varies, and the CPU of each end.
const FIXED_VARIES: f64 = 0.2;
const FIXED_CPU_S: f64 = 0.001;
/// Standard deviation of the CPU that a slice costs.
const COST_NOISE: f64 = 0.06;
/// Keys are exchanged again after so many bytes, by this cipher.
const KEYS_AGAIN: u64 = 1 << 30;
const KEYS_AGAIN_WITH: usize = 2;
/// The rate of a fresh connection's first slices.
const SLOW_START: f64 = 0.5;

#[derive(Clone, Copy, Debug)]
pub struct Slice {
    pub bytes: u64,
    pub real_s: f64,
    /// CPU of each end.
    pub cpu_s: f64,
    with_key_exchange: bool,
}

impl Slice {
    /// What a small slice takes besides its bytes, by a larger one of the same connection.
    pub fn fixed(&self, large: &Slice) -> Option<FixedCost> {
        let share = self.bytes as f64 / large.bytes as f64;
        let intercept = |small: f64, large: f64| (small - share * large) / (1.0 - share);
        let cpu_s = intercept(self.cpu_s, large.cpu_s);
        let real_s = intercept(self.real_s, large.real_s);
        (share < 0.5).then_some(FixedCost { real_s, client_s: cpu_s, server_s: cpu_s })
    }
}

#[derive(Clone)]
pub struct Connection {
    round: u32,
    number: u32,
    cipher: usize,
    setup_s: f64,
    /// Bytes per second under usual conditions, and CPU-seconds of each end per byte.
    rate: f64,
    cost: f64,
    /// Seconds until its rate is the usual one.
    ramp_s: f64,
    fed_s: f64,
    carried: u64,
    /// The noise of its last slice, in standard deviations.
    noise: f64,
    /// Those that count.
    pub slices: Vec<Slice>,
}

impl Connection {
    pub fn open(
        world: &World,
        conditions: &mut Conditions,
        entry: &Entry,
        round: u32,
        number: u32,
    ) -> Connection {
        let cipher = index(&entry.configuration.cipher);
        let usual = world.rates[entry.configuration.pairing][cipher];
        let level = conditions.of_rates * conditions.normal() + conditions.state();
        Connection {
            round,
            number,
            cipher,
            setup_s: world.setup_s,
            rate: usual * 1e6 * level.exp(),
            // A CPU-second a GB at 1 GB/s, half of it at each end.
            cost: 500.0 / usual / 1e9 * (conditions.of_costs * conditions.normal()).exp(),
            ramp_s: conditions.between(world.ramp_s),
            fed_s: 0.0,
            carried: 0,
            noise: conditions.normal(),
            slices: Vec::new(),
        }
    }

    /// Moves so many bytes, now.
    pub fn run(&mut self, bytes: u64, conditions: &mut Conditions) -> Slice {
        let (noise, alike) = (conditions.noise, conditions.alike);
        self.noise = alike * self.noise + (1.0 - alike * alike).sqrt() * conditions.normal();
        // A slice moves what the last one's rate lets expect: so the mean rate of the slices is the usual one.
        let mean = noise * noise * (0.5 - alike);
        let ramp = if self.fed_s < self.ramp_s { SLOW_START } else { 1.0 };
        let rate = self.rate * ramp * (conditions.common() + mean + noise * self.noise).exp();
        let varies = (FIXED_VARIES * conditions.normal()).exp();
        let real_s =
            conditions.fixed_s[self.cipher] * varies + bytes as f64 / rate * conditions.disturbed();
        let cpu_s = FIXED_CPU_S * varies
            + self.cost * bytes as f64 * (COST_NOISE * conditions.normal()).exp();
        self.fed_s += real_s;
        let before = self.carried;
        self.carried += bytes;
        let with_key_exchange =
            self.cipher == KEYS_AGAIN_WITH && before / KEYS_AGAIN < self.carried / KEYS_AGAIN;
        let real_s = if with_key_exchange { real_s + 0.02 } else { real_s };
        Slice { bytes, real_s, cpu_s, with_key_exchange }
    }

    pub fn sample(&self, entry: &Entry, asked_s: f64, fixed: FixedCost, at_s: f64) -> Sample {
        let counted: Vec<&Slice> =
            self.slices.iter().filter(|slice| !slice.with_key_exchange).collect();
        let real_s = counted.iter().map(|slice| slice.real_s).sum();
        let cpu_s: f64 = counted.iter().map(|slice| slice.cpu_s).sum();
        Sample {
            connection: Some(self.number),
            slices: Some(Slices {
                count: counted.len() as u32,
                spread: spread(&counted, fixed.real_s),
                fixed,
                with_key_exchange: (self.slices.len() - counted.len()) as u32,
                suspended: 0,
            }),
            bytes: Some(counted.iter().map(|slice| slice.bytes).sum()),
            setup_s: Some(self.setup_s),
            real_s: Some(real_s),
            client: Some(spent(Source::Clock, cpu_s)),
            server: Some(spent(Source::Process, cpu_s)),
            at_s,
            ..blank(entry, self.round, Asked::Seconds(asked_s))
        }
    }
}

/// Standard deviation of the logarithms of the slices' rates.
fn spread(slices: &[&Slice], fixed_s: f64) -> Option<f64> {
    let flow_s = |slice: &Slice| (slice.real_s - fixed_s).max(0.3 * slice.real_s);
    let logs: Vec<f64> =
        slices.iter().map(|slice| (slice.bytes as f64 / flow_s(slice)).ln()).collect();
    let many = logs.len() as f64;
    let mean = logs.iter().sum::<f64>() / many;
    let squares: f64 = logs.iter().map(|log| (log - mean).powi(2)).sum();
    (many > 1.0).then(|| (squares / (many - 1.0)).sqrt())
}

/// The CPU of an end in a sample.
pub fn spent(source: Source, cpu_s: f64) -> Spent {
    Spent {
        source,
        resolution_s: 1e-6,
        split_resolution_s: 0.01,
        bulk: CpuTimes { user_s: 0.7 * cpu_s, system_s: 0.3 * cpu_s, total_s: cpu_s },
        real_s: None,
        setup: None,
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    }
}

/// A sample that was measured, without its figures.
pub fn blank(entry: &Entry, round: u32, asked: Asked) -> Sample {
    let phase = if round == 0 { Phase::Calibration } else { Phase::Round };
    entry.sample((phase, round), asked, "2026-01-02T03:04:05Z".into())
}
