//! Which cipher to use for which goal, and how sure that is, from the journal alone. Nothing below
//! the security floor is ever recommended, and where nothing is surely better the default cipher is
//! kept.

use std::collections::BTreeMap;

use crate::analysis::advice::alternative::{Alternative, find_path_bottlenecks};
use crate::analysis::advice::confirmation::confirm;
use crate::analysis::advice::goal::{Advice, GOALS, Goal};
use crate::analysis::advice::judged::Judged;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::advice::sentence::Background;
use crate::analysis::advice::sentence::text;
use crate::analysis::advice::storage::tell_of_storage;
use crate::analysis::naming::programs;
use crate::analysis::phrases::list;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::grouping::{by_table, groups, rounds};
use crate::analysis::samples::series::field;
use crate::analysis::samples::startup::Startups;
use crate::analysis::summarise;
use crate::analysis::warnings::connection::is_one_machine;
use crate::model::record::{Pairing, Sample, StopReason};
use crate::model::{Cipher, Direction, Mac, Method, Survey};
use crate::stats::fit::Field;
use crate::stats::race::{Label, Rule};

/// Advice for each pairing and method of a survey. `allow_legacy` lowers the security floor to
/// legacy ciphers; broken ones are never recommended.
pub fn recommend(survey: &Survey, allow_legacy: bool) -> Vec<Recommendation> {
    let startups = Startups::of(&survey.samples);
    let mut found: BTreeMap<(usize, Method), BTreeMap<Direction, Vec<_>>> = BTreeMap::new();
    for ((_, method, direction), rows) in by_table(survey, &groups(&survey.header.pairings)) {
        let is_choice = |pairing: usize, cipher: &str| {
            Unranked::of(&survey.header.pairings[pairing], &cipher.into()).is_none()
        };
        for ((pairing, cipher, mac), samples) in rows {
            if !is_choice(pairing, cipher) {
                continue;
            }
            let own = found.entry((pairing, method)).or_default();
            own.entry(direction).or_default().push((cipher, mac, samples));
        }
    }
    let of = |((index, method), ways): ((usize, Method), BTreeMap<Direction, Vec<_>>)| {
        let pairing = &survey.header.pairings[index];
        let directions: Vec<Direction> = ways.keys().copied().collect();
        let mut alternatives: Vec<Alternative> = Vec::new();
        for (place, (direction, rows)) in ways.into_iter().enumerate() {
            for (cipher, mac, samples) in rows {
                let is = |c: &Alternative| {
                    c.choice.cipher.as_str() == cipher
                        && c.choice.mac.as_ref().map(Mac::as_str) == mac
                };
                let known = alternatives.iter().position(is);
                let index = known.unwrap_or_else(|| {
                    let one =
                        Alternative::new(cipher, mac, direction, pairing, allow_legacy, &startups);
                    alternatives.push(one);
                    alternatives.len() - 1
                });
                alternatives[index].by_direction.resize(place, Vec::new());
                alternatives[index].by_direction.push(samples);
            }
        }
        let names: Vec<Cipher> = alternatives.iter().map(|c| c.choice.cipher.clone()).collect();
        for alternative in &mut alternatives {
            alternative.by_direction.resize(directions.len(), Vec::new());
            let alike = names.iter().filter(|name| **name == alternative.choice.cipher);
            alternative.choice.ambiguous = alike.count() > 1;
        }
        find_path_bottlenecks(&mut alternatives, survey, index, &directions, &startups);
        advise(survey, index, method, directions, &alternatives, &startups)
    };
    let mut recommendations: Vec<Recommendation> = found.into_iter().filter_map(of).collect();
    let tables = summarise(survey).tables;
    confirm(survey, &tables, &mut recommendations, &startups);
    tell_of_storage(survey, &tables, &mut recommendations);
    recommendations
}

/// One cipher for several hosts: one that is surely as fast as the best on each, else one that is
/// recommended for each. Absent for a single host.
pub fn for_all<'a>(all: impl Iterator<Item = &'a Recommendation>) -> Option<String> {
    let speed = |one: &'a Recommendation| {
        let advice = one.goals.iter().find(|advice| advice.goal == Goal::Speed)?;
        Some((one.scope.as_str(), advice))
    };
    let all: Vec<(&str, &Advice)> = all.map(speed).collect::<Option<_>>()?;
    let (_, first) = all.first().filter(|_| all.len() > 1)?;
    let choices = || first.as_good.iter().chain([&first.choice]);
    let unsure = |choice: &Choice| -> Vec<&str> {
        let not_surely = all.iter().filter(|(_, advice)| !advice.as_good.contains(choice));
        not_surely.map(|(scope, _)| *scope).collect()
    };
    let is_advised = |choice: &&Choice| {
        all.iter().all(|(_, advice)| advice.choice == **choice || advice.as_good.contains(choice))
    };
    let Some(choice) = choices().filter(is_advised).min_by_key(|choice| unsure(choice).len())
    else {
        return Some("No single cipher is known to be as fast as the best on all of them.".into());
    };
    // The MAC is needed where one of the hosts needs it.
    let named = all.iter().flat_map(|(_, advice)| advice.as_good.iter().chain([&advice.choice]));
    let ambiguous = named.filter(|other| *other == choice).any(|other| other.ambiguous);
    let name = Choice { ambiguous, ..choice.clone() };
    Some(match unsure(choice).as_slice() {
        [] => format!("For all of them: {name}, as fast as the best on each."),
        scopes => format!(
            "For all of them: {name}, recommended for each; it is not certain that it is as fast as \
             the best for {}.",
            scopes.join("; ")
        ),
    })
}

fn advise(
    survey: &Survey,
    index: usize,
    method: Method,
    directions: Vec<Direction>,
    alternatives: &[Alternative],
    startups: &Startups,
) -> Option<Recommendation> {
    let pairing = &survey.header.pairings[index];
    let rounds = rounds(survey).map(|sample| sample.round).max().unwrap_or(0);
    let advice = |goal: Goal| {
        let figures: Vec<bool> =
            alternatives.iter().map(|c| c.floor.is_none() && c.is_known(goal)).collect();
        // What fails now and then takes no part where something else does not.
        let sound = alternatives.iter().zip(&figures).any(|(c, known)| *known && !c.is_flaky());
        let takes_part = |c: &Alternative, known: bool| known && !(sound && c.is_flaky());
        let ways: Vec<Vec<Vec<&Sample>>> = alternatives
            .iter()
            .zip(&figures)
            .map(
                |(c, known)| {
                    if takes_part(c, *known) { c.by_direction.clone() } else { Vec::new() }
                },
            )
            .collect();
        let fields = (0..directions.len()).map(|way| {
            let of = |lists: &Vec<Vec<_>>| lists.get(way).cloned().unwrap_or_default();
            field(&ways.iter().map(of).collect::<Vec<_>>(), goal.figure(), startups)
        });
        // Speed alone decides when rounds stop, so costs are analysed once.
        let rule = match goal {
            Goal::Speed => Rule::of(&survey.header, rounds),
            _ => Rule::fixed(survey.header.precision, rounds),
        };
        one(goal, alternatives, fields.collect(), &rule)
    };
    let goals: Vec<Advice> = GOALS.into_iter().filter_map(advice).collect();
    if goals.is_empty() {
        return None;
    }
    let floor =
        alternatives.iter().filter_map(|c| Some((c.choice.cipher.clone(), c.floor.clone()?)));
    Some(Recommendation {
        scope: scope(survey, index, method),
        pairing: index,
        method,
        directions,
        goals,
        below_floor: floor.collect(),
        caveats: caveats(survey, pairing, alternatives),
        confirmation: None,
    })
}

/// What to use for one goal: the leader, unless the default cipher is as good or may be. `fields`: of each direction.
fn one(
    goal: Goal,
    alternatives: &[Alternative],
    fields: Vec<Field>,
    rule: &Rule,
) -> Option<Advice> {
    let Judged { leader, labels, times_leader, bounds } = Judged::of(fields, goal.figure(), rule)?;
    let compared = |k: &usize| labels[*k].is_some();
    let by_default = alternatives.iter().position(|c| c.is_default);
    let default = by_default.filter(compared);
    let open = |k: usize| matches!(labels[k], Some(Label::Lead | Label::Tie | Label::Undecided));
    // Where the path is the bottleneck of the default cipher, no other is recommended for its speed.
    let path_bottleneck =
        |k: usize| alternatives[k].path_bottleneck.filter(|_| goal == Goal::Speed);
    let kept = default.filter(|&k| open(k) || path_bottleneck(k).is_some());
    let chosen = kept.unwrap_or(leader);
    let others = || (0..alternatives.len()).filter(compared).filter(|&k| k != chosen);
    let label = |wanted: Label| others().filter(|&k| labels[k] == Some(wanted)).collect::<Vec<_>>();
    let name = |k: usize| alternatives[k].choice.clone();
    let is_best = |k: &usize| matches!(labels[*k], Some(Label::Lead | Label::Tie));
    let ties = [label(Label::Tie), label(Label::Lead)].concat();
    let better = |k: usize| {
        // How many times better the leader is; a cost is better where it is less.
        let times = times_leader[k]?;
        Some(if goal == Goal::Speed { times.inverse() } else { times })
    };
    let slower = label(Label::Slower).into_iter().filter(|&k| Some(k) != default);
    let worst = slower.max_by(|&a, &b| {
        let behind = |k: usize| better(k).map_or(0.0, |times| times.ratio);
        behind(a).total_cmp(&behind(b))
    });
    let bound = |k: usize| bounds[k];
    let is_surely_good = |k: &usize| bound(*k).is_some_and(|bound| bound < rule.delta);
    let as_good = others().filter(is_best).chain([chosen]).filter(|_| goal == Goal::Speed);
    let mut advice = Advice {
        goal,
        choice: name(chosen),
        keep_default: kept.is_some(),
        figure: alternatives[chosen].shown(goal)?,
        decided: kept.and_then(path_bottleneck).is_some() || is_surely_good(&chosen),
        bottleneck: path_bottleneck(chosen),
        bound_percent: bound(chosen).map(|bound| 100.0 * bound.exp_m1()),
        as_good: as_good.filter(is_surely_good).map(name).collect(),
        ties: ties.into_iter().filter(|_| is_best(&chosen)).map(name).collect(),
        times_default: default.filter(|_| kept.is_none()).and_then(better),
        times_worst: worst.filter(|_| chosen == leader).and_then(better),
        cpu: alternatives[chosen].cpu().filter(|_| goal == Goal::Speed),
        transfers_per_core: alternatives[chosen]
            .transfers_per_core()
            .filter(|_| goal == Goal::Many),
        text: String::new(),
    };
    let background = Background {
        absent: why_absent(goal, by_default.map(|k| &alternatives[k]))
            .filter(|_| default.is_none()),
        alone: others().next().is_none(),
        ahead: Some(name(leader)).filter(|_| labels[chosen] == Some(Label::Undecided)),
        undecided: label(Label::Undecided).into_iter().map(name).collect(),
        worst: worst.map(name),
        precision: rule.delta,
    };
    advice.text = text(&advice, &background);
    Some(advice)
}

/// Why the default cipher is not compared.
fn why_absent(goal: Goal, default: Option<&Alternative>) -> Option<&'static str> {
    Some(match default {
        Some(c) if c.floor.is_some() => "is not recommended",
        Some(c) if c.is_known(goal) => "fails now and then",
        Some(c) if c.shown(goal).is_some() => "was not measured precisely enough",
        _ => "was not measured",
    })
}

fn scope(survey: &Survey, index: usize, method: Method) -> String {
    let pairings = &survey.header.pairings;
    let own = &pairings[index];
    let mut scope = own.target.clone();
    let alike = || pairings.iter().filter(|other| other.target == own.target);
    if let Some(programs) = programs(own, alike()) {
        scope += &format!(", {programs}");
    }
    if alike().any(|other| other.aes() != own.aes()) {
        scope += &format!(", {}", own.aes().phrase());
    }
    if survey.header.methods.len() > 1 {
        scope += &format!(", {method}");
    }
    scope
}

fn caveats(survey: &Survey, pairing: &Pairing, alternatives: &[Alternative]) -> Vec<String> {
    let mut caveats = Vec::new();
    if let Some(default) = alternatives.iter().find(|c| c.is_default && c.floor.is_some()) {
        caveats.push(format!(
            "the default cipher, {}, is not recommended: {}",
            default.choice,
            default.floor.as_deref().unwrap_or_default()
        ));
    }
    if is_one_machine(pairing) {
        caveats.push("both ends run on one machine: survey the real host before deciding".into());
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

#[cfg(test)]
#[path = "recommend_tests.rs"]
mod tests;
