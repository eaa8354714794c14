//! What a survey must not do: a t test of each cipher against the leader after every round.

use std::collections::HashMap;

use cipher_survey::analysis::intervals::t_quantile;
use cipher_survey::model::record::{Phase, Trial};

/// Whether it ever calls a cipher slower.
pub fn calls_one_slower(trials: &[Trial]) -> bool {
    let mut rates: HashMap<&str, Vec<(u32, f64)>> = HashMap::new();
    for trial in trials.iter().filter(|trial| trial.phase == Phase::Round) {
        let rate = (trial.bytes.unwrap() as f64).ln();
        rates.entry(trial.cipher.as_str()).or_default().push((trial.round, rate));
    }
    let last = trials.iter().map(|trial| trial.round).max().unwrap_or(0);
    (3..=last).any(|round| {
        let until: Vec<Vec<f64>> = rates
            .values()
            .map(|values| values.iter().filter(|(n, _)| *n <= round).map(|(_, y)| *y).collect())
            .filter(|values: &Vec<f64>| values.len() == round as usize)
            .collect();
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let leader = until.iter().max_by(|a, b| mean(a).total_cmp(&mean(b))).unwrap();
        until.iter().any(|values| {
            let differences: Vec<f64> = values.iter().zip(leader).map(|(a, b)| a - b).collect();
            let (n, center) = (differences.len() as f64, mean(&differences));
            let squares: f64 = differences.iter().map(|value| (value - center).powi(2)).sum();
            let error = (squares / (n - 1.0) / n).sqrt();
            error > 0.0 && center + t_quantile(0.975, n - 1.0) * error < 0.0
        })
    })
}
