//! Which cipher to use for which goal, and how sure that is, from the journal alone. Nothing below
//! the security floor is ever recommended, and where nothing is surely better the default cipher is
//! kept.

use std::collections::BTreeMap;

use crate::analysis::advice::alternative::{Alternative, find_path_bottlenecks};
use crate::analysis::advice::between::Between;
use crate::analysis::advice::confirmation::confirm;
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::advice::storage::tell_of_storage;
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::samples::grouping::{by_table, groups};
use crate::analysis::samples::startup::Startups;
use crate::analysis::summarise;
use crate::model::record::Sample;
use crate::model::{Cipher, Direction, Mac, Method, Survey};

/// Advice for each pairing and method of a survey. `allow_legacy` lowers the security floor to
/// legacy ciphers; broken ones are never recommended.
pub fn recommend(survey: &Survey, allow_legacy: bool) -> Vec<Recommendation> {
    let startups = Startups::of(&survey.samples);
    let mut found: BTreeMap<(usize, Method), Rows> = BTreeMap::new();
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
    let of = |((pairing, method), rows): ((usize, Method), Rows)| {
        let directions: Vec<Direction> = rows.keys().copied().collect();
        let advise = |allow_legacy: bool| {
            let alternatives = alternatives(survey, pairing, &rows, allow_legacy, &startups);
            let (directions, alternatives) = (&directions, &alternatives);
            Between { survey, pairing, method, directions, alternatives, startups: &startups }
                .advise()
        };
        let mut advised = advise(allow_legacy);
        if advised.goals.is_empty() && !allow_legacy {
            let of_legacy = advise(true).goals.into_iter();
            advised.legacy = of_legacy.into_iter().find(|advice| advice.goal == Goal::Speed);
        }
        advised
    };
    let mut recommendations: Vec<Recommendation> = found.into_iter().map(of).collect();
    recommendations.retain(|one| !one.goals.is_empty() || one.legacy.is_some());
    let tables = summarise(survey).tables;
    confirm(survey, &tables, &mut recommendations, &startups);
    tell_of_storage(survey, &tables, &mut recommendations);
    recommendations
}

/// The rows of each direction: cipher, MAC and samples.
type Rows<'a> = BTreeMap<Direction, Vec<(&'a str, Option<&'a str>, Vec<&'a Sample>)>>;

fn alternatives<'a>(
    survey: &'a Survey,
    index: usize,
    rows: &Rows<'a>,
    allow_legacy: bool,
    startups: &'a Startups,
) -> Vec<Alternative<'a>> {
    let pairing = &survey.header.pairings[index];
    let mut alternatives: Vec<Alternative> = Vec::new();
    for (place, (&direction, rows)) in rows.iter().enumerate() {
        for (cipher, mac, samples) in rows {
            let is = |c: &Alternative| {
                c.choice.cipher.as_str() == *cipher
                    && c.choice.mac.as_ref().map(Mac::as_str) == *mac
            };
            let known = alternatives.iter().position(is);
            let index = known.unwrap_or_else(|| {
                let one =
                    Alternative::new(cipher, *mac, direction, pairing, allow_legacy, startups);
                alternatives.push(one);
                alternatives.len() - 1
            });
            alternatives[index].by_direction.resize(place, Vec::new());
            alternatives[index].by_direction.push(samples.clone());
        }
    }
    let names: Vec<Cipher> = alternatives.iter().map(|c| c.choice.cipher.clone()).collect();
    for alternative in &mut alternatives {
        alternative.by_direction.resize(rows.len(), Vec::new());
        let alike = names.iter().filter(|name| **name == alternative.choice.cipher);
        alternative.choice.ambiguous = alike.count() > 1;
    }
    let directions: Vec<Direction> = rows.keys().copied().collect();
    find_path_bottlenecks(&mut alternatives, survey, index, &directions, startups);
    alternatives
}

#[cfg(test)]
#[path = "recommend_tests.rs"]
mod tests;
