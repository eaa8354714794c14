//! What connections cost beside their samples: their start-up, and key re-exchanges.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::grouping::Groups;
use crate::model::record::{Connection, Sample, SliceSum};
use crate::model::{Cipher, RaceKey, Survey};
use crate::stats::statistics::median;

/// What some slices of a connection took beyond what their bytes take at its steady rate; medians over
/// connections. Seconds.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Beyond {
    pub real_s: f64,
    /// CPU of the client and of the server.
    pub client_s: Option<f64>,
    pub server_s: Option<f64>,
}

/// What a key re-exchange of a cipher took, with its slice's other work taken out.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct KeyReexchange {
    pub cipher: Cipher,
    /// Slices in which one was seen.
    pub slices: u32,
    #[serde(flatten)]
    pub beyond: Beyond,
}

/// The median setup of some samples, in seconds. Where connections stay open, those of later rounds log in beside
/// the first slices of another one: the first round tells it.
pub fn setup_s(samples: &[&Sample]) -> Option<f64> {
    let of = |samples: &mut dyn Iterator<Item = &&Sample>| {
        median(&samples.filter_map(|sample| sample.setup_s).collect::<Vec<_>>())
    };
    of(&mut samples.iter().filter(|sample| alone(sample))).or_else(|| of(&mut samples.iter()))
}

/// Whether its connection logged in beside nothing else.
pub fn alone(sample: &Sample) -> bool {
    sample.slices.is_none() || sample.round <= 1
}

/// The start-up of a table's connections: how much longer their first slices took. Absent where no
/// connection has any.
pub fn start_up(survey: &Survey, groups: &Groups, race: RaceKey) -> Option<Beyond> {
    medians(&start_ups(survey, race, own(survey, groups, race)))
}

/// The same of one pairing, connection by connection.
pub fn start_ups_of_pairing(survey: &Survey, race: RaceKey) -> Vec<Beyond> {
    let own = survey.connections.iter().filter(|connection| {
        (connection.pairing, connection.method) == (race.pairing, race.method)
    });
    start_ups(survey, race, own)
}

/// Beside that of later rounds the next connection logs in: those of the first round tell it.
fn start_ups<'a>(
    survey: &'a Survey,
    race: RaceKey,
    connections: impl Iterator<Item = &'a Connection>,
) -> Vec<Beyond> {
    let samples = by_connection(survey, race);
    let of = |connection: &Connection| {
        let sum = connection.start_up.iter().find(|sum| sum.direction == race.direction)?;
        beyond(sum, samples.get(&connection.number)?)
    };
    connections.filter(|connection| connection.round <= 1).filter_map(of).collect()
}

/// The key re-exchanges of a table, cipher by cipher, per slice that had one.
pub fn key_exchanges(survey: &Survey, groups: &Groups, race: RaceKey) -> Vec<KeyReexchange> {
    let samples = by_connection(survey, race);
    let mut by_cipher: Vec<(Cipher, u32, Vec<Beyond>)> = Vec::new();
    for connection in own(survey, groups, race) {
        let sums = connection.key_exchanges.iter().filter(|sum| sum.direction == race.direction);
        for sum in sums {
            let Some(all) = samples.get(&connection.number).and_then(|own| beyond(sum, own)) else {
                continue;
            };
            let per_slice = |seconds: f64| seconds / f64::from(sum.slices.max(1));
            let each = Beyond {
                real_s: per_slice(all.real_s),
                client_s: all.client_s.map(per_slice),
                server_s: all.server_s.map(per_slice),
            };
            match by_cipher.iter_mut().find(|(cipher, ..)| *cipher == connection.cipher) {
                Some((_, slices, seen)) => {
                    *slices += sum.slices;
                    seen.push(each);
                }
                None => by_cipher.push((connection.cipher.clone(), sum.slices, vec![each])),
            }
        }
    }
    let of = |(cipher, slices, seen): (Cipher, u32, Vec<Beyond>)| {
        Some(KeyReexchange { cipher, slices, beyond: medians(&seen)? })
    };
    by_cipher.into_iter().filter_map(of).collect()
}

fn own<'a>(
    survey: &'a Survey,
    groups: &Groups,
    race: RaceKey,
) -> impl Iterator<Item = &'a Connection> {
    survey.connections.iter().filter(move |connection| {
        let group = groups.get(connection.pairing).copied();
        group == Some(race.pairing) && connection.method == race.method
    })
}

fn by_connection(survey: &Survey, race: RaceKey) -> HashMap<u32, &Sample> {
    let own = survey.samples.iter().filter(|sample| sample.direction == race.direction);
    own.filter_map(|sample| Some((sample.connection?, sample))).collect()
}

/// What some slices took beyond the rates and costs of a sample of the same connection.
fn beyond(sum: &SliceSum, sample: &Sample) -> Option<Beyond> {
    let slices = sample.slices?;
    let (bytes, count) = (sample.bytes.filter(|&bytes| bytes > 0)? as f64, f64::from(slices.count));
    let share = sum.bytes as f64 / bytes;
    let many = f64::from(sum.slices);
    let of = |seconds: f64, all_s: f64, fixed_s: f64| {
        (seconds - many * fixed_s - share * (all_s - count * fixed_s)).max(0.0)
    };
    let cpu = |seconds: Option<f64>, spent: Option<f64>, fixed_s: f64| {
        Some(of(seconds?, spent?, fixed_s))
    };
    let spent = |spent: Option<crate::model::record::Spent>| Some(spent?.bulk.total_s);
    Some(Beyond {
        real_s: of(sum.real_s, sample.real_s?, slices.fixed.real_s),
        client_s: cpu(sum.client_s, spent(sample.client), slices.fixed.client_s),
        server_s: cpu(sum.server_s, spent(sample.server), slices.fixed.server_s),
    })
}

pub fn medians(all: &[Beyond]) -> Option<Beyond> {
    let of = |figure: fn(&Beyond) -> Option<f64>| {
        median(&all.iter().filter_map(figure).collect::<Vec<_>>())
    };
    Some(Beyond {
        real_s: of(|beyond| Some(beyond.real_s))?,
        client_s: of(|beyond| beyond.client_s),
        server_s: of(|beyond| beyond.server_s),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::sample;
    use crate::model::Direction;
    use crate::model::record::{FixedCost, Slices};

    #[test]
    fn what_first_slices_took_longer_is_the_start_up() {
        let fixed = FixedCost { real_s: 0.002, client_s: 0.0, server_s: 0.0 };
        let slices = Slices { count: 10, spread: None, fixed, with_key_exchange: 0, suspended: 0 };
        // 1 GB in ten slices of 0.1 s of flow each.
        let steady = Sample {
            bytes: Some(1_000_000_000),
            real_s: Some(1.02),
            slices: Some(slices),
            client: None,
            server: None,
            ..sample("a", 1, 1.0)
        };
        let sum = SliceSum {
            direction: Direction::Upload,
            slices: 2,
            bytes: 200_000_000,
            real_s: 0.35,
            client_s: Some(0.1),
            server_s: None,
        };
        let found = beyond(&sum, &steady).unwrap();
        assert!((found.real_s - (0.35 - 0.004 - 0.2)).abs() < 1e-9, "{found:?}");
        assert_eq!((found.client_s, found.server_s), (None, None));
    }
}
