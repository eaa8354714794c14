//! Rates that say little, drift, or were disturbed. Thresholds are set so that a quiet survey has no
//! warning.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::Words;
use crate::analysis::phrases::counted;
use crate::analysis::rows::table::Table;
use crate::analysis::samples::comparable::was_suspended;
use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::model::record::Sample;
use crate::model::units::significant;

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum RateWarning {
    SingleCipher {
        table: String,
        cipher: String,
    },
    LongSetup {
        table: String,
        setup_s: f64,
        bulk_s: f64,
    },
    /// All ciphers grew faster or slower over the rounds.
    Drift {
        table: String,
        percent: f64,
    },
    /// The rates of these ciphers fall into two groups.
    TwoStates {
        table: String,
        ciphers: usize,
    },
    /// Samples much faster or slower than the others: clipped in the fit, never dropped.
    Odd {
        table: String,
        samples: usize,
        of: usize,
    },
    Suspended {
        samples: usize,
    },
}

impl RateWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::SingleCipher { table, cipher } => Words::new(
                format!("{table}: {cipher} is the only cipher, so there is nothing to compare"),
                "name more with --ciphers, or leave the option out",
            ),
            Self::LongSetup { table, setup_s, bulk_s } => Words::new(
                format!(
                    "{table}: setup ({} s) takes longer than the timed transfer ({} s)",
                    significant(*setup_s),
                    significant(*bulk_s)
                ),
                "use a larger FILE, or --full",
            ),
            Self::Drift { table, percent } => {
                let change = if *percent > 0.0 { "faster" } else { "slower" };
                Words::new(
                    format!(
                        "{table}: all ciphers were {:.0} % {change} in the second half of the rounds",
                        percent.abs()
                    ),
                    "ratios between ciphers hold; for rates, survey again when conditions are stable",
                )
            }
            Self::TwoStates { table, ciphers } => {
                let rates_of = match ciphers {
                    1 => "the rate of 1 cipher falls".into(),
                    many => format!("the rates of {many} ciphers fall"),
                };
                Words::new(
                    format!("{table}: {rates_of} into two groups with nothing between"),
                    "raise --budget, so that both states affect all ciphers alike",
                )
            }
            Self::Odd { table, samples, of } => {
                let kept = match samples {
                    1 => "was more than 10 % off the others; it is kept and has",
                    _ => "were more than 10 % off the others; they are kept and have",
                };
                Words::new(
                    format!("{table}: {samples} of {of} samples {kept} less weight"),
                    "raise --budget or survey at a quieter time for narrower intervals",
                )
            }
            Self::Suspended { samples } => {
                let are = if *samples == 1 { "is" } else { "are" };
                let during = counted(*samples, "sample");
                Words::new(
                    format!(
                        "this machine slept during {during}, which {are} left out of the ratios"
                    ),
                    "keep the machine awake while it surveys",
                )
            }
        }
    }
}

/// Rates of the second half against those of the first, as a fraction.
const DRIFT: f64 = 0.10;
/// The samples of one cipher in two groups so far apart, with nothing between, as a fraction.
const TWO_STATES: f64 = 0.15;

/// What makes a table say little: one cipher only, or setup that takes longer than transfers.
pub fn too_little(table: &Table) -> Vec<RateWarning> {
    let mut ciphers: Vec<&str> =
        table.sections.iter().flat_map(|s| &s.rows).map(|row| row.cipher.as_str()).collect();
    ciphers.sort_unstable();
    ciphers.dedup();
    let title = || table.title.clone();
    let single = match ciphers[..] {
        [cipher] => Some(RateWarning::SingleCipher { table: title(), cipher: cipher.to_owned() }),
        _ => None,
    };
    let long = table.setup_s.zip(table.bulk_s).filter(|(setup_s, bulk_s)| setup_s > bulk_s);
    let long =
        long.map(|(setup_s, bulk_s)| RateWarning::LongSetup { table: title(), setup_s, bulk_s });
    single.into_iter().chain(long).collect()
}

pub fn suspended(samples: &[&Sample]) -> Option<RateWarning> {
    let slept = |sample: &Sample| {
        was_suspended(sample) || sample.slices.is_some_and(|slices| slices.suspended > 0)
    };
    let samples = samples.iter().filter(|sample| slept(sample)).count();
    (samples > 0).then_some(RateWarning::Suspended { samples })
}

/// What disturbed the samples of a table's rows.
pub fn disturbed(table: &Table, lists: &[Vec<&Sample>]) -> Vec<RateWarning> {
    let found = [drift(table, lists), two_states(table, lists), odd(table)];
    found.into_iter().flatten().collect()
}

fn drift(table: &Table, lists: &[Vec<&Sample>]) -> Option<RateWarning> {
    let field = field(lists, Figure::Rate, &Startups::default());
    let rounds = field.values.iter().map(Vec::len).max().unwrap_or(0);
    // Only those of every round: who left is no drift.
    let whole: Vec<_> = field.values.iter().filter(|row| row.iter().all(Option::is_some)).collect();
    let mean = |from: usize, to: usize| {
        let values = whole.iter().flat_map(|row| row[from..to].iter().flatten());
        let (sum, many) = values.fold((0.0, 0.0), |(sum, many), value| (sum + value, many + 1.0));
        (many > 0.0).then(|| sum / many)
    };
    if rounds < 4 {
        return None;
    }
    let change = mean(rounds - rounds / 2, rounds)? - mean(0, rounds / 2)?;
    let percent = 100.0 * change.exp_m1();
    (change.abs() > DRIFT).then(|| RateWarning::Drift { table: table.title.clone(), percent })
}

fn two_states(table: &Table, lists: &[Vec<&Sample>]) -> Option<RateWarning> {
    let field = field(lists, Figure::Rate, &Startups::default());
    let is_split = |row: &&Vec<Option<f64>>| {
        let mut values: Vec<f64> = row.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        (2..values.len().saturating_sub(1)).any(|split| {
            let gap = values[split] - values[split - 1];
            let within =
                (values[split - 1] - values[0]).max(values[values.len() - 1] - values[split]);
            gap > TWO_STATES && gap > 2.0 * within
        })
    };
    let ciphers = field.values.iter().filter(is_split).count();
    (ciphers > 0).then(|| RateWarning::TwoStates { table: table.title.clone(), ciphers })
}

/// Samples that the fit clipped.
fn odd(table: &Table) -> Option<RateWarning> {
    let rows = || table.sections.iter().flat_map(|section| &section.rows);
    let samples = rows().filter_map(|row| row.speed).map(|speed| speed.disturbed).sum();
    let of = rows().map(|row| row.measured).sum();
    (samples > 0).then(|| RateWarning::Odd { table: table.title.clone(), samples, of })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{rounds, survey};
    use crate::analysis::warnings::Finding;
    use crate::model::Survey;

    const GCM: &str = "aes128-gcm@openssh.com";
    const CHACHA: &str = "chacha20-poly1305@openssh.com";

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn a_quiet_survey_has_no_warning() {
        let steady = [50.0, 50.2, 49.9, 50.1, 50.3, 49.8];
        let quiet = [rounds(GCM, steady), rounds(CHACHA, steady.map(|rate| rate / 2.0))].concat();
        assert_eq!(found(&survey(quiet)), []);
    }

    #[test]
    fn drift_and_two_states_are_found() {
        let falling = [50.0, 49.0, 48.0, 40.0, 39.0, 38.0];
        let samples = [rounds(GCM, falling), rounds(CHACHA, falling.map(|r| r / 2.0))].concat();
        let drifting = found(&survey(samples));
        let drift = |finding: &Finding| {
            matches!(finding, Finding::Rate(RateWarning::Drift { percent, .. })
                if *percent < -15.0)
        };
        assert!(drifting.iter().any(drift), "{drifting:?}");
        let samples =
            [rounds(GCM, [50.0, 40.0, 50.1, 40.2, 50.2, 40.1]), rounds(CHACHA, [25.0; 6])];
        let split = found(&survey(samples.concat()));
        let two = |finding: &Finding| {
            matches!(finding, Finding::Rate(RateWarning::TwoStates { ciphers: 1, .. }))
        };
        assert!(split.iter().any(two), "{split:?}");
    }

    #[test]
    fn one_and_many_are_told_in_grammar() {
        let odd = |samples| RateWarning::Odd { table: "upload".into(), samples, of: 9 };
        assert_eq!(
            odd(1).words().text,
            "upload: 1 of 9 samples was more than 10 % off the others; it is kept and has less weight"
        );
        assert!(odd(2).words().text.contains("2 of 9 samples were"));
        let split = |ciphers| RateWarning::TwoStates { table: "upload".into(), ciphers };
        assert!(split(1).words().text.contains("the rate of 1 cipher falls into two groups"));
        assert!(split(2).words().text.contains("the rates of 2 ciphers fall into two groups"));
        let slept = |samples| RateWarning::Suspended { samples }.words().text;
        assert!(slept(1).ends_with("1 sample, which is left out of the ratios"));
        assert!(slept(3).ends_with("3 samples, which are left out of the ratios"));
    }
}
