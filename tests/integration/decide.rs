//! Surveys that end by themselves, on hosts whose answer is known.

use serde_json::Value;

use crate::bottlenecks::{assert_all, undisturbed};
use crate::testbed::hosts::{Host, Link};
use crate::testbed::{CHACHA, GCM, Options, Run, Testbed, rounds};

/// A survey with no flags but where to go; its JSON.
fn unaided(testbed: &Testbed) -> Value {
    let survey = testbed.survey(&[&testbed.target()]);
    let end = &survey["end"];
    assert!(end["elapsed_s"].as_f64().unwrap() < 190.0, "{end}");
    let reason = end["reason"].as_str().unwrap();
    assert!(["decided", "out_of_reach", "budget"].contains(&reason), "{end}");
    survey
}

fn sections(survey: &Value) -> impl Iterator<Item = &Value> {
    let tables = survey["summary"]["tables"].as_array().unwrap();
    tables.iter().flat_map(|table| table["sections"].as_array().unwrap())
}

fn conclusions(survey: &Value) -> impl Iterator<Item = &Value> {
    sections(survey).map(|section| &section["conclusion"])
}

fn advice<'a>(survey: &'a Value, goal: &str) -> &'a Value {
    let advice = survey["recommendations"][0]["advice"].as_array().unwrap();
    advice.iter().find(|advice| advice["goal"] == goal).unwrap()
}

/// MB/s of a cipher in a direction.
fn rate(survey: &Value, table: usize, cipher: &str) -> f64 {
    let rows = survey["summary"]["tables"][table]["sections"][0]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["cipher"] == cipher).unwrap();
    row["rate_mb_per_s"].as_f64().unwrap()
}

#[test]
fn an_arm_host_without_aes_takes_chacha_and_one_with_it_need_not() {
    let slow = undisturbed(|| {
        unaided(&Testbed::with(Options { host: Host::arm(false), ..Options::default() }))
    });
    assert_eq!(slow["end"]["reason"], "decided", "{}", slow["end"]);
    for conclusion in conclusions(&slow) {
        assert_eq!(conclusion["fastest"]["leader"]["cipher"], CHACHA, "{conclusion}");
        assert_eq!(conclusion["fastest"]["ties"], Value::Array(Vec::new()));
    }
    assert_eq!(advice(&slow, "speed")["choice"]["cipher"], CHACHA);
    // Its commands and its /proc are this machine's: the label says AES, the figures do not.
    assert_all(&slow, "server_cpu");
    let warnings = slow["summary"]["warnings"].as_array().unwrap();
    let contradicted = |warning: &&Value| warning["kind"] == "label_contradicted";
    let label = &slow["header"]["pairings"][0]["server"]["host"]["aes"]["class"];
    assert_eq!(warnings.iter().filter(contradicted).count(), usize::from(label == "aes"));
    // Of this one only two rates are looked at.
    let testbed = Testbed::with(Options { host: Host::arm(true), ..Options::default() });
    let both = format!("{GCM},{CHACHA}");
    let fast = testbed.survey(&["--ciphers", &both, "--rounds", "3", &testbed.target()]);
    drop(testbed);
    for table in [0, 1] {
        let share = |survey: &Value| rate(survey, table, GCM) / rate(survey, table, CHACHA);
        assert!(share(&slow) < 0.5, "{}", share(&slow));
        assert!(share(&fast) > 3.0 * share(&slow), "{} {}", share(&fast), share(&slow));
    }
}

#[test]
fn behind_a_slow_link_the_default_is_kept() {
    let link = Link::new();
    let testbed = Testbed::with(Options { host: link.aes_disabled_host(), ..Options::default() });
    let survey = unaided(&testbed);
    for table in [0, 1] {
        let rates = [GCM, CHACHA, "aes128-ctr"].map(|cipher| rate(&survey, table, cipher));
        assert!(rates.iter().all(|rate| (9.0..12.6).contains(rate)), "{rates:?}");
    }
    for section in sections(&survey) {
        let fastest = &section["conclusion"]["fastest"];
        // Nothing is slower, and nothing can be much faster.
        assert_eq!(fastest["worse"], Value::Array(Vec::new()), "{fastest}");
        let bound = 1.0 + fastest["bound_percent"].as_f64().unwrap() / 100.0;
        assert!(bound < 1.06, "{fastest}");
        let others = |key: &str| fastest[key].as_array().unwrap().clone();
        let (ties, undecided) = (others("ties"), others("undecided"));
        let rows = section["rows"].as_array().unwrap();
        let measured = rows.iter().filter(|row| row["measured"] != 0).count();
        assert_eq!(1 + ties.len() + undecided.len(), measured, "{fastest}");
        let times = |other: &Value, key: &str| other["times_leader"][key].as_f64().unwrap();
        for other in &ties {
            assert!(times(other, "low") > 0.97, "{other}");
        }
        // What is no tie is within the bound, and its interval is too wide for one.
        for other in &undecided {
            assert!(times(other, "ratio") <= bound, "{other}");
            let (low, high) = (times(other, "low").ln(), times(other, "high").ln());
            assert!(low <= -0.03 || high >= 0.03, "{other}");
        }
    }
    assert_all(&survey, "network");
    let speed = advice(&survey, "speed");
    assert_eq!(
        (&speed["choice"]["cipher"], &speed["keep_default"]),
        (&CHACHA.into(), &true.into())
    );
    // With its AES instructions hidden chacha20-poly1305 is the cheapest for the server.
    assert_eq!(advice(&survey, "least_there")["choice"]["cipher"], CHACHA);
}

#[test]
fn a_masked_server_is_decided_long_before_five_rounds() {
    let testbed = Testbed::new();
    let loopback = || -> Value {
        let mut command = testbed.program();
        let ciphers = format!("{CHACHA},{GCM},aes256-gcm@openssh.com");
        command.args(["loopback", "--aes", "on/off", "--ciphers", &ciphers]);
        command.args(["--format", "json", "-q"]);
        let run = Run::of(command.output().unwrap());
        assert_eq!(run.code, Some(0), "{run:?}");
        serde_json::from_str(&run.stdout).unwrap()
    };
    let samples = || {
        let survey = loopback();
        assert_eq!(survey["end"]["reason"], "decided", "{}", survey["end"]);
        for conclusion in conclusions(&survey) {
            assert_eq!(conclusion["fastest"]["leader"]["cipher"], CHACHA, "{conclusion}");
        }
        rounds(&survey).len()
    };
    // Half of the thirty trials of five rounds in both directions: two rounds do, unless others
    // keep the machine busy. They are given two chances to go away.
    let most = 15;
    assert!((0..3).any(|_| samples() <= most));
}

#[test]
fn with_aes_at_both_ends_it_ends_by_itself_and_names_the_bound() {
    let testbed = Testbed::new();
    let mut command = testbed.program();
    command.args(["loopback", "--aes", "on/on", "--format", "json", "-q"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    let end = &survey["end"];
    assert!(end["elapsed_s"].as_f64().unwrap() <= 122.0, "{end}");
    // A forecast from four rounds is not yet believed, so that on a machine this noisy the budget
    // may end before the next look; the bound is named then too.
    let reason = end["reason"].as_str().unwrap();
    assert!(["decided", "out_of_reach", "budget"].contains(&reason), "{end}");
    for conclusion in conclusions(&survey) {
        let fastest = &conclusion["fastest"];
        assert_ne!(fastest["leader"]["cipher"], "aes256-ctr");
        let text = conclusion["text"].as_str().unwrap();
        let bound = fastest["bound_percent"].as_f64();
        assert!(
            fastest["decided"] == true
                || bound.is_some() && text.contains("nothing is more than")
                || text.contains("equally fast"),
            "{text}"
        );
    }
}

#[test]
fn a_quick_survey_answers_within_half_a_minute() {
    let testbed = Testbed::new();
    let survey = testbed.survey(&["--quick", "--method", "pipe", &testbed.target()]);
    assert!(survey["end"]["elapsed_s"].as_f64().unwrap() < 31.0, "{}", survey["end"]);
    let skipped = survey["header"]["pairings"][0]["skipped"].as_array().unwrap();
    assert!(skipped.iter().any(|skip| skip["reason"] == "left out by --quick"), "{skipped:?}");
    assert!(rounds(&survey).len() >= 8, "{}", rounds(&survey).len());
}

#[test]
fn a_budget_too_small_for_a_round_says_what_it_holds() {
    let testbed = Testbed::new();
    let run = testbed.run(&["--budget", "8s", "--method", "pipe", &testbed.target()]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("the budget of 8 s holds about"), "{run:?}");
    assert!(run.stdout.contains("Journal: "), "{run:?}");
}
