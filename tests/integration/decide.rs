//! Surveys that end by themselves: that they do, and what they say. Who leads and how soon that is
//! decided is asserted on surveys that were made on a quiet machine (`recorded.rs`) and on simulated
//! ones (`tests/simulation`).

use crate::testbed::kept::conclusions;
use crate::testbed::{Testbed, measured};

#[test]
fn a_survey_without_flags_ends_by_itself() {
    let testbed = Testbed::new();
    let survey = testbed.survey(&["--budget", "60s", &testbed.target()]);
    let end = &survey["end"];
    // A decision that is near is waited for, and a sample that has begun.
    assert!(end["elapsed_s"].as_f64().unwrap() < 60.0 + 70.0, "{end}");
    let reason = end["reason"].as_str().unwrap();
    assert!(["decided", "out_of_reach", "budget"].contains(&reason), "{end}");
    for conclusion in conclusions(&survey) {
        let fastest = &conclusion["fastest"];
        assert!(fastest["decided"] == true || reason != "decided", "{conclusion} {end}");
        assert!(!conclusion["text"].as_str().unwrap().is_empty(), "{conclusion}");
    }
    testbed.assert_nothing_left();
}

#[test]
fn a_quick_survey_leaves_most_ciphers_out() {
    let testbed = Testbed::new();
    let base = ["--quick", "--method", "pipe", "--directions", "upload"];
    let survey = testbed.survey(&[&base[..], &[&testbed.target()]].concat());
    let skipped = survey["header"]["pairings"][0]["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|skip| skip["reason"] == "left out by --quick"), "{skipped:?}");
    assert!(measured(&survey).len() >= 2, "{survey}");
}

#[test]
fn ciphers_are_left_out_where_three_rounds_do_not_fit_the_budget() {
    let testbed = Testbed::new();
    let target = testbed.target();
    let base = ["--budget", "1s", "--method", "pipe", "--dry-run"];
    let run = testbed.run(&[&base[..], &[&target]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stderr.contains("three rounds with 6 ciphers do not fit 1 s at a round"),
        "{run:?}"
    );
    assert!(run.stderr.contains("are compared; for the others use --ciphers, or --budget"));
    assert!(run.stderr.contains("a round opens 2 connections"), "{run:?}");
    // Those that are named are all compared.
    let ciphers = "aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com";
    let run = testbed.run(&[&base[..], &["--ciphers", ciphers, &target]].concat());
    assert!(run.stderr.contains("a round opens 4 connections"), "{run:?}");
}
