//! What the JSON Schemas in `docs/` say of a journal and of a JSON report.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// Of one line of a journal.
pub static RECORD: LazyLock<Validator> = LazyLock::new(|| compiled("record.schema.json"));
/// Of one line of a journal of cores.
pub static CORES: LazyLock<Validator> = LazyLock::new(|| compiled("cores.schema.json"));
/// Of the document that `--format json` writes.
pub static REPORT: LazyLock<Validator> = LazyLock::new(|| compiled("report.schema.json"));

pub fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

fn compiled(name: &str) -> Validator {
    let text = std::fs::read_to_string(path(name)).unwrap();
    let schema: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    jsonschema::validator_for(&schema).unwrap()
}

/// The first thing wrong with a value.
pub fn fault(schema: &Validator, value: &Value) -> Option<String> {
    let error = schema.iter_errors(value).next()?;
    Some(format!("{} at {}", error.masked(), error.instance_path()))
}

/// Checks each line of a journal, or of several; the number of them. The last line may be torn. What
/// does not begin as a journal is none: nothing is checked.
pub fn assert_journal(text: &str, name: &str) -> usize {
    let schema = match text {
        _ if text.starts_with(r#"{"kind":"survey","#) => &RECORD,
        _ if text.starts_with(r#"{"kind":"cores","#) => &CORES,
        _ => return 0,
    };
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        match serde_json::from_str(line) {
            Ok(value) => {
                let fault = fault(schema, &value);
                assert!(fault.is_none(), "{name}, line {number}: {}\n{line}", fault.unwrap());
            }
            Err(error) => {
                assert!(!line.ends_with('\n'), "{name}, line {number}: {error}\n{line}");
            }
        }
    }
    text.lines().count()
}

/// Checks all journals among files.
pub fn assert_journals(files: &[PathBuf]) {
    for path in files.iter().filter(|path| path.extension().is_some_and(|end| end == "jsonl")) {
        let text = std::fs::read(path).unwrap();
        assert_journal(&String::from_utf8_lossy(&text), path.to_str().unwrap());
    }
}

/// Checks a JSON report of a survey.
pub fn assert_report(document: &Value) {
    if document.get("figures").is_some() {
        // Of cores.
        return;
    }
    let fault = fault(&REPORT, document);
    assert!(fault.is_none(), "{}", fault.unwrap());
}
