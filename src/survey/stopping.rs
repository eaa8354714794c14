//! When rounds stop. The configurations of each race (a section of the table) go on until its question is
//! answered, or until the budget can't answer it. Pure: everything follows from the samples and from what
//! is left of the budget.

use std::time::Duration;

use crate::analysis::naming::distinctions;
use crate::analysis::phrases::at_most;
use crate::analysis::phrases::list;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::pace::Pace;
use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::model::Configuration;
use crate::model::record::{Pairing, Sample, StopReason};
use crate::model::units::duration;
use crate::model::{Direction, Method};
use crate::stats::race::{FORECAST_FROM, INTERIM_ANALYSES, Label, Race, Rule, next_analysis};
use crate::survey::rounds::StopRule;

/// Configurations of one pairing, method and direction are compared with each other.
type Key = (usize, Method, Direction);

fn key(configuration: &Configuration) -> Key {
    (configuration.pairing, configuration.method, configuration.direction)
}

/// No race is given up before this round: the bound that is shown then would say little.
const GIVEN_UP_FROM: u32 = 4;

/// Stops each race on its own.
#[derive(Clone, Debug)]
pub struct Adaptive {
    rule: Rule,
    /// Its empty transfers tell the start-up.
    pilot: Vec<Sample>,
    races: Vec<RaceState>,
    /// In the order of the header.
    pairings: Vec<Pairing>,
    news: Option<String>,
}

/// A race after its latest interim analysis.
#[derive(Clone, Debug)]
struct RaceState {
    key: Key,
    /// In the order of the race's labels.
    configurations: Vec<Configuration>,
    race: Race,
    /// Measured as long as the race goes on, and not part of it.
    unranked: Vec<Configuration>,
    /// The budget can't decide it, or every cipher has failed.
    given_up: bool,
}

impl RaceState {
    fn is_open(&self) -> bool {
        // Where all are unranked there is nothing to decide.
        !self.configurations.is_empty() && !self.race.is_over() && !self.given_up
    }

    fn going_on(&self) -> impl Iterator<Item = &Configuration> {
        self.race.remaining().map(|k| &self.configurations[k]).chain(&self.unranked)
    }
}

impl Adaptive {
    /// `pilot`: the samples of the pilot.
    pub fn new(rule: Rule, pilot: Vec<Sample>) -> Adaptive {
        Adaptive { rule, pilot, races: Vec::new(), pairings: Vec::new(), news: None }
    }

    /// Names these pairings in the news (`on pi1`), and keeps what is unranked in them out of the races.
    pub fn with_pairings(self, pairings: Vec<Pairing>) -> Adaptive {
        Adaptive { pairings, ..self }
    }

    fn is_unranked(&self, configuration: &Configuration) -> bool {
        let pairing = self.pairings.get(configuration.pairing);
        pairing.is_some_and(|pairing| Unranked::of(pairing, &configuration.cipher).is_some())
    }

    /// Makes the interim analysis of the races of these configurations.
    fn analyse(&mut self, samples: &[Sample], configurations: &[Configuration]) {
        let startups = Startups::of(self.pilot.iter().chain(samples));
        let mut keys: Vec<Key> = configurations.iter().map(key).collect();
        keys.dedup();
        keys.sort();
        keys.dedup();
        for key in keys {
            let (unranked, racing): (Vec<Configuration>, Vec<Configuration>) = known(samples, key)
                .into_iter()
                .partition(|configuration| self.is_unranked(configuration));
            let lists = by_configuration(samples, &racing);
            let race = Race::of(&field(&lists, Figure::Rate, &startups), &self.rule);
            debug_assert_eq!(racing.len(), race.labels.len());
            self.races.retain(|other| other.key != key);
            self.races.push(RaceState {
                key,
                configurations: racing,
                race,
                unranked,
                given_up: false,
            });
        }
        self.races.sort_by_key(|state| state.key);
    }

    /// Gives up races that the budget can't decide, the most expensive first: the time that is freed may
    /// decide the others.
    fn give_up(&mut self, round: u32, pace: &Pace, left_s: f64) {
        if round < GIVEN_UP_FROM {
            return;
        }
        loop {
            let cost = |state: &RaceState| {
                let rounds = forecast(round, &state.race).max(round + 1) - round;
                f64::from(rounds) * state.going_on().count() as f64 * pace.sample_s(state.key)
            };
            let open = self.races.iter_mut().filter(|state| state.is_open());
            let costs: Vec<(f64, &mut RaceState)> = open.map(|open| (cost(open), open)).collect();
            let total: f64 = costs.iter().map(|(cost, _)| cost).sum();
            match costs.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b)) {
                Some((_, most_expensive)) if total > left_s => most_expensive.given_up = true,
                _ => return,
            }
        }
    }

    /// Which races are decided, which are undecided and for about how long, which were given up.
    fn describe(&self, pace: &Pace) -> String {
        let (mut decided, mut open, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        for state in self.races.iter().filter(|state| !state.configurations.is_empty()) {
            let RaceState { key, configurations, race, .. } = state;
            let choices: Vec<Choice> = configurations.iter().map(choice).collect();
            let named = |ks: &mut dyn Iterator<Item = usize>| {
                let others = ks.filter(|&k| Some(k) != race.leader);
                list(race.leader.into_iter().chain(others).map(|k| &choices[k]))
            };
            let what = self.name(*key);
            if state.given_up {
                let bound = race.bound().map(|bound| at_most(100.0 * bound.exp_m1()));
                given_up.push(match (race.leader, bound) {
                    (None, _) => format!("{what} (every cipher failed)"),
                    (Some(leader), None) => format!("{what} ({} leads)", choices[leader]),
                    (Some(leader), Some(bound)) => format!(
                        "{what} ({} leads, none is more than {bound} faster)",
                        choices[leader]
                    ),
                });
            } else if race.is_over() {
                let best = &mut (0..choices.len()).filter(|&k| race.labels[k] == Label::Tie);
                decided.push(format!("{what} ({})", named(best)));
            } else {
                let rounds = race.answered_after().zip(race.analysed);
                let left = rounds.map(|(until, round)| {
                    let samples = f64::from(until - round) * state.going_on().count() as f64;
                    format!("about {} more", duration(samples * pace.sample_s(*key)))
                });
                let left = left.unwrap_or_else(|| "time unknown".into());
                open.push(format!("{what}, between {} ({left})", named(&mut race.remaining())));
            }
        }
        let states = [("decided", decided), ("undecided", open), ("given up", given_up)];
        let states = states.into_iter().filter(|(_, races)| !races.is_empty());
        let states = states.map(|(word, races)| format!("{word}: {}", races.join("; ")));
        states.collect::<Vec<_>>().join("; ")
    }

    /// A race by its direction, and by its method and pairing where races differ in them.
    fn name(&self, (pairing, method, direction): Key) -> String {
        let mut name = direction.to_string();
        if self.races.iter().any(|other| other.key.1 != method) {
            name += &format!(" by {method}");
        }
        if let Some(words) =
            distinctions(&self.pairings).get(pairing).filter(|words| !words.is_empty())
        {
            name += &format!(" {words}");
        }
        name
    }

    fn open(&self) -> impl Iterator<Item = &RaceState> {
        self.races.iter().filter(|state| state.is_open())
    }
}

fn choice(configuration: &Configuration) -> Choice {
    let Configuration { cipher, mac, .. } = configuration.clone();
    Choice { ambiguous: mac.is_some(), cipher, mac }
}

/// Rounds that a race needs, as forecast after `round`. A forecast from few rounds is a guess: early on
/// much less is taken for possible.
fn forecast(round: u32, race: &Race) -> u32 {
    let trust = (f64::from(round) / f64::from(FORECAST_FROM)).powi(4).min(1.0);
    (trust * f64::from(race.needed.unwrap_or(0))) as u32
}

/// The configurations with one key, in the order of their first samples.
fn known(samples: &[Sample], with: Key) -> Vec<Configuration> {
    let mut configurations: Vec<Configuration> = Vec::new();
    for configuration in
        samples.iter().map(Configuration::of).filter(|configuration| key(configuration) == with)
    {
        if !configurations.contains(&configuration) {
            configurations.push(configuration);
        }
    }
    configurations
}

/// The samples of each configuration.
fn by_configuration<'a>(
    samples: &'a [Sample],
    configurations: &[Configuration],
) -> Vec<Vec<&'a Sample>> {
    let of = |configuration: &Configuration| {
        samples.iter().filter(|sample| Configuration::of(sample) == *configuration).collect()
    };
    configurations.iter().map(of).collect()
}

impl StopRule for Adaptive {
    fn after_round(
        &mut self,
        round: u32,
        samples: &[Sample],
        configurations: &[Configuration],
        left: Option<Duration>,
    ) -> Vec<Configuration> {
        self.news = None;
        if !INTERIM_ANALYSES.contains(&round) {
            return configurations.to_vec();
        }
        self.analyse(samples, configurations);
        let left_s = left.map_or(f64::INFINITY, |left| left.as_secs_f64());
        let pace = Pace::of(samples);
        self.give_up(round, &pace, left_s);
        let last = next_analysis(round, None).is_none();
        for state in self.races.iter_mut().filter(|state| state.is_open()) {
            // Where all have left because they failed, there is nothing to wait for.
            state.given_up = last || state.race.remaining().next().is_none();
        }
        let going_on = self.open().flat_map(RaceState::going_on).cloned().collect();
        self.news = Some(self.describe(&pace)).filter(|text| !text.is_empty());
        going_on
    }

    fn reason(&self) -> StopReason {
        match self.races.iter().any(|state| state.given_up) {
            true => StopReason::OutOfReach,
            false => StopReason::Decided,
        }
    }

    fn news(&self) -> Option<String> {
        self.news.clone()
    }

    fn expected_rounds(&self) -> u32 {
        let needed = self.open().filter_map(|state| state.race.needed).max().unwrap_or(0);
        next_analysis(0, Some(needed)).unwrap_or(INTERIM_ANALYSES[INTERIM_ANALYSES.len() - 1])
    }
}

#[cfg(test)]
#[path = "stopping_tests.rs"]
mod tests;
