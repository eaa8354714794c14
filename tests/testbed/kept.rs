//! Surveys that were made on a quiet machine and are kept, as today's analysis reports them.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use cipher_survey::model::Survey;
use cipher_survey::report::{Format, Report, Style, write};
use flate2::read::GzDecoder;
use serde_json::Value;

/// The reports of a file below the root of the repository, which may hold several journals, one
/// after the other.
pub fn reports(name: &str) -> Vec<Value> {
    reports_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(name))
}

/// The report of a file that holds one journal.
pub fn report(name: &str) -> Value {
    let [report] = reports(name).try_into().expect("one journal");
    report
}

pub fn reports_of(path: &Path) -> Vec<Value> {
    const FIRST: &str = r#"{"kind":"survey""#;
    let text = text(path);
    let journals = text.split(FIRST).skip(1);
    journals.map(|rest| report_of(format!("{FIRST}{rest}").as_bytes())).collect()
}

/// What `report --format json` prints of a journal.
pub fn report_of(journal: &[u8]) -> Value {
    let survey = Survey::read(journal).unwrap();
    let mut out = Vec::new();
    write(&Report::of(&survey, None), Format::Json, &Style::default(), &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

fn text(path: &Path) -> String {
    let failed = |error| -> ! { panic!("{}: {error}", path.display()) };
    if path.extension().is_none_or(|extension| extension != "gz") {
        return fs::read_to_string(path).unwrap_or_else(|error| failed(error));
    }
    let mut text = String::new();
    let file = File::open(path).unwrap_or_else(|error| failed(error));
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}

/// All sections of all tables.
pub fn sections(report: &Value) -> impl Iterator<Item = &Value> {
    let tables = report["summary"]["tables"].as_array().unwrap();
    tables.iter().flat_map(|table| table["sections"].as_array().unwrap())
}

pub fn conclusions(report: &Value) -> impl Iterator<Item = &Value> {
    sections(report).map(|section| &section["conclusion"])
}

/// The bottlenecks of all rows.
pub fn bottlenecks(report: &Value) -> Vec<&Value> {
    let rows = sections(report).flat_map(|section| section["rows"].as_array().unwrap());
    rows.map(|row| &row["bottleneck"]).filter(|bottleneck| !bottleneck.is_null()).collect()
}

/// Each row's bottleneck is this one.
pub fn assert_bottleneck(report: &Value, name: &str) {
    let bottlenecks = bottlenecks(report);
    assert!(!bottlenecks.is_empty());
    for bottleneck in bottlenecks {
        assert_eq!(bottleneck["kind"], name, "{bottleneck}");
    }
}

/// The advice for a goal.
pub fn advice<'a>(report: &'a Value, goal: &str) -> &'a Value {
    let advice = report["advice"][0]["goals"].as_array().unwrap();
    advice.iter().find(|advice| advice["goal"] == goal).unwrap()
}

/// MB/s of a cipher in a table.
pub fn rate(report: &Value, table: usize, cipher: &str) -> f64 {
    let rows = report["summary"]["tables"][table]["sections"][0]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["cipher"] == cipher).unwrap();
    row["rate_mb_per_s"].as_f64().unwrap()
}

/// CPU seconds per GB of one end ("client", "server") with a cipher: the median of a pairing's
/// samples in one direction.
pub fn cost(report: &Value, end: &str, pairing: u64, direction: &str, cipher: &str) -> f64 {
    let number = |sample: &Value, pointer: &str| sample.pointer(pointer).unwrap().as_f64().unwrap();
    let own = |sample: &&Value| {
        (&sample["pairing"], &sample["direction"], &sample["cipher"])
            == (&pairing.into(), &direction.into(), &cipher.into())
    };
    let total_s = format!("/{end}/bulk/total_s");
    let mut costs: Vec<f64> = super::measured(report)
        .into_iter()
        .filter(own)
        .map(|sample| number(sample, &total_s) / number(sample, "/bytes") * 1e9)
        .collect();
    assert!(!costs.is_empty(), "no sample of {cipher} in pairing {pairing}");
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}
