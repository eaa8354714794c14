//! The summary of a survey: tables with their sections and rows, what was skipped, what failed,
//! warnings.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::naming::table_title;
use crate::analysis::bottleneck::find::bottlenecks;
use crate::analysis::bottleneck::path::Path;
use crate::analysis::bottleneck::path::Transfers;
use crate::analysis::policy::{connects_by_default, leaves_out};
use crate::analysis::rows::conclusion::Setting;
use crate::analysis::rows::rank::rank;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::storage::Storage;
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::rows::upper_bound::upper_bound;
use crate::analysis::rows::whole::WholeFile;
use crate::analysis::samples::before::Before;
use crate::analysis::samples::connections;
use crate::analysis::samples::grouping::{
    Groups, RowKey, TableKey, by_table, groups, measured, one_way,
};
use crate::analysis::samples::outcomes::{self, Failure, Skipped};
use crate::analysis::samples::pace::Pace;
use crate::analysis::samples::startup::Startups;
use crate::analysis::warnings::{self, Warning};
use crate::model::record::{Outcome, Pairing, Sample};
use crate::model::{Direction, Mac, RaceKey, Survey};
use crate::stats::statistics::median;

/// All that a report shows beyond the header and the samples.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Summary {
    /// The last round in which anything was measured.
    pub rounds: u32,
    pub tables: Vec<Table>,
    pub skipped: Vec<Skipped>,
    pub failures: Vec<Failure>,
    pub warnings: Vec<Warning>,
}

/// Summarises the rounds of a survey. The calibration is in no table.
pub fn summarise(survey: &Survey) -> Summary {
    let groups = groups(&survey.header.pairings);
    let tables = tables(survey, &groups);
    Summary {
        rounds: measured(survey).map(|sample| sample.round).max().unwrap_or(0),
        skipped: outcomes::skipped(survey, &groups),
        failures: outcomes::failures(survey, &groups),
        warnings: warnings::warnings(survey, &groups, &tables),
        tables,
    }
}

fn tables(survey: &Survey, groups: &Groups) -> Vec<Table> {
    let sorted = by_table(survey, groups);
    let keys: Vec<TableKey> = sorted.keys().copied().collect();
    let pace = Pace::of(&survey.samples);
    let startups = Startups::of(&survey.samples);
    let pairings = &survey.header.pairings;
    sorted
        .into_iter()
        .map(|(key, rows)| {
            let (group, method, direction) = key;
            let race = RaceKey { pairing: group, method, direction };
            let title = table_title(key, &keys, pairings);
            let all = rows.values().flatten().copied();
            let measured: Vec<&Sample> =
                all.filter(|sample| sample.outcome == Outcome::Measured).collect();
            let runs = measured.iter().filter(|sample| sample.slices.is_none());
            let bulks: Vec<f64> = runs.filter_map(|sample| sample.real_s).collect();
            Table {
                setup_s: connections::setup_s(&measured),
                bulk_s: median(&bulks),
                start_up: connections::start_up(survey, groups, race),
                key_exchanges: connections::key_exchanges(survey, groups, race),
                sections: sections(survey, &title, key, rows, &pace, &startups),
                title,
                target: pairings[group].target.clone(),
                client_program: pairings[group].client.program.clone(),
                method,
                direction,
            }
        })
        .collect()
}

fn sections(
    survey: &Survey,
    title: &str,
    key: TableKey,
    rows: BTreeMap<RowKey, Vec<&Sample>>,
    pace: &Pace,
    startups: &Startups,
) -> Vec<Section> {
    let (_, method, direction) = key;
    let bytes = survey.header.file.bytes;
    let mut by_pairing: BTreeMap<usize, Vec<(Row, Vec<&Sample>)>> = BTreeMap::new();
    for ((index, cipher, mac), samples) in rows {
        let pairing = &survey.header.pairings[index];
        let mut row = Row::of(cipher.into(), mac.map(Mac::from), &samples, startups);
        row.is_default = is_default(&row, pairing, direction);
        row.left_out = leaves_out(pairing, &row.cipher);
        row.unranked = Unranked::of(pairing, &row.cipher);
        by_pairing.entry(index).or_default().push((row, samples));
    }
    let several = by_pairing.len() > 1;
    let of = |(index, rows): (usize, Vec<(Row, Vec<&Sample>)>)| {
        let pairing = &survey.header.pairings[index];
        let aes = pairing.aes();
        let scope = match several {
            true => format!("{title}, {}", aes.phrase()),
            false => title.to_owned(),
        };
        let (mut rows, lists): (Vec<Row>, Vec<Vec<&Sample>>) = rows.into_iter().unzip();
        let setting = Setting {
            scope: &scope,
            default_cipher: connects_by_default(pairing)
                .then(|| one_way(&pairing.by_default, direction).cipher.as_str()),
            precision: survey.header.precision,
            rounds: lists.iter().flatten().map(|sample| sample.round).max().unwrap_or(0),
            sample_s: pace.sample_s((index, method, direction)),
        };
        let conclusion = rank(&mut rows, &lists, startups, &survey.header, &setting);
        let race = RaceKey { pairing: index, method, direction };
        let before = before(survey, race, &lists, startups);
        let makes_files = method.makes_files(survey.header.sink);
        let storage = makes_files.then(|| Storage::of(pairing, direction)).flatten();
        for (row, samples) in rows.iter_mut().zip(&lists) {
            row.whole_file =
                WholeFile::of(&row.figures(), samples, bytes, &before, storage.as_ref());
        }
        let transfers: Vec<Option<Transfers>> = rows
            .iter()
            .zip(&lists)
            // A row without a cipher says nothing of the bottleneck of the others.
            .map(|(row, samples)| match row.unranked {
                Some(Unranked::NoCipher) => None,
                _ => Some(Transfers { samples, rate_mb_per_s: row.rate_mb_per_s? }),
            })
            .collect();
        let path = Path::of(survey, index, direction, startups);
        for (row, bottleneck) in rows.iter_mut().zip(bottlenecks(&transfers, &path)) {
            row.bottleneck = bottleneck;
        }
        // The sort is stable, so rows without a rate stay in the order of their names.
        let rate = |row: &Row| row.rate_mb_per_s.unwrap_or(f64::NEG_INFINITY);
        rows.sort_by(|a, b| {
            a.unranked.is_some().cmp(&b.unranked.is_some()).then(rate(b).total_cmp(&rate(a)))
        });
        let upper_bound = upper_bound(&rows, pairing, direction);
        Section { pairing: index, aes, rows, upper_bound, storage, conclusion }
    };
    by_pairing.into_iter().map(of).collect()
}

/// What each command of a section takes before its bytes flow.
fn before(survey: &Survey, race: RaceKey, lists: &[Vec<&Sample>], startups: &Startups) -> Before {
    let all = lists.iter().flatten().copied();
    let measured: Vec<&Sample> = all.filter(|sample| sample.outcome == Outcome::Measured).collect();
    Before::of(&measured, &connections::start_ups_of_pairing(survey, race), startups)
}

fn is_default(row: &Row, pairing: &Pairing, direction: Direction) -> bool {
    let by_default = one_way(&pairing.by_default, direction);
    connects_by_default(pairing)
        && row.cipher == by_default.cipher
        && row.mac == by_default.explicit_mac()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::rows::mark::Mark;
    use crate::analysis::testing::{
        self, MAC, each, failed, loopback, rounds, sample, survey, with_mac,
    };
    use crate::model::record::Phase;
    use crate::model::{AesClass, AesEnds};

    const CHACHA: &str = "chacha20-poly1305@openssh.com";
    const GCM: &str = "aes128-gcm@openssh.com";

    fn names(section: &Section) -> Vec<&str> {
        section.rows.iter().map(|row| row.cipher.as_str()).collect()
    }

    #[test]
    fn rows_are_sorted_by_rate_and_marked() {
        let mut samples = rounds(GCM, [20.0, 20.1, 20.2]);
        samples.extend(each(rounds(CHACHA, [36.0, 36.2, 36.4]), |sample| {
            sample.server = Some(testing::spent(crate::model::Source::Process, 0.1));
        }));
        samples.extend(rounds("aes128-ctr", [36.0, 36.1, 36.3]));
        let summary = summarise(&survey(samples));
        assert_eq!((summary.rounds, summary.tables.len()), (3, 1));
        let table = &summary.tables[0];
        assert_eq!((table.title.as_str(), table.setup_s), ("upload", Some(0.25)));
        let section = &table.sections[0];
        assert_eq!(
            (names(section), section.aes),
            (vec![CHACHA, "aes128-ctr", GCM], AesEnds::CLIENT)
        );
        let marks: Vec<_> = section.rows.iter().map(|row| row.marks.as_slice()).collect();
        let all = [Mark::Fastest, Mark::Cheapest, Mark::Default];
        assert_eq!(marks, [&all[..], &[Mark::AsFast], &[]]);
        assert_eq!(section.rows[1].mac, Some(Mac::from(MAC)));
    }

    #[test]
    fn the_calibration_is_in_no_table() {
        let calibration = each(rounds(GCM, [99.0; 3]), |sample| sample.phase = Phase::Calibration);
        assert_eq!(summarise(&survey(calibration.clone())).tables, []);
        let both = [calibration, rounds(GCM, [20.0; 3])].concat();
        let summary = summarise(&survey(both));
        assert_eq!(summary.tables[0].sections[0].rows[0].measured, 3);
    }

    #[test]
    fn aes_states_are_sections_of_one_table() {
        let mut samples = rounds(GCM, [900.0; 3]);
        samples.extend(each(rounds(GCM, [200.0; 3]), |sample| sample.pairing = 1));
        let mut survey = loopback(samples);
        let states = |survey: &Survey| -> Vec<AesEnds> {
            let summary = summarise(survey);
            assert_eq!(summary.tables.len(), 1);
            summary.tables[0].sections.iter().map(|section| section.aes).collect()
        };
        assert_eq!(states(&survey), [AesEnds::BOTH, AesEnds::CLIENT]);
        for pairing in &mut survey.header.pairings {
            pairing.client.host.aes.class = AesClass::NoAes;
            pairing.server.host.aes.class = AesClass::NoAes;
            pairing.server.aes_disabled_by = None;
        }
        assert_eq!(states(&survey), [AesEnds::NEITHER; 2]);
    }

    #[test]
    fn unranked_rows_come_last() {
        let mut samples = rounds(GCM, [20.0, 20.1, 20.2]);
        samples.extend(rounds(CHACHA, [36.0, 36.2, 36.4]));
        samples.extend(each(rounds("none", [90.0, 90.1, 90.2]), with_mac("none")));
        samples.extend(rounds("aes128-ctr", [50.0, 50.1, 50.2]));
        let mut survey = loopback(each(samples, |sample| sample.pairing = 1));
        survey.header.pairings[1].server.program = crate::model::names::RUSSH.into();
        let summary = summarise(&survey);
        let section = &summary.tables[0].sections[0];
        assert_eq!(names(section), [CHACHA, GCM, "none", "aes128-ctr"]);
        assert_eq!(section.rows[0].marks[0], Mark::Fastest);
        assert_eq!(section.rows[2].marks, [Mark::NoCipher]);
        assert_eq!(section.rows[3].marks, [Mark::AesNotDisabled]);
        assert!(section.rows[2..].iter().all(|row| row.speed.is_none() && row.cost.is_none()));
        assert_eq!(
            section.upper_bound.as_ref().unwrap().mb_per_s,
            section.rows[2].rate_mb_per_s.unwrap()
        );
        let advised = crate::analysis::advice::recommend::recommend(&survey, false);
        assert!(
            advised
                .iter()
                .flat_map(|one| &one.goals)
                .all(|advice| { [CHACHA, GCM].contains(&advice.choice.cipher.as_str()) })
        );
    }

    #[test]
    fn each_mac_has_its_row_and_failures_find_theirs() {
        let mut samples = rounds("aes128-ctr", [50.0; 3]);
        samples.push(failed(sample("aes128-ctr", 4, 1.0), "lost", None));
        let mut slow = rounds("aes128-ctr", [30.0; 3]);
        slow.push(failed(sample("aes128-ctr", 4, 1.0), "lost", None));
        samples.extend(each(slow, |sample| {
            let negotiated = sample.negotiated.is_some();
            with_mac("hmac-sha2-512")(sample);
            sample.negotiated = sample.negotiated.take().filter(|_| negotiated);
        }));
        let summary = summarise(&survey(samples));
        let rows = &summary.tables[0].sections[0].rows;
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.mac.as_ref().unwrap().as_str(), row.measured, row.failed))
            .collect();
        assert_eq!(found, [(MAC, 3, 1), ("hmac-sha2-512", 3, 1)]);
    }

    #[test]
    fn a_cipher_that_always_failed_has_a_last_row_without_figures() {
        let mut samples = rounds(GCM, [20.0; 3]);
        samples.push(failed(sample("3des-cbc", 1, 1.0), "no matching cipher", None));
        let summary = summarise(&survey(samples));
        let last = summary.tables[0].sections[0].rows.last().unwrap();
        assert_eq!((last.cipher.as_str(), last.measured, last.failed), ("3des-cbc", 0, 1));
        assert_eq!((last.rate_mb_per_s, last.marks.len()), (None, 0));
    }
}
