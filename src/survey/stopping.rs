//! When rounds stop. The configurations of each race (a section of the table) go on until its question is
//! answered, or until the budget can't answer it. Pure: everything follows from the samples and from what
//! is left of the budget.

use crate::analysis::naming::distinctions;
use crate::analysis::phrases::at_most;
use crate::analysis::phrases::list;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Pairing, Sample, StopReason};
use crate::model::units::duration;
use crate::model::{Configuration, Entry, RaceKey};
use crate::stats::race::{
    FORECAST_FROM, INTERIM_ANALYSES, Label, Race, Rule, interim_analyses, next_analysis,
};
use crate::survey::rounds::{SoFar, StopRule, of_rounds};

/// No race is given up before this round: the bound that is shown then would say little.
const GIVEN_UP_FROM: u32 = 4;

/// The rounds after which a survey of these is analysed.
pub fn analyses_of(entries: &[Entry]) -> Vec<u32> {
    let races = entries.iter().map(Entry::race);
    let of_race = |race: RaceKey| entries.iter().filter(|entry| entry.race() == race).count();
    interim_analyses(races.map(of_race).min().unwrap_or(0))
}

/// Stops each race on its own.
#[derive(Clone, Debug)]
pub struct Adaptive {
    rule: Rule,
    races: Vec<RaceState>,
    /// In the order of the header.
    pairings: Vec<Pairing>,
    news: Option<String>,
}

/// A race after its latest interim analysis.
#[derive(Clone, Debug)]
struct RaceState {
    key: RaceKey,
    /// In the order of the race's labels.
    entries: Vec<Entry>,
    race: Race,
    /// Measured as long as the race goes on, and not part of it.
    unranked: Vec<Entry>,
    /// The budget can't decide it, or every cipher has failed.
    given_up: bool,
}

impl RaceState {
    fn is_open(&self) -> bool {
        // Where all are unranked there is nothing to decide.
        !self.entries.is_empty() && !self.race.is_over() && !self.given_up
    }

    fn going_on(&self) -> impl Iterator<Item = &Entry> {
        self.race.remaining().map(|k| &self.entries[k]).chain(&self.unranked)
    }
}

impl Adaptive {
    pub fn new(rule: Rule) -> Adaptive {
        Adaptive { rule, races: Vec::new(), pairings: Vec::new(), news: None }
    }

    /// Names these pairings in the news (`on pi1`), and keeps what is unranked in them out of the races.
    pub fn with_pairings(self, pairings: Vec<Pairing>) -> Adaptive {
        Adaptive { pairings, ..self }
    }

    fn is_unranked(&self, entry: &Entry) -> bool {
        let configuration = &entry.configuration;
        let pairing = self.pairings.get(configuration.pairing);
        pairing.is_some_and(|pairing| Unranked::of(pairing, &configuration.cipher).is_some())
    }

    /// Makes the interim analysis of the races of these entries.
    fn analyse(&mut self, samples: &[Sample], entries: &[Entry]) {
        let startups = Startups::of(samples);
        let mut keys: Vec<RaceKey> = entries.iter().map(Entry::race).collect();
        keys.sort();
        keys.dedup();
        for key in keys {
            let (unranked, racing): (Vec<Entry>, Vec<Entry>) =
                known(samples, key).into_iter().partition(|entry| self.is_unranked(entry));
            let lists = by_entry(samples, &racing);
            let race = Race::of(&field(&lists, Figure::Rate, &startups), &self.rule);
            debug_assert_eq!(racing.len(), race.labels.len());
            self.races.retain(|other| other.key != key);
            self.races.push(RaceState { key, entries: racing, race, unranked, given_up: false });
        }
        self.races.sort_by_key(|state| state.key);
    }

    /// Gives up races that the budget can't decide, the most expensive first: the time that is freed may
    /// decide the others.
    fn give_up(&mut self, round: u32, entry_s: f64, left_s: f64) {
        if round < GIVEN_UP_FROM {
            return;
        }
        loop {
            let cost = |state: &RaceState| {
                let rounds = forecast(round, &state.race).max(round + 1) - round;
                f64::from(rounds) * state.going_on().count() as f64 * entry_s
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
    fn describe(&self, entry_s: f64) -> String {
        let (mut decided, mut open, mut given_up) = (Vec::new(), Vec::new(), Vec::new());
        for state in self.races.iter().filter(|state| !state.entries.is_empty()) {
            let RaceState { key, entries, race, .. } = state;
            let choices: Vec<Choice> = entries.iter().map(choice).collect();
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
                    format!("about {} more", duration(samples * entry_s))
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
    fn name(&self, RaceKey { pairing, method, direction }: RaceKey) -> String {
        let mut name = direction.to_string();
        if self.races.iter().any(|other| other.key.method != method) {
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

fn choice(entry: &Entry) -> Choice {
    let Configuration { cipher, mac, .. } = entry.configuration.clone();
    Choice { ambiguous: mac.is_some(), cipher, mac }
}

/// Rounds that a race needs, as forecast after `round`. A forecast from few rounds is a guess: early on
/// much less is taken for possible.
fn forecast(round: u32, race: &Race) -> u32 {
    let trust = (f64::from(round) / f64::from(FORECAST_FROM)).powi(4).min(1.0);
    (trust * f64::from(race.needed.unwrap_or(0))) as u32
}

/// The entries of one race, in the order of their first samples.
fn known(samples: &[Sample], race: RaceKey) -> Vec<Entry> {
    let mut entries: Vec<Entry> = Vec::new();
    for entry in of_rounds(samples).map(Entry::of).filter(|entry| entry.race() == race) {
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    entries
}

/// The samples of each entry.
fn by_entry<'a>(samples: &'a [Sample], entries: &[Entry]) -> Vec<Vec<&'a Sample>> {
    let of =
        |entry: &Entry| of_rounds(samples).filter(|sample| Entry::of(sample) == *entry).collect();
    entries.iter().map(of).collect()
}

impl StopRule for Adaptive {
    fn after_round(&mut self, so_far: &SoFar) -> Vec<Entry> {
        let SoFar { round, samples, entries, .. } = *so_far;
        self.news = None;
        if !self.rule.analyses.contains(&round) {
            return entries.to_vec();
        }
        self.analyse(samples, entries);
        let left_s = so_far.left.map_or(f64::INFINITY, |left| left.as_secs_f64());
        let entry_s = so_far.took.as_secs_f64() / entries.len().max(1) as f64;
        self.give_up(round, entry_s, left_s);
        let last = next_analysis(round, None).is_none();
        for state in self.races.iter_mut().filter(|state| state.is_open()) {
            // Where all have left because they failed, there is nothing to wait for.
            state.given_up = last || state.race.remaining().next().is_none();
        }
        let going_on = self.open().flat_map(RaceState::going_on).cloned().collect();
        self.news = Some(self.describe(entry_s)).filter(|text| !text.is_empty());
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
