//! What limited a transfer, where it is known.

use serde_json::Value;

use crate::lab::{CHACHA, GCM, Lab, Options, Run};

/// The limits of all rows of a survey.
pub fn limits(survey: &Value) -> Vec<&Value> {
    let tables = survey["summary"]["tables"].as_array().unwrap();
    let sections = tables.iter().flat_map(|table| table["sections"].as_array().unwrap());
    let rows = sections.flat_map(|section| section["rows"].as_array().unwrap());
    rows.map(|row| &row["limit"]).filter(|limit| !limit.is_null()).collect()
}

pub fn assert_all(survey: &Value, name: &str) {
    let limits = limits(survey);
    assert!(!limits.is_empty());
    for limit in limits {
        assert_eq!(limit["limit"], name, "{limit}");
    }
}

#[test]
fn a_server_without_aes_instructions_is_the_limit() {
    let lab = Lab::new();
    let mut command = lab.program();
    command.args(["loopback", "--aes", "on/off", "--ciphers", GCM, "--directions", "upload"]);
    command.args(["--rounds", "3", "--format", "json", "-q"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_all(&serde_json::from_str(&run.stdout).unwrap(), "server_cpu");
}

#[test]
fn a_quota_of_the_server_is_named() {
    let lab = Lab::with(Options { quota: Some(0.3), ..Options::default() });
    let ciphers = format!("{GCM},{CHACHA}");
    let arguments = ["--method", "pipe", "--directions", "upload", "--rounds", "2"];
    let survey = lab.survey(&[&arguments[..], &["--ciphers", &ciphers, &lab.target()]].concat());
    assert_all(&survey, "quota");
    let evidence = limits(&survey)[0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("at the server, throttled for"), "{evidence}");
}
