//! A scripted executor: generations of connections, fed in slices, on a clock of their own.

use std::time::Duration;

use cipher_survey::model::record::{Record, Sample};
use cipher_survey::model::{Cipher, Configuration, Direction, Entry, Method};
use cipher_survey::stats::statistics::median;
use cipher_survey::survey::ended::{Ended, Recorder, record};
use cipher_survey::survey::events::Events;
use cipher_survey::survey::feed_time::{Before, FeedTime, Spread};
use cipher_survey::survey::plan::shuffled;
use cipher_survey::survey::rounds::Executor;
use cipher_survey::survey::slices::feed::Pace;
use cipher_survey::survey::slices::sizes::{self, Sizes};

use crate::conditions::Conditions;
use crate::connection::{Connection, Slice};
use crate::programs::Programs;
use crate::worlds::World;

/// Seconds between two slices: the accounts of both ends are read.
const BETWEEN_S: f64 = 0.005;
/// The calibration, as `slices/feed.rs` makes it: two sizes of slice, the time of one and a block.
const GROWTH: f64 = 8.0;
const SETTLED: std::ops::RangeInclusive<f64> = 0.6..=1.7;
const MOST_STEPS: usize = 12;
const SMALL: usize = 2;

/// One survey's host, with what it has drawn of its world.
pub struct Host {
    world: World,
    seed: u64,
    conditions: Conditions,
    sizes: Sizes,
    pace: Pace,
    feed_time: FeedTime,
    feed_s: f64,
    /// What the first slices of each connection took.
    start_up_s: Vec<f64>,
    spread: Spread,
    programs: Programs,
    /// Of transfers, with what goes on between them.
    transfers_s: f64,
    moved: u64,
    connections: u32,
}

/// What is measured in a world.
pub fn entries(world: &World) -> Vec<Entry> {
    let of = |pairing: usize| (0..world.rates[pairing].len()).map(move |k| (pairing, k));
    let method = if world.programs { Method::Scp } else { Method::Pipe };
    let entry = |(pairing, k): (usize, usize)| {
        let cipher = Cipher(format!("cipher-{k}"));
        Configuration { pairing, method, cipher, mac: None }.toward(Direction::Upload)
    };
    (0..world.rates.len()).flat_map(of).map(entry).collect()
}

pub fn index(cipher: &Cipher) -> usize {
    cipher.as_str().rsplit('-').next().unwrap().parse().unwrap()
}

impl Host {
    pub fn new(world: &World, seed: u64) -> Host {
        let conditions = Conditions::new(world, seed);
        let feed_time = FeedTime {
            budget: Some(Duration::from_secs_f64(world.budget_s)),
            counts_all: world.counts_all,
            most_bytes: None,
            rounds: None,
        };
        let (slice_s, lead_in_s) = sizes::seconds(world.round_trip_s);
        let pace = Pace { slice_s, lead_in_s };
        let before = Before::usual(world.setup_s, &[pace]);
        let first = feed_time.seconds(entries(world).len(), before, Spread::default());
        Host {
            world: world.clone(),
            seed,
            sizes: Sizes::default(),
            pace,
            feed_time,
            feed_s: first,
            start_up_s: Vec::new(),
            spread: Spread::default(),
            programs: Programs::new(world),
            transfers_s: 0.0,
            moved: 0,
            connections: 0,
            conditions,
        }
    }

    pub fn wall_s(&self) -> f64 {
        self.conditions.clock_s
    }

    /// What fell on all ciphers of a pairing alike, in logarithms: the mean over its rounds.
    pub fn mean_conditions(&self, pairing: usize) -> f64 {
        self.conditions.mean(pairing)
    }

    /// Time that counts as that of transfers.
    fn transfer(&mut self, seconds: f64) {
        self.conditions.pass(seconds);
        self.transfers_s += seconds;
    }

    fn open(&mut self, round: u32, entry: &Entry) -> Connection {
        self.conditions.pass(self.world.setup_s + self.world.backoff_s);
        self.connections += 1;
        let began_s = self.transfers_s;
        let mut connection =
            Connection::open(&self.world, &mut self.conditions, entry, round, self.connections);
        if self.sizes.rate(entry).is_none() {
            self.calibrate(&mut connection, entry);
        } else {
            let start_up = self.pace.start_up(entry.direction, false);
            let (mut slices, mut fed_s) = (0, 0.0);
            while let Some(part) = start_up.next(slices, fed_s) {
                let bytes = (part * self.bytes(entry) as f64) as u64;
                fed_s += self.slice(&mut connection, bytes).real_s;
                slices += 1;
            }
        }
        self.start_up_s.push(self.transfers_s - began_s);
        connection
    }

    /// Finds the size of an entry's slices, and what a slice takes besides its bytes.
    fn calibrate(&mut self, connection: &mut Connection, entry: &Entry) {
        let Pace { slice_s, .. } = self.pace;
        let of = |bytes: f64| sizes::amount(Method::Pipe, bytes, u64::MAX, Default::default());
        let (mut next, mut settled) = (of(0.0).total(), 0);
        let mut large = None;
        for _ in 0..MOST_STEPS {
            let slice = self.slice(connection, next);
            let (real_s, moved) = (slice.real_s, slice.bytes as f64);
            self.sizes.set_rate(entry, moved / real_s);
            settled = if SETTLED.contains(&(real_s / slice_s)) { settled + 1 } else { 0 };
            let before = next;
            next = of((moved / real_s * slice_s).min(GROWTH * moved)).total();
            large = Some(slice);
            if settled >= 2 || next == before {
                break;
            }
        }
        let Some(large) = large else { return };
        for _ in 0..SMALL {
            let small = self.slice(connection, of(0.0).total());
            if let Some(fixed) = small.fixed(&large) {
                self.sizes.add_fixed(entry.race(), fixed);
            }
        }
        self.learn(entry, &large);
    }

    fn learn(&mut self, entry: &Entry, slice: &Slice) {
        let fixed_s = self.sizes.fixed(entry.race()).real_s;
        let flow_s = (slice.real_s - fixed_s).max(0.3 * slice.real_s);
        self.sizes.set_rate(entry, slice.bytes as f64 / flow_s);
    }

    fn bytes(&self, entry: &Entry) -> u64 {
        let Pace { slice_s, .. } = self.pace;
        let bytes = self.sizes.rate(entry).unwrap_or(0.0) * slice_s;
        sizes::amount(Method::Pipe, bytes, u64::MAX, Default::default()).total()
    }

    fn slice(&mut self, connection: &mut Connection, bytes: u64) -> Slice {
        let slice = connection.run(bytes, &mut self.conditions);
        self.transfer(self.pace.lead_in_s + slice.real_s + BETWEEN_S);
        slice
    }

    /// A generation: fresh connections, fed in turn.
    fn generation(&mut self, round: u32, entries: &[Entry]) -> Vec<Sample> {
        let order = shuffled(entries, self.seed, round);
        let mut open: Vec<(Entry, Connection)> = Vec::new();
        for entry in order {
            let connection = self.open(round, &entry);
            open.push((entry, connection));
        }
        let each_s = self.pace.slice_s + self.pace.lead_in_s;
        let least = f64::from(self.pace.least_passes());
        let passes = (self.feed_s / each_s).round().clamp(least, 1000.0) as u32;
        let all: Vec<usize> = (0..open.len()).collect();
        for pass in 0..passes {
            let stream = round.wrapping_mul(1000).wrapping_add(pass + 1);
            for at in shuffled(&all, self.seed, stream) {
                let (entry, mut connection) = open[at].clone();
                let now = self.conditions.common();
                let slice = self.slice(&mut connection, self.bytes(&entry));
                self.conditions.saw(entry.configuration.pairing, round, now);
                self.learn(&entry, &slice);
                connection.slices.push(slice);
                open[at].1 = connection;
            }
        }
        let (asked_s, at_s) = (self.feed_s, self.conditions.clock_s);
        let sample = |(entry, connection): &(Entry, Connection)| {
            connection.sample(entry, asked_s, self.sizes.fixed(entry.race()), at_s)
        };
        open.iter().map(sample).collect()
    }

    fn runs(&mut self, round: u32, entries: &[Entry]) -> Vec<Sample> {
        let began_s = self.conditions.clock_s;
        let order = shuffled(entries, self.seed, round);
        let samples = self.programs.round(round, &order, &mut self.conditions);
        self.transfers_s += self.conditions.clock_s - began_s;
        samples
    }
}

impl Executor for Host {
    fn spent(&self) -> Duration {
        let all = self.world.counts_all;
        Duration::from_secs_f64(if all { self.wall_s() } else { self.transfers_s })
    }

    fn moved(&self) -> u64 {
        self.moved
    }

    fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        recorder: &mut Recorder,
        _: &mut dyn Events,
    ) -> (Vec<Sample>, Result<(), Ended>) {
        let samples = match self.world.programs {
            true => self.runs(round, entries),
            false => self.generation(round, entries),
        };
        for sample in &samples {
            record(recorder, Record::Sample(Box::new(sample.clone()))).unwrap();
        }
        self.moved += samples.iter().filter_map(|sample| sample.bytes).sum::<u64>();
        self.spread.add(&samples);
        let start_up_s = median(&self.start_up_s).unwrap_or(0.0);
        let before = Before { setup_s: self.world.setup_s, start_up_s };
        let spread = self.spread.clone();
        self.feed_s = self.feed_time.seconds(entries.len(), before, spread);
        (samples, Ok(()))
    }
}
