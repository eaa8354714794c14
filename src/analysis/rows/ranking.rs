//! Which row of a section leads by one figure, which are as good, and how sure that is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::rows::compare::{Comparison, Ratio};
use crate::analysis::rows::row::Row;
use crate::model::{Cipher, Mac};
use crate::stats::race::Label;

/// The name of a row.
#[derive(Clone, Debug, Eq, JsonSchema, Serialize)]
pub struct Choice {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    /// Another row has the same cipher, so the MAC has to be named.
    #[serde(skip)]
    pub ambiguous: bool,
}

/// Whether the MAC has to be named does not matter.
impl PartialEq for Choice {
    fn eq(&self, other: &Choice) -> bool {
        (&self.cipher, &self.mac) == (&other.cipher, &other.mac)
    }
}

impl Choice {
    pub fn of(row: &Row, rows: &[Row]) -> Choice {
        let ambiguous = rows.iter().filter(|other| other.cipher == row.cipher).count() > 1;
        Choice { cipher: row.cipher.clone(), mac: row.mac.clone(), ambiguous }
    }

    pub fn is(&self, row: &Row) -> bool {
        self.cipher == row.cipher && self.mac == row.mac
    }
}

impl std::fmt::Display for Choice {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.mac {
            Some(mac) if self.ambiguous => write!(f, "{} with {mac}", self.cipher),
            _ => write!(f, "{}", self.cipher),
        }
    }
}

/// A choice other than the leader.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Other {
    pub choice: Choice,
    /// Its rate or cost as a multiple of the leader's.
    pub times_leader: Option<Ratio>,
}

/// The rows of a section ranked by one figure.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Ranking {
    pub leader: Choice,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    /// Half its 95 % interval, in per cent of it.
    pub half_percent: Option<f64>,
    /// Nothing else is better by more than the precision.
    pub decided: bool,
    /// Practically equal to the leader.
    pub ties: Vec<Other>,
    pub undecided: Vec<Other>,
    pub worse: Vec<Other>,
    /// Nothing is better than the leader by more than this.
    pub bound_percent: Option<f64>,
    /// The round after which all would be decided; absent where that is out of reach.
    pub answered_after: Option<u32>,
    /// How many choices are still in the race.
    pub remaining: usize,
}

impl Ranking {
    /// From one comparison of a section's rows; `figure` is what is shown of a row. Absent where
    /// nothing was measured.
    pub fn of(
        rows: &[Row],
        comparison: &Comparison,
        figure: impl Fn(&Row) -> Option<f64>,
    ) -> Option<Ranking> {
        let race = &comparison.race;
        let leader = race.leader?;
        let others = |label: Label| -> Vec<Other> {
            let alike = (0..rows.len())
                .filter(|&k| k != leader && race.labels[k] == label)
                .filter_map(|k| Some((k, comparison.rows[k]?.times_leader)));
            let mut others: Vec<Other> = alike
                .map(|(k, times_leader)| Other { choice: Choice::of(&rows[k], rows), times_leader })
                .collect();
            let behind = |other: &Other| other.times_leader.map_or(0.0, |t| t.ratio.ln().abs());
            others.sort_by(|a, b| behind(a).total_cmp(&behind(b)));
            others
        };
        Some(Ranking {
            leader: Choice::of(&rows[leader], rows),
            figure: figure(&rows[leader])?,
            half_percent: comparison.rows[leader].and_then(|own| own.half_percent),
            decided: race.decided,
            ties: others(Label::Tie),
            undecided: others(Label::Undecided),
            worse: others(Label::Slower),
            bound_percent: race.bound().map(|bound| 100.0 * bound.exp_m1()),
            answered_after: race.answered_after(),
            remaining: race.remaining().count(),
        })
    }

    /// The best of those that are worse, of another cipher where there is one.
    pub fn next(&self) -> Option<&Other> {
        let another = |other: &&Other| other.choice.cipher != self.leader.cipher;
        self.worse.iter().find(another).or(self.worse.first())
    }

    /// Whether a row leads or ties.
    pub fn is_among_best(&self, row: &Row) -> bool {
        self.leader.is(row) || self.ties.iter().any(|tie| tie.choice.is(row))
    }

    pub fn others(&self) -> impl Iterator<Item = &Other> {
        self.ties.iter().chain(&self.undecided).chain(&self.worse)
    }
}
