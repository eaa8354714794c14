//! Hosts whose truth is known: what each cipher's rate is, and how conditions disturb it.

/// One kind of host and link.
#[derive(Clone, Debug)]
pub struct World {
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// True rates in MB/s.
    pub rates: Vec<f64>,
    pub setup_s: f64,
    /// Standard deviation of a sample, as a fraction; drawn once a survey between these.
    pub noise: (f64, f64),
    /// Of a slow drift (Ornstein-Uhlenbeck) that falls on all ciphers alike, and its seconds.
    pub drift: (f64, f64),
    pub drift_s: (f64, f64),
    /// Share of samples that are 10 to 60 % slower.
    pub slow: (f64, f64),
    /// Seconds of a sample that move nothing; they differ by 5 % between ciphers.
    pub startup_s: (f64, f64),
    /// Share of surveys in which the host throttles by 25 % at some time.
    pub throttled: f64,
    /// A sample runs in one of two states of placement, of which one is so much slower.
    pub states: f64,
    pub budget_s: f64,
}

impl World {
    fn new(name: &'static str, about: &'static str, rates: Vec<f64>) -> World {
        World {
            name,
            about,
            rates,
            setup_s: 0.35,
            noise: (0.01, 0.05),
            drift: (0.03, 0.10),
            drift_s: (10.0, 120.0),
            slow: (0.03, 0.05),
            startup_s: (0.05, 0.2),
            throttled: 0.3,
            states: 0.0,
            budget_s: 180.0,
        }
    }

    pub fn best(&self) -> f64 {
        self.rates.iter().copied().fold(0.0, f64::max)
    }
}

/// Ten ciphers, of which one is better than the rest by a fraction.
fn gap(fraction: f64) -> Vec<f64> {
    let mut rates = vec![300.0 * (-fraction).exp(); 10];
    rates[3] = 300.0;
    rates
}

pub fn all() -> Vec<World> {
    let fast = vec![460.0, 440.0, 350.0, 330.0, 325.0, 320.0, 210.0, 190.0, 180.0, 35.0];
    vec![
        World::new("fast", "AES at both ends", fast.clone()),
        World::new(
            "server without AES",
            "chacha20-poly1305 leads by far",
            vec![375.0, 220.0, 210.0, 200.0, 190.0, 180.0, 150.0, 140.0, 130.0, 30.0],
        ),
        World {
            noise: (0.001, 0.004),
            drift: (0.001, 0.005),
            slow: (0.0, 0.01),
            throttled: 0.0,
            ..World::new(
                "100 Mbit/s",
                "eight tie on a quiet wire",
                [vec![11.7; 8], vec![9.0, 6.5]].concat(),
            )
        },
        World {
            setup_s: 1.0,
            ..World::new(
                "slow host",
                "1 to 6 MB/s",
                vec![5.8, 4.0, 3.9, 3.6, 3.4, 3.1, 2.9, 2.7, 2.5, 1.1],
            )
        },
        World::new("ten equal", "exact ties", vec![300.0; 10]),
        World::new("gap of half", "one better by half the precision", gap(0.015)),
        World::new("gap of one", "one better by exactly the precision", gap(0.03)),
        World::new("gap of two", "one better by twice the precision", gap(0.06)),
        World { noise: (0.05, 0.15), ..World::new("noisy", "noise of 5 to 15 %", fast.clone()) },
        World { states: 0.2, ..World::new("two states", "placement costs 20 %", fast.clone()) },
        World { startup_s: (0.2, 0.4), ..World::new("ramp", "0.2 s of slow start", fast.clone()) },
        World {
            setup_s: 5.0,
            budget_s: 900.0,
            ..World::new("slow setup", "5 s each, in 15 minutes", fast)
        },
    ]
}
