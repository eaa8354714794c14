//! What a survey must not do: a t test of each cipher against the leader after every round.

use std::collections::HashMap;

use cipher_survey::model::record::{Phase, Sample};
use cipher_survey::stats::intervals::t_quantile;

/// Whether it ever calls a cipher of the first pairing slower.
pub fn calls_one_slower(samples: &[Sample]) -> bool {
    let mut rates: HashMap<&str, Vec<(u32, f64)>> = HashMap::new();
    let of_rounds = |sample: &&Sample| sample.phase == Phase::Round && sample.pairing == 0;
    for sample in samples.iter().filter(of_rounds) {
        let rate = (sample.bytes.unwrap() as f64 / sample.real_s.unwrap()).ln();
        rates.entry(sample.cipher.as_str()).or_default().push((sample.round, rate));
    }
    let last = samples.iter().filter(of_rounds).map(|sample| sample.round).max().unwrap_or(0);
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
