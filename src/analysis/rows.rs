//! The trials of a survey sorted into tables and rows.

use std::collections::{BTreeMap, HashMap};

use crate::model::record::{Outcome, Pairing, Phase, Trial};
use crate::model::{Direction, Mac, Method, Negotiated, OneWay, Survey};

/// A group of pairings, method, direction: what is compared with each other.
pub type TableKey = (usize, Method, Direction);
/// Pairing, cipher, MAC as negotiated.
pub type RowKey<'a> = (usize, &'a str, Option<&'a str>);

/// For each pairing the first one that differs from it in nothing but masks.
pub type Groups = Vec<usize>;

pub fn groups(pairings: &[Pairing]) -> Groups {
    fn key(pairing: &Pairing) -> (&str, &str, &str) {
        (&pairing.target, &pairing.client.program, &pairing.server.program)
    }
    let mut first = HashMap::new();
    pairings
        .iter()
        .enumerate()
        .map(|(index, pairing)| *first.entry(key(pairing)).or_insert(index))
        .collect()
}

/// The trials of the rounds.
pub fn rounds(survey: &Survey) -> impl Iterator<Item = &Trial> {
    survey.trials.iter().filter(|trial| trial.phase == Phase::Round)
}

/// Those of them that were measured.
pub fn measured(survey: &Survey) -> impl Iterator<Item = &Trial> {
    rounds(survey).filter(|trial| trial.outcome == Outcome::Measured)
}

/// Each table's rows with their trials, in the order in which they were run.
pub fn by_table<'a>(
    survey: &'a Survey,
    groups: &Groups,
) -> BTreeMap<TableKey, BTreeMap<RowKey<'a>, Vec<&'a Trial>>> {
    let macs = Macs::of(survey);
    let mut sorted: BTreeMap<TableKey, BTreeMap<RowKey, Vec<&Trial>>> = BTreeMap::new();
    for trial in rounds(survey) {
        let Some(&group) = groups.get(trial.pairing) else { continue };
        let rows = sorted.entry((group, trial.method, trial.direction)).or_default();
        let key = (trial.pairing, trial.cipher.as_str(), macs.of_trial(trial));
        rows.entry(key).or_default().push(trial);
    }
    sorted
}

/// What was negotiated for the bytes of a direction.
pub fn way(names: &Negotiated, direction: Direction) -> &OneWay {
    match direction {
        Direction::Upload => &names.client_to_server,
        Direction::Download => &names.server_to_client,
    }
}

/// The MAC of each trial. A trial that failed before its log named one belongs with those
/// that asked the same and were measured.
pub struct Macs<'a>(HashMap<(usize, &'a str, Option<&'a str>), Option<&'a str>>);

impl<'a> Macs<'a> {
    pub fn of(survey: &'a Survey) -> Macs<'a> {
        let named = survey
            .trials
            .iter()
            .filter_map(|trial| Some((Self::asked(trial), Self::negotiated(trial)?)));
        Macs(named.collect())
    }

    /// As negotiated; absent where the cipher needs none, or none was asked for and none is known.
    pub fn of_trial(&self, trial: &'a Trial) -> Option<&'a str> {
        let asked = trial.mac.as_ref().map(Mac::as_str);
        let known = || self.0.get(&Self::asked(trial)).copied();
        Self::negotiated(trial).or_else(known).unwrap_or(asked)
    }

    fn asked(trial: &Trial) -> (usize, &str, Option<&str>) {
        (trial.pairing, trial.cipher.as_str(), trial.mac.as_ref().map(Mac::as_str))
    }

    /// Absent: not known. `Some(None)`: the cipher needs none.
    fn negotiated(trial: &Trial) -> Option<Option<&str>> {
        let names = trial.negotiated.as_ref().filter(|_| trial.outcome == Outcome::Measured)?;
        let mac = way(names, trial.direction).mac.as_str();
        Some((mac != crate::model::names::IMPLICIT_MAC).then_some(mac))
    }
}
