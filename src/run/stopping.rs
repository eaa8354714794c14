//! When rounds stop: each race (a table's section) by itself, as soon as its question is
//! answered, or as soon as the budget can't answer it. Pure: what it decides follows from the
//! trials and from what is left of the budget.

use std::time::Duration;

use super::survey::StopRule;
use crate::analysis::conclusion::{at_most, list};
use crate::analysis::pace::Pace;
use crate::analysis::race::{FORECAST_FROM, LOOKS, Label, Race, Rule, next_look};
use crate::analysis::series::{Figure, field};
use crate::analysis::standing::Choice;
use crate::analysis::startup::Startups;
use crate::model::record::{StopReason, Trial};
use crate::model::units::duration;
use crate::model::{Direction, Method};
use crate::plan::Contender;

/// What is compared with each other: contenders of one pairing, method and direction.
type Key = (usize, Method, Direction);

fn key(contender: &Contender) -> Key {
    (contender.pairing, contender.method, contender.direction)
}

/// No race is given up sooner: the bound that is named then would say little.
const GIVEN_UP_FROM: u32 = 4;

/// Stops each race by itself.
#[derive(Clone, Debug)]
pub struct Adaptive {
    rule: Rule,
    /// Empty transfers tell the start-up.
    pilot: Vec<Trial>,
    races: Vec<(Key, Race)>,
    /// Races that the budget can't decide, and those in which every cipher fails.
    given_up: Vec<Key>,
    /// How pairings are told apart.
    pairings: Vec<String>,
    news: Option<String>,
}

impl Adaptive {
    /// `pilot`: the trials before the rounds.
    pub fn new(rule: Rule, pilot: Vec<Trial>) -> Adaptive {
        Adaptive {
            rule,
            pilot,
            races: Vec::new(),
            given_up: Vec::new(),
            pairings: Vec::new(),
            news: None,
        }
    }

    /// What tells the pairings apart in the news (`on pi1`), in the order of the header.
    pub fn naming(self, pairings: Vec<String>) -> Adaptive {
        Adaptive { pairings, ..self }
    }

    fn look(&mut self, trials: &[Trial], contenders: &[Contender]) {
        let startups = Startups::of(self.pilot.iter().chain(trials));
        let mut keys: Vec<Key> = contenders.iter().map(key).collect();
        keys.dedup();
        keys.sort();
        keys.dedup();
        for of in keys {
            let (names, lists) = by_contender(trials, of);
            let race = Race::of(&field(&lists, Figure::Rate, &startups), &self.rule);
            debug_assert_eq!(names.len(), race.labels.len());
            self.races.retain(|(other, _)| *other != of);
            self.races.push((of, race));
        }
        self.races.sort_by_key(|(of, _)| *of);
    }

    /// Gives up the races that the budget can't decide, the dearest first: what it leaves may
    /// decide the others.
    fn give_up(&mut self, round: u32, pace: &Pace, left_s: f64) {
        if round < GIVEN_UP_FROM {
            return;
        }
        loop {
            let costs: Vec<(Key, f64)> = self
                .open()
                .map(|(of, race)| {
                    let rounds = f64::from(forecast(round, race).max(round + 1) - round);
                    (*of, rounds * race.inside().count() as f64 * pace.trial_s(*of))
                })
                .collect();
            let total: f64 = costs.iter().map(|(_, cost)| cost).sum();
            match costs.iter().max_by(|(_, a), (_, b)| a.total_cmp(b)) {
                Some((of, _)) if total > left_s => self.given_up.push(*of),
                _ => return,
            }
        }
    }

    /// What is decided, what is open and for how long about, what was given up.
    fn tell(&self, trials: &[Trial], pace: &Pace) -> String {
        let (mut decided, mut open, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        for (of, race) in &self.races {
            let (contenders, _) = by_contender(trials, *of);
            let choices: Vec<Choice> = contenders.into_iter().map(choice).collect();
            let named = |ks: &mut dyn Iterator<Item = usize>| {
                let others = ks.filter(|&k| Some(k) != race.leader);
                list(race.leader.into_iter().chain(others).map(|k| &choices[k]))
            };
            let what = self.name(*of);
            if self.given_up.contains(of) {
                let bound = race.bound().map(|bound| at_most(100.0 * bound.exp_m1()));
                given_up.push(match (race.leader, bound) {
                    (None, _) => format!("{what} (every cipher fails)"),
                    (Some(leader), None) => format!("{what} ({} leads)", choices[leader]),
                    (Some(leader), Some(bound)) => format!(
                        "{what} ({} leads, nothing is more than {bound} faster)",
                        choices[leader]
                    ),
                });
            } else if race.is_over() {
                let best = &mut (0..choices.len()).filter(|&k| race.labels[k] == Label::Tie);
                decided.push(format!("{what} ({})", named(best)));
            } else {
                let rounds = race.answered_after().zip(race.looked);
                let left = rounds.map(|(until, round)| {
                    let trials = f64::from(until - round) * race.inside().count() as f64;
                    format!("about {} more", duration(trials * pace.trial_s(*of)))
                });
                let left = left.unwrap_or_else(|| "longer than can be told".into());
                open.push(format!("{what} between {} ({left})", named(&mut race.inside())));
            }
        }
        let told = [("decided", decided), ("open", open), ("given up", given_up)];
        let told = told.into_iter().filter(|(_, races)| !races.is_empty());
        let told = told.map(|(word, races)| format!("{word}: {}", races.join("; ")));
        told.collect::<Vec<_>>().join("; ")
    }

    /// By its direction, and by what else tells it from the other races.
    fn name(&self, (pairing, method, direction): Key) -> String {
        let mut name = direction.to_string();
        if self.races.iter().any(|((_, other, _), _)| *other != method) {
            name += &format!(" by {method}");
        }
        if self.races.iter().any(|((other, ..), _)| *other != pairing) {
            let number = || format!("in pairing {}", pairing + 1);
            name += &format!(" {}", self.pairings.get(pairing).cloned().unwrap_or_else(number));
        }
        name
    }

    fn open(&self) -> impl Iterator<Item = &(Key, Race)> {
        self.races.iter().filter(|(of, race)| !race.is_over() && !self.given_up.contains(of))
    }
}

fn choice(contender: Contender) -> Choice {
    let Contender { cipher, mac, .. } = contender;
    Choice { ambiguous: mac.is_some(), cipher, mac }
}

/// Rounds that a race needs, as far as so many rounds can tell: a forecast from few is a guess, so
/// early on much less is believed possible.
fn forecast(round: u32, race: &Race) -> u32 {
    let trust = (f64::from(round) / f64::from(FORECAST_FROM)).powi(4).min(1.0);
    (trust * f64::from(race.needed.unwrap_or(0))) as u32
}

/// The contenders of one race in a fixed order, with their trials.
fn by_contender(trials: &[Trial], of: Key) -> (Vec<Contender>, Vec<Vec<&Trial>>) {
    let mut names: Vec<Contender> = Vec::new();
    let mut lists: Vec<Vec<&Trial>> = Vec::new();
    for trial in trials {
        if (trial.pairing, trial.method, trial.direction) != of {
            continue;
        }
        let contender = Contender::of(trial);
        let index = names.iter().position(|name| *name == contender).unwrap_or_else(|| {
            names.push(contender);
            lists.push(Vec::new());
            names.len() - 1
        });
        lists[index].push(trial);
    }
    (names, lists)
}

impl StopRule for Adaptive {
    fn after_round(
        &mut self,
        round: u32,
        trials: &[Trial],
        contenders: &[Contender],
        left: Option<Duration>,
    ) -> Vec<Contender> {
        self.news = None;
        if !LOOKS.contains(&round) {
            return contenders.to_vec();
        }
        self.look(trials, contenders);
        let left_s = left.map_or(f64::INFINITY, |left| left.as_secs_f64());
        let pace = Pace::of(trials);
        self.give_up(round, &pace, left_s);
        // Where all have left, since all fail, there is nothing to wait for.
        let empty = self.open().filter(|(_, race)| race.inside().next().is_none());
        let empty: Vec<Key> = empty.map(|(of, _)| *of).collect();
        self.given_up.extend(empty);
        let mut going_on = Vec::new();
        for (of, race) in self.open() {
            let (names, _) = by_contender(trials, *of);
            going_on.extend(race.inside().map(|k| names[k].clone()));
        }
        if next_look(round, None).is_none() {
            self.given_up.extend(self.open().map(|(of, _)| *of).collect::<Vec<_>>());
            going_on.clear();
        }
        self.news = Some(self.tell(trials, &pace));
        going_on
    }

    fn reason(&self) -> StopReason {
        if self.given_up.is_empty() { StopReason::Decided } else { StopReason::OutOfReach }
    }

    fn news(&self) -> Option<String> {
        self.news.clone()
    }

    fn expected_rounds(&self) -> u32 {
        let needed = self.open().map(|(_, race)| race.needed.unwrap_or(0)).max().unwrap_or(0);
        next_look(0, Some(needed)).unwrap_or(LOOKS[LOOKS.len() - 1])
    }
}

#[cfg(test)]
#[path = "stopping_tests.rs"]
mod tests;
