//! What limited a transfer, where it is known. The short form of `tests/validation`.

use serde_json::Value;

use crate::testbed::hosts::Link;
use crate::testbed::scenarios::Scenario;
use crate::testbed::{GCM, Options, Run, Testbed};

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

/// Where the hypervisor does not run this machine for so much of the time, that is the limit,
/// whatever a lab was made for.
const STOLEN: f64 = 0.1;

/// The first of three surveys that the hypervisor left alone; else the last.
pub fn undisturbed(survey: impl Fn() -> Value) -> Value {
    let stolen = |survey: &Value| {
        let ends = |limit: &Value| ["client", "server"].map(|end| limit[end]["stolen"].as_f64());
        limits(survey).into_iter().flat_map(ends).flatten().any(|share| share > STOLEN)
    };
    let mut last = survey();
    for _ in 0..2 {
        if !stolen(&last) {
            break;
        }
        eprintln!("the hypervisor took this machine's time; once more");
        last = survey();
    }
    last
}

/// The limit of a lab is named, for both ciphers.
fn assert_named(name: &str) -> Value {
    let scenario = Scenario::named(name);
    let directory = tempfile::tempdir().unwrap();
    let journal = directory.path().join("journal");
    let survey = undisturbed(|| {
        // A journal is never written over.
        let _ = std::fs::remove_file(&journal);
        scenario.run(&journal)
    });
    assert_all(&survey, scenario.limit);
    survey
}

#[test]
fn a_server_without_aes_instructions_is_the_limit() {
    assert_named("server-aes-disabled");
}

#[test]
fn a_client_without_aes_instructions_is_the_limit() {
    assert_named("client-aes-disabled");
}

#[test]
fn a_quota_of_the_server_is_named() {
    let survey = assert_named("server-quota");
    let evidence = limits(&survey)[0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("at the server, throttled for"), "{evidence}");
}

#[test]
fn a_quota_of_the_client_is_named() {
    let survey = assert_named("client-quota");
    let evidence = limits(&survey)[0]["evidence"].as_str().unwrap();
    assert!(evidence.contains("at the client, throttled for"), "{evidence}");
}

#[test]
fn a_busy_neighbour_is_named() {
    assert_named("neighbour");
}

#[test]
fn a_long_way_fills_the_window() {
    assert_named("relay");
}

#[test]
fn a_slow_file_system_is_named() {
    assert_named("storage-fuse");
}

/// A plain stream tells what the link carries, and the survey each cipher's share of it.
#[test]
fn a_stream_beside_ssh_is_the_upper_bound_of_a_link() {
    let link = Link::new();
    let testbed = Testbed::with(Options { host: link.host(), ..Options::default() });
    let arguments = ["--method", "pipe", "--rounds", "1", "--ciphers", GCM, "--ceiling-port", "0"];
    let survey = testbed.survey(&[&arguments[..], &[&testbed.target()]].concat());
    for table in survey["summary"]["tables"].as_array().unwrap() {
        let section = &table["sections"][0];
        let upper_bound = &section["ceiling"];
        assert_eq!(upper_bound["basis"], "beside", "{upper_bound}");
        // 100 Mbit/s of frames carry 11.9 MB/s of payload.
        let mb_per_s = upper_bound["mb_per_s"].as_f64().unwrap();
        assert!((11.0..13.5).contains(&mb_per_s), "{upper_bound}");
    }
    // One cipher alone can't tell the network from anything else; beside a stream it can.
    assert_all(&survey, "network");
    testbed.assert_nothing_left();
}

#[test]
fn without_a_remote_host_that_can_connect_the_upper_bound_is_refused() {
    let testbed = Testbed::new();
    let taken = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run: Run = testbed.run(&["--ceiling-port", &port, &testbed.target()]);
    run.assert_refused(&["--ceiling-port", "can't be listened on"]);
    testbed.assert_nothing_left();
}
