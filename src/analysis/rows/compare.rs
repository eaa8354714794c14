//! Compares the rows of one section by rate and by cost.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::model::record::Sample;
use crate::stats::fit::Field;
use crate::stats::intervals::{Interval, against, disturbed, own};
use crate::stats::race::{Label, Race, Rule};

/// One figure of one row compared with the leader's.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Compared {
    pub label: Label,
    /// Its rate, or its cost, as a multiple of the leader's, with a 95 % interval; absent for the
    /// leader itself and where too little was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub times_leader: Option<Ratio>,
    /// Half the 95 % interval of the figure itself, in per cent of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub half_percent: Option<f64>,
    /// Degrees of freedom of that interval, to compare it with one of another survey.
    #[serde(skip)]
    pub freedom: Option<f64>,
    /// The round after which it left the race.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_after: Option<u32>,
    /// Samples much faster or slower than the others: clipped in the fit, never dropped.
    pub disturbed: usize,
}

/// A ratio with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Ratio {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

impl Ratio {
    pub fn inverse(self) -> Ratio {
        Ratio { ratio: self.ratio.recip(), low: self.high.recip(), high: self.low.recip() }
    }

    /// Of an interval in which more is better.
    pub fn of(interval: Interval, figure: Figure) -> Ratio {
        let times = Ratio {
            ratio: interval.estimate.exp(),
            low: interval.lower().exp(),
            high: interval.upper().exp(),
        };
        // In the fit more is better; a cost is the inverse of that.
        if matches!(figure, Figure::Rate | Figure::SteadyRate) { times } else { times.inverse() }
    }
}

/// All rows compared by one figure, in their order.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub race: Race,
    pub rows: Vec<Option<Compared>>,
}

/// Compares the samples of a section's rows. Rows that `takes_part` leaves out, and those without
/// any value, are absent.
pub fn compare(
    rows: &[Vec<&Sample>],
    figure: Figure,
    startups: &Startups,
    rule: &Rule,
    takes_part: impl Fn(usize) -> bool,
) -> Comparison {
    let chosen: Vec<Vec<&Sample>> = rows
        .iter()
        .enumerate()
        .map(|(k, samples)| if takes_part(k) { samples.clone() } else { Vec::new() })
        .collect();
    compare_field(&field(&chosen, figure, startups), figure, rule)
}

/// Compares values that are already arranged by round.
pub fn compare_field(field: &Field, figure: Figure, rule: &Rule) -> Comparison {
    let mut race = Race::judged(field, rule);
    let many = field.values.len();
    let (against, own) = match race.leader {
        Some(leader) => (against(field, leader), own(field, leader)),
        None => (vec![None; many], vec![None; many]),
    };
    for (label, interval) in race.labels.iter_mut().zip(&against) {
        *label = label.shown(*interval, rule.delta);
    }
    let disturbed = disturbed(field);
    let compared = |k: usize| {
        field.values[k].iter().any(Option::is_some).then(|| Compared {
            label: race.labels[k],
            times_leader: against[k].map(|interval| Ratio::of(interval, figure)),
            half_percent: own[k].map(|own| 100.0 * own.half.exp_m1()),
            freedom: own[k].map(|own| own.freedom),
            left_after: race.left[k],
            disturbed: disturbed[k],
        })
    };
    let rows = (0..many).map(compared).collect();
    Comparison { rows, race }
}
