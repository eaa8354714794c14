//! Which changes are no accident.

use statrs::distribution::{ContinuousCDF, StudentsT};

use super::{Changed, Changes};
use crate::analysis::compare::{Compared, Times};
use crate::stats::intervals::{ALPHA, t_quantile};

/// The error of a ratio's logarithm and the degrees of freedom that it is known with.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Error {
    error: f64,
    freedom: f64,
}

impl Error {
    /// The surveys are independent, so their errors are added as such; what they are known with by B.
    /// L. Welch, Biometrika 34 (1947). An error is taken from the interval that is shown, which of a
    /// leader is wider than of any other.
    pub fn of(before: Option<Compared>, after: Option<Compared>) -> Option<Error> {
        let one = |compared: Option<Compared>| {
            let compared = compared?;
            let (half, freedom) = (compared.half_percent? / 100.0, compared.freedom?);
            let error = half.ln_1p() / t_quantile(1.0 - ALPHA / 2.0, freedom);
            error.is_finite().then_some(Error { error, freedom })
        };
        let (a, b) = (one(before)?, one(after)?);
        let squares = a.error.powi(2) + b.error.powi(2);
        let spread = a.error.powi(4) / a.freedom + b.error.powi(4) / b.freedom;
        // Two surveys without any noise tell as much as any.
        let freedom = if spread > 0.0 { squares.powi(2) / spread } else { a.freedom + b.freedom };
        Some(Error { error: squares.sqrt(), freedom })
    }

    /// The ratio's 95 % interval.
    pub fn interval(&self, ratio: f64) -> Times {
        let half = t_quantile(1.0 - ALPHA / 2.0, self.freedom) * self.error;
        Times { ratio, low: ratio * (-half).exp(), high: ratio * half.exp() }
    }

    /// Of so large a ratio, or a larger one, where nothing has changed.
    fn probability(&self, ratio: f64) -> f64 {
        if ratio == 1.0 {
            return 1.0;
        }
        let distance = ratio.ln().abs() / self.error;
        // Without any error any difference is real.
        let tail = |t: StudentsT| if distance.is_finite() { 2.0 * t.cdf(-distance) } else { 0.0 };
        StudentsT::new(0.0, 1.0, self.freedom).map_or(1.0, tail)
    }
}

/// Holm's step-down over all figures (S. Holm, Scand. J. Stat. 6 (1979)): of forty comparisons two
/// would be called real by accident, were each judged alone.
pub fn decide(sections: &mut [Changes]) {
    let rows = sections.iter_mut().flat_map(|section| &mut section.rows);
    let figures = rows.flat_map(|row| row.figures_mut().into_iter().flatten());
    let mut judged: Vec<(f64, &mut Changed)> = figures
        .filter_map(|changed| Some((changed.error?.probability(changed.ratio), changed)))
        .collect();
    judged.sort_by(|a, b| a.0.total_cmp(&b.0));
    let many = judged.len();
    for (rank, (probability, changed)) in judged.into_iter().enumerate() {
        changed.real = probability <= ALPHA / (many - rank) as f64;
        if !changed.real {
            break;
        }
    }
}
