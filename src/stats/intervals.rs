//! Intervals of levels and of paired differences, in logarithms.

use schemars::JsonSchema;
use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use crate::stats::fit::{Field, Fit, Matrix, fit};

/// The error probability of a survey's verdicts, all interim analyses and configurations together.
pub const ALPHA: f64 = 0.05;

/// Weight of the pooled variance in that of each pair, in degrees of freedom (moderated t:
/// G. K. Smyth, Stat. Appl. Genet. Mol. Biol. 3 (2004), with a fixed weight).
const PRIOR: f64 = 4.0;

/// An interval against a leader that the same data chose must be wider than one against a fixed
/// cipher: among equals the luckiest leads (coverage simulated: `results/validation/`).
const CHOSEN: f64 = 0.5;

/// So must that of the leader's own level, which the levels of the others are relative to.
const OWN: f64 = 0.7;

/// A sample that the fit moved by more than this is reported as disturbed.
const DISTURBED: f64 = 0.1;

/// An estimate and half the width of its interval; both in logarithms.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Interval {
    pub estimate: f64,
    pub half: f64,
}

impl Interval {
    pub fn upper(&self) -> f64 {
        self.estimate + self.half
    }

    pub fn lower(&self) -> f64 {
        self.estimate - self.half
    }
}

/// Half an interval, in logarithms, and the degrees of freedom of its error.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Half {
    pub half: f64,
    pub freedom: f64,
}

/// Half the width of each configuration's own interval (of its level under the conditions of its
/// rounds, not of a difference); absent where too little was measured.
pub fn own(field: &Field, leader: usize) -> Vec<Option<Half>> {
    let Some(fitted) = fit(&field.values) else { return alone(field) };
    let one = |k: usize| {
        let many = field.values[k].iter().flatten().count() as f64;
        let (error, freedom) = match k == leader {
            true => (fitted.scale / many.sqrt(), fitted.freedom as f64),
            false => {
                let pair = Pair::of(&fitted, k, leader)?;
                ((pair.variance / pair.many / 2.0).sqrt(), pair.freedom)
            }
        };
        let error = (error.powi(2) + field.bias[k].powi(2)).sqrt();
        let half = t_quantile(1.0 - OWN * ALPHA / 2.0, freedom) * error;
        (many > 0.0).then_some(Half { half, freedom })
    };
    (0..field.values.len()).map(one).collect()
}

/// With one configuration alone there is no round effect: the plain interval of its mean.
fn alone(field: &Field) -> Vec<Option<Half>> {
    let mut halves = vec![None; field.values.len()];
    let known = |k: &usize| field.values[*k].iter().any(Option::is_some);
    if let [k] = (0..field.values.len()).filter(known).collect::<Vec<_>>()[..] {
        let values: Vec<f64> = field.values[k].iter().flatten().copied().collect();
        let freedom = values.len() as f64 - 1.0;
        halves[k] = half_of_mean(&values, field.bias[k]).map(|half| Half { half, freedom });
    }
    halves
}

/// Half the plain interval of a mean, with a bias that does not average out. Absent for fewer than
/// two values.
pub fn half_of_mean(values: &[f64], bias: f64) -> Option<f64> {
    let many = values.len() as f64;
    let mean = values.iter().sum::<f64>() / many;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    let error = (squares / (many - 1.0) / many + bias.powi(2)).sqrt();
    (many > 1.0).then(|| t_quantile(1.0 - ALPHA / 2.0, many - 1.0) * error)
}

/// How many samples of each configuration the fit clipped: much faster or slower than the others.
pub fn disturbed(field: &Field) -> Vec<usize> {
    let Some(fitted) = fit(&field.values) else { return vec![0; field.values.len()] };
    let one = |k: usize| {
        let both = field.values[k].iter().flatten().zip(fitted.clipped[k].iter().flatten());
        both.filter(|(value, clipped)| (*value - *clipped).abs() > DISTURBED).count()
    };
    (0..field.values.len()).map(one).collect()
}

/// Each configuration compared with another one in all rounds in which both were measured, with a
/// pointwise interval: for a table, not for verdicts.
pub fn against(field: &Field, other: usize) -> Vec<Option<Interval>> {
    let Some(fitted) = fit(&field.values) else { return vec![None; field.values.len()] };
    let one =
        |k: usize| (k != other).then(|| paired(&fitted, k, other, CHOSEN * ALPHA, field.bias[k]));
    (0..field.values.len()).map(|k| one(k).flatten()).collect()
}

/// The mean difference of two configurations over their common rounds, with its interval at the
/// level `1 - alpha`. Absent for fewer than two common rounds.
pub fn paired(fitted: &Fit, k: usize, other: usize, alpha: f64, bias: f64) -> Option<Interval> {
    let pair = Pair::of(fitted, k, other)?;
    let error = (pair.variance / pair.many + bias.powi(2)).sqrt();
    let half = t_quantile(1.0 - alpha / 2.0, pair.freedom) * error;
    Some(Interval { estimate: pair.estimate, half })
}

/// Two configurations in their common rounds.
struct Pair {
    estimate: f64,
    many: f64,
    /// Of one difference: the pair's own, shrunk to the pooled one.
    variance: f64,
    freedom: f64,
}

impl Pair {
    fn of(fitted: &Fit, k: usize, other: usize) -> Option<Pair> {
        let differences = |values: &Matrix| -> Vec<f64> {
            let both = values[k].iter().zip(&values[other]);
            both.filter_map(|(own, other)| Some((*own)? - (*other)?)).collect()
        };
        let raw = differences(&fitted.values);
        let differences = differences(&fitted.clipped);
        let many = differences.len() as f64;
        if differences.len() < 2 {
            return None;
        }
        let estimate = differences.iter().sum::<f64>() / many;
        let own = match raw[..] {
            // Of two rounds either may be the disturbed one: the fit has clipped both.
            [first, second] => (first - second).powi(2) / 2.0,
            _ => {
                let squares: f64 = differences.iter().map(|value| (value - estimate).powi(2)).sum();
                // Clipping removed variance of this pair; the kept share restores it.
                squares / (many - 1.0) / (fitted.kept[k] * fitted.kept[other]).max(0.25)
            }
        };
        let prior = PRIOR.min(fitted.freedom as f64);
        let freedom = prior + many - 1.0;
        let variance = (prior * 2.0 * fitted.scale.powi(2) + (many - 1.0) * own) / freedom;
        Some(Pair { estimate, many, variance, freedom })
    }
}

/// The quantile of Student's t distribution.
pub fn t_quantile(probability: f64, freedom: f64) -> f64 {
    StudentsT::new(0.0, 1.0, freedom).map_or(f64::INFINITY, |t| t.inverse_cdf(probability))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_t_are_those_of_published_tables() {
        for (probability, freedom, expected) in
            [(0.975, 4.0, 2.776), (0.975, 10.0, 2.228), (0.9995, 6.0, 5.959)]
        {
            assert!((t_quantile(probability, freedom) - expected).abs() < 1e-3);
        }
    }
}
