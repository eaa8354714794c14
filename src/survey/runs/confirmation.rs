//! Copies of FILE by the user's own command, with two ciphers in turn.

use std::time::{Duration, Instant};

use crate::model::record::{Outcome, Phase};
use crate::model::{Configuration, Entry, Method};
use crate::survey::ended::Ended;
use crate::survey::runs::rounds::Runs;
use crate::survey::runs::run::PlannedRun;

/// All copies of a survey take at most so long, as far as their times can be told beforehand.
pub const MOST_SECONDS: f64 = 25.0;
/// Logins at most.
pub const MOST_LOGINS: u32 = 8;

/// A median of fewer copies may be of two that were disturbed.
const LEAST_PAIRS: u32 = 3;
/// Copies may take so many times as long as is expected.
const SLOWER: f64 = 1.15;
/// Chunks of FILE are whole multiples of this.
const STEP: u64 = 1 << 20;

/// What is copied.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// With the cipher that advice is held against, and with the recommended one.
    pub entries: [Entry; 2],
    /// Of each copy.
    pub bytes: u64,
    pub pairs: u32,
}

/// What bounds it. `pair_s`: what a pair of copies of so many bytes is expected to take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Of FILE.
    pub file: u64,
    /// Bytes of one copy for which there is space, and that all copies may move.
    pub space: u64,
    pub left: u64,
    pub seconds: f64,
    pub logins: u32,
}

/// The largest copies that fit: all of FILE, in up to four pairs, or else a chunk of it in three. Absent where not
/// even two pairs fit.
pub fn sized(bounds: &Bounds, pair_s: impl Fn(u64) -> f64) -> Option<(u64, u32)> {
    let most = bounds.logins / 2;
    let fits = |bytes: u64, pairs: u32| {
        bytes > 0
            && bytes <= bounds.space
            && bytes.saturating_mul(2 * u64::from(pairs)) <= bounds.left
            && f64::from(pairs) * SLOWER * pair_s(bytes) <= bounds.seconds
    };
    let whole = (LEAST_PAIRS.min(most)..=most).rev().find(|&pairs| fits(bounds.file, pairs));
    if let Some(pairs) = whole {
        return Some((bounds.file, pairs));
    }
    (2..=LEAST_PAIRS.min(most)).rev().find_map(|pairs| {
        let (mut least, mut most) = (0, bounds.file / STEP);
        while least < most {
            let middle = least + (most - least).div_ceil(2);
            if fits(middle * STEP, pairs) { least = middle } else { most = middle - 1 }
        }
        (least > 0).then_some((least * STEP, pairs))
    })
}

/// The same by the program that the user's command runs.
pub fn by(method: Method, entries: [Entry; 2]) -> [Entry; 2] {
    entries.map(|entry| Entry {
        configuration: Configuration { method, ..entry.configuration },
        ..entry
    })
}

/// Makes the copies. Ends with the first one that fails, and when the time is up.
pub fn run(runs: &mut Runs, plan: &Plan, most: Duration) -> Result<(), Ended> {
    let begun = Instant::now();
    for pair in 1..=plan.pairs {
        // The order changes, so that drift falls on both alike.
        let [one, other] = plan.entries.each_ref();
        let order = if pair % 2 == 1 { [one, other] } else { [other, one] };
        let pair_begun = Instant::now();
        for entry in order {
            let entry = entry.clone();
            let planned =
                PlannedRun { phase: Phase::Confirmation, round: pair, entry, bytes: plan.bytes };
            if runs.one(&planned)?.outcome != Outcome::Measured {
                return Ok(());
            }
        }
        if begun.elapsed() + pair_begun.elapsed() > most {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn bounds(file: u64) -> Bounds {
        Bounds { file, space: u64::MAX, left: u64::MAX, seconds: 25.0, logins: 8 }
    }

    /// 0.5 s each besides the bytes, at 10 and 20 MiB/s.
    fn pair_s(bytes: u64) -> f64 {
        1.0 + bytes as f64 / MIB as f64 * (0.1 + 0.05)
    }

    #[test]
    fn whole_files_are_copied_as_often_as_fits() {
        assert_eq!(sized(&bounds(10 * MIB + 7), pair_s), Some((10 * MIB + 7, 4)));
        // A pair of 40 MiB takes 7 s: three fit.
        assert_eq!(sized(&bounds(40 * MIB), pair_s), Some((40 * MIB, 3)));
    }

    #[test]
    fn of_a_larger_file_three_chunks_are_copied() {
        let (bytes, pairs) = sized(&bounds(4 << 30), pair_s).unwrap();
        assert_eq!((pairs, bytes % MIB), (3, 0));
        assert!(3.0 * SLOWER * pair_s(bytes) <= 25.0);
        assert!(3.0 * SLOWER * pair_s(bytes + MIB) > 25.0);
    }

    #[test]
    fn space_bytes_and_logins_bound_it_too() {
        let small = Bounds { space: 3 * MIB, ..bounds(10 * MIB) };
        assert_eq!(sized(&small, pair_s), Some((3 * MIB, 3)));
        let few = Bounds { left: 20 * MIB, ..bounds(10 * MIB) };
        assert_eq!(sized(&few, pair_s), Some((3 * MIB, 3)));
        let logins = Bounds { logins: 4, ..bounds(10 * MIB) };
        assert_eq!(sized(&logins, pair_s), Some((10 * MIB, 2)));
    }

    #[test]
    fn where_logins_take_long_nothing_is_copied() {
        assert_eq!(sized(&bounds(MIB), |_| 20.0), None);
        assert_eq!(sized(&bounds(0), pair_s), None);
        assert_eq!(sized(&Bounds { space: 5, ..bounds(MIB) }, pair_s), None);
        // Two pairs do.
        assert_eq!(sized(&bounds(MIB), |_| 10.0), Some((MIB, 2)));
    }
}
