//! What stays as it is, whatever else changes: journals of schema 1 are read for ever, and programs find
//! in `--format json` what they found before.

use std::fs;
use std::path::{Path, PathBuf};

use cipher_survey::model::Survey;
use cipher_survey::model::cipher_cores::{Cores, CoresRecord};
use cipher_survey::model::record::Record;
use cipher_survey::report::{Format, Report, Style, write};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::program::{Run, program, word};
use crate::schema::assert_report;
use crate::schema_1::in_words_of_schema_2;
use crate::{below, own, surveys};

const CORES: &str = "results/cores-here/cores.jsonl";

#[test]
fn what_schema_1_wrote_is_read_as_if_schema_2_had_written_it() {
    let read = |path: &PathBuf| fs::read_to_string(path).unwrap();
    for path in surveys() {
        let old = read(&path);
        let new = in_words_of_schema_2(&old);
        let of = |text: &str| Survey::read(text.as_bytes()).unwrap();
        assert_eq!(of(&old), of(&new), "{}", path.display());
        assert_eq!(of(&old).problems, [""; 0], "{}", path.display());
    }
    for path in below(&own("fixtures/records"), ".jsonl") {
        let old = read(&path);
        assert!(old.contains("cipher-survey/1"), "{}", path.display());
        assert_written::<Record>(&old, &path);
    }
    let old = read(&own(CORES));
    let of = |text: &str| Cores::read(text.as_bytes()).unwrap();
    assert_eq!(of(&old), of(&in_words_of_schema_2(&old)));
    assert_written::<CoresRecord>(&old, &own(CORES));
}

/// Each line of a journal is written again in the words of schema 2, with all that it held.
fn assert_written<T: Serialize + DeserializeOwned>(journal: &str, path: &Path) {
    let new = in_words_of_schema_2(journal);
    for (number, (old, new)) in (1..).zip(journal.lines().zip(new.lines())) {
        let mut record = serde_json::to_value(serde_json::from_str::<T>(old).unwrap()).unwrap();
        let wanted: Value = serde_json::from_str(new).unwrap();
        if let Some(schema) = record.get_mut("schema") {
            *schema = wanted["schema"].clone();
        }
        holds(&record, &wanted, &format!("{}, line {number}", path.display()));
    }
}

/// A record has what is wanted, and perhaps what an older program did not write yet.
fn holds(record: &Value, wanted: &Value, place: &str) {
    match (record, wanted) {
        (Value::Object(own), Value::Object(wanted)) => {
            for (key, wanted) in wanted {
                let own = own.get(key).unwrap_or_else(|| panic!("{place}: no {key}"));
                holds(own, wanted, &format!("{place}: {key}"));
            }
        }
        (Value::Array(own), Value::Array(wanted)) => {
            assert_eq!(own.len(), wanted.len(), "{place}");
            own.iter().zip(wanted).for_each(|(own, wanted)| holds(own, wanted, place));
        }
        _ => assert_eq!(record, wanted, "{place}"),
    }
}

#[test]
fn every_verb_prints_the_same_of_both_schemas() {
    let directories = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let journals = below(&own("fixtures/records"), ".jsonl");
    let names: Vec<&str> =
        journals.iter().map(|path| word(Path::new(path.file_name().unwrap()))).collect();
    for path in journals.iter().chain([&own(CORES)]) {
        let (name, old) = (path.file_name().unwrap(), fs::read_to_string(path).unwrap());
        fs::write(directories[0].path().join(name), &old).unwrap();
        fs::write(directories[1].path().join(name), in_words_of_schema_2(&old)).unwrap();
    }
    let same = |arguments: &[&str]| {
        let [old, new] = directories.each_ref().map(|directory| {
            let run = program().args(arguments).current_dir(directory).output().unwrap();
            let run = Run::of(run);
            run.assert_code(0);
            run.stdout
        });
        assert!(old == new && old.len() > 200, "{arguments:?}:\n{old}\n{new}");
    };
    for name in names.iter().chain(&["cores.jsonl"]) {
        for format in ["table", "markdown", "csv", "json", "html"] {
            same(&["report", name, "--format", format]);
        }
    }
    for name in &names {
        same(&["report", name, "--wide"]);
        same(&["report", name, "--format", "csv", "--summary"]);
        same(&["report", name, "--wide", "--cores", "cores.jsonl"]);
    }
    same(&[&["recommend"], &names[..]].concat());
    same(&[&["recommend", "--format", "json"], &names[..]].concat());
    same(&[&["compare"], &names[..]].concat());
    same(&["compare", "--change", names[0], names[0]]);
}

/// What programs may rely on in the JSON document, each as a path with all its items.
const KEPT: [&str; 27] = [
    "/samples/phase",
    "/samples/outcome",
    "/samples/cipher",
    "/samples/direction",
    "/samples/method",
    "/samples/bytes",
    "/samples/negotiated/client_to_server/cipher",
    "/samples/negotiated/server_to_client/cipher",
    "/samples/client/bulk/total_s",
    "/samples/server/bulk/total_s",
    "/connections/cipher",
    "/connections/method",
    "/connections/client/total_s",
    "/connections/server/total_s",
    "/summary/tables/sections/rows/cipher",
    "/summary/tables/sections/rows/rate_mb_per_s",
    "/summary/tables/sections/rows/client/cpu_s_per_gb",
    "/summary/tables/sections/rows/server/cpu_s_per_gb",
    "/summary/tables/sections/rows/speed/times_leader/ratio",
    "/summary/tables/sections/rows/speed/times_leader/low",
    "/summary/tables/sections/rows/speed/times_leader/high",
    "/advice/scope",
    "/advice/goals/goal",
    "/advice/goals/choice/cipher",
    "/advice/goals/text",
    "/header/schema",
    "/end/reason",
];

#[test]
fn the_json_document_keeps_what_programs_rely_on() {
    let old = fs::read_to_string(own("fixtures/records/pipe-1.jsonl")).unwrap();
    let text = with_connections(&in_words_of_schema_2(&old));
    let survey = Survey::read(text.as_bytes()).unwrap();
    assert_eq!(survey.problems, [""; 0]);
    assert_eq!(survey.connections.len(), 2);
    let mut out = Vec::new();
    write(&Report::of(&survey, None), Format::Json, &Style::default(), &mut out).unwrap();
    let document: Value = serde_json::from_slice(&out).unwrap();
    assert_report(&document);
    for path in KEPT {
        let keys: Vec<&str> = path.split('/').skip(1).collect();
        let found = values(&document, &keys);
        // The leader is compared with nothing.
        let leaders = if path.contains("times_leader") { found.len() / 2 } else { 0 };
        let nulls = found.iter().filter(|value| value.is_null()).count();
        assert!(!found.is_empty() && nulls <= leaders, "{path}: {found:?}");
    }
    assert_eq!(document["header"]["schema"], "cipher-survey/2");
    assert_eq!(values(&document, &["samples", "phase"])[0], "calibration");
    assert_eq!(values(&document, &["connections", "client", "total_s"]), [0.5, 0.5]);
}

/// All values at the end of a path; lists are gone through. What has no such key gives null.
fn values<'a>(value: &'a Value, keys: &[&str]) -> Vec<&'a Value> {
    match (value, keys) {
        (Value::Array(list), _) => list.iter().flat_map(|one| values(one, keys)).collect(),
        (_, []) => vec![value],
        (_, [key, rest @ ..]) => values(&value[*key], rest),
    }
}

/// A journal with two connections before its last line.
fn with_connections(journal: &str) -> String {
    let connection = |number: u32, cipher: &str| {
        json!({
            "kind": "connection", "number": number, "round": 1, "pairing": 0, "method": "pipe",
            "cipher": cipher, "started": "2026-01-02T03:04:05Z", "outcome": "measured",
            "setup": {"connected_s": 0.01, "ready_s": 0.3},
            "client": {
                "user_s": 0.3, "system_s": 0.2, "total_s": 0.5, "source": "wait4", "resolution_s": 0.001,
            },
            "server": {
                "user_s": 0.2, "system_s": 0.2, "total_s": 0.4, "source": "process", "resolution_s": 0.001,
                "setup": {"user_s": 0.01, "system_s": 0.01, "total_s": 0.02},
            },
            "start_up": [{"direction": "upload", "slices": 2, "bytes": 1000, "real_s": 0.1}],
            "wire": {"sent": 2000, "received": 300},
        })
    };
    let mut lines: Vec<String> = journal.lines().map(str::to_owned).collect();
    let last = lines.len() - 1;
    lines.insert(last, connection(2, "aes128-gcm@openssh.com").to_string());
    lines.insert(last, connection(1, "aes128-ctr").to_string());
    lines.join("\n") + "\n"
}
