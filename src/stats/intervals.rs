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

/// An interval against a leader that the same data chose must be wider than one against a fixed cipher: among
/// equals the luckiest leads. Of c independent normal values the largest has a mean of E and a variance of V
/// (H. A. David, Order Statistics, 1981), and its difference to another one is within E ± 1.645 √(V + 1) in 95 %;
/// for c = 2 that is what a fixed cipher has, for 3, 5 and 10 it is 1.05, 1.13 and 1.24 times as wide. The
/// interval of the leader's own level grows alike (1.06, 1.15, 1.28). Both are near 1 + 0.16 ln(c/2).
const LUCK: f64 = 0.16;

/// How many times as wide, among so many that may be equal.
pub fn luck(equals: usize) -> f64 {
    1.0 + LUCK * (equals.max(2) as f64 / 2.0).ln()
}

/// Half of 95 % of a normal distribution, in standard deviations.
const NORMAL_95: f64 = 1.96;

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
    let many = |k: usize| field.values[k].iter().flatten().count() as f64;
    let equals = equals(field, &fitted, leader);
    let one = |k: usize| {
        let (error, freedom, wider) = match k == leader {
            true => {
                let error = fitted.scale.max(field.noise[k]) / many(k).sqrt();
                (error, fitted.known * fitted.freedom as f64, luck(equals))
            }
            false => {
                let pair = Pair::of(&fitted, k, leader, Known::of(field, k, leader).variance)?;
                // Its level is the leader's times their ratio. In the rounds without it the leader's level
                // has an error of its own.
                let rounds = 2.0 / pair.many - 1.0 / many(leader).max(pair.many);
                ((pair.variance / 2.0 * rounds).sqrt(), pair.freedom, 1.0)
            }
        };
        let random = wider * t_quantile(1.0 - ALPHA / 2.0, freedom) * error;
        let half = hypotenuse(random, field.bias[k].hypot(field.level_bias[k]));
        (many(k) > 0.0).then_some(Half { half, freedom })
    };
    (0..field.values.len()).map(one).collect()
}

/// A half-width with a bias, whose standard error does not depend on the samples.
fn hypotenuse(random: f64, bias: f64) -> f64 {
    random.hypot(NORMAL_95 * bias)
}

/// With one configuration alone there is no round effect: the plain interval of its mean.
fn alone(field: &Field) -> Vec<Option<Half>> {
    let mut halves = vec![None; field.values.len()];
    let known = |k: &usize| field.values[*k].iter().any(Option::is_some);
    if let [k] = (0..field.values.len()).filter(known).collect::<Vec<_>>()[..] {
        let values: Vec<f64> = field.values[k].iter().flatten().copied().collect();
        let freedom = values.len() as f64 - 1.0;
        halves[k] = half_of_mean(&values, field.level_bias[k].hypot(field.bias[k]))
            .map(|half| Half { half, freedom });
    }
    halves
}

/// The mean of what pairs of copies differ by, with a 95 % interval. Few copies tell their spread badly: that of
/// the race's samples counts besides, with as much weight as in its own pairs. Absent without any pair.
pub fn of_copies(differences: &[f64], race_variance: f64) -> Option<Interval> {
    let many = differences.len() as f64;
    let estimate = differences.iter().sum::<f64>() / many;
    let squares: f64 = differences.iter().map(|value| (value - estimate).powi(2)).sum();
    let freedom = PRIOR + many - 1.0;
    let variance = (PRIOR * race_variance + squares) / freedom;
    let half = t_quantile(1.0 - ALPHA / 2.0, freedom) * (variance / many).sqrt();
    (many > 0.0).then_some(Interval { estimate, half })
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
    let wider = luck(equals(field, &fitted, other));
    let one = |k: usize| {
        let fixed = paired(&fitted, k, other, ALPHA, Known::of(field, k, other))?;
        Some(Interval { half: wider * fixed.half, ..fixed })
    };
    (0..field.values.len()).map(|k| if k == other { None } else { one(k) }).collect()
}

/// How many may be as good as this one, itself counted.
fn equals(field: &Field, fitted: &Fit, leader: usize) -> usize {
    let may_be = |k: &usize| {
        let interval = paired(fitted, *k, leader, ALPHA, Known::of(field, *k, leader));
        *k != leader && interval.is_some_and(|interval| interval.upper() > 0.0)
    };
    1 + (0..field.values.len()).filter(may_be).count()
}

/// The mean difference of two configurations over their common rounds, with its interval at the
/// level `1 - alpha`. Absent for fewer than two common rounds.
pub fn paired(fitted: &Fit, k: usize, other: usize, alpha: f64, known: Known) -> Option<Interval> {
    Some(Difference::of(fitted, k, other, known)?.interval(alpha))
}

/// The mean difference of two configurations, its standard error and the degrees of freedom of that.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    estimate: f64,
    error: f64,
    freedom: f64,
}

impl Difference {
    /// Over their common rounds. Absent for fewer than two.
    pub fn of(fitted: &Fit, k: usize, other: usize, known: Known) -> Option<Difference> {
        let pair = Pair::of(fitted, k, other, known.variance)?;
        let error = (pair.variance / pair.many + known.bias.powi(2)).sqrt();
        Some(Difference { estimate: pair.estimate, error, freedom: pair.freedom })
    }

    /// What independent differences of figures come to for the sum of the inverse figures: seconds, or CPU-seconds,
    /// for as many bytes in each part. Beside each difference the inverse of the other configuration's figure; the
    /// error by the first derivatives, its degrees of freedom by B. L. Welch, Biometrika 34 (1947).
    pub fn of_sums(parts: &[(Difference, f64)]) -> Difference {
        let others: f64 = parts.iter().map(|(_, inverse)| inverse).sum();
        let own = |(one, inverse): &(Difference, f64)| inverse * (-one.estimate).exp();
        let all: f64 = parts.iter().map(own).sum();
        let error = |part: &(Difference, f64)| own(part) / all * part.0.error;
        let squares: f64 = parts.iter().map(|part| error(part).powi(2)).sum();
        let spread: f64 = parts.iter().map(|part| error(part).powi(4) / part.0.freedom).sum();
        let freedom = match spread > 0.0 {
            true => squares.powi(2) / spread,
            false => parts.iter().map(|(one, _)| one.freedom).sum(),
        };
        Difference { estimate: -(all / others).ln(), error: squares.sqrt(), freedom }
    }

    /// At the level `1 - alpha`.
    pub fn interval(&self, alpha: f64) -> Interval {
        let half = t_quantile(1.0 - alpha / 2.0, self.freedom) * self.error;
        Interval { estimate: self.estimate, half }
    }
}

/// What is known of the error of a difference besides the values themselves.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    pub bias: f64,
    /// The least variance of one difference. Rounds that happen to agree show less, and a survey that stops
    /// once they agree picks those: after three rounds of three ciphers that alone brought the coverage of
    /// intervals at 95 % down to 85 % (simulated).
    pub variance: f64,
}

impl Known {
    /// Of one configuration against another one.
    pub fn of(field: &Field, k: usize, other: usize) -> Known {
        Known { bias: field.bias[k], variance: field.noise[k].powi(2) + field.noise[other].powi(2) }
    }
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
    fn of(fitted: &Fit, k: usize, other: usize, least_variance: f64) -> Option<Pair> {
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
        let all = fitted.freedom as f64;
        let prior = PRIOR.min(all);
        let weights = prior + many - 1.0;
        let variance = (prior * 2.0 * fitted.scale.powi(2) + (many - 1.0) * own) / weights;
        let is_least = variance < least_variance;
        let variance = variance.max(least_variance);
        // The pair's own samples are part of the pooled ones, of few configurations the larger part: by F. E.
        // Satterthwaite, Biometrics Bull. 2 (1946).
        let of_pair = (prior * (many - 1.0) / all + many - 1.0) / weights;
        let others = (1.0 - of_pair).max(0.0).powi(2) / (all - many + 1.0).max(1.0);
        let spread = of_pair.powi(2) / (many - 1.0) + others;
        // What slices vary by is known from many of them, and what connections differ by is not.
        let freedom = if is_least { weights } else { (fitted.known / spread).min(weights) };
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

    const A: [f64; 4] = [0.00, 0.02, -0.01, 0.01];
    const B: [f64; 4] = [-0.01, 0.01, 0.01, -0.02];
    const C: [f64; 4] = [0.01, -0.01, 0.00, 0.02];

    #[test]
    fn a_leader_among_equals_has_wider_intervals_than_one_by_far() {
        let equals = |b: &[f64], c: &[f64]| {
            let field = Field::of_rows(&[&A, b, c]);
            equals(&field, &fit(&field.values).unwrap(), 0)
        };
        let far = |row: [f64; 4]| row.map(|value| value - 0.5);
        assert_eq!((equals(&B, &C), equals(&B, &far(C)), equals(&far(B), &far(C))), (3, 2, 1));
        assert_eq!((luck(1), luck(2)), (1.0, 1.0));
        assert!((luck(10) - 1.26).abs() < 0.01);
    }

    #[test]
    fn two_configurations_know_their_spread_by_their_own_rounds_alone() {
        let freedom = |rows: &[&[f64]]| {
            let mut fitted = fit(&Field::of_rows(rows).values).unwrap();
            fitted.known = 1.0;
            Pair::of(&fitted, 0, 1, 0.0).unwrap().freedom
        };
        assert!((freedom(&[&A, &B]) - 3.0).abs() < 1e-9);
        // Of six of three 5/7 weigh as the pair's own three.
        let few = 1.0 / ((5.0_f64 / 7.0).powi(2) / 3.0 + (2.0_f64 / 7.0).powi(2) / 3.0);
        assert!((freedom(&[&A, &B, &C]) - few).abs() < 1e-9);
        // Never more than the prior and the pair's own rounds.
        assert_eq!(freedom(&[&A, &B, &C, &A, &B, &C, &A, &B, &C, &A, &B, &C]), 7.0);
    }

    #[test]
    fn rounds_that_agree_by_chance_vary_as_their_slices_do() {
        let mut field = Field::of_rows(&[&[0.1; 3], &[0.0; 3]]);
        let half = |field: &Field| {
            let own = own(field, 0).into_iter().flatten().map(|half| half.half);
            (against(field, 0)[1].unwrap().half, own.fold(f64::INFINITY, f64::min))
        };
        assert!(half(&field).0 < 1e-6 && half(&field).1 < 1e-6);
        field.noise = vec![0.03, 0.04];
        // The prior's degrees of freedom, of which there are no more than the fit has, and the pair's own.
        let expected = t_quantile(0.975, 2.0 + 2.0) * 0.05 / 3.0_f64.sqrt();
        assert!((half(&field).0 - expected).abs() < 1e-9);
        assert!(half(&field).1 > 0.03);
        // More than that they may well vary.
        let mut wide = Field { noise: vec![0.0; 2], ..Field::of_rows(&[&A, &B]) };
        let before = half(&wide);
        wide.noise = vec![0.001; 2];
        assert_eq!(half(&wide), before);
    }

    #[test]
    fn differences_of_parts_come_to_one_of_their_sums() {
        let one = Difference { estimate: 3.0_f64.ln(), error: 0.03, freedom: 5.0 };
        let other = Difference { estimate: 0.5_f64.ln(), error: 0.04, freedom: 5.0 };
        // 1/20 and 1/40 s of the other; 1/60 and 1/20 s of this one.
        let sum = Difference::of_sums(&[(one, 1.0 / 20.0), (other, 1.0 / 40.0)]);
        assert!((sum.estimate.exp() - 1.125).abs() < 1e-9, "{sum:?}");
        // A quarter and three quarters of its time.
        let error = (0.25_f64 * 0.03).hypot(0.75 * 0.04);
        assert!((sum.error - error).abs() < 1e-12, "{sum:?}");
        let freedom = error.powi(4) / ((0.0075_f64).powi(4) / 5.0 + 0.03_f64.powi(4) / 5.0);
        assert!((sum.freedom - freedom).abs() < 1e-9, "{sum:?}");
        let alone = Difference::of_sums(&[(one, 7.0)]).interval(0.05);
        assert!((alone.estimate - one.estimate).abs() < 1e-12);
        assert!((alone.half - one.interval(0.05).half).abs() < 1e-12);
    }

    #[test]
    fn copies_borrow_the_spread_of_the_race() {
        assert_eq!(of_copies(&[], 0.01), None);
        let one = of_copies(&[0.3], 0.01).unwrap();
        assert!((one.half - t_quantile(0.975, 4.0) * 0.1).abs() < 1e-9);
        let two = of_copies(&[0.2, 0.4], 0.01).unwrap();
        let variance = (4.0 * 0.01 + 2.0 * 0.01) / 5.0;
        let expected = t_quantile(0.975, 5.0) * (variance / 2.0_f64).sqrt();
        assert!((two.estimate - 0.3).abs() < 1e-9 && (two.half - expected).abs() < 1e-9);
    }

    #[test]
    fn an_error_that_all_share_is_in_levels_and_in_no_difference() {
        let mut field = Field::of_rows(&[&A, &B]);
        let (ratio, level) = (against(&field, 0)[1].unwrap().half, own(&field, 0)[1].unwrap().half);
        field.level_bias = vec![0.5; 2];
        assert_eq!(against(&field, 0)[1].unwrap().half, ratio);
        let expected = level.hypot(0.5 * NORMAL_95);
        assert!((own(&field, 0)[1].unwrap().half - expected).abs() < 1e-9);
    }

    #[test]
    fn the_level_of_what_left_early_has_the_error_of_fewer_rounds() {
        let field = Field::of_rows(&[&A, &C, &[0.02, -0.02]]);
        let pair = Pair::of(&fit(&field.values).unwrap(), 2, 0, 0.0).unwrap();
        // Two rounds of its own, and what the leader's four say of these two.
        let error = (pair.variance / 2.0 * (2.0 / 2.0 - 1.0 / 4.0)).sqrt();
        let expected = t_quantile(0.975, pair.freedom) * error;
        assert!((own(&field, 0)[2].unwrap().half - expected).abs() < 1e-9);
    }
}
