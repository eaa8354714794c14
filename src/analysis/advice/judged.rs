//! Alternatives judged for one goal. Of two directions each has its own comparison, that of its table, and advice
//! for as many bytes each way is what both say together: the times (or costs) of both add up, and their errors are
//! independent.
//! It never goes back to the rounds that the directions have in common: a cipher that left one race after three
//! rounds has three of them.

use crate::analysis::rows::compare::{Comparison, Ratio, compare_field};
use crate::analysis::samples::series::Figure;
use crate::stats::fit::{Field, Fit, fit};
use crate::stats::intervals::{ALPHA, Difference, Interval, Known, luck};
use crate::stats::race::{Label, Rule};
use crate::stats::statistics::median;

/// What is known of each alternative, by its index.
pub struct Judged {
    pub leader: usize,
    /// Absent: it took no part.
    pub labels: Vec<Option<Label>>,
    /// How many times the leader's figure its own is, with a 95 % interval.
    pub times_leader: Vec<Option<Ratio>>,
    /// By how much any other may be better, in logarithms.
    pub bounds: Vec<Option<f64>>,
}

impl Judged {
    /// From the fields of each direction, over the same alternatives. Absent where none has a figure in each
    /// direction.
    pub fn of(fields: Vec<Field>, figure: Figure, rule: &Rule) -> Option<Judged> {
        match <[Field; 1]>::try_from(fields) {
            Ok([field]) => Judged::one_way(&field, figure, rule),
            Err(fields) => Judged::both_ways(fields, figure, rule),
        }
    }

    fn one_way(field: &Field, figure: Figure, rule: &Rule) -> Option<Judged> {
        let Comparison { race, rows } = compare_field(field, figure, rule);
        let all = 0..rows.len();
        Some(Judged {
            leader: race.leader?,
            labels: all.clone().map(|k| rows[k].map(|_| race.labels[k])).collect(),
            times_leader: rows.iter().map(|row| (*row)?.times_leader).collect(),
            bounds: all.map(|k| race.bound_over(k, field, rule)).collect(),
        })
    }

    fn both_ways(fields: Vec<Field>, figure: Figure, rule: &Rule) -> Option<Judged> {
        let ways: Vec<Way> = fields.into_iter().map(|field| Way::of(field, figure, rule)).collect();
        let many = ways.first()?.field.values.len();
        let takes_part = |k: &usize| ways.iter().all(|way| way.comparison.rows[*k].is_some());
        let all: Vec<usize> = (0..many).filter(takes_part).collect();
        let per_byte = |k: &usize| ways.iter().map(|way| way.per_byte(*k)).sum::<f64>();
        let leader = all.iter().copied().min_by(|a, b| per_byte(a).total_cmp(&per_byte(b)))?;
        let between = |k: usize, other: usize| -> Option<Difference> {
            let of = |way: &Way| Some((way.between(k, other)?, way.per_byte(other)));
            let parts = ways.iter().map(of).collect::<Option<Vec<_>>>()?;
            Some(Difference::of_sums(&parts))
        };
        // The error probability is shared as in a race.
        let share = rule.alpha / all.len().saturating_sub(1).max(1) as f64;
        let label = |k: usize| {
            if k == leader {
                return Label::Lead;
            }
            if ways.iter().any(|way| way.comparison.race.labels[k] == Label::Unreliable) {
                return Label::Unreliable;
            }
            if ways.iter().all(|way| way.says_slower(k, leader)) {
                return Label::Slower;
            }
            match between(k, leader) {
                Some(difference) => Label::of(&difference.interval(share), rule.delta)
                    .shown(Some(difference.interval(ALPHA)), rule.delta),
                None => Label::Undecided,
            }
        };
        let mut labels = vec![None; many];
        for &k in &all {
            labels[k] = Some(label(k));
        }
        let is_rival =
            |k: &usize| matches!(labels[*k], Some(Label::Lead | Label::Tie | Label::Undecided));
        let bound = |k: usize| {
            let rivals = all.iter().copied().filter(|&rival| rival != k && is_rival(&rival));
            rivals
                .map(|rival| between(rival, k).map(|difference| difference.interval(share).upper()))
                .try_fold(0.0, |most: f64, upper| Some(most.max(upper?)))
        };
        let pointwise = |k: usize| Some(between(k, leader)?.interval(ALPHA));
        let may_lead = |k: &&usize| {
            **k != leader && pointwise(**k).is_some_and(|interval| interval.upper() > 0.0)
        };
        let wider = luck(1 + all.iter().filter(may_lead).count());
        let times = |k: usize| {
            let interval = pointwise(k).filter(|_| k != leader && labels[k].is_some())?;
            Some(Ratio::of(Interval { half: wider * interval.half, ..interval }, figure))
        };
        Some(Judged {
            leader,
            times_leader: (0..many).map(times).collect(),
            bounds: (0..many).map(|k| labels[k].and_then(|_| bound(k))).collect(),
            labels,
        })
    }
}

/// The race of one direction, over all of its rounds.
struct Way {
    field: Field,
    /// Absent where there is too little to separate noise from levels.
    fitted: Option<Fit>,
    comparison: Comparison,
}

impl Way {
    fn of(field: Field, figure: Figure, rule: &Rule) -> Way {
        let comparison = compare_field(&field, figure, rule);
        Way { fitted: fit(&field.values), comparison, field }
    }

    /// Seconds, or CPU-seconds, per byte.
    fn per_byte(&self, k: usize) -> f64 {
        let level = match &self.fitted {
            Some(fitted) => fitted.levels[k],
            None => {
                let values: Vec<f64> = self.field.values[k].iter().flatten().copied().collect();
                median(&values).unwrap_or(f64::NEG_INFINITY)
            }
        };
        (-level).exp()
    }

    fn between(&self, k: usize, other: usize) -> Option<Difference> {
        Difference::of(self.fitted.as_ref()?, k, other, Known::of(&self.field, k, other))
    }

    /// Whether its table says so. What is surely slower in each direction is so in both.
    fn says_slower(&self, k: usize, leader: usize) -> bool {
        self.comparison.race.leader == Some(leader)
            && self.comparison.race.labels[k] == Label::Slower
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::race::{Question, interim_analyses};

    const LEADS: [f64; 6] = [0.00, 0.02, -0.02, 0.01, -0.01, 0.00];
    const SLOWER: [f64; 6] = [-0.41, -0.39, -0.40, -0.42, -0.38, -0.40];

    fn judged(fields: Vec<Field>) -> Judged {
        Judged::of(
            fields,
            Figure::Rate,
            &Rule::sequential(0.03, Question::Choice, interim_analyses(2)),
        )
        .unwrap()
    }

    #[test]
    fn what_left_each_race_as_slower_is_slower_in_both() {
        // It left the first race after three rounds, the second after six.
        let early = Field::of_rows(&[&LEADS, &SLOWER[..3]]);
        let found = judged(vec![early, Field::of_rows(&[&LEADS, &SLOWER])]);
        assert_eq!(found.labels, [Some(Label::Lead), Some(Label::Slower)]);
        assert_eq!(found.bounds[0], Some(0.0));
        let times = found.times_leader[1].unwrap();
        assert!((times.ratio.ln() + 0.4).abs() < 0.02 && times.high < 0.8, "{times:?}");
    }

    #[test]
    fn two_directions_tell_more_than_one() {
        let noisy = [-0.25, -0.02, -0.2, -0.05, -0.22, -0.04];
        let one = judged(vec![Field::of_rows(&[&LEADS, &noisy])]);
        let two =
            judged(vec![Field::of_rows(&[&LEADS, &noisy]), Field::of_rows(&[&LEADS, &noisy])]);
        let width = |found: &Judged| {
            let times = found.times_leader[1].unwrap();
            (times.high / times.low).ln()
        };
        assert!(width(&two) < width(&one), "{} and {}", width(&two), width(&one));
        assert!(
            (two.times_leader[1].unwrap().ratio / one.times_leader[1].unwrap().ratio).ln().abs()
                < 1e-9
        );
    }

    #[test]
    fn what_has_no_figure_in_a_direction_takes_no_part() {
        let found = judged(vec![
            Field::of_rows(&[&LEADS, &SLOWER, &LEADS]),
            Field::of_rows(&[&LEADS, &SLOWER, &[]]),
        ]);
        assert_eq!((found.labels[2], found.bounds[2]), (None, None));
        assert!(found.times_leader[2].is_none());
    }

    #[test]
    fn of_one_round_the_faster_leads_and_nothing_is_decided() {
        let found =
            judged(vec![Field::of_rows(&[&[0.0], &[0.3]]), Field::of_rows(&[&[0.0], &[0.3]])]);
        assert_eq!((found.leader, found.labels[0]), (1, Some(Label::Undecided)));
        assert_eq!(found.bounds, [None, None]);
        let alone = judged(vec![Field::of_rows(&[&[0.0]]), Field::of_rows(&[&[0.0]])]);
        assert_eq!((alone.leader, alone.bounds[0]), (0, Some(0.0)));
    }

    #[test]
    fn directions_that_contradict_each_other_tell_nothing() {
        let found =
            judged(vec![Field::of_rows(&[&LEADS, &SLOWER]), Field::of_rows(&[&SLOWER, &LEADS])]);
        let other = 1 - found.leader;
        assert_ne!(found.labels[other], Some(Label::Slower));
        assert!(found.bounds[found.leader].unwrap() < 0.1);
    }
}
