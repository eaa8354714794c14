//! How much a run of a program moves, so that runs last equally long at 5 MB/s and at 1 GB/s. Pure.
//!
//! A run sends a chunk of FILE whose size is a power of two (durations then differ by at most a factor of
//! 1.41), so that all chunks together stay small. Sizes follow from the calibration's rates and are
//! corrected after rounds 1 and 2, then kept: sizes that always follow the rate would follow its noise.

use std::collections::HashMap;

use crate::model::record::{Outcome, Sample};
use crate::model::{Direction, Entry};
use crate::survey::slices::sizes::power_of_two;

/// The smallest chunk, unless FILE is smaller.
const SMALLEST: u64 = 1 << 20;

/// Rounds after which sizes are corrected.
const CORRECTED_AFTER: [u32; 2] = [1, 2];

/// The amounts of all entries whose samples are runs of a program.
#[derive(Clone, Debug)]
pub struct Sizer {
    /// `--full`: each run moves `largest` bytes.
    full: bool,
    /// The bytes of FILE that may be used.
    largest: u64,
    /// The most bytes that a run may move, of those that may be moved in all.
    most: Option<u64>,
    /// Seconds per run, by pairing.
    run_s: Vec<f64>,
    /// Bytes per second, as measured last.
    rates: HashMap<Entry, f64>,
}

impl Sizer {
    pub fn new(full: bool, largest: u64, run_s: Vec<f64>) -> Sizer {
        Sizer { full, largest, most: None, run_s, rates: HashMap::new() }
    }

    /// The largest file that a run may move, in the calibration too.
    pub fn largest(&self) -> u64 {
        self.largest.min(self.most.unwrap_or(u64::MAX)).max(1)
    }

    /// Bounds the bytes of each run.
    pub fn bound(&mut self, most: Option<u64>) {
        self.most = most;
    }

    /// Whether sizes follow from rates.
    pub fn needs_rates(&self) -> bool {
        !self.full
    }

    /// The rate of an entry in the calibration.
    pub fn start_with(&mut self, entry: Entry, bytes_per_s: f64) {
        self.rates.insert(entry, bytes_per_s);
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
            self.rates.insert(Entry::of(sample), bytes as f64 / real_s.max(1e-3));
        }
    }

    /// The bytes of each run of a round, in the order of `entries`.
    pub fn amounts(&self, entries: &[Entry]) -> Vec<u64> {
        // Neither end may store more than twice FILE at once: the chunks for downloads and the file that
        // an upload makes.
        let mut cap = self.largest();
        loop {
            let amounts: Vec<u64> = entries.iter().map(|entry| self.amount(entry, cap)).collect();
            if self.full || cap <= SMALLEST || stored(entries, &amounts) <= 2 * self.largest {
                return amounts;
            }
            cap /= 2;
        }
    }

    /// How long a run of a pairing is to last.
    pub fn seconds(&self, pairing: usize) -> f64 {
        self.run_s[pairing]
    }

    fn amount(&self, entry: &Entry, cap: u64) -> u64 {
        if self.full {
            return self.largest;
        }
        let seconds = self.seconds(entry.configuration.pairing);
        let wanted = self.rates.get(entry).map_or(SMALLEST, |rate| power_of_two(rate * seconds));
        wanted.max(SMALLEST).min(cap)
    }
}

/// Bytes that one end stores at once, in the pairing with the most.
fn stored(entries: &[Entry], amounts: &[u64]) -> u64 {
    let pairings =
        entries.iter().map(|entry| entry.configuration.pairing).max().map_or(0, |last| last + 1);
    let bytes = |pairing: usize, direction: Direction| {
        let of =
            |entry: &Entry| (entry.configuration.pairing, entry.direction) == (pairing, direction);
        let own = entries.iter().zip(amounts).filter(|(entry, _)| of(entry));
        let mut sizes: Vec<u64> = own.map(|(_, bytes)| *bytes).collect();
        sizes.sort_unstable();
        sizes.dedup();
        match direction {
            // Only one upload is stored at a time, and all chunks for downloads are.
            Direction::Upload => sizes.last().copied().unwrap_or(0),
            Direction::Download => sizes.iter().sum(),
        }
    };
    (0..pairings)
        .map(|pairing| bytes(pairing, Direction::Upload) + bytes(pairing, Direction::Download))
        .max()
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Configuration, Method};

    fn entry(name: &str, direction: Direction) -> Entry {
        let cipher = Cipher::from(name);
        Configuration { pairing: 0, method: Method::Scp, cipher, mac: None }.toward(direction)
    }

    #[test]
    fn sizes_are_powers_of_two_that_take_equally_long() {
        let (fast, slow) = (entry("fast", Direction::Upload), entry("slow", Direction::Upload));
        let mut sizer = Sizer::new(false, 1 << 30, vec![2.0]);
        sizer.start_with(fast.clone(), 100e6);
        sizer.start_with(slow.clone(), 3e6);
        assert_eq!(sizer.amounts(&[fast, slow]), [256 << 20, 8 << 20]);
    }

    #[test]
    fn at_most_twice_the_file_is_stored() {
        let both: Vec<_> = ["a", "b", "c"]
            .iter()
            .flat_map(|name| [entry(name, Direction::Upload), entry(name, Direction::Download)])
            .collect();
        let mut sizer = Sizer::new(false, 100 << 20, vec![2.0]);
        for (index, entry) in both.iter().enumerate() {
            sizer.start_with(entry.clone(), 1e6 * 7_f64.powi(index as i32));
        }
        let amounts = sizer.amounts(&both);
        assert!(stored(&both, &amounts) <= 200 << 20, "{amounts:?}");
        let full = Sizer::new(true, 12_345, vec![2.0]).amounts(&both);
        assert!(full.iter().all(|bytes| *bytes == 12_345));
    }
}
