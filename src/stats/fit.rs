//! A robust two-way fit of rates: `ln rate = cipher + round`, by Huber's M-estimate (P. J. Huber,
//! Robust Statistics, 1981, chapter 7). The round effect is what all configurations of a round
//! share (heat, other load); clipping keeps a disturbed sample from deciding. Logarithms
//! throughout: 0.03 is 3 %.

use crate::stats::statistics::median;

/// Residuals are clipped at so many standard deviations.
const CLIP: f64 = 1.5;

/// Samples of a quiet host may be equal to the last digit; still nothing is clipped below 0.2 %.
const LEAST_SCALE: f64 = 0.002;

/// The standard deviation of a normal distribution whose absolute median is 1.
const NORMAL_MAD: f64 = 1.4826;

/// Most sweeps of the median polish, and of the alternating means: both settle far sooner.
const POLISHES: usize = 8;
const SWEEPS: usize = 200;
const SETTLED: f64 = 1e-9;

/// Values by configuration and round; a sample that failed or was never planned is absent.
pub type Matrix = Vec<Vec<Option<f64>>>;

/// What was measured of all configurations of one table.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// `ln` of the figure (more is better) by configuration and round, the first round at 0.
    pub values: Matrix,
    /// The last round in which each was tried, whether it failed or not.
    pub tried: Vec<u32>,
    /// The rounds in which each failed. A value may be absent for other reasons: a sample of
    /// another size is not compared, a clock may not have advanced.
    pub failed: Vec<Vec<u32>>,
    /// By how much start-up and fixed costs may differ between configurations, as a fraction of a sample: it
    /// does not average out.
    pub bias: Vec<f64>,
    /// By how much each level may be wrong, as a fraction: of an error that all configurations share, which
    /// is in no difference.
    pub level_bias: Vec<f64>,
    /// The least standard deviation of one value: what its slices vary by, over the root of their number.
    /// Connections differ besides. 0 where a sample has no slices.
    pub noise: Vec<f64>,
}

/// The fewest tries after which a cipher may be called unreliable: of two with different outcomes
/// either may be due to chance.
const LEAST_TRIES: u32 = 3;

impl Field {
    /// Whether it failed more often than not up to that round.
    pub fn mostly_failed(&self, k: usize, round: u32) -> bool {
        let tries = round.min(self.tried[k]);
        let failures = self.failed[k].iter().filter(|&&round| round <= tries).count();
        tries >= LEAST_TRIES && 2 * failures > tries as usize
    }
}

#[cfg(test)]
impl Field {
    /// Nothing failed, and nothing is known besides the values.
    pub fn of_rows(rows: &[&[f64]]) -> Field {
        let many = rows.len();
        Field {
            values: rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect(),
            tried: rows.iter().map(|row| row.len() as u32).collect(),
            failed: vec![Vec::new(); many],
            bias: vec![0.0; many],
            level_bias: vec![0.0; many],
            noise: vec![0.0; many],
        }
    }
}

/// The fitted values.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    pub values: Matrix,
    /// The values with the residuals of disturbed samples clipped.
    pub clipped: Matrix,
    /// One number per configuration: its mean level under average conditions.
    pub levels: Vec<f64>,
    /// Standard deviation of one value, all configurations together.
    pub scale: f64,
    /// Degrees of freedom of the residuals.
    pub freedom: usize,
    /// The share of them that the scale has: clipping, and what corrects for it, cost the rest.
    pub known: f64,
    /// The share of each configuration's values that was not clipped.
    pub kept: Vec<f64>,
}

/// Absent where there are too few values to separate noise from levels.
pub fn fit(values: &Matrix) -> Option<Fit> {
    let count = values.iter().flatten().flatten().count();
    if count == 0 {
        return None;
    }
    let rounds = (0..values.iter().map(Vec::len).max()?)
        .filter(|&round| values.iter().any(|row| at(row, round).is_some()))
        .count();
    let configurations = values.iter().filter(|row| row.iter().any(Option::is_some)).count();
    let freedom =
        (count + 1).checked_sub(rounds + configurations).filter(|&freedom| freedom > 0)?;

    let mut fitted = Surface::polished(values);
    let mut clipped = values.clone();
    for _ in 0..2 {
        let scale = scale(values, &fitted, freedom).max(LEAST_SCALE);
        clipped = map(values, |k, n, value| {
            let residual = value - fitted.at(k, n);
            fitted.at(k, n) + residual.clamp(-CLIP * scale, CLIP * scale)
        });
        fitted.settle(&clipped);
    }
    let kept_of = |k: usize| {
        let both = values[k].iter().flatten().zip(clipped[k].iter().flatten());
        let kept = both.clone().filter(|(value, clipped)| value == clipped).count();
        kept as f64 / both.count().max(1) as f64
    };
    let kept: Vec<f64> = (0..values.len()).map(kept_of).collect();
    let weight = |k: usize| values[k].iter().flatten().count() as f64;
    let all_kept = (0..values.len()).map(|k| kept[k] * weight(k)).sum::<f64>() / count as f64;
    let squares: f64 = clipped
        .iter()
        .enumerate()
        .flat_map(|(k, row)| row.iter().enumerate().map(move |(n, value)| (k, n, value)))
        .filter_map(|(k, n, value)| Some((value.as_ref()? - fitted.at(k, n)).powi(2)))
        .sum();
    // Clipping removes variance; Huber's correction restores it.
    let scale = (squares / freedom as f64).sqrt() / all_kept.max(0.5);
    let conditions = mean(fitted.rounds.iter().copied()).unwrap_or(0.0);
    let levels = fitted.levels.iter().map(|level| level + conditions).collect();
    let known = all_kept.powi(2);
    Some(Fit { values: values.clone(), clipped, levels, scale, freedom, known, kept })
}

/// `1.4826 × median` of the largest `freedom` absolute residuals: the fit has made the others
/// smaller than they were.
fn scale(values: &Matrix, fitted: &Surface, freedom: usize) -> f64 {
    let mut residuals = Vec::new();
    for (k, row) in values.iter().enumerate() {
        for (n, value) in row.iter().enumerate() {
            residuals.extend(value.map(|value| (value - fitted.at(k, n)).abs()));
        }
    }
    residuals.sort_by(|a, b| b.total_cmp(a));
    residuals.truncate(freedom);
    NORMAL_MAD * median(&residuals).unwrap_or(0.0)
}

/// A level for each configuration and an effect for each round.
struct Surface {
    levels: Vec<f64>,
    rounds: Vec<f64>,
}

impl Surface {
    fn at(&self, k: usize, n: usize) -> f64 {
        self.levels[k] + self.rounds[n]
    }

    /// Median polish (J. W. Tukey, Exploratory Data Analysis, 1977, chapter 11).
    fn polished(values: &Matrix) -> Surface {
        Surface::alternating(values, POLISHES, |values| median(&values.collect::<Vec<_>>()))
    }

    /// Least squares, by alternating means from where it is.
    fn settle(&mut self, values: &Matrix) {
        *self = Surface::alternating(values, SWEEPS, |values| mean(values));
    }

    fn alternating(
        values: &Matrix,
        sweeps: usize,
        center: impl Fn(&mut dyn Iterator<Item = f64>) -> Option<f64>,
    ) -> Surface {
        let rounds = values.iter().map(Vec::len).max().unwrap_or(0);
        let mut surface = Surface { levels: vec![0.0; values.len()], rounds: vec![0.0; rounds] };
        for _ in 0..sweeps {
            let mut moved = 0.0_f64;
            for (k, row) in values.iter().enumerate() {
                let offsets = &surface.rounds;
                let mut own = row.iter().zip(offsets).filter_map(|(y, b)| Some((*y)? - b));
                let level = center(&mut own).unwrap_or(0.0);
                moved = moved.max((level - surface.levels[k]).abs());
                surface.levels[k] = level;
            }
            for n in 0..rounds {
                let levels = &surface.levels;
                let mut own =
                    values.iter().zip(levels).filter_map(|(row, a)| Some(at(row, n)? - a));
                surface.rounds[n] = center(&mut own).unwrap_or(0.0);
            }
            if moved < SETTLED {
                break;
            }
        }
        surface
    }
}

fn at(row: &[Option<f64>], round: usize) -> Option<f64> {
    row.get(round).copied().flatten()
}

fn map(values: &Matrix, change: impl Fn(usize, usize, f64) -> f64) -> Matrix {
    let row = |(k, row): (usize, &Vec<Option<f64>>)| {
        row.iter().enumerate().map(|(n, value)| value.map(|value| change(k, n, value))).collect()
    };
    values.iter().enumerate().map(row).collect()
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0), |(sum, count), value| (sum + value, count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(rows: &[&[f64]]) -> Matrix {
        rows.iter().map(|row| row.iter().copied().map(Some).collect()).collect()
    }

    fn close(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-6, "{found} is not {expected}");
    }

    #[test]
    fn round_effects_are_removed() {
        let fitted = fit(&matrix(&[&[1.0, 0.5, 0.9], &[1.3, 0.8, 1.2]])).unwrap();
        close(fitted.levels[0], 0.8);
        close(fitted.levels[1], 1.1);
        close(fitted.scale, 0.0);
        assert_eq!(fitted.freedom, 2);
    }

    #[test]
    fn a_row_that_left_early_is_compared_in_its_own_rounds() {
        let mut values = matrix(&[&[1.0, 2.0, 3.0], &[1.1, 2.1, 3.1]]);
        values.push(vec![Some(0.5)]);
        let fitted = fit(&values).unwrap();
        close(fitted.levels[2] - fitted.levels[0], -0.5);
    }

    #[test]
    fn a_disturbed_value_is_clipped_and_the_rest_are_kept() {
        let rows = [
            &[0.00, 0.01, -0.01, 0.005, 0.0][..],
            &[0.10, 0.09, 0.11, -0.9, 0.1],
            &[0.20, 0.21, 0.19, 0.205, 0.2],
        ];
        let fitted = fit(&matrix(&rows)).unwrap();
        assert!(fitted.clipped[1][3].unwrap() > -0.1, "{fitted:?}");
        assert!(fitted.kept[1] < 1.0);
        assert!((fitted.levels[1] - fitted.levels[0] - 0.1).abs() < 0.03, "{fitted:?}");
    }

    #[test]
    fn too_little_is_no_fit() {
        assert_eq!(fit(&matrix(&[&[1.0], &[2.0]])), None);
        assert_eq!(fit(&Vec::new()), None);
        assert_eq!(fit(&vec![Vec::new(), Vec::new()]), None);
    }
}
