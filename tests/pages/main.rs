//! Pages as a browser lays them out: nothing cut, nothing over another, nothing that needs a
//! script, no figure but the analysis's.

mod browser;
mod figures;
mod layout;
#[path = "../testbed/schema_1.rs"]
#[allow(dead_code, reason = "shared with the tests of the files")]
mod schema_1;
mod slopes;
mod surveys;

use std::path::{Path, PathBuf};

use cipher_survey::model::Survey;
use cipher_survey::report::{Format, Report, Style, write};

/// The page of a survey.
fn html(survey: &Survey) -> String {
    let mut page = Vec::new();
    let journal = Path::new("results/loopback/survey.jsonl");
    let report = Report::of(survey, Some(journal));
    write(&report, Format::Html, &Style::default(), &mut page).unwrap();
    String::from_utf8(page).unwrap()
}

/// … in a file.
fn page(directory: &Path, name: &str, survey: &Survey) -> PathBuf {
    let path = directory.join(format!("{name}.html"));
    std::fs::write(&path, html(survey)).unwrap();
    path
}
