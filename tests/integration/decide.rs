//! Surveys that end by themselves: that they do, and what they say. Who leads and how soon that is
//! decided is asserted on surveys that were made on a quiet machine (`recorded.rs`) and on simulated
//! ones (`tests/simulation`).

use crate::testbed::kept::conclusions;
use crate::testbed::{ALL_CIPHERS, GCM, Options, Testbed, measured};

#[test]
fn a_survey_without_a_number_of_rounds_ends_by_itself() {
    let testbed = Testbed::with(Options { server: ALL_CIPHERS, ..Options::default() });
    let ciphers = format!("{GCM},3des-cbc");
    let base = ["--method", "pipe", "--directions", "upload", "--budget", "40s", "--ciphers"];
    let survey = testbed.survey(&[&base[..], &[&ciphers, &testbed.target()]].concat());
    let end = &survey["end"];
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
fn a_budget_too_small_for_a_round_says_what_it_holds() {
    let testbed = Testbed::new();
    let base = ["--budget", "8s", "--method", "pipe", "--dry-run"];
    let run = testbed.run(&[&base[..], &[&testbed.target()]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("the budget of 8 s is enough for about"), "{run:?}");
}
