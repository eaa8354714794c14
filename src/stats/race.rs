//! Sequential comparison: which configuration leads, which are as good, which are slower, and when
//! that is decided, by moderated t intervals on paired differences at a few fixed interim analyses.
//! `docs/method.md`, "When rounds stop", gives the reasons. The analyses of a survey are repeated
//! from its journal alone.
//!
//! Everything is in natural logarithms of a figure of which more is better, so 0.03 is 3 %.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::record::{Header, SCHEMA};
use crate::stats::fit::{Field, Matrix, fit};
use crate::stats::intervals::{ALPHA, Interval, Known, paired};
use crate::stats::statistics::median;

/// The rounds after which a survey has an interim analysis; there is none in between, since each
/// costs error probability. Three rounds are the fewest by which a few configurations tell how connections of one
/// differ.
pub const INTERIM_ANALYSES: [u32; 9] = [3, 4, 6, 8, 11, 16, 22, 32, 45];

/// Many configurations together tell it after so many rounds; surveys of schema 1 had an analysis then, whatever
/// their number.
const EARLIEST: u32 = 2;

/// From so many configurations on two rounds leave eight degrees of freedom.
const MANY: usize = 9;

/// The rounds after which a survey is analysed that has so many configurations in its smallest race.
pub fn interim_analyses(configurations: usize) -> Vec<u32> {
    let earliest = (configurations >= MANY).then_some(EARLIEST);
    earliest.into_iter().chain(INTERIM_ANALYSES).collect()
}

/// How many analyses share the error probability: few surveys go on past the fifth, and ten strict
/// shares would cost more rounds than they save errors (simulated: `results/validation/`).
const SHARES: f64 = 5.0;

/// A forecast is trusted from so many rounds on.
pub const FORECAST_FROM: u32 = 6;

/// What is to be decided before rounds stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Whether any configuration may be more than δ better than the leader.
    Choice,
    /// Which configurations are slower than the leader and which are tied.
    Groups,
}

/// When a race is analysed, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The smallest difference that matters.
    pub delta: f64,
    pub question: Question,
    /// The rounds of its interim analyses.
    pub analyses: Vec<u32>,
    /// The error probability of one analysis.
    pub alpha: f64,
}

impl Rule {
    /// Interim analyses after these rounds, which share the error probability.
    pub fn sequential(delta: f64, question: Question, analyses: Vec<u32>) -> Rule {
        Rule { delta, question, analyses, alpha: ALPHA / SHARES }
    }

    /// The rule by which a survey's races were analysed while they ran.
    pub fn of(header: &Header, rounds: u32) -> Rule {
        let question = if header.thorough { Question::Groups } else { Question::Choice };
        if header.rounds.is_some() {
            return Rule::fixed(header.precision, rounds);
        }
        let analyses = match &header.interim_analyses[..] {
            [] if header.schema != SCHEMA => interim_analyses(MANY),
            [] => INTERIM_ANALYSES.to_vec(),
            recorded => recorded.to_vec(),
        };
        Rule::sequential(header.precision, question, analyses)
    }

    /// One analysis, at the end of a number of rounds that does not depend on what was measured.
    pub fn fixed(delta: f64, rounds: u32) -> Rule {
        Rule { delta, question: Question::Groups, analyses: vec![rounds], alpha: ALPHA }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Label {
    Lead,
    /// Practically equal to the leader: less than δ behind.
    Tie,
    Slower,
    Undecided,
    /// It failed more often than it was measured.
    Unreliable,
}

impl Label {
    /// That of a difference to the leader.
    pub fn of(interval: &Interval, delta: f64) -> Label {
        match () {
            () if interval.lower() > -delta => Label::Tie,
            () if interval.upper() < 0.0 => Label::Slower,
            () => Label::Undecided,
        }
    }

    /// What is shown: when rounds stop follows from verdicts that share one error probability; that one is equal to
    /// the leader is claimed by the pointwise interval that is shown.
    pub fn shown(self, pointwise: Option<Interval>, delta: f64) -> Label {
        let is_equal = |interval: Interval| interval.lower() > -delta && interval.upper() < delta;
        match self {
            Label::Undecided if pointwise.is_some_and(is_equal) => Label::Tie,
            label => label,
        }
    }
}

/// What the analyses have shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Race {
    /// The round of the last analysis; absent before the first one.
    pub analysed: Option<u32>,
    pub leader: Option<usize>,
    pub labels: Vec<Label>,
    /// The round after which a configuration left, 0 for one that was never tried; absent for those
    /// still in the race.
    pub left: Vec<Option<u32>>,
    /// Those that were in the race at the last analysis and had figures.
    compared: Vec<usize>,
    /// Compared with the leader, at the last analysis that a configuration took part in, as wide as
    /// the verdict requires.
    pub verdicts: Vec<Option<Interval>>,
    /// The question is answered.
    pub decided: bool,
    /// An estimate of the rounds that would answer it.
    pub needed: Option<u32>,
}

impl Race {
    /// Repeats all interim analyses that were made while the survey ran.
    pub fn of(field: &Field, rule: &Rule) -> Race {
        let many = field.values.len();
        let mut race = Race {
            analysed: None,
            leader: None,
            labels: vec![Label::Undecided; many],
            left: field.tried.iter().map(|&tried| (tried == 0).then_some(0)).collect(),
            compared: Vec::new(),
            verdicts: vec![None; many],
            decided: false,
            needed: None,
        };
        let last = last_round(field);
        for &round in rule.analyses.iter().filter(|&&round| round <= last) {
            let complete = race.remaining().all(|k| field.tried[k] >= round);
            if race.is_over() || !complete {
                break;
            }
            race.analyse(round, field, rule);
        }
        race
    }

    /// The same, and where they decided nothing one final analysis of all rounds: time is up, and
    /// that does not depend on what was measured.
    pub fn judged(field: &Field, rule: &Rule) -> Race {
        let mut race = Race::of(field, rule);
        let last = last_round(field);
        if !race.is_over() && race.analysed != Some(last) && last > 0 {
            race.analyse(last, field, rule);
        }
        race
    }

    /// The round of the analysis that should answer the question; absent where none is within reach.
    pub fn answered_after(&self) -> Option<u32> {
        next_analysis(self.analysed.unwrap_or(0), self.needed)
    }

    /// Whether it is decided and every configuration has been compared: what has only failed so far
    /// is tried again until it can be called unreliable.
    pub fn is_over(&self) -> bool {
        self.decided && self.remaining().all(|k| self.compared.contains(&k))
    }

    /// Those that have not left.
    pub fn remaining(&self) -> impl Iterator<Item = usize> {
        (0..self.left.len()).filter(|&k| self.left[k].is_none())
    }

    /// By how much any configuration may still be better than the leader.
    pub fn bound(&self) -> Option<f64> {
        self.rivals()
            .map(|k| self.verdicts[k].map(|interval| interval.upper().max(0.0)))
            .try_fold(0.0, |most: f64, upper| Some(most.max(upper?)))
    }

    /// By how much any configuration may still be better than this one. For the leader the last
    /// analysis has it; for another its intervals against all that are still in the race give it,
    /// the leader among them, since those that left are slower than the leader. There are as many
    /// comparisons, so each has the same share of the error probability.
    pub fn bound_over(&self, k: usize, field: &Field, rule: &Rule) -> Option<f64> {
        let leader = self.leader?;
        if k == leader {
            return self.bound();
        }
        let fitted = fit(&until(self.analysed?, field, |other| {
            other == k || self.compared.contains(&other)
        }))?;
        let rivals = self.rivals().chain([leader]).filter(|&rival| rival != k);
        rivals
            .map(|rival| {
                let bias = field.bias[rival].max(field.bias[k]);
                let known = Known { bias, ..Known::of(field, rival, k) };
                paired(&fitted, rival, k, self.share(rule), known)
            })
            .try_fold(0.0, |most: f64, interval| Some(most.max(interval?.upper())))
    }

    /// Those that may still be better than the leader.
    fn rivals(&self) -> impl Iterator<Item = usize> {
        let rivals = self.compared.iter().copied();
        rivals.filter(|&k| self.left[k].is_none() && Some(k) != self.leader)
    }

    fn analyse(&mut self, round: u32, field: &Field, rule: &Rule) {
        self.analysed = Some(round);
        self.decided = false;
        self.needed = None;
        for k in 0..field.values.len() {
            if self.left[k].is_none() && field.mostly_failed(k, round) {
                self.left[k] = Some(round);
                self.labels[k] = Label::Unreliable;
                self.verdicts[k] = None;
            }
        }
        let inside: Vec<usize> = self.remaining().collect();
        for &k in &inside {
            self.labels[k] = Label::Undecided;
            self.verdicts[k] = None;
        }
        let values = until(round, field, |k| inside.contains(&k));
        let fitted = fit(&values);
        let level = |k: &usize| match &fitted {
            Some(fitted) => fitted.levels[*k],
            None => median(&values[*k].iter().flatten().copied().collect::<Vec<_>>())
                .unwrap_or(f64::NEG_INFINITY),
        };
        let compared = inside.into_iter().filter(|&k| values[k].iter().any(Option::is_some));
        self.compared = compared.collect();
        self.leader = self.compared.iter().copied().max_by(|a, b| level(a).total_cmp(&level(b)));
        // Without any measurement nothing is decided.
        let Some(leader) = self.leader else { return };
        self.labels[leader] = Label::Lead;
        let Some(fitted) = fitted.filter(|_| self.compared.len() > 1) else {
            self.decided = self.compared.len() == 1;
            return;
        };
        let share = self.share(rule);
        for k in self.rivals().collect::<Vec<_>>() {
            let interval = paired(&fitted, k, leader, share, Known::of(field, k, leader));
            self.verdicts[k] = interval;
            self.labels[k] =
                interval.map_or(Label::Undecided, |interval| Label::of(&interval, rule.delta));
            if interval.is_some_and(|interval| interval.upper() < 0.0) {
                self.left[k] = Some(round);
            }
        }
        self.decide(round, rule);
    }

    /// The error probability of one comparison: Bonferroni over those in the race at the analysis,
    /// which makes Holm's steps, since those that left stay out.
    fn share(&self, rule: &Rule) -> f64 {
        rule.alpha / self.compared.len().saturating_sub(1).max(1) as f64
    }

    fn decide(&mut self, round: u32, rule: &Rule) {
        let rivals: Vec<Option<Interval>> = self.rivals().map(|k| self.verdicts[k]).collect();
        // Whether the end of the interval is where it must be.
        let answered = |interval: &Interval| match rule.question {
            Question::Choice => interval.upper() < rule.delta,
            Question::Groups => interval.lower() > -rule.delta || interval.upper() < 0.0,
        };
        self.decided = rivals.iter().all(|interval| interval.as_ref().is_some_and(answered));
        let room = |interval: &Interval| match rule.question {
            Question::Choice => rule.delta - interval.estimate,
            Question::Groups => (-interval.estimate).max(rule.delta + interval.estimate),
        };
        let most = rivals
            .iter()
            .filter(|interval| !interval.as_ref().is_some_and(answered))
            .try_fold(0.0, |most: f64, interval| {
                let interval = interval.as_ref()?;
                Some(most.max((interval.half / room(interval).max(1e-4)).powi(2)))
            });
        self.needed = most
            .filter(|_| !self.decided)
            .map(|most| (f64::from(round) * most).ceil().min(1e6) as u32);
    }
}

fn last_round(field: &Field) -> u32 {
    field.tried.iter().copied().max().unwrap_or(0)
}

/// The values of some configurations up to a round.
fn until(round: u32, field: &Field, takes_part: impl Fn(usize) -> bool) -> Matrix {
    let known = |k: usize| if takes_part(k) { round as usize } else { 0 };
    (0..field.values.len())
        .map(|k| field.values[k].iter().take(known(k)).copied().collect())
        .collect()
}

/// The first analysis after this round that has at least the rounds needed; absent where there is
/// none.
pub fn next_analysis(round: u32, needed: Option<u32>) -> Option<u32> {
    INTERIM_ANALYSES.into_iter().find(|&next| next > round && next >= needed.unwrap_or(0))
}

#[cfg(test)]
#[path = "race_tests.rs"]
mod tests;
