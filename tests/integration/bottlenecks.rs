//! Testbeds with one bottleneck each: a survey there is complete and proved, each row has a
//! bottleneck with its figures, and the counters behind it are in the record. On a busy
//! machine the bottleneck may rightly be another one: that it is named is asserted on kept surveys
//! (`recorded.rs`).

use serde_json::Value;

use crate::testbed::hosts::Link;
use crate::testbed::kept::{bottlenecks, sections};
use crate::testbed::scenarios::{Scenario, SlowDisk};
use crate::testbed::{GCM, Options, Run, Testbed, measured};

/// A disk of 10 MB/s is timed apart from transfers, and so is this machine's.
#[test]
fn storage_is_timed_once_at_both_ends() {
    let testbed = Testbed::new();
    let disk = SlowDisk::new(&testbed.path("remote"));
    let file = testbed.file("file.iso", 16 << 20);
    let (file, target) = (file.to_str().unwrap(), testbed.target());
    let base = ["--rounds", "1", "--ciphers", GCM, "--no-confirm", &target];
    let survey = testbed.survey(&[&base[..], &[file]].concat());
    let rates = &survey["header"]["pairings"][0]["storage_rates"];
    let mb_per_s = |end: &str, what: &str| {
        let timed = &rates[end][what];
        assert_eq!(timed["bytes"], 16 << 20, "{rates}");
        16.777 / timed["seconds"].as_f64().unwrap()
    };
    let limit = f64::from(SlowDisk::BYTES_PER_S) / 1e6;
    let written = mb_per_s("remote", "write");
    assert!((0.3 * limit..1.2 * limit).contains(&written), "{rates}");
    for (end, what) in [("remote", "read"), ("local", "write"), ("local", "read")] {
        assert!(mb_per_s(end, what) > 0.0);
    }
    // The remote one is mounted with `sync`.
    assert!(rates["local"]["cached_bytes"].as_u64().unwrap() > 0, "{rates}");
    assert_eq!(rates["remote"]["cached_bytes"], 0, "{rates}");
    for table in survey["summary"]["tables"].as_array().unwrap() {
        let text = table["sections"][0]["storage"]["text"].as_str().unwrap();
        assert!(text.contains("disk reads") && text.contains("disk writes"), "{text}");
    }
    // In a pipe nothing is stored, and without FILE there is nothing to copy.
    for without in [&["--method", "pipe", file][..], &[]] {
        let survey = testbed.survey(&[&base[..], without].concat());
        assert_eq!(survey["header"]["pairings"][0].get("storage_rates"), None);
    }
    testbed.assert_nothing_left();
    drop(disk);
}

/// A survey of this testbed.
fn surveyed(name: &str) -> Value {
    let scenario = Scenario::named(name);
    let directory = tempfile::tempdir().unwrap();
    let survey = scenario.run(&directory.path().join("journal"));
    let samples = measured(&survey);
    assert_eq!(samples.len(), scenario.ciphers.len(), "{survey}");
    for sample in &samples {
        let way = &sample["negotiated"]["client_to_server"];
        assert_eq!(way["cipher"], sample["cipher"], "{sample}");
        for end in ["client", "server"] {
            assert!(sample[end]["bulk"]["total_s"].as_f64().unwrap() > 0.0, "{sample}");
        }
    }
    let bottlenecks = bottlenecks(&survey);
    assert_eq!(bottlenecks.len(), samples.len(), "{survey}");
    for bottleneck in bottlenecks {
        assert!(!bottleneck["evidence"].as_str().unwrap().is_empty(), "{bottleneck}");
    }
    survey
}

/// Samples of a survey in which one end may have 0.3 of a core.
fn under_a_quota(end: &str) {
    for sample in measured(&surveyed(&format!("{end}-quota"))) {
        let seconds = |pointer: &str| sample[end].pointer(pointer).and_then(Value::as_f64);
        // Zero where others leave it less than its quota.
        assert!(seconds("/waits/throttled_s").is_some(), "{sample}");
        let real_s = sample["real_s"].as_f64().unwrap();
        // A slice of 50 ms may begin with the rest of a period (20 ms) and end with the begin of another one.
        assert!(seconds("/bulk/total_s").unwrap() < 0.5 * real_s, "{sample}");
        let other = if end == "client" { "server" } else { "client" };
        // A quota that all of this machine is under shows there too.
        let throttled_s = sample[other]["waits"]["throttled_s"].as_f64().unwrap_or(0.0);
        assert!(throttled_s < 0.1 * real_s, "{sample}");
    }
}

#[test]
fn a_quota_of_the_server_is_seen_there() {
    under_a_quota("server");
}

#[test]
fn a_quota_of_the_client_is_seen_there() {
    under_a_quota("client");
}

#[test]
fn a_server_with_aes_disabled_is_surveyed() {
    surveyed("server-aes-disabled");
}

#[test]
fn a_client_with_aes_disabled_is_surveyed() {
    surveyed("client-aes-disabled");
}

#[test]
fn a_server_with_a_busy_neighbour_waits_for_its_cpu() {
    for sample in measured(&surveyed("neighbour")) {
        let waited_s = sample["server"]["waits"]["run_delay_s"].as_f64().unwrap();
        assert!(waited_s > 0.0, "{sample}");
    }
}

#[test]
fn a_round_trip_of_50_ms_is_surveyed() {
    let survey = surveyed("relay");
    let round_trip_s = &survey["header"]["pairings"][0]["round_trip_s"];
    assert!(round_trip_s.as_f64().unwrap() >= 0.045, "{round_trip_s}");
}

#[test]
fn a_slow_file_system_is_surveyed() {
    let survey = surveyed("storage-fuse");
    assert!(measured(&survey).iter().all(|sample| sample["method"] == "sftp"), "{survey}");
}

/// The plain TCP rate and that of SSH, neither above what the link carries.
#[test]
fn the_plain_tcp_rate_of_a_link_is_measured() {
    let link = Link::new();
    let testbed = Testbed::with(Options { host: link.host(), ..Options::default() });
    let arguments =
        ["--method", "pipe", "--rounds", "1", "--ciphers", GCM, "--plain-tcp-port", "0"];
    let survey = testbed.survey(&[&arguments[..], &[&testbed.target()]].concat());
    assert_eq!(measured(&survey).len(), 2);
    let sections: Vec<&Value> = sections(&survey).collect();
    assert_eq!(sections.len(), 2);
    for (section, direction) in sections.into_iter().zip(["upload", "download"]) {
        let stream = &survey["header"]["pairings"][0]["plain_tcp"][direction];
        let number = |value: &Value| value.as_f64().unwrap();
        let plain = number(&stream["bytes"]) / number(&stream["seconds"]) / 1e6;
        assert!(plain > 0.0 && plain < 13.5, "{stream}");
        // A slice begins with what the link's bucket (64 KiB) has kept: a tenth more at most. Where that makes
        // it faster than the stream, its own rate is the bound.
        let rate = number(&section["rows"][0]["rate_mb_per_s"]);
        assert!(rate > 0.0 && rate < 15.0, "{section}");
        let basis = &section["upper_bound"]["basis"];
        assert!(basis == "plain_tcp" || rate > plain, "{section}");
    }
    testbed.assert_nothing_left();
}

#[test]
fn where_the_plain_tcp_rate_can_not_be_measured_it_is_refused() {
    let testbed = Testbed::new();
    let taken = std::net::TcpListener::bind("[::]:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let run: Run = testbed.run(&["--plain-tcp-port", &port, &testbed.target()]);
    run.assert_refused(&["--plain-tcp-port", "can't listen on"]);
    testbed.assert_nothing_left();
}
