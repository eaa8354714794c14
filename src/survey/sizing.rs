//! How much each configuration moves in a sample, so that samples last equally long at 5 MB/s and at
//! 1 GB/s. Pure.
//!
//! Methods that make files send a chunk of FILE whose size is a power of two (durations then differ by at
//! most a factor of 1.41), so that all chunks together stay small. Sizes follow from the pilot's rates and
//! are corrected after rounds 1 and 2, then kept: sizes that always follow the rate would follow its
//! noise.

use std::collections::HashMap;

use crate::model::Configuration;
use crate::model::record::{Asked, Outcome, Sample};
use crate::model::{Direction, Sink};
use crate::survey::plan::PILOT_SMALL;

/// The smallest chunk, unless FILE is smaller.
const SMALLEST: u64 = 1 << 20;

/// For a configuration that the pilot could not measure.
pub const UNTRIED: u64 = 2 * PILOT_SMALL;

/// Rounds after which sizes are corrected.
const CORRECTED_AFTER: [u32; 2] = [1, 2];

/// The amounts of all configurations of a survey.
#[derive(Clone, Debug)]
pub struct Sizer {
    sink: Sink,
    /// `--full`: each sample moves `largest` bytes.
    full: bool,
    /// The bytes of FILE that may be used, or less to comply with `--max-bytes`.
    largest: u64,
    /// Seconds per sample, by pairing.
    sample_s: Vec<f64>,
    /// Bytes per second, as measured last.
    rates: HashMap<Configuration, f64>,
}

impl Sizer {
    pub fn new(sink: Sink, full: bool, largest: u64, sample_s: Vec<f64>) -> Sizer {
        Sizer { sink, full, largest, sample_s, rates: HashMap::new() }
    }

    /// The largest file that a sample may move, in the pilot too.
    pub fn largest(&self) -> u64 {
        self.largest
    }

    /// Whether sizes follow from rates.
    pub fn needs_rates(&self) -> bool {
        !self.full
    }

    /// The rate of a configuration in the pilot.
    pub fn start_with(&mut self, configuration: Configuration, bytes_per_s: f64) {
        self.rates.insert(configuration, bytes_per_s);
    }

    /// Corrects the sizes by what a round has measured.
    pub fn after_round(&mut self, round: u32, samples: &[Sample]) {
        if !CORRECTED_AFTER.contains(&round) {
            return;
        }
        for sample in samples {
            let (Outcome::Measured, Some(bytes), Some(real_s)) =
                (&sample.outcome, sample.bytes, sample.real_s)
            else {
                continue;
            };
            self.rates.insert(Configuration::of(sample), bytes as f64 / real_s.max(1e-3));
        }
    }

    /// The amounts of a round, in the order of `configurations`.
    pub fn amounts(&self, configurations: &[Configuration]) -> Vec<Asked> {
        // Neither end may store more than twice FILE at once: the chunks for downloads and the file that
        // an upload makes.
        let mut cap = self.largest;
        loop {
            let amounts: Vec<Asked> = configurations.iter().map(|c| self.amount(c, cap)).collect();
            if self.full || cap <= SMALLEST || stored(configurations, &amounts) <= 2 * self.largest
            {
                return amounts;
            }
            cap /= 2;
        }
    }

    /// How long a sample of a pairing is to last.
    pub fn seconds(&self, pairing: usize) -> f64 {
        self.sample_s[pairing]
    }

    /// Seconds that one sample of each configuration transfers for, as far as known.
    pub fn flow_s(&self, configurations: &[Configuration]) -> f64 {
        let of = |(configuration, asked): (&Configuration, Asked)| match (
            asked,
            self.rates.get(configuration),
        ) {
            (Asked::Bytes(bytes), Some(rate)) => bytes as f64 / rate,
            (Asked::Seconds(seconds), _) => seconds,
            (Asked::Bytes(_), None) => self.seconds(configuration.pairing),
        };
        configurations.iter().zip(self.amounts(configurations)).map(of).sum()
    }

    fn amount(&self, configuration: &Configuration, cap: u64) -> Asked {
        if self.full {
            return Asked::Bytes(self.largest);
        }
        let seconds = self.seconds(configuration.pairing);
        if !configuration.method.makes_files(self.sink) {
            return Asked::Seconds(seconds);
        }
        let wanted = match self.rates.get(configuration) {
            Some(rate) => power_of_two(rate * seconds),
            None => UNTRIED,
        };
        Asked::Bytes(wanted.max(SMALLEST).min(cap))
    }
}

/// The power of two nearest to a number of bytes, by ratio.
pub fn power_of_two(bytes: f64) -> u64 {
    1 << bytes.max(1.0).log2().round().min(62.0) as u32
}

/// Bytes that one end stores at once, in the pairing with the most.
fn stored(configurations: &[Configuration], amounts: &[Asked]) -> u64 {
    let pairings = configurations.iter().map(|c| c.pairing).max().map_or(0, |last| last + 1);
    let bytes = |pairing: usize, direction: Direction| {
        let mut sizes: Vec<u64> = configurations
            .iter()
            .zip(amounts)
            .filter(|(c, _)| c.pairing == pairing && c.direction == direction)
            .filter_map(|(_, asked)| match asked {
                Asked::Bytes(bytes) => Some(*bytes),
                Asked::Seconds(_) => None,
            })
            .collect();
        sizes.sort_unstable();
        sizes.dedup();
        sizes
    };
    (0..pairings)
        .map(|pairing| {
            let chunks: u64 = bytes(pairing, Direction::Download).iter().sum();
            let made = bytes(pairing, Direction::Upload).last().copied().unwrap_or(0);
            chunks + made
        })
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Method};

    fn configuration(name: &str, direction: Direction) -> Configuration {
        Configuration {
            pairing: 0,
            method: Method::Scp,
            direction,
            cipher: Cipher::from(name),
            mac: None,
        }
    }

    #[test]
    fn sizes_are_powers_of_two_that_take_equally_long() {
        let fast = configuration("fast", Direction::Upload);
        let slow = configuration("slow", Direction::Upload);
        let mut sizer = Sizer::new(Sink::Null, false, 1 << 30, vec![2.0]);
        sizer.start_with(fast.clone(), 100e6);
        sizer.start_with(slow.clone(), 3e6);
        let amounts = sizer.amounts(&[fast, slow]);
        assert_eq!(amounts, [Asked::Bytes(256 << 20), Asked::Bytes(8 << 20)]);
        // On a slow path the smallest chunk takes longer than a sample should.
        let slowest = configuration("slowest", Direction::Upload);
        sizer.start_with(slowest.clone(), 131_072.0);
        assert_eq!(sizer.flow_s(&[slowest]), 8.0);
    }

    #[test]
    fn at_most_twice_the_file_is_stored() {
        let both: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|n| {
                [configuration(n, Direction::Upload), configuration(n, Direction::Download)]
            })
            .collect();
        let mut sizer = Sizer::new(Sink::Null, false, 100 << 20, vec![2.0]);
        for (index, c) in both.iter().enumerate() {
            sizer.start_with(c.clone(), 1e6 * 7_f64.powi(index as i32));
        }
        let amounts = sizer.amounts(&both);
        assert!(stored(&both, &amounts) <= 200 << 20, "{amounts:?}");
        let full = Sizer::new(Sink::Null, true, 12_345, vec![2.0]).amounts(&both);
        assert!(full.iter().all(|asked| *asked == Asked::Bytes(12_345)));
    }

    #[test]
    fn a_pipe_runs_for_a_time_unless_it_makes_a_file() {
        let pipe = Configuration { method: Method::Pipe, ..configuration("a", Direction::Upload) };
        let timed = Sizer::new(Sink::Null, false, 1 << 20, vec![2.0]);
        assert_eq!(timed.amounts(std::slice::from_ref(&pipe)), [Asked::Seconds(2.0)]);
        let sized = Sizer::new(Sink::File, false, 5 << 20, vec![2.0]);
        assert_eq!(sized.amounts(&[pipe]), [Asked::Bytes(5 << 20)]);
    }
}
