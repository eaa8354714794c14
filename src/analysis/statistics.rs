//! The few statistics of a table.

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

/// Half the range as a fraction of the median: 0.02 is ±2 %. Absent for fewer than two
/// values, which have no range to speak of, and for a median of zero.
pub fn spread(values: &[f64]) -> Option<f64> {
    let median = median(values).filter(|&median| median > 0.0 && values.len() > 1)?;
    let (low, high) = values
        .iter()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), &x| (low.min(x), high.max(x)));
    Some((high - low) / 2.0 / median)
}

/// A quotient, absent where it would be none.
pub fn quotient(dividend: f64, divisor: f64) -> Option<f64> {
    (divisor > 0.0 && dividend.is_finite()).then(|| dividend / divisor)
}

/// The larger of two spreads; absent where either is, since nothing is known of that one.
pub fn larger_spread(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    Some(one?.max(other?))
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
    fn the_spread_is_half_the_range_over_the_median() {
        assert_eq!(spread(&[]), None);
        assert_eq!(spread(&[5.0]), None);
        assert_eq!(spread(&[0.0, 0.0]), None);
        assert_eq!(spread(&[5.0, 5.0]), Some(0.0));
        assert_eq!(spread(&[90.0, 110.0, 100.0]), Some(0.1));
    }

    #[test]
    fn a_missing_figure_is_missing() {
        assert_eq!(quotient(1.0, 0.0), None);
        assert_eq!(quotient(f64::INFINITY, 1.0), None);
        assert_eq!(quotient(1.0, 4.0), Some(0.25));
        assert_eq!(larger_spread(Some(0.1), None), None);
        assert_eq!(larger_spread(Some(0.1), Some(0.3)), Some(0.3));
    }
}
