//! Who leads a section by one figure, who is as good, and how sure that is.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::rows::compare::{Comparison, Ratio};
use crate::analysis::rows::row::Row;
use crate::model::{Cipher, Mac};
use crate::stats::race::Label;

/// A row, named.
#[derive(Clone, Debug, Eq, JsonSchema, Serialize)]
pub struct Choice {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    /// The MAC is needed to tell it from other rows.
    #[serde(skip)]
    pub ambiguous: bool,
}

/// How it has to be told is no part of what it is.
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

/// A choice beside the leader.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Other {
    pub choice: Choice,
    /// Its rate or cost as a multiple of the leader's.
    pub times_leader: Option<Ratio>,
}

/// Who leads by one figure.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Ranking {
    pub leader: Choice,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    /// Half its 95 % interval.
    pub half_percent: Option<f64>,
    /// Nothing else can be better by more than the precision.
    pub decided: bool,
    /// Practically equal to the leader.
    pub ties: Vec<Other>,
    pub undecided: Vec<Other>,
    pub worse: Vec<Other>,
    /// Nothing that is undecided can be better than the leader by more than this.
    pub bound_percent: Option<f64>,
    /// Rounds after which the rest would be decided; absent where that is out of reach.
    pub answered_after: Option<u32>,
    /// Choices still in the race.
    #[serde(rename = "inside")]
    pub remaining: usize,
}

impl Ranking {
    /// By one comparison of a section's rows; `figure` is what is shown of a row. Absent where
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

    /// The nearest that is worse, of another cipher where there is one.
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
