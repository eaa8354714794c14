//! What to use for one goal.

use crate::analysis::advice::alternative::Alternative;
use crate::analysis::advice::goal::{Advice, Against, Goal};
use crate::analysis::advice::judged::Judged;
use crate::analysis::advice::sentence::{Background, text};
use crate::analysis::bottleneck::kind::BottleneckKind;
use crate::analysis::rows::compare::Ratio;
use crate::analysis::rows::ranking::Choice;
use crate::model::Direction;
use crate::stats::fit::Field;
use crate::stats::race::{Label, Rule};

/// What is to be chosen, among what, and for which directions.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    pub goal: Goal,
    pub alternatives: &'a [Alternative<'a>],
    pub directions: &'a [Direction],
    /// Indices of the directions that count; there is a field for each.
    pub ways: &'a [usize],
    /// Plain ssh connects.
    pub connects_by_default: bool,
}

/// The leader, unless the default cipher is as good or may be. `fields`: of each direction.
pub fn choose(question: Question, fields: Vec<Field>, rule: &Rule) -> Option<Advice> {
    let judged = Judged::of(fields, question.goal.figure(), rule)?;
    Choosing { question, judged, delta: rule.delta }.advice()
}

/// A question with what is known of each alternative, by its index.
struct Choosing<'a> {
    question: Question<'a>,
    judged: Judged,
    /// The smallest difference that matters.
    delta: f64,
}

impl Choosing<'_> {
    fn advice(&self) -> Option<Advice> {
        let Question { goal, alternatives, directions, ways, connects_by_default } = self.question;
        let leader = self.judged.leader;
        let by_default = alternatives.iter().position(|c| c.is_default);
        let default = by_default.filter(|&k| self.is_compared(k));
        let kept = default.filter(|&k| self.may_be_kept(k));
        let chosen = kept.unwrap_or(leader);
        let others: Vec<usize> =
            (0..alternatives.len()).filter(|&k| k != chosen && self.is_compared(k)).collect();
        let labelled = |wanted: Label| {
            let own =
                others.iter().copied().filter(move |&k| self.judged.labels[k] == Some(wanted));
            own.collect::<Vec<_>>()
        };
        let names = |all: Vec<usize>| all.into_iter().map(|k| self.name(k)).collect::<Vec<_>>();
        let against =
            |k: usize, of: usize| Against { choice: self.name(k), times: self.better(of) };
        let behind = |k: &usize| self.better(*k).map_or(0.0, |times| times.ratio);
        let by_ratio = |a: &usize, b: &usize| behind(a).total_cmp(&behind(b));
        let slower = if chosen == leader { labelled(Label::Slower) } else { Vec::new() };
        let worst = slower.iter().copied().filter(|&k| Some(k) != default).max_by(by_ratio);
        let undecided = labelled(Label::Undecided);
        let next = slower.iter().copied().min_by(by_ratio).filter(|_| undecided.is_empty());
        let ties = [labelled(Label::Tie), labelled(Label::Lead)].concat();
        let as_good = others.iter().copied().filter(|&k| self.is_best(k)).chain([chosen]);
        let as_good = as_good.filter(|&k| goal == Goal::Speed && self.is_surely_good(k)).collect();
        let is_open = self.judged.labels[chosen] == Some(Label::Undecided);
        let absent = why_absent(goal, by_default.map(|k| &alternatives[k]));
        let one = &alternatives[chosen];
        let mut advice = Advice {
            goal,
            choice: self.name(chosen),
            keep_default: kept.is_some(),
            directions: ways.iter().map(|&way| directions[way]).collect(),
            figure: one.shown(goal, ways)?,
            decided: kept.and_then(|k| self.path_bottleneck(k)).is_some()
                || self.is_surely_good(chosen),
            bottleneck: self.path_bottleneck(chosen),
            bound_percent: self.judged.bounds[chosen].map(|bound| 100.0 * bound.exp_m1()),
            as_good: names(as_good),
            ties: if self.is_best(chosen) { names(ties) } else { Vec::new() },
            behind: names(others.iter().copied().filter(|&k| self.is_behind(k)).collect()),
            absent: absent.filter(|_| default.is_none() && connects_by_default),
            withdrawn: None,
            alone: others.is_empty(),
            times_default: default.filter(|_| kept.is_none()).and_then(|k| self.better(k)),
            ahead: is_open.then(|| against(leader, chosen)),
            // One that is undecided may be nearer.
            next: next.map(|k| against(k, k)),
            times_worst: worst.and_then(|k| self.better(k)),
            cpu: one.cpu().filter(|_| goal == Goal::Speed),
            transfers_per_core: one.transfers_per_core().filter(|_| goal == Goal::Many),
            text: String::new(),
        };
        let background = Background {
            undecided: names(undecided),
            worst: worst.map(|k| self.name(k)),
            precision: self.delta,
        };
        advice.text = text(&advice, &background);
        Some(advice)
    }

    fn is_compared(&self, k: usize) -> bool {
        self.judged.labels[k].is_some()
    }

    fn name(&self, k: usize) -> Choice {
        self.question.alternatives[k].choice.clone()
    }

    fn is_best(&self, k: usize) -> bool {
        matches!(self.judged.labels[k], Some(Label::Lead | Label::Tie))
    }

    /// How many times better the leader is; a cost is better where it is less.
    fn better(&self, k: usize) -> Option<Ratio> {
        let times = self.judged.times_leader[k]?;
        Some(if self.question.goal == Goal::Speed { times.inverse() } else { times })
    }

    /// Its table shows it to be worse than the leader by what matters, whatever the stricter verdicts leave open.
    fn is_behind(&self, k: usize) -> bool {
        self.better(k).is_some_and(|times| times.low > 1.0 + self.delta)
    }

    fn is_surely_good(&self, k: usize) -> bool {
        self.judged.bounds[k].is_some_and(|bound| bound < self.delta)
    }

    /// The bottleneck, where it is the path: nothing is faster then.
    fn path_bottleneck(&self, k: usize) -> Option<BottleneckKind> {
        let Question { goal, alternatives, ways, .. } = self.question;
        alternatives[k].path_bottleneck(ways).filter(|_| goal == Goal::Speed)
    }

    fn may_be_kept(&self, k: usize) -> bool {
        let is_open = self.is_best(k) || self.judged.labels[k] == Some(Label::Undecided);
        !self.is_behind(k) && (is_open || self.path_bottleneck(k).is_some())
    }
}

/// Why the default cipher is not compared.
fn why_absent(goal: Goal, default: Option<&Alternative>) -> Option<&'static str> {
    Some(match default {
        Some(c) if c.floor.is_some() => "is not recommended",
        Some(c) if c.is_known(goal) => "fails now and then",
        Some(c) if c.is_shown(goal) => "was not measured precisely enough",
        _ => "was not measured",
    })
}
