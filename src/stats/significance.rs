//! Whether the ratio of two independent estimates differs from 1.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::intervals::{ALPHA, Half, t_quantile};

/// The standard error of a ratio's logarithm and its degrees of freedom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RatioError {
    error: f64,
    freedom: f64,
}

impl RatioError {
    /// Of two independent estimates, from their 95 % intervals: the squares of the errors add up,
    /// with the degrees of freedom of B. L. Welch, Biometrika 34 (1947). Absent where an interval
    /// has no finite width.
    pub fn of(before: Half, after: Half) -> Option<RatioError> {
        let one = |Half { half, freedom }: Half| {
            let error = half / t_quantile(1.0 - ALPHA / 2.0, freedom);
            error.is_finite().then_some(RatioError { error, freedom })
        };
        let (a, b) = (one(before)?, one(after)?);
        let squares = a.error.powi(2) + b.error.powi(2);
        let spread = a.error.powi(4) / a.freedom + b.error.powi(4) / b.freedom;
        // Without any noise the degrees of freedom do not matter.
        let freedom = if spread > 0.0 { squares.powi(2) / spread } else { a.freedom + b.freedom };
        Some(RatioError { error: squares.sqrt(), freedom })
    }

    /// The low and the high end of the ratio's 95 % interval.
    pub fn interval(&self, ratio: f64) -> (f64, f64) {
        let half = t_quantile(1.0 - ALPHA / 2.0, self.freedom) * self.error;
        (ratio * (-half).exp(), ratio * half.exp())
    }

    /// The probability of a ratio so far from 1, or further, where nothing has changed (two-sided t
    /// test).
    pub fn probability(&self, ratio: f64) -> f64 {
        if ratio == 1.0 {
            return 1.0;
        }
        let distance = ratio.ln().abs() / self.error;
        // Without any error any difference is real.
        let tail = |t: StudentsT| if distance.is_finite() { 2.0 * t.cdf(-distance) } else { 0.0 };
        StudentsT::new(0.0, 1.0, self.freedom).map_or(1.0, tail)
    }
}

/// Which of these probabilities are significant, all taken together at 5 %: the step-down of S.
/// Holm, Scand. J. Stat. 6 (1979). Judged one by one, of forty about two would be significant by
/// chance.
pub fn holm(probabilities: &[f64]) -> Vec<bool> {
    let many = probabilities.len();
    let mut order: Vec<usize> = (0..many).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut significant = vec![false; many];
    for (rank, k) in order.into_iter().enumerate() {
        if probabilities[k] > ALPHA / (many - rank) as f64 {
            break;
        }
        significant[k] = true;
    }
    significant
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holm_stops_at_the_first_that_is_not_significant() {
        // The bounds are 0.05 / 3, 0.05 / 2 and 0.05.
        assert_eq!(holm(&[0.04, 0.01, 0.03]), [false, true, false]);
        assert_eq!(holm(&[0.04, 0.01, 0.02]), [true, true, true]);
        assert!(holm(&[]).is_empty());
    }

    #[test]
    fn errors_of_two_estimates_add_up_as_squares() {
        let half = |error: f64| Half { half: error * t_quantile(0.975, 10.0), freedom: 10.0 };
        let error = RatioError::of(half(0.03), half(0.04)).unwrap();
        assert!((error.error - 0.05).abs() < 1e-12, "{error:?}");
        // 0.05⁴ / (0.03⁴ / 10 + 0.04⁴ / 10)
        assert!((error.freedom - 18.546).abs() < 1e-3, "{error:?}");
        assert_eq!(error.probability(1.0), 1.0);
        assert!(error.probability(1.3) < 0.001);
    }
}
