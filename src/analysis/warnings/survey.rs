//! How far a survey got, and whether its journal is whole.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::Words;
use crate::analysis::rows::table::{Table, rows};
use crate::analysis::samples::grouping::measured;
use crate::analysis::samples::outcomes;
use crate::model::Survey;
use crate::model::record::StopReason;

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum SurveyWarning {
    Interrupted,
    CutOff,
    Lost {
        detail: Option<String>,
    },
    BudgetEnded {
        rounds: u32,
        asked: u32,
    },
    /// Ciphers that were planned and are in no round.
    Unreached {
        target: String,
        ciphers: Vec<String>,
    },
    Journal {
        problems: Vec<String>,
        more: usize,
    },
    NothingMeasured,
}

impl SurveyWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Interrupted => Words::new(
                "the survey was interrupted; the tables show what was measured until then",
                "run it again, or ask for fewer --rounds",
            ),
            Self::CutOff => Words::new(
                "the journal has no last line: the survey is still running, or it was cut off",
                "run it again, or ask for fewer --rounds",
            ),
            Self::Lost { detail } => {
                let detail = detail.as_ref().map(|detail| format!(": {detail}"));
                Words::new(
                    format!(
                        "the connection to the remote host was lost{}",
                        detail.unwrap_or_default()
                    ),
                    "check that the host is up and the network stable, then run the survey again",
                )
            }
            Self::BudgetEnded { rounds, asked } => Words::new(
                format!("the budget ended in round {rounds} of {asked}"),
                "raise --budget, or measure fewer --ciphers",
            ),
            Self::Unreached { target, ciphers } => Words::new(
                format!("the survey of {target} ended before it measured {}", ciphers.join(", ")),
                "raise --budget, or measure fewer --ciphers",
            ),
            Self::Journal { problems, more } => {
                let more = if *more > 0 { format!("; and {more} more") } else { String::new() };
                Words::new(
                    format!("the journal is damaged: {}{more}", problems.join("; ")),
                    "the tables show what its other lines say; restore it from a copy",
                )
            }
            Self::NothingMeasured => {
                Words::new("nothing was measured", "see the failures and their remedies")
            }
        }
    }
}

/// All warnings about the survey as a whole.
pub fn warnings(survey: &Survey, tables: &[Table]) -> Vec<SurveyWarning> {
    let nothing = rows(tables).all(|row| row.measured == 0);
    let mut found = Vec::new();
    found.extend(ending(survey));
    found.extend(nothing.then_some(SurveyWarning::NothingMeasured));
    found.extend(unreached(survey));
    found.extend(damage(survey));
    found
}

fn ending(survey: &Survey) -> Option<SurveyWarning> {
    let rounds = measured(survey).map(|sample| sample.round).max().unwrap_or(0);
    let Some(end) = &survey.footer else { return Some(SurveyWarning::CutOff) };
    match end.reason {
        StopReason::RoundsDone | StopReason::Decided | StopReason::OutOfReach => None,
        StopReason::Budget => {
            let asked = survey.header.rounds;
            asked.map(|asked| SurveyWarning::BudgetEnded { rounds, asked })
        }
        StopReason::Interrupted => Some(SurveyWarning::Interrupted),
        StopReason::Lost => Some(SurveyWarning::Lost { detail: end.detail.clone() }),
    }
}

fn unreached(survey: &Survey) -> Vec<SurveyWarning> {
    let mut found = Vec::new();
    for (index, pairing) in survey.header.pairings.iter().enumerate() {
        let ciphers = outcomes::unreached(survey, index);
        if ciphers.is_empty() {
            continue;
        }
        let ciphers = ciphers.iter().map(ToString::to_string).collect();
        let warning = SurveyWarning::Unreached { target: pairing.target.clone(), ciphers };
        if !found.contains(&warning) {
            found.push(warning);
        }
    }
    found
}

fn damage(survey: &Survey) -> Option<SurveyWarning> {
    const SHOWN: usize = 3;
    let shown = survey.problems.len().min(SHOWN);
    let (problems, rest) = survey.problems.split_at(shown);
    (shown > 0).then(|| SurveyWarning::Journal { problems: problems.to_vec(), more: rest.len() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{rounds, survey};
    use crate::analysis::warnings::Finding;
    use crate::model::record::Sample;

    fn two() -> Vec<Sample> {
        [rounds("aes128-ctr", [20.0; 3]), rounds("aes256-ctr", [30.0; 3])].concat()
    }

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn the_reason_of_an_early_end_is_shown() {
        let mut survey = survey(two());
        let mut ended = |reason| {
            survey.footer.as_mut().unwrap().reason = reason;
            survey.footer.as_mut().unwrap().detail = Some("no route".into());
            found(&survey)
        };
        let lost = SurveyWarning::Lost { detail: Some("no route".into()) };
        let budget = SurveyWarning::BudgetEnded { rounds: 3, asked: 3 };
        assert_eq!(ended(StopReason::Interrupted), [Finding::Survey(SurveyWarning::Interrupted)]);
        assert_eq!(ended(StopReason::Budget), [Finding::Survey(budget)]);
        assert_eq!(ended(StopReason::Lost), [Finding::Survey(lost)]);
        survey.footer = None;
        assert_eq!(found(&survey), [Finding::Survey(SurveyWarning::CutOff)]);
        survey.samples.clear();
        let both = [SurveyWarning::CutOff, SurveyWarning::NothingMeasured].map(Finding::Survey);
        assert_eq!(found(&survey), both);
    }

    #[test]
    fn of_much_damage_the_first_lines_are_shown() {
        let mut survey = survey(two());
        survey.problems = (2..7).map(|line| format!("line {line} is rubbish")).collect();
        let text = &summarise(&survey).warnings[0].text;
        assert!(text.contains("line 4 is rubbish; and 2 more"), "{text}");
    }
}
