//! What a later version says of an old journal: the same figures.
//!
//! `fixtures/summaries/2405299.jsonl.gz` has, one line per survey, what commit 2405299 wrote as JSON for
//! each journal in `fixtures/records` and `results/` (what is now `summary` and `advice`;
//! `figures` and `aes_settings` for journals of cipher cores), in the words of schema 1. Sentences may be
//! worded anew, and keys may be added; numbers, names and their order may not change. What follows from intervals
//! may: how they are made has become better since (docs/method.md).

use std::fs::{self, File};
use std::io::Read;

use cipher_survey::model::Survey;
use cipher_survey::model::cipher_cores::Cores;
use cipher_survey::report::cipher_cores::View;
use cipher_survey::report::{Format, Report, Style, write};
use flate2::read::GzDecoder;
use serde_json::Value;

use crate::own;
use crate::schema_1::printed_in_words_of_schema_2;

/// Keys whose values are sentences, or names given in words.
const WORDS: &[&str] = &["evidence", "name", "reason", "remedy", "scope", "text", "title", "why"];

/// Keys whose values follow from intervals.
const INTERVALS: &[&str] = &[
    "advice",
    "compared",
    "conclusion",
    "core_half_percent",
    "cost",
    "marks",
    "speed",
    "upper_bound",
    "warnings",
    // It holds setup and start-up now.
    "whole_file",
];

#[test]
fn every_old_journal_still_gives_the_same_figures() {
    let mut surveys = 0;
    for line in unpacked("fixtures/summaries/2405299.jsonl.gz").lines() {
        let old = printed_in_words_of_schema_2(serde_json::from_str(line).unwrap());
        let name = old["journal"].as_str().unwrap();
        let number = old["survey"].as_u64().unwrap() as usize;
        let new = document(&journal(name, number));
        let old = old.as_object().unwrap();
        let no_figures = ["journal", "survey", "advice"];
        for (key, then) in old.iter().filter(|(key, _)| !no_figures.contains(&key.as_str())) {
            same(then, &new[key], &format!("{name}, survey {number}: {key}"));
        }
        surveys += 1;
    }
    assert_eq!(surveys, 153);
}

/// A survey of a file that may hold several, one after the other. What was surveyed anew since is kept beside
/// the summaries.
fn journal(name: &str, number: usize) -> String {
    let kept = format!("fixtures/summaries/journals/{name}");
    let name = if fs::exists(own(&kept)).unwrap() { &kept } else { name };
    let text = match name.ends_with(".gz") {
        true => unpacked(name),
        false => fs::read_to_string(own(name)).unwrap(),
    };
    if !text.starts_with(r#"{"kind":"survey""#) {
        return text;
    }
    let start = r#"{"kind":"survey""#;
    let own = text.split(start).nth(number + 1).unwrap();
    format!("{start}{own}")
}

fn document(journal: &str) -> Value {
    let mut out = Vec::new();
    match Survey::read(journal.as_bytes()) {
        Ok(survey) => {
            write(&Report::of(&survey, None), Format::Json, &Style::default(), &mut out).unwrap();
        }
        Err(_) => {
            let cores = Cores::read(journal.as_bytes()).unwrap();
            let view = View { journals: vec![(String::new(), cores)] };
            write(&view, Format::Json, &Style::default(), &mut out).unwrap();
        }
    }
    serde_json::from_slice(&out).unwrap()
}

fn same(then: &Value, now: &Value, place: &str) {
    match (then, now) {
        (Value::Object(then), Value::Object(now)) => {
            let fixed = |key: &str| !WORDS.contains(&key) && !INTERVALS.contains(&key);
            for (key, value) in then.iter().filter(|(key, _)| fixed(key)) {
                let now = now.get(key).unwrap_or_else(|| panic!("{place}: no {key} any more"));
                same(&figures(key, value), &figures(key, now), &format!("{place}.{key}"));
            }
        }
        (Value::Array(then), Value::Array(now)) => {
            assert_eq!(then.len(), now.len(), "{place}");
            for (index, (then, now)) in then.iter().zip(now).enumerate() {
                same(then, now, &format!("{place}[{index}]"));
            }
        }
        (Value::Number(then), Value::Number(now)) => {
            let (then, now) = (then.as_f64().unwrap(), now.as_f64().unwrap());
            assert!(
                (then - now).abs() <= 1e-9 * then.abs().max(1.0),
                "{place}: {then} became {now}"
            );
        }
        _ => assert_eq!(then, now, "{place}"),
    }
}

/// Of lists that hold sentences what is no sentence: how many caveats there are, and which ciphers are
/// below the security floor.
fn figures(key: &str, value: &Value) -> Value {
    match (key, value) {
        ("caveats", Value::Array(list)) => list.len().into(),
        ("below_floor", Value::Array(list)) => list.iter().map(|pair| pair[0].clone()).collect(),
        _ => value.clone(),
    }
}

fn unpacked(name: &str) -> String {
    let mut text = String::new();
    GzDecoder::new(File::open(own(name)).unwrap()).read_to_string(&mut text).unwrap();
    text
}
