//! How long a sample takes with all that goes with it, from a journal's clock.

use std::collections::HashMap;

use crate::model::record::Sample;
use crate::model::{Direction, Method};

/// Pairing, method and direction: samples of one race take equally long.
pub type Key = (usize, Method, Direction);

/// Real seconds per sample.
pub struct Pace {
    own_s: HashMap<Key, f64>,
    around_s: f64,
}

impl Pace {
    /// From samples in the order in which they were run.
    pub fn of(samples: &[Sample]) -> Pace {
        let mut sums: HashMap<Key, (f64, u32)> = HashMap::new();
        for sample in samples {
            let sum = sums.entry((sample.pairing, sample.method, sample.direction)).or_default();
            *sum = (sum.0 + took_s(sample), sum.1 + 1);
        }
        // The clock is read when a sample ends, so the first one's own time lies before its reading.
        let around_s = match samples {
            [first, rest @ .., last] => {
                let elapsed_s = last.at_s - first.at_s;
                let own_s = rest.iter().chain([last]).map(took_s).sum::<f64>();
                (elapsed_s - own_s) / (rest.len() + 1) as f64
            }
            _ => 0.0,
        };
        Pace {
            own_s: sums.into_iter().map(|(of, (sum, many))| (of, sum / f64::from(many))).collect(),
            around_s: around_s.max(0.0),
        }
    }

    pub fn sample_s(&self, of: Key) -> f64 {
        self.own_s.get(&of).copied().unwrap_or(0.0) + self.around_s
    }
}

fn took_s(sample: &Sample) -> f64 {
    sample.setup_s.unwrap_or(0.0) + sample.real_s.unwrap_or(0.0)
}
