//! The schemas are those of the types, and what is written follows them.

use std::fs::{self, File};
use std::io::Read;

use cipher_survey::model::Survey;
use cipher_survey::model::cipher_cores::CoresRecord;
use cipher_survey::model::record::Record;
use cipher_survey::report::{Document, Format, Report, Style, write};
use flate2::read::GzDecoder;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

use crate::schema::{RECORD, assert_journal, assert_report, fault, path};
use crate::schema_1::in_words_of_schema_2;
use crate::{below, own, surveys};

fn assert_committed<T: JsonSchema>(name: &str, title: &str, settings: SchemaSettings) {
    let mut schema = settings.into_generator().into_root_schema_for::<T>();
    schema.insert("title".into(), title.into());
    let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("CIPHER_SURVEY_ACCEPT").is_some() {
        fs::write(path(name), &text).unwrap();
    }
    let committed = fs::read_to_string(path(name)).unwrap_or_default();
    assert!(
        text == committed,
        "docs/{name} is not what the types say: run CIPHER_SURVEY_ACCEPT=1 cargo test --test output schema, \
         look at the difference, and tell docs/record.md"
    );
}

#[test]
fn the_schema_of_a_record_is_that_of_its_type() {
    // Of what is read: keys that old programs did not write may be absent.
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    assert_committed::<Record>(
        "record.schema.json",
        "One line of a cipher-survey journal",
        settings,
    );
}

#[test]
fn the_schema_of_a_sample_of_cores_is_that_of_its_type() {
    let settings = SchemaSettings::draft2020_12().for_deserialize();
    let title = "One line of a journal of cipher-survey cores";
    assert_committed::<CoresRecord>("cores.schema.json", title, settings);
}

#[test]
fn the_schema_of_a_report_is_that_of_its_type() {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let title = "What cipher-survey report --format json writes";
    assert_committed::<Document>("report.schema.json", title, settings);
}

#[test]
fn every_record_that_is_kept_follows_the_schema() {
    let mut lines = 0;
    for path in [below(&own("fixtures"), ".jsonl"), below(&own("results"), ".jsonl")].concat() {
        let text = fs::read_to_string(&path).unwrap();
        let own = assert_journal(&in_words_of_schema_2(&text), path.to_str().unwrap());
        assert!(own > 0, "{} is no journal", path.display());
        lines += own;
    }
    for path in below(&own("results"), ".jsonl.gz") {
        let mut text = String::new();
        GzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        lines += assert_journal(&in_words_of_schema_2(&text), path.to_str().unwrap());
    }
    assert!(lines > 1000, "{lines} lines");
}

#[test]
fn every_record_that_is_kept_makes_a_json_report_that_follows_the_schema() {
    for path in surveys() {
        let survey = Survey::read(&fs::read(&path).unwrap()).unwrap();
        let mut out = Vec::new();
        write(&Report::of(&survey, None), Format::Json, &Style::default(), &mut out).unwrap();
        assert_report(&serde_json::from_slice(&out).unwrap());
    }
}

#[test]
fn what_is_no_record_is_refused() {
    let text = fs::read_to_string(own("fixtures/records/loopback-1.jsonl")).unwrap();
    let text = in_words_of_schema_2(&text);
    let records: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |kind: &str| records.iter().find(|record| record["kind"] == kind).unwrap().clone();
    let broken = |kind: &str, change: &dyn Fn(&mut Value)| {
        let mut record = of(kind);
        assert_eq!(fault(&RECORD, &record), None);
        change(&mut record);
        fault(&RECORD, &record).is_some()
    };
    let without = |key: &'static str| {
        move |record: &mut Value| {
            record.as_object_mut().unwrap().remove(key).unwrap();
        }
    };
    for key in ["cipher", "pairing", "outcome", "phase", "kind"] {
        assert!(broken("sample", &without(key)), "{key}");
    }
    assert!(broken("sample", &|record| record["bytes"] = "many".into()));
    assert!(broken("sample", &|record| record["round"] = (-1).into()));
    assert!(broken("sample", &|record| record["direction"] = "sideways".into()));
    assert!(broken("sample", &|record| record["client"]["bulk"]["total_s"] = Value::Null));
    assert!(broken("survey", &without("pairings")));
    assert!(broken("end", &|record| record["reason"] = "boredom".into()));
    assert!(broken("end", &|record| record["kind"] = "boredom".into()));
    // A newer program may write more than this one knows.
    assert!(!broken("sample", &|record| record["from_the_future"] = json!([1])));
    assert!(!broken("survey", &|record| record["pairings"][0]["client"]["new"] = json!({})));
}
