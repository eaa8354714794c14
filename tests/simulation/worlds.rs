//! Hosts whose truth is known: what each cipher's rate is, and how conditions disturb it.

/// One kind of host and link. Two numbers are what is drawn between, once a survey.
#[derive(Clone, Debug)]
pub struct World {
    pub name: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// True rates in MB/s, one list per pairing.
    pub rates: Vec<Vec<f64>>,
    pub setup_s: f64,
    /// Seconds that each connection waits besides, since the server counts logins.
    pub backoff_s: f64,
    pub round_trip_s: f64,
    /// Standard deviations between connections of one configuration: of the rate, of the cost.
    pub of_rates: (f64, f64),
    pub of_costs: (f64, f64),
    /// Standard deviation of a slice within its connection.
    pub noise: (f64, f64),
    /// Neighbouring slices are alike: the error of many is so many times that of independent ones.
    pub wider: (f64, f64),
    /// Seconds that each slice takes besides its bytes.
    pub fixed_s: (f64, f64),
    /// Standard deviation of a slow drift (Ornstein-Uhlenbeck) that falls on all ciphers alike, and its
    /// seconds.
    pub drift: (f64, f64),
    pub drift_s: (f64, f64),
    /// Share of slices that are 10 to 60 % slower.
    pub slow: (f64, f64),
    /// Seconds in which a fresh connection is half as fast.
    pub ramp_s: (f64, f64),
    /// Share of surveys in which the host throttles by 25 % at some time.
    pub throttled: f64,
    /// A connection runs in one of two states of placement, of which one is so much slower.
    pub states: f64,
    /// A process, and a login, per sample.
    pub programs: bool,
    pub budget_s: f64,
    /// Setup is part of the budget.
    pub counts_all: bool,
    pub precision: f64,
}

impl World {
    fn new(name: &'static str, about: &'static str, rates: Vec<f64>) -> World {
        World {
            name,
            about,
            rates: vec![rates],
            setup_s: 0.35,
            backoff_s: 0.0,
            round_trip_s: 0.0005,
            of_rates: (0.019, 0.044),
            of_costs: (0.0, 0.023),
            noise: (0.10, 0.28),
            wider: (1.0, 1.8),
            fixed_s: (0.003, 0.004),
            drift: (0.03, 0.10),
            drift_s: (10.0, 120.0),
            slow: (0.03, 0.05),
            ramp_s: (0.0, 0.0),
            throttled: 0.3,
            states: 0.0,
            programs: false,
            budget_s: 60.0,
            counts_all: false,
            precision: 0.03,
        }
    }

    pub fn best(&self, pairing: usize) -> f64 {
        self.rates[pairing].iter().copied().fold(0.0, f64::max)
    }
}

/// Ten ciphers, of which one is better than the rest by a fraction.
fn gap(fraction: f64) -> Vec<f64> {
    let mut rates = vec![300.0 * (-fraction).exp(); 10];
    rates[3] = 300.0;
    rates
}

pub fn all() -> Vec<World> {
    [usual(), ties(), disturbed(), forms()].concat()
}

const FAST: [f64; 10] = [460.0, 440.0, 350.0, 330.0, 325.0, 320.0, 210.0, 190.0, 180.0, 35.0];
const WITHOUT_AES: [f64; 10] =
    [375.0, 220.0, 210.0, 200.0, 190.0, 180.0, 150.0, 140.0, 130.0, 30.0];

/// Those whose answer matters most.
fn usual() -> Vec<World> {
    vec![
        World::new("fast", "AES at both ends", FAST.to_vec()),
        World::new("server without AES", "chacha20-poly1305 leads by far", WITHOUT_AES.to_vec()),
        World {
            round_trip_s: 0.001,
            of_rates: (0.003, 0.003),
            noise: (0.005, 0.02),
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
            setup_s: 0.5,
            noise: (0.02, 0.08),
            ..World::new(
                "slow host",
                "1 to 6 MB/s",
                vec![5.8, 4.0, 3.9, 3.6, 3.4, 3.1, 2.9, 2.7, 2.5, 1.1],
            )
        },
    ]
}

fn ties() -> Vec<World> {
    vec![
        World::new("ten equal", "exact ties", vec![300.0; 10]),
        World::new("gap of half", "one better by half the precision", gap(0.015)),
        World::new("gap of one", "one better by exactly the precision", gap(0.03)),
        World::new("gap of two", "one better by twice the precision", gap(0.06)),
    ]
}

fn disturbed() -> Vec<World> {
    vec![
        World {
            of_rates: (0.044, 0.065),
            noise: (0.20, 0.28),
            ..World::new("noisy", "a busy machine", FAST.to_vec())
        },
        World { states: 0.2, ..World::new("two states", "placement costs 20 %", FAST.to_vec()) },
        World {
            ramp_s: (0.05, 0.1),
            ..World::new("ramp", "a fresh connection is slow for 0.1 s", FAST.to_vec())
        },
        World { setup_s: 5.0, ..World::new("slow setup", "5 s each", FAST.to_vec()) },
        World {
            backoff_s: 10.0,
            of_rates: (0.05, 0.065),
            ..World::new("few logins", "10 s of back-off each", FAST.to_vec())
        },
    ]
}

/// Other forms of a survey.
fn forms() -> Vec<World> {
    vec![
        World {
            rates: vec![FAST[..6].to_vec(), WITHOUT_AES[..6].to_vec()],
            setup_s: 0.1,
            counts_all: true,
            ..World::new("loopback", "six ciphers, AES enabled and disabled", Vec::new())
        },
        World {
            budget_s: 15.0,
            precision: 0.1,
            ..World::new("quick", "three ciphers, precision 10 %", vec![460.0, 400.0, 350.0])
        },
        World {
            programs: true,
            noise: (0.01, 0.05),
            budget_s: 180.0,
            ..World::new("scp", "a process per sample, in 3 minutes", FAST.to_vec())
        },
    ]
}
