//! docs/record.md documents every key and every column.

use std::collections::BTreeSet;
use std::fs;

use cipher_survey::model::Survey;
use cipher_survey::report::{Format, Report, Style, write};
use serde_json::Value;

use crate::own;
use crate::program::{Run, program};
use crate::schema::path;

/// The words of all code on the page: `host.aes` are two.
fn words() -> BTreeSet<String> {
    let page = fs::read_to_string(path("record.md")).unwrap();
    let code = page.split('`').skip(1).step_by(2);
    let words = code.flat_map(|code| code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_'));
    words.map(str::to_owned).collect()
}

fn keys(schema: &Value, found: &mut BTreeSet<String>) {
    match schema {
        Value::Object(schema) => {
            if let Some(Value::Object(properties)) = schema.get("properties") {
                found.extend(properties.keys().cloned());
            }
            schema.values().for_each(|value| keys(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| keys(value, found)),
        _ => {}
    }
}

#[test]
fn every_key_of_the_schemas_is_documented() {
    let words = words();
    for name in ["record.schema.json", "report.schema.json"] {
        let schema = serde_json::from_str(&fs::read_to_string(path(name)).unwrap()).unwrap();
        let mut found = BTreeSet::new();
        keys(&schema, &mut found);
        assert!(found.len() > 100, "{name}: {found:?}");
        let missing: Vec<_> = found.difference(&words).collect();
        assert!(missing.is_empty(), "docs/record.md does not tell of {missing:?} ({name})");
    }
}

fn keys_of(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(key, value)| {
            found.insert(key.clone());
            keys_of(value, found);
        }),
        Value::Array(values) => values.iter().for_each(|value| keys_of(value, found)),
        _ => {}
    }
}

/// What `compare` prints as JSON.
fn compared(words: &[&str]) -> Value {
    let arguments = [&["compare", "--format", "json"], words].concat();
    let run = Run::of(program().args(arguments).current_dir(own(".")).output().unwrap());
    serde_json::from_str(&run.stdout).unwrap()
}

#[test]
fn every_column_is_documented() {
    let words = words();
    let known = words.clone();
    let is_told = |column: &str| {
        let parts = [("client", "END"), ("server", "END"), ("local_host", "HOST")];
        let more = [("remote_host", "HOST"), ("speed", "FIGURE"), ("cost", "FIGURE")];
        let figures = [("client", "FIGURE"), ("server", "FIGURE"), ("", "")];
        let all = parts.iter().chain(&more).chain(&figures);
        all.map(|(name, sign)| column.replacen(name, sign, 1)).any(|told| words.contains(&told))
    };
    assert!(!is_told("client_height") && is_told("client_cores") && is_told("cost_label"));
    let kept = "results/loopback/survey.jsonl";
    for words in [&[kept][..], &["--change", kept, kept]] {
        let arguments = [&["compare", "--format", "csv"], words].concat();
        let run = Run::of(program().args(arguments).current_dir(own(".")).output().unwrap());
        let document = compared(words);
        let mut keys = BTreeSet::new();
        keys_of(&document["comparison"], &mut keys);
        let missing: Vec<_> = keys.difference(&known).collect();
        assert!(missing.is_empty() && keys.len() > 15, "docs/record.md lacks {missing:?}");
        let mut reader = csv::Reader::from_reader(run.stdout.as_bytes());
        let headers = reader.headers().unwrap();
        let missing: Vec<&str> = headers.iter().filter(|column| !is_told(column)).collect();
        assert!(missing.is_empty() && headers.len() > 10, "docs/record.md lacks {missing:?}");
    }
    let record = own("fixtures/records/scp-1.jsonl");
    let survey = Survey::read(&fs::read(record).unwrap()).unwrap();
    for summary in [false, true] {
        let mut out = Vec::new();
        let style = Style { summary, ..Style::default() };
        write(&Report::of(&survey, None), Format::Csv, &style, &mut out).unwrap();
        let mut reader = csv::Reader::from_reader(out.as_slice());
        let headers = reader.headers().unwrap();
        assert!(headers.len() > 100, "{headers:?}");
        let missing: Vec<&str> = headers.iter().filter(|column| !is_told(column)).collect();
        assert!(missing.is_empty(), "docs/record.md does not tell of {missing:?}");
    }
}
