//! What a reader should know before trusting a table. A warning is one variant of a subject's enum,
//! with its text and its remedy in that enum's `words`, and the function beside it that finds it.

pub mod aes;
pub mod connection;
pub mod cpu;
pub mod host;
pub mod rates;
pub mod survey;
mod words;

use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::{Value, json};

use super::end::End;
use super::rows::table::Table;
use super::samples::grouping::{Groups, by_table, measured};
use crate::model::Survey;
use crate::model::record::Sample;
use aes::AesWarning;
use connection::ConnectionWarning;
use cpu::CpuWarning;
use host::HostWarning;
use rates::RateWarning;
use survey::SurveyWarning;
use words::Words;

/// A finding with its words.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Warning {
    #[serde(flatten)]
    pub finding: Finding,
    pub text: String,
    pub remedy: String,
}

/// The facts of a warning, by subject.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(untagged)]
#[schemars(transform = as_one_list)]
pub enum Finding {
    Survey(SurveyWarning),
    Connection(ConnectionWarning),
    Cpu(CpuWarning),
    Aes(AesWarning),
    Rate(RateWarning),
    Host(HostWarning),
}

impl Finding {
    fn words(&self) -> Words {
        match self {
            Finding::Survey(warning) => warning.words(),
            Finding::Connection(warning) => warning.words(),
            Finding::Cpu(warning) => warning.words(),
            Finding::Aes(warning) => warning.words(),
            Finding::Rate(warning) => warning.words(),
            Finding::Host(warning) => warning.words(),
        }
    }
}

impl From<Finding> for Warning {
    fn from(finding: Finding) -> Warning {
        let Words { text, remedy } = finding.words();
        Warning { finding, text, remedy: remedy.to_owned() }
    }
}

/// In the schema the kinds of all subjects are one list.
fn as_one_list(schema: &mut Schema) {
    let Some(Value::Array(subjects)) = schema.remove("anyOf") else { return };
    let kinds = subjects.iter().filter_map(|subject| subject["oneOf"].as_array()).flatten();
    schema.insert("oneOf".into(), json!(kinds.collect::<Vec<_>>()));
}

/// All warnings, the gravest first.
pub fn warnings(survey: &Survey, groups: &Groups, tables: &[Table]) -> Vec<Warning> {
    let pairings = &survey.header.pairings;
    let mut found: Vec<Finding> = Vec::new();
    found.extend(survey::warnings(survey, tables).into_iter().map(Finding::Survey));
    found.extend(connection::set_up(pairings).into_iter().map(Finding::Connection));
    found.extend(cpu::of_servers(survey, groups).into_iter().map(Finding::Cpu));
    found.extend(aes::contradicted(tables, pairings).into_iter().map(Finding::Aes));
    for table in tables {
        found.extend(aes::without_effect(table, pairings).into_iter().map(Finding::Aes));
        found.extend(rates::too_little(table).into_iter().map(Finding::Rate));
        found.extend(cpu::of_table(table).into_iter().map(Finding::Cpu));
    }
    let samples: Vec<&Sample> = measured(survey).collect();
    found.extend(rates::suspended(&samples).map(Finding::Rate));
    for (table, rows) in tables.iter().zip(by_table(survey, groups).into_values()) {
        let lists: Vec<Vec<&Sample>> = rows.into_values().collect();
        found.extend(rates::disturbed(table, &lists).into_iter().map(Finding::Rate));
    }
    for end in [End::Client, End::Server] {
        found.extend(host::of_end(end, &samples, pairings).into_iter().map(Finding::Host));
    }
    for (index, pairing) in pairings.iter().enumerate() {
        found.extend(host::little_space(&survey.header, pairing).into_iter().map(Finding::Host));
        found.extend(connection::window(pairing, tables, index).map(Finding::Connection));
    }
    found.into_iter().map(Warning::from).collect()
}

#[cfg(test)]
mod tests {
    use crate::analysis::summarise;
    use crate::analysis::testing::{rounds, survey};

    #[test]
    fn a_sound_survey_has_no_warnings() {
        let two = [rounds("aes128-ctr", [20.0; 3]), rounds("aes256-ctr", [30.0; 3])];
        assert_eq!(summarise(&survey(two.concat())).warnings, []);
    }

    #[test]
    fn each_warning_has_its_kind_and_its_words_in_json() {
        let mut survey = survey(rounds("aes128-ctr", [20.0; 3]));
        survey.footer = None;
        let json = serde_json::to_value(&summarise(&survey).warnings).unwrap();
        assert_eq!(json[0]["kind"], "cut_off");
        assert!(json[0]["remedy"].as_str().unwrap().contains("run it again"));
    }
}
