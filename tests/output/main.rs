//! The files that other tools read: CSV, Markdown, JSON and the schemas of the journal and of the
//! JSON report.
//!
//! `CIPHER_SURVEY_ACCEPT=1 cargo test --test output` writes the schemas anew from the types.

mod advice;
mod command;
mod compare;
#[path = "../testbed/contradictions.rs"]
mod contradictions;
mod hostile;
mod messages;
mod page;
mod pandas;
mod places;
mod program;
#[path = "../testbed/schema.rs"]
#[allow(dead_code, reason = "shared with the tests of the whole program")]
mod schema;
#[path = "../testbed/schema_1.rs"]
mod schema_1;
mod schemas;
mod stable;
mod summaries;

use std::path::{Path, PathBuf};

use cipher_survey::model::journal::kind_of;
use schema_1::in_words_of_schema_2;
use serde_json::Value;

/// A file of this repository.
fn own(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// Files below a directory whose name ends so, sorted.
fn below(directory: &Path, end: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(below(&path, end));
        } else if path.to_str().unwrap().ends_with(end) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Journals of surveys that are kept in this repository.
fn surveys() -> Vec<PathBuf> {
    let mut found = [below(&own("fixtures"), ".jsonl"), below(&own("results"), ".jsonl")].concat();
    found.retain(|path| kind_of(&std::fs::read(path).unwrap()).as_deref() == Some("survey"));
    assert!(found.len() > 5, "{found:?}");
    found
}

/// The lines of a journal, in the words of schema 2.
fn records(path: &Path) -> Vec<Value> {
    let text = in_words_of_schema_2(&std::fs::read_to_string(path).unwrap());
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}
