//! CPU figures that are missing, uncertain, coarse, or of more than the SSH process.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::Words;
use crate::analysis::end::End;
use crate::analysis::phrases::counted;
use crate::analysis::rows::row::Cost;
use crate::analysis::rows::table::{Table, cost, rows};
use crate::analysis::samples::grouping::Groups;
use crate::model::record::{Outcome, Phase, Sample};
use crate::model::units::significant;
use crate::model::{Source, Survey};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum CpuWarning {
    ServerMissing {
        target: String,
        reason: String,
        samples: usize,
    },
    /// A second reading of the server's CPU differs; the worst case is shown.
    ServerCheck {
        target: String,
        source: Source,
        total_s: f64,
        check: Source,
        check_total_s: f64,
        note: String,
        samples: usize,
    },
    Coarse {
        table: String,
        end: End,
        rows: usize,
        of: usize,
        resolution_s: f64,
    },
    /// The server's figures include the CPU of its helpers.
    WithHelpers {
        table: String,
    },
}

impl CpuWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::ServerMissing { target, reason, samples } => Words::new(
                format!("no server CPU of {target} in {}: {reason}", counted(*samples, "sample")),
                "the rates are good; costs need an account with a shell on a host with /proc",
            ),
            Self::ServerCheck { target, source, total_s, check, check_total_s, note, samples } => {
                let note = if note.is_empty() { String::new() } else { format!(" ({note})") };
                Words::new(
                    format!(
                        "the server CPU of {target} is uncertain in {}: {} s by {source}, {} s by \
                         {check}{note}",
                        counted(*samples, "sample"),
                        significant(*total_s),
                        significant(*check_total_s),
                    ),
                    "survey while nobody else uses the host, or use the rates only",
                )
            }
            Self::Coarse { table, end, rows, of, resolution_s } => {
                let (are, ranked) = match rows {
                    1 => ("is", "is not ranked"),
                    _ => ("are", "are not ranked"),
                };
                Words::new(
                    format!(
                        "{table}: {rows} of {of} {end} CPU figures {are} near the resolution of the \
                         clock ({} ms) and {ranked}",
                        significant(resolution_s * 1e3)
                    ),
                    "use a larger FILE, --full or more --rounds",
                )
            }
            Self::WithHelpers { table } => Words::new(
                format!("{table}: the server CPU includes helpers (sftp-server, shell)"),
                "use --method pipe, which has almost none",
            ),
        }
    }
}

/// What is wrong with the server CPU of a survey's targets.
pub fn of_servers(survey: &Survey, groups: &Groups) -> Vec<CpuWarning> {
    let mut found = missing(survey, groups);
    found.extend(uncertain(survey, groups));
    found
}

/// What is wrong with the CPU figures of a table.
pub fn of_table(table: &Table) -> Vec<CpuWarning> {
    let coarse = [coarse(table, End::Client), coarse(table, End::Server)];
    coarse.into_iter().flatten().chain(with_helpers(table)).collect()
}

/// The measured samples, the calibration's among them, copies apart, each with the index of its target's group.
fn measured<'a>(
    survey: &'a Survey,
    groups: &'a Groups,
) -> impl Iterator<Item = (usize, &'a Sample)> {
    let measured = survey.samples.iter().filter(|sample| {
        sample.outcome == Outcome::Measured && sample.phase != Phase::Confirmation
    });
    measured.filter_map(|sample| Some((*groups.get(sample.pairing)?, sample)))
}

fn missing(survey: &Survey, groups: &Groups) -> Vec<CpuWarning> {
    let mut found: Vec<(usize, &str, usize)> = Vec::new();
    for (group, sample) in measured(survey, groups) {
        if sample.server.is_some() {
            continue;
        }
        let reason = sample.server_missing.as_deref().unwrap_or("no reason was recorded");
        match found.iter_mut().find(|(at, known, _)| (*at, *known) == (group, reason)) {
            Some((_, _, samples)) => *samples += 1,
            None => found.push((group, reason, 1)),
        }
    }
    let warning = |(group, reason, samples): (usize, &str, usize)| CpuWarning::ServerMissing {
        target: survey.header.pairings[group].target.clone(),
        reason: reason.to_owned(),
        samples,
    };
    found.into_iter().map(warning).collect()
}

/// Second readings that differ from the figure used by more than a quarter of it and three times the
/// coarser resolution.
fn uncertain(survey: &Survey, groups: &Groups) -> Vec<CpuWarning> {
    let mut worst: Vec<Doubt> = Vec::new();
    for (group, sample) in measured(survey, groups) {
        let Some(server) = &sample.server else { continue };
        let total_s = server.bulk.total_s;
        for check in &sample.server_checks {
            let difference_s = (check.total_s - total_s).abs();
            let resolution_s = check.resolution_s.max(server.resolution_s);
            if difference_s <= 0.25 * total_s || difference_s <= 3.0 * resolution_s {
                continue;
            }
            let doubt = Doubt {
                key: (group, server.source, check.source),
                off: difference_s / total_s.max(resolution_s),
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
    worst.into_iter().map(|doubt| doubt.warning(survey)).collect()
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

    fn warning(self, survey: &Survey) -> CpuWarning {
        let (group, source, check) = self.key;
        CpuWarning::ServerCheck {
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

fn coarse(table: &Table, end: End) -> Option<CpuWarning> {
    let costs: Vec<&Cost> =
        rows(std::slice::from_ref(table)).filter_map(|row| cost(row, end)).collect();
    let coarse: Vec<&&Cost> = costs.iter().filter(|cost| cost.coarse).collect();
    (!coarse.is_empty()).then(|| CpuWarning::Coarse {
        table: table.title.clone(),
        end,
        rows: coarse.len(),
        of: costs.len(),
        resolution_s: coarse.iter().map(|cost| cost.resolution_s).fold(0.0, f64::max),
    })
}

fn with_helpers(table: &Table) -> Option<CpuWarning> {
    let mut servers = rows(std::slice::from_ref(table)).filter_map(|row| row.server.as_ref());
    let together = servers.any(|cost| cost.with_helpers);
    together.then(|| CpuWarning::WithHelpers { table: table.title.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, rounds, survey};
    use crate::analysis::warnings::Finding;
    use crate::analysis::warnings::rates::RateWarning;
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
    fn a_missing_server_figure_has_its_reason() {
        let samples = each(two(), |sample| {
            sample.server = None;
            sample.server_missing = Some("SFTP-only account".into());
        });
        let expected = CpuWarning::ServerMissing {
            target: "pi1".into(),
            reason: "SFTP-only account".into(),
            samples: 6,
        };
        assert_eq!(found(&survey(samples)), [Finding::Cpu(expected)]);
    }

    #[test]
    fn of_checks_that_disagree_the_worst_is_shown() {
        let checked = |first: f64, resolution_s: f64| {
            let mut samples = two();
            for (sample, total_s) in samples.iter_mut().zip([first, 0.21, first * 2.0]) {
                sample.server_checks = vec![Check {
                    source: Source::Listener,
                    total_s,
                    resolution_s,
                    note: "another session ended".into(),
                }];
            }
            found(&survey(samples))
        };
        let [Finding::Cpu(warning)] = &checked(0.3, 0.01)[..] else { panic!("one warning") };
        assert!(
            matches!(
                warning,
                CpuWarning::ServerCheck {
                    samples: 2,
                    check_total_s: 0.6,
                    source: Source::Process,
                    ..
                }
            ),
            "{warning:?}"
        );
        assert_eq!(checked(0.1, 0.2), [], "they differ by less than three resolutions");
        assert_eq!(checked(0.21, 0.2), [], "they differ by less than a quarter");
    }

    #[test]
    fn tables_that_show_little_and_coarse_clocks_are_found() {
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
                    Finding::Rate(RateWarning::SingleCipher { .. }),
                    Finding::Rate(RateWarning::LongSetup { .. }),
                    Finding::Cpu(CpuWarning::Coarse { end: End::Server, rows: 1, of: 1, .. }),
                    Finding::Cpu(CpuWarning::WithHelpers { .. }),
                ]
            ),
            "{found:?}"
        );
    }
}
