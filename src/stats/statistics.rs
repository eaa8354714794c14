//! Median and quotient.

/// The middle value, or the mean of the middle two. Absent for no values.
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.len() {
        0 => None,
        n if n % 2 == 1 => Some(sorted[middle]),
        _ => Some((sorted[middle - 1] + sorted[middle]) / 2.0),
    }
}

/// A quotient; absent where the divisor is not positive or the dividend not finite.
pub fn quotient(dividend: f64, divisor: f64) -> Option<f64> {
    (divisor > 0.0 && dividend.is_finite()).then(|| dividend / divisor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0]), Some(3.0));
        assert_eq!(median(&[9.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[9.0, 1.0, 2.0, 4.0]), Some(3.0));
    }

    #[test]
    fn a_missing_figure_is_missing() {
        assert_eq!(quotient(1.0, 0.0), None);
        assert_eq!(quotient(f64::INFINITY, 1.0), None);
        assert_eq!(quotient(1.0, 4.0), Some(0.25));
    }
}
