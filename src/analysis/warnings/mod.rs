//! Looks through a survey for what a reader should mind.

pub mod aes;
pub mod disturbances;
pub mod finding;

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::end::End;
use crate::analysis::rows::row::Cost;
use crate::analysis::rows::table::{Table, cost, rows};
use crate::analysis::samples::grouping::Groups;
use crate::analysis::samples::outcomes;
use crate::analysis::warnings::disturbances::{disturbances, is_one_machine};
use crate::analysis::warnings::finding::Finding;
use crate::model::record::{Outcome, Pairing, Sample, StopReason};
use crate::model::{Source, Survey};
use aes as aes_check;

/// A finding with its words.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Warning {
    #[serde(flatten)]
    pub finding: Finding,
    pub text: String,
    pub remedy: String,
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Warning {
        let (text, remedy) = (finding.text(), finding.remedy().to_owned());
        Warning { finding, text, remedy }
    }
}

/// All findings, the gravest first.
pub fn warnings(survey: &Survey, groups: &Groups, tables: &[Table]) -> Vec<Warning> {
    let mut findings = Vec::new();
    findings.extend(ending(survey, tables));
    findings.extend(unreached(survey));
    findings.extend(damage(survey));
    findings.extend(connections(&survey.header.pairings));
    findings.extend(servers_missing(survey, groups));
    findings.extend(doubtful_servers(survey, groups));
    findings.extend(aes_check::contradicted(tables, &survey.header.pairings));
    for table in tables {
        findings.extend(aes_check::unseen(table, &survey.header.pairings));
        findings.extend(tight_samples(table));
        findings.extend(coarse(table, End::Client));
        findings.extend(coarse(table, End::Server));
        findings.extend(with_helpers(table));
    }
    findings.extend(disturbances(survey, groups, tables));
    findings.into_iter().map(Warning::from).collect()
}

fn ending(survey: &Survey, tables: &[Table]) -> Vec<Finding> {
    let measured = survey.samples.iter().filter(|sample| sample.outcome == Outcome::Measured);
    let rounds = measured.map(|sample| sample.round).max().unwrap_or(0);
    let asked = survey.header.rounds;
    let stopped = match &survey.footer {
        None => Some(Finding::CutOff),
        Some(end) => match end.reason {
            StopReason::RoundsDone | StopReason::Decided | StopReason::OutOfReach => None,
            StopReason::Budget => asked.map(|asked| Finding::BudgetEnded { rounds, asked }),
            StopReason::Interrupted => Some(Finding::Interrupted),
            StopReason::Lost => Some(Finding::Lost { detail: end.detail.clone() }),
        },
    };
    let nothing = rows(tables).all(|row| row.measured == 0).then_some(Finding::NothingMeasured);
    stopped.into_iter().chain(nothing).collect()
}

fn unreached(survey: &Survey) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, pairing) in survey.header.pairings.iter().enumerate() {
        let ciphers = outcomes::unreached(survey, index);
        if ciphers.is_empty() {
            continue;
        }
        let ciphers = ciphers.iter().map(ToString::to_string).collect();
        let finding = Finding::Unreached { target: pairing.target.clone(), ciphers };
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
    findings
}

fn damage(survey: &Survey) -> Option<Finding> {
    const SHOWN: usize = 3;
    let shown = survey.problems.len().min(SHOWN);
    let (problems, rest) = survey.problems.split_at(shown);
    (shown > 0).then(|| Finding::Journal { problems: problems.to_vec(), more: rest.len() })
}

fn connections(pairings: &[Pairing]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pairing in pairings {
        let target = || pairing.target.clone();
        let shared = is_one_machine(pairing).then_some(Finding::SharedMachine);
        let proxy = pairing.proxy.clone().map(|proxy| Finding::Proxy { target: target(), proxy });
        let limit = pairing.rekey_limit.clone();
        let rekey = limit.map(|limit| Finding::RekeyLimit { target: target(), limit });
        for finding in [shared, proxy, rekey].into_iter().flatten() {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
    }
    findings
}

/// The measured trials, the pilot's among them, each with the index of its target's group.
fn measured<'a>(
    survey: &'a Survey,
    groups: &'a Groups,
) -> impl Iterator<Item = (usize, &'a Sample)> {
    let measured = survey.samples.iter().filter(|sample| sample.outcome == Outcome::Measured);
    measured.filter_map(|sample| Some((*groups.get(sample.pairing)?, sample)))
}

fn servers_missing(survey: &Survey, groups: &Groups) -> Vec<Finding> {
    let mut found: Vec<(usize, &str, usize)> = Vec::new();
    for (group, sample) in measured(survey, groups) {
        if sample.server.is_some() {
            continue;
        }
        let reason = sample.server_missing.as_deref().unwrap_or("no reason was recorded");
        match found.iter_mut().find(|(at, told, _)| (*at, *told) == (group, reason)) {
            Some((_, _, samples)) => *samples += 1,
            None => found.push((group, reason, 1)),
        }
    }
    let finding = |(group, reason, samples): (usize, &str, usize)| Finding::ServerMissing {
        target: survey.header.pairings[group].target.clone(),
        reason: reason.to_owned(),
        samples,
    };
    found.into_iter().map(finding).collect()
}

/// Second readings that differ from the figure used by more than a quarter of it and three
/// times the coarser resolution.
fn doubtful_servers(survey: &Survey, groups: &Groups) -> Vec<Finding> {
    let mut worst: Vec<Doubt> = Vec::new();
    for (group, sample) in measured(survey, groups) {
        let Some(server) = &sample.server else { continue };
        let total_s = server.bulk.total_s;
        for check in &sample.server_checks {
            let apart_s = (check.total_s - total_s).abs();
            let resolution_s = check.resolution_s.max(server.resolution_s);
            if apart_s <= 0.25 * total_s || apart_s <= 3.0 * resolution_s {
                continue;
            }
            let doubt = Doubt {
                key: (group, server.source, check.source),
                off: apart_s / total_s.max(resolution_s),
                total_s,
                check_total_s: check.total_s,
                note: &check.note,
                samples: 1,
            };
            match worst.iter_mut().find(|other| other.key == doubt.key) {
                Some(other) => other.join(doubt),
                None => worst.push(doubt),
            }
        }
    }
    worst.into_iter().map(|doubt| doubt.finding(survey)).collect()
}

struct Doubt<'a> {
    key: (usize, Source, Source),
    /// The difference as a multiple of the figure used.
    off: f64,
    total_s: f64,
    check_total_s: f64,
    note: &'a str,
    samples: usize,
}

impl Doubt<'_> {
    /// Counts both, keeps the worse.
    fn join(&mut self, other: Self) {
        let samples = self.samples + other.samples;
        if other.off > self.off {
            *self = other;
        }
        self.samples = samples;
    }

    fn finding(self, survey: &Survey) -> Finding {
        let (group, source, check) = self.key;
        Finding::ServerCheck {
            target: survey.header.pairings[group].target.clone(),
            source,
            total_s: self.total_s,
            check,
            check_total_s: self.check_total_s,
            note: self.note.to_owned(),
            samples: self.samples,
        }
    }
}

/// What makes a table say little: one cipher only, or handshakes longer than transfers.
fn tight_samples(table: &Table) -> Vec<Finding> {
    let mut ciphers: Vec<&str> =
        table.sections.iter().flat_map(|s| &s.rows).map(|row| row.cipher.as_str()).collect();
    ciphers.sort_unstable();
    ciphers.dedup();
    let single = match ciphers[..] {
        [cipher] => {
            Some(Finding::SingleCipher { table: table.title.clone(), cipher: cipher.to_owned() })
        }
        _ => None,
    };
    let long = match (table.setup_s, table.bulk_s) {
        (Some(setup_s), Some(bulk_s)) if setup_s > bulk_s => {
            Some(Finding::LongSetup { table: table.title.clone(), setup_s, bulk_s })
        }
        _ => None,
    };
    single.into_iter().chain(long).collect()
}

fn coarse(table: &Table, end: End) -> Option<Finding> {
    let costs: Vec<&Cost> =
        rows(std::slice::from_ref(table)).filter_map(|row| cost(row, end)).collect();
    let coarse: Vec<&&Cost> = costs.iter().filter(|cost| cost.coarse).collect();
    (!coarse.is_empty()).then(|| Finding::Coarse {
        table: table.title.clone(),
        end,
        rows: coarse.len(),
        of: costs.len(),
        resolution_s: coarse.iter().map(|cost| cost.resolution_s).fold(0.0, f64::max),
    })
}

fn with_helpers(table: &Table) -> Option<Finding> {
    let mut servers = rows(std::slice::from_ref(table)).filter_map(|row| row.server.as_ref());
    let together = servers.any(|cost| cost.with_helpers);
    together.then(|| Finding::WithHelpers { table: table.title.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, loopback, rounds, survey};
    use crate::model::record::Check;

    const GCM: &str = "aes128-gcm@openssh.com";
    const CHACHA: &str = "chacha20-poly1305@openssh.com";

    fn two() -> Vec<Sample> {
        [rounds(GCM, [20.0; 3]), rounds(CHACHA, [30.0; 3])].concat()
    }

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn a_sound_survey_has_no_warnings() {
        assert_eq!(found(&survey(two())), []);
    }

    #[test]
    fn how_it_ended_is_told() {
        let mut survey = survey(two());
        let mut ended = |reason| {
            survey.footer.as_mut().unwrap().reason = reason;
            survey.footer.as_mut().unwrap().detail = Some("no route".into());
            found(&survey)
        };
        assert_eq!(ended(StopReason::Interrupted), [Finding::Interrupted]);
        assert_eq!(ended(StopReason::Budget), [Finding::BudgetEnded { rounds: 3, asked: 3 }]);
        assert_eq!(ended(StopReason::Lost), [Finding::Lost { detail: Some("no route".into()) }]);
        survey.footer = None;
        assert_eq!(found(&survey), [Finding::CutOff]);
        survey.samples.clear();
        assert_eq!(found(&survey), [Finding::CutOff, Finding::NothingMeasured]);
    }

    #[test]
    fn damage_is_told_in_part() {
        let mut survey = survey(two());
        survey.problems = (2..7).map(|line| format!("line {line} is rubbish")).collect();
        let told = &summarise(&survey).warnings[0].text;
        assert!(told.contains("line 4 is rubbish; and 2 more"), "{told}");
    }

    #[test]
    fn the_connection_is_told_once() {
        let mut survey = loopback(two());
        for pairing in &mut survey.header.pairings {
            pairing.proxy = Some("ProxyJump gate".into());
            pairing.rekey_limit = Some("1G".into());
        }
        let found = found(&survey);
        assert!(matches!(
            found[..],
            [Finding::SharedMachine, Finding::Proxy { .. }, Finding::RekeyLimit { .. }]
        ));
    }

    #[test]
    fn one_machine_by_another_name_is_told() {
        let mut survey = survey(two());
        let pairing = &mut survey.header.pairings[0];
        pairing.target = "localhost".into();
        pairing.server.host = pairing.client.host.clone();
        assert_eq!(found(&survey), [Finding::SharedMachine]);
    }

    #[test]
    fn a_missing_server_figure_is_told_with_its_reason() {
        let samples = each(two(), |sample| {
            sample.server = None;
            sample.server_missing = Some("SFTP-only account".into());
        });
        let expected = Finding::ServerMissing {
            target: "pi1".into(),
            reason: "SFTP-only account".into(),
            samples: 6,
        };
        assert_eq!(found(&survey(samples)), [expected]);
    }

    #[test]
    fn a_check_that_disagrees_is_told_at_its_worst() {
        let checked = |first: f64, resolution_s: f64| {
            let mut samples = two();
            for (sample, total_s) in samples.iter_mut().zip([first, 0.21, first * 2.0]) {
                sample.server_checks = vec![Check {
                    source: Source::Reaper,
                    total_s,
                    resolution_s,
                    note: "another session ended".into(),
                }];
            }
            found(&survey(samples))
        };
        assert!(matches!(
            checked(0.3, 0.01)[..],
            [Finding::ServerCheck { samples: 2, check_total_s: 0.6, source: Source::Inside, .. }]
        ));
        assert_eq!(checked(0.1, 0.2), [], "less than three resolutions apart");
        assert_eq!(checked(0.21, 0.2), [], "within a quarter or three resolutions");
    }

    #[test]
    fn tight_samples_and_coarse_clocks_are_told() {
        let single = each(rounds(GCM, [1000.0; 3]), |sample| {
            let server = sample.server.as_mut().unwrap();
            server.resolution_s = 0.1;
            server.with_helpers = true;
        });
        let found = found(&survey(single));
        assert!(
            matches!(
                &found[..],
                [
                    Finding::SingleCipher { .. },
                    Finding::LongSetup { .. },
                    Finding::Coarse { end: End::Server, rows: 1, of: 1, .. },
                    Finding::WithHelpers { .. },
                ]
            ),
            "{found:?}"
        );
    }

    #[test]
    fn each_warning_has_its_words_in_json() {
        let mut survey = survey(two());
        survey.footer = None;
        let json = serde_json::to_value(&summarise(&survey).warnings).unwrap();
        assert_eq!(json[0]["kind"], "cut_off");
        assert!(json[0]["remedy"].as_str().unwrap().contains("run it again"));
    }
}
