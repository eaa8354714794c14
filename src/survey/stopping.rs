//! When rounds stop: each race (a table's section) by itself, as soon as its question is
//! answered, or as soon as the budget can't answer it. Pure: what it decides follows from the
//! trials and from what is left of the budget.

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

/// What is compared with each other: contenders of one pairing, method and direction.
type Key = (usize, Method, Direction);

fn key(configuration: &Configuration) -> Key {
    (configuration.pairing, configuration.method, configuration.direction)
}

/// No race is given up sooner: the bound that is named then would say little.
const GIVEN_UP_FROM: u32 = 4;

/// Stops each race by itself.
#[derive(Clone, Debug)]
pub struct Adaptive {
    rule: Rule,
    /// Empty transfers tell the start-up.
    pilot: Vec<Sample>,
    races: Vec<Running>,
    /// In the order of the header.
    pairings: Vec<Pairing>,
    news: Option<String>,
}

/// One race as it stood at the last look.
#[derive(Clone, Debug)]
struct Running {
    of: Key,
    /// In the order of the race's labels.
    configurations: Vec<Configuration>,
    race: Race,
    /// What is measured as long as the race goes on, and is not in it.
    plain_tcp: Vec<Configuration>,
    /// The budget can't decide it, or every cipher fails.
    given_up: bool,
}

impl Running {
    fn is_open(&self) -> bool {
        // Where all stand apart there is nothing to decide.
        !self.configurations.is_empty() && !self.race.is_over() && !self.given_up
    }

    fn going_on(&self) -> impl Iterator<Item = &Configuration> {
        self.race.remaining().map(|k| &self.configurations[k]).chain(&self.plain_tcp)
    }
}

impl Adaptive {
    /// `pilot`: the trials before the rounds.
    pub fn new(rule: Rule, pilot: Vec<Sample>) -> Adaptive {
        Adaptive { rule, pilot, races: Vec::new(), pairings: Vec::new(), news: None }
    }

    /// Tells these pairings apart in the news (`on pi1`), and leaves out of the races what stands
    /// apart between their ends.
    pub fn with_pairings(self, pairings: Vec<Pairing>) -> Adaptive {
        Adaptive { pairings, ..self }
    }

    fn is_unranked(&self, configuration: &Configuration) -> bool {
        let pairing = self.pairings.get(configuration.pairing);
        pairing.is_some_and(|pairing| Unranked::of(pairing, &configuration.cipher).is_some())
    }

    fn analyse(&mut self, samples: &[Sample], configurations: &[Configuration]) {
        let startups = Startups::of(self.pilot.iter().chain(samples));
        let mut keys: Vec<Key> = configurations.iter().map(key).collect();
        keys.dedup();
        keys.sort();
        keys.dedup();
        for of in keys {
            let (plain_tcp, racing): (Vec<Configuration>, Vec<Configuration>) = known(samples, of)
                .into_iter()
                .partition(|configuration| self.is_unranked(configuration));
            let lists = by_configuration(samples, &racing);
            let race = Race::of(&field(&lists, Figure::Rate, &startups), &self.rule);
            debug_assert_eq!(racing.len(), race.labels.len());
            self.races.retain(|other| other.of != of);
            self.races.push(Running {
                of,
                configurations: racing,
                race,
                plain_tcp,
                given_up: false,
            });
        }
        self.races.sort_by_key(|running| running.of);
    }

    /// Gives up the races that the budget can't decide, the dearest first: what it leaves may
    /// decide the others.
    fn give_up(&mut self, round: u32, pace: &Pace, left_s: f64) {
        if round < GIVEN_UP_FROM {
            return;
        }
        loop {
            let cost = |running: &Running| {
                let rounds = forecast(round, &running.race).max(round + 1) - round;
                f64::from(rounds) * running.going_on().count() as f64 * pace.sample_s(running.of)
            };
            let open = self.races.iter_mut().filter(|running| running.is_open());
            let costs: Vec<(f64, &mut Running)> = open.map(|open| (cost(open), open)).collect();
            let total: f64 = costs.iter().map(|(cost, _)| cost).sum();
            match costs.into_iter().max_by(|(a, _), (b, _)| a.total_cmp(b)) {
                Some((_, most_expensive)) if total > left_s => most_expensive.given_up = true,
                _ => return,
            }
        }
    }

    /// What is decided, what is open and for how long about, what was given up.
    fn tell(&self, pace: &Pace) -> String {
        let (mut decided, mut open, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        for running in self.races.iter().filter(|running| !running.configurations.is_empty()) {
            let Running { of, configurations, race, .. } = running;
            let choices: Vec<Choice> = configurations.iter().map(choice).collect();
            let named = |ks: &mut dyn Iterator<Item = usize>| {
                let others = ks.filter(|&k| Some(k) != race.leader);
                list(race.leader.into_iter().chain(others).map(|k| &choices[k]))
            };
            let what = self.name(*of);
            if running.given_up {
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
                let rounds = race.answered_after().zip(race.analysed);
                let left = rounds.map(|(until, round)| {
                    let samples = f64::from(until - round) * running.going_on().count() as f64;
                    format!("about {} more", duration(samples * pace.sample_s(*of)))
                });
                let left = left.unwrap_or_else(|| "longer than can be told".into());
                open.push(format!("{what} between {} ({left})", named(&mut race.remaining())));
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
        if self.races.iter().any(|other| other.of.1 != method) {
            name += &format!(" by {method}");
        }
        if let Some(words) =
            distinctions(&self.pairings).get(pairing).filter(|words| !words.is_empty())
        {
            name += &format!(" {words}");
        }
        name
    }

    fn open(&self) -> impl Iterator<Item = &Running> {
        self.races.iter().filter(|running| running.is_open())
    }
}

fn choice(configuration: &Configuration) -> Choice {
    let Configuration { cipher, mac, .. } = configuration.clone();
    Choice { ambiguous: mac.is_some(), cipher, mac }
}

/// Rounds that a race needs, as far as so many rounds can tell: a forecast from few is a guess, so
/// early on much less is believed possible.
fn forecast(round: u32, race: &Race) -> u32 {
    let trust = (f64::from(round) / f64::from(FORECAST_FROM)).powi(4).min(1.0);
    (trust * f64::from(race.needed.unwrap_or(0))) as u32
}

/// What has been tried of one pairing, method and direction, in the order of the first trials.
fn known(samples: &[Sample], of: Key) -> Vec<Configuration> {
    let mut configurations: Vec<Configuration> = Vec::new();
    for configuration in
        samples.iter().map(Configuration::of).filter(|configuration| key(configuration) == of)
    {
        if !configurations.contains(&configuration) {
            configurations.push(configuration);
        }
    }
    configurations
}

/// The trials of each contender.
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
        for running in self.races.iter_mut().filter(|running| running.is_open()) {
            // Where all have left, since all fail, there is nothing to wait for.
            running.given_up = last || running.race.remaining().next().is_none();
        }
        let going_on = self.open().flat_map(Running::going_on).cloned().collect();
        self.news = Some(self.tell(&pace)).filter(|told| !told.is_empty());
        going_on
    }

    fn reason(&self) -> StopReason {
        match self.races.iter().any(|running| running.given_up) {
            true => StopReason::OutOfReach,
            false => StopReason::Decided,
        }
    }

    fn news(&self) -> Option<String> {
        self.news.clone()
    }

    fn expected_rounds(&self) -> u32 {
        let needed = self.open().filter_map(|running| running.race.needed).max().unwrap_or(0);
        next_analysis(0, Some(needed)).unwrap_or(INTERIM_ANALYSES[INTERIM_ANALYSES.len() - 1])
    }
}

#[cfg(test)]
#[path = "stopping_tests.rs"]
mod tests;
