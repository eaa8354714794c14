//! Who leads, who is as good, who is slower, and when that is decided: moderated t intervals on
//! paired differences at few fixed looks. `docs/method.md`, "When rounds stop", gives the reasons;
//! a survey's looks are replayed from its journal alone.
//!
//! Everything is in natural logarithms of merit (more is better), so that 0.03 is 3 %.

use serde::Serialize;

use super::fit::{Field, Matrix, fit};
use super::intervals::{ALPHA, Interval, paired};
use super::statistics::median;

/// Rounds after which a survey looks; between them it never does, since each look has its price.
/// The first is enough where one cipher leads by far: on simulated hosts without AES it saves a
/// third of the time at no loss (`results/validation/`).
pub const LOOKS: [u32; 10] = [2, 3, 4, 6, 8, 11, 16, 22, 32, 45];

/// So many looks share it: a survey that goes on past the fifth is rare, and ten strict shares
/// would cost more rounds than they save errors (simulated: `results/validation/`).
const SHARES: f64 = 5.0;

/// A forecast is trusted from so many rounds on.
pub const FORECAST_FROM: u32 = 6;

/// What is to be decided before rounds stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// No contender can be more than δ better than the leader.
    Choice,
    /// Each contender is told slower or tied.
    Groups,
}

/// How a race is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Rule {
    /// The smallest difference that matters.
    pub delta: f64,
    pub question: Question,
    pub looks: Vec<u32>,
    /// The error probability of one look.
    pub alpha: f64,
}

impl Rule {
    /// Looks at fixed rounds, which share the error probability.
    pub fn looking(delta: f64, question: Question) -> Rule {
        Rule { delta, question, looks: LOOKS.to_vec(), alpha: ALPHA / SHARES }
    }

    /// One look at the end of a number of rounds that nothing measured has a say in.
    pub fn once(delta: f64, rounds: u32) -> Rule {
        Rule { delta, question: Question::Groups, looks: vec![rounds], alpha: ALPHA }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
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

/// What the looks have told.
#[derive(Clone, Debug, PartialEq)]
pub struct Race {
    /// The last look; absent before the first one.
    pub looked: Option<u32>,
    pub leader: Option<usize>,
    pub labels: Vec<Label>,
    /// The round after which a contender left; those without are still in.
    pub left: Vec<Option<u32>>,
    /// Against the leader, at the last look that a contender was part of, as wide as the verdict
    /// needs it.
    pub verdicts: Vec<Option<Interval>>,
    /// Nothing is more to be learned: the question is answered.
    pub decided: bool,
    /// Rounds that would answer it, as far as can be told.
    pub needed: Option<u32>,
}

impl Race {
    /// Replays all looks that were made while rounds went on.
    pub fn of(field: &Field, rule: &Rule) -> Race {
        let many = field.values.len();
        let mut race = Race {
            looked: None,
            leader: None,
            labels: vec![Label::Undecided; many],
            left: vec![None; many],
            verdicts: vec![None; many],
            decided: false,
            needed: None,
        };
        for &round in &rule.looks {
            let complete = race.inside().all(|k| field.tried[k] >= round);
            if race.decided || !complete {
                break;
            }
            race.look(round, field, rule);
        }
        race
    }

    /// The same, and where they have decided nothing one look more at all that there is: time is
    /// up, and nothing measured had a say in when.
    pub fn judged(field: &Field, rule: &Rule) -> Race {
        let mut race = Race::of(field, rule);
        let last = field.tried.iter().copied().max().unwrap_or(0);
        if !race.decided && race.looked != Some(last) && last > 0 {
            race.look(last, field, rule);
        }
        race
    }

    /// The look that can answer the question, and so the rounds it takes; none within reach.
    pub fn answered_after(&self) -> Option<u32> {
        next_look(self.looked.unwrap_or(0), self.needed)
    }

    /// Those that have not left.
    pub fn inside(&self) -> impl Iterator<Item = usize> {
        (0..self.left.len()).filter(|&k| self.left[k].is_none())
    }

    /// By how much some contender may still be better than the leader.
    pub fn bound(&self) -> Option<f64> {
        let rivals = self.inside().filter(|&k| Some(k) != self.leader);
        rivals
            .map(|k| self.verdicts[k].map(|interval| interval.upper().max(0.0)))
            .try_fold(0.0, |most: f64, upper| Some(most.max(upper?)))
    }

    fn look(&mut self, round: u32, field: &Field, rule: &Rule) {
        self.looked = Some(round);
        for k in 0..field.values.len() {
            let measured = field.values[k].iter().take(round as usize).flatten().count();
            if self.left[k].is_none() && 2 * measured <= round.min(field.tried[k]) as usize {
                self.left[k] = Some(round);
                self.labels[k] = Label::Unreliable;
            }
        }
        let inside: Vec<usize> = self.inside().collect();
        let values: Matrix = (0..field.values.len())
            .map(|k| {
                let known = if inside.contains(&k) { round as usize } else { 0 };
                field.values[k].iter().take(known).copied().collect()
            })
            .collect();
        let fitted = fit(&values);
        let level = |k: &usize| match &fitted {
            Some(fitted) => fitted.levels[*k],
            None => median(&values[*k].iter().flatten().copied().collect::<Vec<_>>())
                .unwrap_or(f64::NEG_INFINITY),
        };
        let Some(leader) = inside.iter().copied().max_by(|a, b| level(a).total_cmp(&level(b)))
        else {
            self.decided = true;
            return;
        };
        self.leader = Some(leader);
        self.labels[leader] = Label::Lead;
        let Some(fitted) = fitted.filter(|_| inside.len() > 1) else {
            self.decided = inside.len() == 1;
            return;
        };
        // Bonferroni over those that are still in: Holm's steps, since who has left stays out.
        let share = rule.alpha / (inside.len() - 1) as f64;
        for k in inside.iter().copied().filter(|&k| k != leader) {
            let interval = paired(&fitted, k, leader, share, field.bias[k]);
            self.verdicts[k] = interval;
            self.labels[k] = match interval {
                Some(interval) if interval.lower() > -rule.delta => Label::Tie,
                Some(interval) if interval.upper() < 0.0 => Label::Slower,
                _ => Label::Undecided,
            };
            if interval.is_some_and(|interval| interval.upper() < 0.0) {
                self.left[k] = Some(round);
            }
        }
        self.verdicts[leader] = None;
        self.decide(round, rule);
    }

    fn decide(&mut self, round: u32, rule: &Rule) {
        let rivals: Vec<Option<Interval>> =
            self.inside().filter(|&k| Some(k) != self.leader).map(|k| self.verdicts[k]).collect();
        // How far the interval's end is from where it must be, by how wide the interval is.
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

/// The look at which a question is answered that needs so many rounds, if there is one so far
/// ahead.
pub fn next_look(round: u32, needed: Option<u32>) -> Option<u32> {
    LOOKS.into_iter().find(|&look| look > round && look >= needed.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rates by contender and round.
    fn field(rates: &[&[f64]]) -> Field {
        let values: Matrix =
            rates.iter().map(|row| row.iter().map(|rate| Some(rate.ln())).collect()).collect();
        let tried = rates.iter().map(|row| row.len() as u32).collect();
        Field { bias: vec![0.0; values.len()], values, tried }
    }

    fn choice() -> Rule {
        Rule::looking(0.03, Question::Choice)
    }

    const FAST: [f64; 4] = [100.0, 101.0, 99.0, 100.5];
    const SAME: [f64; 4] = [100.1, 100.9, 99.2, 100.4];
    const SLOW: [f64; 4] = [60.0, 60.3, 59.8, 60.2];

    #[test]
    fn what_is_clear_is_decided_at_the_first_look() {
        let race = Race::of(&field(&[&FAST[..3], &SAME[..3], &SLOW[..3]]), &choice());
        assert_eq!((race.looked, race.decided, race.needed), (Some(2), true, None));
        assert_eq!(race.labels[2], Label::Slower);
        assert_eq!(race.left, [None, None, Some(2)]);
        let mut best = [race.labels[0], race.labels[1]];
        best.sort_by_key(|label| *label != Label::Lead);
        assert_eq!(best, [Label::Lead, Label::Tie]);
        assert!(race.bound().unwrap() < 0.03);
    }

    #[test]
    fn between_looks_nothing_is_looked_at() {
        let many = [100.0, 104.0, 99.0, 95.0, 103.0];
        let rates = [&many[..], &[98.0, 108.0, 93.0, 101.0, 96.0]];
        assert_eq!(Race::of(&field(&rates), &choice()).looked, Some(4));
        // Time is up: one look at all that there is.
        let race = Race::judged(&field(&rates), &choice());
        assert_eq!((race.looked, race.decided), (Some(5), false));
    }

    #[test]
    fn what_left_stays_out_and_its_row_stays() {
        // The third is slower in two rounds and is not tried again.
        let mut field = field(&[&FAST, &[103.0, 95.0, 104.0, 99.0], &SLOW[..2]]);
        field.tried = vec![4, 4, 2];
        let race = Race::of(&field, &choice());
        assert_eq!(race.looked, Some(4));
        assert_eq!((race.labels[2], race.left[2]), (Label::Slower, Some(2)));
        assert!(race.verdicts[2].unwrap().upper() < 0.0);
    }

    #[test]
    fn noise_is_undecided_with_a_bound_and_a_forecast() {
        let race = Race::of(
            &field(&[&[100.0, 80.0, 120.0, 95.0], &[95.0, 105.0, 92.0, 104.0]]),
            &choice(),
        );
        assert!(!race.decided && race.needed.unwrap() > 45);
        assert_eq!((race.bound().unwrap() > 0.03, race.answered_after()), (true, None));
    }

    #[test]
    fn groups_ask_for_more_than_a_choice() {
        // Surely not faster, and not surely within 3 %.
        let rates = [&[100.0, 102.0, 99.0, 101.0][..], &[99.7, 98.9, 98.1, 99.2]];
        let groups = Race::of(&field(&rates), &Rule::looking(0.03, Question::Groups));
        assert!(Race::of(&field(&rates), &choice()).decided);
        assert!(!groups.decided);
    }

    #[test]
    fn a_clear_outlier_neither_decides_nor_disappears() {
        let field = field(&[&[100.0, 100.4, 99.8, 60.0], &[99.0, 99.5, 98.7, 99.2], &SLOW]);
        assert_eq!(super::super::intervals::disturbed(&field), [1, 0, 0]);
        assert_eq!(Race::judged(&field, &choice()).leader, Some(0));
    }

    #[test]
    fn what_mostly_fails_is_not_ranked_and_one_alone_is_decided() {
        let mut field = field(&[&FAST[..3], &[900.0]]);
        field.tried = vec![3, 3];
        let race = Race::of(&field, &choice());
        assert_eq!(race.labels, [Label::Lead, Label::Unreliable]);
        assert!(race.decided);
    }

    #[test]
    fn one_round_tells_who_was_ahead_and_no_more() {
        let race = Race::judged(&field(&[&[60.0], &[90.0]]), &choice());
        assert_eq!((race.leader, race.decided, race.bound()), (Some(1), false, None));
    }
}
