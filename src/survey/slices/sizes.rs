//! How much a slice moves: as much as goes in the time of a slice, by the rates that were seen last. Pure.

use std::collections::HashMap;

use crate::model::record::FixedCost;
use crate::model::{Entry, Method, RaceKey, Sink};
use crate::stats::statistics::median;
use crate::transfer::pipe::BLOCK;

/// A slice lasts at least so long …
pub const SHORTEST_S: f64 = 0.05;
/// … and so many round trips, so that its fixed cost stays small.
pub const ROUND_TRIPS: f64 = 20.0;
/// Above this round trip TCP restarts after idling: a slice begins with a lead-in …
pub const LEAD_IN_ABOVE_S: f64 = 0.002;
/// … of so many round trips.
pub const LEAD_IN_ROUND_TRIPS: f64 = 8.0;

/// A file that is smaller than a slice is sent so often in one at most.
const MOST_TIMES: u64 = 64;
/// The largest slice; also what a fast machine moves in 0.1 s.
pub const LARGEST: u64 = 256 << 20;

/// How much one slice moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amount {
    pub bytes: u64,
    /// So many files of so many bytes.
    pub times: u32,
}

impl Amount {
    pub fn total(&self) -> u64 {
        self.bytes * u64::from(self.times)
    }
}

/// The rates and fixed costs that sizes follow from.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    /// Bytes per second without the fixed cost, as seen last.
    rates: HashMap<Entry, f64>,
    /// What slices take besides their bytes: one list of estimates per race.
    fixed: HashMap<RaceKey, Vec<FixedCost>>,
}

impl Sizes {
    pub fn rate(&self, entry: &Entry) -> Option<f64> {
        self.rates.get(entry).copied()
    }

    pub fn set_rate(&mut self, entry: &Entry, bytes_per_s: f64) {
        self.rates.insert(entry.clone(), bytes_per_s);
    }

    /// The lowest rate that is known of a race.
    pub fn slowest(&self, race: RaceKey) -> Option<f64> {
        let own = self.rates.iter().filter(|(entry, _)| entry.race() == race);
        own.map(|(_, rate)| *rate).reduce(f64::min)
    }

    /// How many estimates there are of what a slice of a race takes besides its bytes.
    pub fn fixed_known(&self, race: RaceKey) -> usize {
        self.fixed.get(&race).map_or(0, Vec::len)
    }

    pub fn add_fixed(&mut self, race: RaceKey, cost: FixedCost) {
        self.fixed.entry(race).or_default().push(cost);
    }

    /// What a slice of a race takes besides its bytes. It does not differ between ciphers, so it is the
    /// median over all of them. Its time is below zero where a path lets the first bytes of a slice pass faster
    /// than the rest (a token bucket).
    pub fn fixed(&self, race: RaceKey) -> FixedCost {
        let of = |figure: fn(&FixedCost) -> f64| {
            let all: Vec<f64> = self.fixed.get(&race).into_iter().flatten().map(figure).collect();
            median(&all).unwrap_or(0.0)
        };
        FixedCost {
            real_s: of(|cost| cost.real_s),
            client_s: of(|cost| cost.client_s).max(0.0),
            server_s: of(|cost| cost.server_s).max(0.0),
        }
    }
}

/// The amount nearest to so many bytes that a method can move.
pub fn amount(method: Method, bytes: f64, usable: u64, sink: Sink) -> Amount {
    if !method.names_files() {
        let blocks = (bytes / BLOCK as f64).round().clamp(1.0, (LARGEST / BLOCK) as f64) as u64;
        let blocks = match sink {
            Sink::Null => blocks,
            // Chunks on the remote host are made for each size: there are few.
            Sink::File => power_of_two(blocks as f64),
        };
        return Amount { bytes: blocks * BLOCK, times: 1 };
    }
    let wanted = power_of_two(bytes).clamp(BLOCK, LARGEST);
    if wanted <= usable {
        return Amount { bytes: wanted, times: 1 };
    }
    let times = (bytes / usable as f64).round().clamp(1.0, MOST_TIMES as f64) as u32;
    Amount { bytes: usable, times }
}

/// All of a file in one slice; a pipe moves whole blocks.
pub fn whole(method: Method, bytes: u64) -> Amount {
    let bytes = if method.names_files() { bytes } else { bytes.div_ceil(BLOCK) * BLOCK };
    Amount { bytes, times: 1 }
}

/// The power of two nearest to a number, by ratio.
pub fn power_of_two(number: f64) -> u64 {
    1 << number.max(1.0).log2().round().min(62.0) as u32
}

/// Seconds of a slice on a path of this round trip, and of the lead-in before it.
pub fn seconds(round_trip_s: f64) -> (f64, f64) {
    let slice_s = (ROUND_TRIPS * round_trip_s).max(SHORTEST_S);
    match round_trip_s > LEAD_IN_ABOVE_S {
        true => (slice_s, LEAD_IN_ROUND_TRIPS * round_trip_s),
        false => (slice_s, 0.0),
    }
}

/// Seconds of the shortest slice that still tells a rate.
pub fn shorter(round_trip_s: f64) -> f64 {
    (LEAD_IN_ROUND_TRIPS * round_trip_s).max(SHORTEST_S)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_file_is_sent_several_times() {
        let of = |bytes: f64, usable: u64| {
            let Amount { bytes, times } = amount(Method::Sftp, bytes, usable, Sink::Null);
            (bytes, times)
        };
        assert_eq!(of(20e6, 1 << 30), (16 << 20, 1));
        assert_eq!(of(20e6, 5_000_000), (5_000_000, 4));
        assert_eq!(of(20e6, 100), (100, 64));
        assert_eq!(of(0.0, 1 << 30), (BLOCK, 1));
    }

    #[test]
    fn a_pipe_moves_whole_blocks() {
        let of = |bytes: f64, sink| amount(Method::Pipe, bytes, 1 << 30, sink).bytes;
        assert_eq!(of(20e6, Sink::Null), 305 * BLOCK);
        assert_eq!(of(20e6, Sink::File), 256 * BLOCK);
        assert_eq!(of(10.0, Sink::Null), BLOCK);
    }

    #[test]
    fn a_slice_lasts_twenty_round_trips_and_no_less_than_fifty_milliseconds() {
        assert_eq!(seconds(0.000_5), (0.05, 0.0));
        assert_eq!(seconds(0.05), (1.0, 0.4));
    }
}
