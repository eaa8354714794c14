//! Which cipher to use, for what, and how sure that is: from the journal alone. Nothing below the
//! security floor is ever recommended, and where nothing is surely better the default is kept.

use std::collections::BTreeMap;

use serde::Serialize;

use super::advice::{Advice, Background, Cores, GOALS, Goal, Sessions, text};
use super::compare::{Comparison, compare_field};
use super::conclusion::list;
use super::figures::{Cost, Row};
use super::floor::below_floor;
use super::limit::{Limit, Path, Subject, limits};
use super::race::{Label, Rule};
use super::rows::{by_table, groups, way};
use super::series::{Figure, both_ways, levels};
use super::standing::Choice;
use super::startup::Startups;
use crate::model::record::{Pairing, Trial};
use crate::model::units::{GB, MB};
use crate::model::{Cipher, Direction, Mac, Method, Survey};

/// Advice between two ends, by one method.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recommendation {
    /// The target as the user gave it; for loopback with its AES state.
    pub scope: String,
    /// Index of the pairing in the header.
    pub pairing: usize,
    pub method: Method,
    /// Upload and download together count as one transfer each way.
    pub directions: Vec<Direction>,
    pub advice: Vec<Advice>,
    /// Ciphers that were measured and are not recommended, with the reason.
    pub below_floor: Vec<(Cipher, String)>,
    pub caveats: Vec<String>,
}

/// A cipher with its MAC: the measured name, and its trials each way.
struct Candidate<'a> {
    startups: &'a Startups,
    choice: Choice,
    unasked: bool,
    floor: Option<String>,
    ways: Vec<Vec<&'a Trial>>,
    /// What limits it, where that is of the path and the same each way.
    wall: Option<Limit>,
}

/// Advice for each pairing and method of a survey. `allow_legacy` lowers the floor to legacy
/// ciphers; what is broken is never recommended.
pub fn recommend(survey: &Survey, allow_legacy: bool) -> Vec<Recommendation> {
    let startups = Startups::of(&survey.trials);
    let mut cells: BTreeMap<(usize, Method), BTreeMap<Direction, Vec<_>>> = BTreeMap::new();
    for ((_, method, direction), rows) in by_table(survey, &groups(&survey.header.pairings)) {
        for ((pairing, cipher, mac), trials) in rows {
            let cell = cells.entry((pairing, method)).or_default();
            cell.entry(direction).or_default().push((cipher, mac, trials));
        }
    }
    let of = |((index, method), ways): ((usize, Method), BTreeMap<Direction, Vec<_>>)| {
        let pairing = &survey.header.pairings[index];
        let directions: Vec<Direction> = ways.keys().copied().collect();
        let mut candidates: Vec<Candidate> = Vec::new();
        for (place, (direction, rows)) in ways.into_iter().enumerate() {
            for (cipher, mac, trials) in rows {
                let is = |c: &Candidate| {
                    c.choice.cipher.as_str() == cipher
                        && c.choice.mac.as_ref().map(Mac::as_str) == mac
                };
                let known = candidates.iter().position(is);
                let index = known.unwrap_or_else(|| {
                    candidates.push(candidate(
                        cipher,
                        mac,
                        direction,
                        pairing,
                        allow_legacy,
                        &startups,
                    ));
                    candidates.len() - 1
                });
                candidates[index].ways.resize(place, Vec::new());
                candidates[index].ways.push(trials);
            }
        }
        let names: Vec<Cipher> = candidates.iter().map(|c| c.choice.cipher.clone()).collect();
        for candidate in &mut candidates {
            candidate.ways.resize(directions.len(), Vec::new());
            let alike = names.iter().filter(|name| **name == candidate.choice.cipher);
            candidate.choice.ambiguous = alike.count() > 1;
        }
        find_walls(&mut candidates, survey, index, &directions, &startups);
        advise(survey, index, method, directions, &candidates, &startups)
    };
    cells.into_iter().filter_map(of).collect()
}

/// One cipher for several hosts, where it is practically as fast as the best on each. Absent for
/// one host.
pub fn for_all<'a>(all: impl Iterator<Item = &'a Recommendation>) -> Option<String> {
    let all: Vec<&Recommendation> = all.collect();
    let speed = |one: &Recommendation| {
        one.advice.iter().find(|advice| advice.goal == Goal::Speed).map(Advice::as_good)
    };
    let good: Vec<Vec<Choice>> = all.iter().map(|one| speed(one)).collect::<Option<_>>()?;
    let (first, rest) = good.split_first().filter(|(_, rest)| !rest.is_empty())?;
    let everywhere = |choice: &&Choice| rest.iter().all(|others| others.contains(choice));
    Some(match first.iter().find(everywhere) {
        Some(choice) => format!("For all of them: {choice}, as fast as the best of each."),
        None => "No one cipher is as fast as the best on all of them.".into(),
    })
}

fn candidate<'a>(
    cipher: &str,
    mac: Option<&str>,
    direction: Direction,
    pairing: &Pairing,
    allow_legacy: bool,
    startups: &'a Startups,
) -> Candidate<'a> {
    let choice = Choice { cipher: cipher.into(), mac: mac.map(Mac::from), ambiguous: false };
    let unasked = way(&pairing.unasked, direction);
    Candidate {
        unasked: unasked.cipher == choice.cipher && unasked.explicit_mac() == choice.mac,
        floor: below_floor(&choice, pairing, allow_legacy),
        ways: Vec::new(),
        wall: None,
        startups,
        choice,
    }
}

/// Names the candidates that the path limits: they are as fast as any cipher can be.
fn find_walls(
    candidates: &mut [Candidate],
    survey: &Survey,
    pairing: usize,
    directions: &[Direction],
    startups: &Startups,
) {
    let mut each_way: Vec<Vec<Option<Limit>>> = Vec::new();
    for (way, &direction) in directions.iter().enumerate() {
        let subject = |candidate: &'_ Candidate<'_>| {
            let trials = &candidate.ways[way];
            let name = candidate.choice.cipher.clone();
            Row::of(name, None, trials, 0, candidate.startups).rate_mb_per_s
        };
        let rates: Vec<Option<f64>> = candidates.iter().map(subject).collect();
        let subjects: Vec<Option<Subject>> = candidates
            .iter()
            .zip(rates)
            .map(|(candidate, rate)| {
                Some(Subject { trials: &candidate.ways[way], rate_mb_per_s: rate? })
            })
            .collect();
        let found = limits(&subjects, &Path::of(survey, pairing, direction, startups)).into_iter();
        each_way.push(found.map(|limited| Some(limited?.limit)).collect());
    }
    for (k, candidate) in candidates.iter_mut().enumerate() {
        let mut own = each_way.iter().map(|way| way[k].filter(|limit| limit.is_of_the_path()));
        let first = own.next().flatten();
        candidate.wall = first.filter(|_| own.all(|limit| limit.is_some()));
    }
}

fn advise(
    survey: &Survey,
    index: usize,
    method: Method,
    directions: Vec<Direction>,
    candidates: &[Candidate],
    startups: &Startups,
) -> Option<Recommendation> {
    let pairing = &survey.header.pairings[index];
    let rounds = survey.trials.iter().map(|trial| trial.round).max().unwrap_or(0);
    let rule = Rule::once(survey.header.precision, rounds);
    let advice = |goal: Goal| {
        let takes_part = |c: &&Candidate| c.floor.is_none() && !is_coarse(goal, c);
        let ways: Vec<Vec<Vec<&Trial>>> = candidates
            .iter()
            .map(|c| Some(c).filter(takes_part).map(|c| c.ways.clone()).unwrap_or_default())
            .collect();
        let field = both_ways(&ways, goal.figure(), startups);
        let comparison = compare_field(&field, goal.figure(), &rule);
        one(goal, candidates, &comparison, survey.header.precision)
    };
    let advice: Vec<Advice> = GOALS.into_iter().filter_map(advice).collect();
    if advice.is_empty() {
        return None;
    }
    let floor = candidates.iter().filter_map(|c| Some((c.choice.cipher.clone(), c.floor.clone()?)));
    Some(Recommendation {
        scope: scope(survey, index, method),
        pairing: index,
        method,
        directions,
        advice,
        below_floor: floor.collect(),
        caveats: caveats(survey, pairing, candidates),
    })
}

/// What to use for one goal: the leader, unless the default is as good or may be.
fn one(
    goal: Goal,
    candidates: &[Candidate],
    comparison: &Comparison,
    precision: f64,
) -> Option<Advice> {
    let race = &comparison.race;
    let leader = race.leader.filter(|&leader| comparison.rows[leader].is_some())?;
    let default = candidates.iter().position(|c| c.unasked && c.floor.is_none());
    let open = |k: usize| matches!(race.labels[k], Label::Lead | Label::Tie | Label::Undecided);
    // Where the path is the limit of the default, no cipher is recommended for its speed.
    let wall = |k: usize| candidates[k].wall.filter(|_| goal == Goal::Speed);
    let kept = default.filter(|&k| comparison.rows[k].is_some() && (open(k) || wall(k).is_some()));
    let chosen = kept.unwrap_or(leader);
    let label = |wanted: Label| {
        (0..candidates.len()).filter(move |&k| race.labels[k] == wanted && k != chosen)
    };
    let ties: Vec<Choice> = label(Label::Tie)
        .chain(label(Label::Lead))
        .filter(|_| matches!(race.labels[chosen], Label::Lead | Label::Tie))
        .map(|k| candidates[k].choice.clone())
        .collect();
    let against = |k: usize| comparison.rows[k]?.times_leader;
    let better = |k: usize| {
        // How many times better the leader is; a cost is better where it is less.
        let times = against(k)?;
        Some(if goal == Goal::Speed { times.inverse() } else { times })
    };
    let worst = label(Label::Slower).filter(|&k| Some(k) != default).max_by(|&a, &b| {
        let behind = |k: usize| better(k).map_or(0.0, |times| times.ratio);
        behind(a).total_cmp(&behind(b))
    });
    let mut advice = Advice {
        goal,
        choice: candidates[chosen].choice.clone(),
        keep_default: kept.is_some(),
        figure: shown(goal, &candidates[chosen])?,
        decided: kept.and_then(wall).is_some()
            || race.decided && (kept.is_none() || race.labels[chosen] != Label::Undecided),
        limit: wall(chosen),
        bound_percent: race.bound().map(|bound| 100.0 * bound.exp_m1()),
        ties,
        times_unasked: default.filter(|_| kept.is_none()).and_then(better),
        times_worst: worst.filter(|_| chosen == leader).and_then(better),
        cores: cores(goal, &candidates[chosen]),
        sessions: sessions(goal, &candidates[chosen]),
        text: String::new(),
    };
    let ahead = kept
        .filter(|&k| race.labels[k] == Label::Undecided)
        .and_then(|k| Some((&candidates[leader].choice, better(k)?)));
    let background = Background {
        has_default: default.is_some(),
        ahead,
        worst: worst.map(|k| &candidates[k].choice),
        precision,
    };
    advice.text = text(&advice, &background);
    Some(advice)
}

/// The level of both directions together: MB/s of as many bytes each way, or CPU-seconds per GB.
fn shown(goal: Goal, candidate: &Candidate) -> Option<f64> {
    let figure = if goal == Goal::Speed { Figure::SteadyRate } else { goal.figure() };
    let per_byte = |trials: &Vec<&Trial>| {
        levels(std::slice::from_ref(trials), figure, candidate.startups)
            .into_iter()
            .next()?
            .map(f64::recip)
    };
    let each: Vec<f64> = candidate.ways.iter().map(per_byte).collect::<Option<Vec<f64>>>()?;
    let mean = each.iter().sum::<f64>() / each.len() as f64;
    Some(if goal == Goal::Speed { mean.recip() / MB } else { mean * GB })
}

/// Readings too near the resolution of their clock rank nothing.
fn is_coarse(goal: Goal, candidate: &Candidate) -> bool {
    let trials: Vec<&Trial> = candidate.ways.iter().flatten().copied().collect();
    let row = Row::of(candidate.choice.cipher.clone(), None, &trials, 0, candidate.startups);
    let coarse = |cost: &Option<Cost>| cost.as_ref().is_some_and(|cost| cost.coarse);
    match goal {
        Goal::Speed => false,
        Goal::LeastHere => coarse(&row.client),
        Goal::LeastThere => coarse(&row.server),
        Goal::Many => row.coarse(),
    }
}

/// The share of a core that each end is at work, averaged over the directions.
fn cores(goal: Goal, candidate: &Candidate) -> Option<Cores> {
    let trials: Vec<&Trial> = candidate.ways.iter().flatten().copied().collect();
    let row = Row::of(candidate.choice.cipher.clone(), None, &trials, 0, candidate.startups);
    let percent = |cost: Option<Cost>| cost.and_then(|cost| cost.core_percent);
    Some(Cores {
        client_percent: percent(row.client).filter(|_| goal == Goal::Speed)?,
        server_percent: percent(row.server)?,
    })
}

/// How many sessions of 100 Mbit/s a core of each end carries.
fn sessions(goal: Goal, candidate: &Candidate) -> Option<Sessions> {
    const SESSION_MB_PER_S: f64 = 12.5;
    let per_core = |end: Goal| {
        let cpu_s_per_gb = shown(end, candidate).filter(|_| !is_coarse(end, candidate))?;
        Some(GB / MB / cpu_s_per_gb / SESSION_MB_PER_S)
    };
    Some(Sessions {
        per_client_core: per_core(Goal::LeastHere).filter(|_| goal == Goal::Many)?,
        per_server_core: per_core(Goal::LeastThere)?,
    })
}

fn scope(survey: &Survey, index: usize, method: Method) -> String {
    let pairings = &survey.header.pairings;
    let own = &pairings[index];
    let mut scope = own.target.clone();
    if pairings.iter().filter(|other| other.target == own.target).count() > 1 {
        let state = |end: &crate::model::record::PairedEnd| super::summary::aes_state(end);
        scope += &format!(", AES {}/{}", state(&own.client), state(&own.server));
    }
    if survey.header.methods.len() > 1 {
        scope += &format!(", {method}");
    }
    scope
}

fn caveats(survey: &Survey, pairing: &Pairing, candidates: &[Candidate]) -> Vec<String> {
    let mut caveats = Vec::new();
    if let Some(default) = candidates.iter().find(|c| c.unasked && c.floor.is_some()) {
        caveats.push(format!(
            "what ssh negotiates unasked, {}, is not recommended: {}",
            default.choice,
            default.floor.as_deref().unwrap_or_default()
        ));
    }
    if pairing.loopback {
        caveats.push("both ends share one machine: survey the real host before deciding".into());
    }
    if survey.end.is_none() {
        caveats.push("the survey was cut off".into());
    }
    let flaky: Vec<&Choice> = candidates
        .iter()
        .filter(|c| {
            let trials = || c.ways.iter().flatten();
            let failed = trials().filter(|t| t.outcome != crate::model::record::Outcome::Measured);
            10 * failed.count() > trials().count()
        })
        .map(|c| &c.choice)
        .collect();
    if !flaky.is_empty() {
        caveats.push(format!("failed in more than one of ten trials: {}", list(flaky.into_iter())));
    }
    caveats
}

#[cfg(test)]
#[path = "recommend_tests.rs"]
mod tests;
