//! Advice between two ends, by one method.

use crate::analysis::advice::alternative::Alternative;
use crate::analysis::advice::choose::{Question, choose};
use crate::analysis::advice::goal::{Advice, GOALS, Goal};
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::naming::programs;
use crate::analysis::phrases::list;
use crate::analysis::policy::{connects_by_default, leaves_out};
use crate::analysis::rows::ranking::Choice;
use crate::analysis::samples::grouping::rounds;
use crate::analysis::samples::series::field;
use crate::analysis::samples::startup::Startups;
use crate::analysis::warnings::connection::is_one_machine;
use crate::model::record::{Pairing, StopReason};
use crate::model::{Direction, Method, Survey};
use crate::stats::race::Rule;

/// The warning of the survey says the same, and more.
pub const ON_ONE_MACHINE: &str =
    "both ends run on one machine: survey the real host before deciding";

/// Two ends, and what there is to choose from.
pub struct Between<'a> {
    pub survey: &'a Survey,
    /// Index in the header.
    pub pairing: usize,
    pub method: Method,
    pub directions: &'a [Direction],
    pub alternatives: &'a [Alternative<'a>],
    pub startups: &'a Startups,
}

impl<'a> Between<'a> {
    /// Advice for each goal; none where nothing may be recommended.
    pub fn advise(&self) -> Recommendation {
        let pairing = &self.survey.header.pairings[self.pairing];
        let all: Vec<usize> = (0..self.directions.len()).collect();
        let advice = |goal: Goal| match goal {
            Goal::Speed => self.for_speed(&all),
            _ => self.advice(goal, &all),
        };
        let each = all.iter().filter(|_| all.len() > 1);
        let below_floor = self
            .alternatives
            .iter()
            .filter_map(|c| Some((c.choice.cipher.clone(), c.floor.clone()?)));
        Recommendation {
            scope: self.scope(),
            pairing: self.pairing,
            method: self.method,
            directions: self.directions.to_vec(),
            goals: GOALS.into_iter().filter_map(advice).collect(),
            by_direction: each.filter_map(|&way| self.advice(Goal::Speed, &[way])).collect(),
            below_floor: below_floor.collect(),
            connects_by_default: connects_by_default(pairing),
            measured: self.alternatives.iter().filter(|c| c.is_shown(Goal::Speed)).count(),
            legacy: None,
            caveats: caveats(self.survey, pairing, self.alternatives),
            confirmation: None,
        }
    }

    /// From the directions in which the cipher makes a difference: where the path is the bottleneck with the default
    /// cipher no other is faster.
    fn for_speed(&self, all: &[usize]) -> Option<Advice> {
        let default = self.alternatives.iter().find(|c| c.is_default);
        let path = |way: usize| default.and_then(|c| c.path_bottleneck(&[way]));
        let (fixed, own): (Vec<usize>, Vec<usize>) =
            all.iter().partition(|&&way| path(way).is_some());
        if own.is_empty() || fixed.is_empty() {
            return self.advice(Goal::Speed, all);
        }
        let mut advice = self.advice(Goal::Speed, &own)?;
        for way in fixed {
            let (Some(bottleneck), direction) = (path(way), self.directions[way]) else { continue };
            advice.text += &format!(
                "; for the {direction} no cipher is faster: the {bottleneck} is its bottleneck"
            );
        }
        Some(advice)
    }

    fn advice(&self, goal: Goal, ways: &[usize]) -> Option<Advice> {
        let Between { survey, alternatives, directions, .. } = *self;
        let known: Vec<bool> =
            alternatives.iter().map(|c| c.floor.is_none() && c.is_known(goal)).collect();
        // What fails now and then takes no part where something else does not.
        let sound = alternatives.iter().zip(&known).any(|(c, known)| *known && !c.is_flaky());
        let fields = ways.iter().map(|&way| {
            let own = alternatives.iter().zip(&known).map(|(c, known)| {
                let takes_part = *known && !(sound && c.is_flaky());
                c.by_direction.get(way).filter(|_| takes_part).cloned().unwrap_or_default()
            });
            field(&own.collect::<Vec<_>>(), goal.figure(), self.startups)
        });
        let rounds = rounds(survey).map(|sample| sample.round).max().unwrap_or(0);
        // Speed alone decides when rounds stop, so costs are analysed once.
        let rule = match goal {
            Goal::Speed => Rule::of(&survey.header, rounds),
            _ => Rule::fixed(survey.header.precision, rounds),
        };
        let connects_by_default = connects_by_default(&survey.header.pairings[self.pairing]);
        let question = Question { goal, alternatives, directions, ways, connects_by_default };
        choose(question, fields.collect(), &rule)
    }

    fn scope(&self) -> String {
        let header = &self.survey.header;
        let own = &header.pairings[self.pairing];
        let mut scope = own.target.clone();
        let alike = || header.pairings.iter().filter(|other| other.target == own.target);
        if let Some(programs) = programs(own, alike()) {
            scope += &format!(", {programs}");
        }
        if alike().any(|other| other.aes() != own.aes()) {
            scope += &format!(", {}", own.aes().phrase());
        }
        if header.methods.len() > 1 {
            scope += &format!(", {}", self.method);
        }
        scope
    }
}

fn caveats(survey: &Survey, pairing: &Pairing, alternatives: &[Alternative]) -> Vec<String> {
    let mut caveats = Vec::new();
    if !connects_by_default(pairing) {
        caveats
            .push("plain ssh can't connect: it proposes no cipher that the server offers".into());
    }
    let left_out = alternatives.iter().filter(|c| leaves_out(pairing, &c.choice.cipher));
    let left_out: Vec<&Choice> = left_out.map(|c| &c.choice).collect();
    if !left_out.is_empty() {
        caveats.push(format!(
            "not recommended, since Ciphers in ssh_config (the system's policy, or your own) leaves it out: {}",
            list(left_out.into_iter())
        ));
    }
    if let Some(default) = alternatives.iter().find(|c| c.is_default && c.floor.is_some()) {
        caveats.push(format!(
            "the default cipher, {}, is not recommended: {}",
            default.choice,
            default.floor.as_deref().unwrap_or_default()
        ));
    }
    if is_one_machine(pairing) {
        caveats.push(ON_ONE_MACHINE.to_owned());
    }
    let early = match survey.footer.as_ref().map(|end| end.reason) {
        None => Some("the survey was cut off"),
        Some(StopReason::Interrupted) => Some("the survey was interrupted"),
        Some(StopReason::Lost) => {
            Some("the connection to the remote host was lost before the survey's end")
        }
        Some(StopReason::Budget) => Some("the budget ended before the survey was complete"),
        Some(StopReason::RoundsDone | StopReason::Decided | StopReason::OutOfReach) => None,
    };
    caveats.extend(early.map(str::to_owned));
    let flaky: Vec<&Choice> =
        alternatives.iter().filter(|c| c.is_flaky()).map(|c| &c.choice).collect();
    if !flaky.is_empty() {
        let so = match alternatives.iter().any(|c| c.floor.is_none() && !c.is_flaky()) {
            true => ", so not recommended",
            false => "",
        };
        let names = list(flaky.into_iter());
        caveats.push(format!("failed in more than one of ten samples{so}: {names}"));
    }
    caveats
}
