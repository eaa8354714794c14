//! Wall seconds of a trial with what is around it, from a journal's clock.

use std::collections::HashMap;

use crate::model::record::Trial;
use crate::model::{Direction, Method};

/// Pairing, method and direction: trials of one race last alike.
pub type Key = (usize, Method, Direction);

pub struct Pace {
    own_s: HashMap<Key, f64>,
    around_s: f64,
}

impl Pace {
    /// From trials in the order in which they were run.
    pub fn of(trials: &[Trial]) -> Pace {
        let mut sums: HashMap<Key, (f64, u32)> = HashMap::new();
        for trial in trials {
            let sum = sums.entry((trial.pairing, trial.method, trial.direction)).or_default();
            *sum = (sum.0 + lasted_s(trial), sum.1 + 1);
        }
        // The clock is read when a trial ends: the first one's own time lies before its mark.
        let around_s = match trials {
            [first, rest @ .., last] => {
                let wall_s = last.at_s - first.at_s;
                let own_s = rest.iter().chain([last]).map(lasted_s).sum::<f64>();
                (wall_s - own_s) / (rest.len() + 1) as f64
            }
            _ => 0.0,
        };
        Pace {
            own_s: sums.into_iter().map(|(of, (sum, many))| (of, sum / f64::from(many))).collect(),
            around_s: around_s.max(0.0),
        }
    }

    pub fn trial_s(&self, of: Key) -> f64 {
        self.own_s.get(&of).copied().unwrap_or(0.0) + self.around_s
    }
}

fn lasted_s(trial: &Trial) -> f64 {
    trial.handshake_s.unwrap_or(0.0) + trial.real_s.unwrap_or(0.0)
}
