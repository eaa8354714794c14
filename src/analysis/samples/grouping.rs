//! Sorts the samples of a survey into tables and rows.

use std::collections::{BTreeMap, HashMap};

use crate::model::record::{Outcome, Pairing, Phase, Sample};
use crate::model::{Direction, Mac, Method, Negotiated, OneWay, Survey};

/// What is compared with each other: a group of pairings, a method, a direction.
pub type TableKey = (usize, Method, Direction);
/// Pairing, cipher, MAC as negotiated.
pub type RowKey<'a> = (usize, &'a str, Option<&'a str>);

/// For each pairing the first one that differs from it in nothing but its AES state.
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

/// The samples of the rounds, not those of the calibration.
pub fn rounds(survey: &Survey) -> impl Iterator<Item = &Sample> {
    survey.samples.iter().filter(|sample| sample.phase == Phase::Round)
}

/// Those of them that were measured.
pub fn measured(survey: &Survey) -> impl Iterator<Item = &Sample> {
    rounds(survey).filter(|sample| sample.outcome == Outcome::Measured)
}

/// The rows of each table with their samples, in the order in which they were run.
pub fn by_table<'a>(
    survey: &'a Survey,
    groups: &Groups,
) -> BTreeMap<TableKey, BTreeMap<RowKey<'a>, Vec<&'a Sample>>> {
    let macs = Macs::of(survey);
    let mut sorted: BTreeMap<TableKey, BTreeMap<RowKey, Vec<&Sample>>> = BTreeMap::new();
    for sample in rounds(survey) {
        let Some(&group) = groups.get(sample.pairing) else { continue };
        let rows = sorted.entry((group, sample.method, sample.direction)).or_default();
        let key = (sample.pairing, sample.cipher.as_str(), macs.of_sample(sample));
        rows.entry(key).or_default().push(sample);
    }
    sorted
}

/// What was negotiated for the bytes of a direction.
pub fn one_way(names: &Negotiated, direction: Direction) -> &OneWay {
    match direction {
        Direction::Upload => &names.client_to_server,
        Direction::Download => &names.server_to_client,
    }
}

/// The MAC of each sample. A sample that failed before its log named one belongs to those that
/// asked for the same and were measured.
pub struct Macs<'a>(HashMap<(usize, &'a str, Option<&'a str>), Option<&'a str>>);

impl<'a> Macs<'a> {
    pub fn of(survey: &'a Survey) -> Macs<'a> {
        let named = survey
            .samples
            .iter()
            .filter_map(|sample| Some((Self::asked(sample), Self::negotiated(sample)?)));
        Macs(named.collect())
    }

    /// As negotiated; absent where the cipher needs none, or none was asked for and none is known.
    pub fn of_sample(&self, sample: &'a Sample) -> Option<&'a str> {
        let asked = sample.mac.as_ref().map(Mac::as_str);
        let known = || self.0.get(&Self::asked(sample)).copied();
        Self::negotiated(sample).or_else(known).unwrap_or(asked)
    }

    fn asked(sample: &Sample) -> (usize, &str, Option<&str>) {
        (sample.pairing, sample.cipher.as_str(), sample.mac.as_ref().map(Mac::as_str))
    }

    /// Absent: not known. `Some(None)`: the cipher needs no MAC.
    fn negotiated(sample: &Sample) -> Option<Option<&str>> {
        let names = sample.negotiated.as_ref().filter(|_| sample.outcome == Outcome::Measured)?;
        let mac = one_way(names, sample.direction).mac.as_str();
        Some((mac != crate::model::names::IMPLICIT_MAC).then_some(mac))
    }
}
