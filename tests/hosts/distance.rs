//! Hosts that are far away or behind a slow link: real TCP on a path that takes time.

use std::time::Duration;

use serde_json::Value;

use crate::testbed::delay::{Delay, Manner, Rate};
use crate::testbed::remote::Remote;
use crate::testbed::{ALL_CIPHERS, CHACHA, GCM, Options, Testbed, measured};

/// A host behind such a path.
pub fn far(round_trip_ms: u64, bytes_per_s: Option<f64>) -> Testbed {
    let delay = Duration::from_millis(round_trip_ms) / 2;
    let path = Delay::new(Manner { delay, rate: bytes_per_s.map(Rate::of), ..Manner::default() });
    let remote = Some(Remote { guest: true, ..Remote::default() });
    path.testbed(Options { server: ALL_CIPHERS, remote, ..Options::default() })
}

/// The sum of a figure.
fn sum<'a>(of: impl Iterator<Item = &'a Value>, figure: &str) -> f64 {
    of.map(|one| one[figure].as_f64().unwrap()).sum()
}

/// All bytes that a sample's connection has sent, over those of its slices and its start-up: the rest are lead-ins.
fn moved_over_counted(report: &Value, sample: &Value) -> f64 {
    let connections = report["connections"].as_array().unwrap();
    let own = connections.iter().find(|one| one["number"] == sample["connection"]).unwrap();
    let start_up = sum(own["start_up"].as_array().unwrap().iter(), "bytes");
    own["wire"]["sent"].as_f64().unwrap() / (sample["bytes"].as_f64().unwrap() + start_up)
}

#[test]
fn slices_last_many_round_trips_and_begin_with_a_lead_in() {
    let testbed = far(50, None);
    let ciphers = format!("{GCM},{CHACHA}");
    let how = ["--ciphers", &ciphers, "--rounds", "1", "--directions", "upload"];
    let target = testbed.target();
    let report = testbed.survey(&[&how[..], &[&target]].concat());
    let round_trip_s = report["header"]["pairings"][0]["round_trip_s"].as_f64().unwrap();
    assert!(round_trip_s >= 0.05, "{round_trip_s}");
    let samples = measured(&report);
    assert_eq!(samples.len(), 2, "{report:#}");
    for sample in samples {
        let slices = sample["slices"]["count"].as_f64().unwrap();
        let slice_s = sample["real_s"].as_f64().unwrap() / slices;
        // Twenty are aimed at; the rate that their size follows from may be off by a factor of two.
        assert!(slice_s >= 10.0 * round_trip_s, "{sample:#}");
        assert!(moved_over_counted(&report, sample) > 1.1, "{report:#}");
    }
    testbed.assert_nothing_left();
}

/// Three rounds of ten ciphers fit only with short slices.
#[test]
fn slices_that_are_shortened_begin_with_a_lead_in_too() {
    let testbed = far(20, None);
    let how = ["--method", "pipe", "--directions", "upload", "--budget", "18s"];
    let report = testbed.survey(&[&how[..], &[&testbed.target()]].concat());
    let samples = measured(&report);
    assert!(samples.len() >= 20, "{report:#}");
    let later = samples.iter().filter(|sample| sample["round"].as_u64() > Some(1));
    let mut shares: Vec<f64> = later.map(|sample| moved_over_counted(&report, sample)).collect();
    shares.sort_by(f64::total_cmp);
    // As long as a slice, which has a start-up of the same size before it.
    assert!(shares[shares.len() / 2] > 1.2, "{shares:?}");
    testbed.assert_nothing_left();
}

#[test]
fn ciphers_that_do_not_fit_the_budget_are_left_out_and_that_is_said_before() {
    let testbed = far(200, Some(1e6));
    let run = testbed.run(&["run", "--dry-run", &testbed.target()]);
    assert_eq!(run.code, Some(0), "{run:?}");
    let lines: Vec<&str> = run.stderr.lines().collect();
    let about = "three rounds with 10 ciphers do not fit 1 min at a round trip of 2";
    assert!(lines[0].starts_with(about), "{run:?}");
    for words in ["to testbed", CHACHA, GCM, "for the others use --ciphers, or --budget"] {
        assert!(lines[0].contains(words), "{words:?} is not in {run:?}");
    }
    assert!(lines[1].contains("a round opens 2 connections"), "{run:?}");
    // A slice in each direction takes so long.
    let fed_s = lines[1].split_once("in turn for about ").unwrap().1.split(' ').next().unwrap();
    assert!(fed_s.parse::<f64>().unwrap() > 4.0, "{run:?}");
    // Nothing but the control connection.
    assert_eq!(testbed.logins(), 1);
    // Who names them gets them.
    let named = ["aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-cbc", GCM, CHACHA].join(",");
    let run = testbed.run(&["run", "--dry-run", "--ciphers", &named, &testbed.target()]);
    assert!(run.stderr.contains("a round opens 6 connections"), "{run:?}");
    testbed.assert_nothing_left();
}
