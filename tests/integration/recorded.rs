//! Who is fastest, what the bottleneck is, and how soon it is decided: on surveys that were made on
//! a quiet machine. `results/make` and `cargo test --release --test validation -- --measure NAME`
//! make them anew.

use serde_json::Value;

use crate::testbed::kept::{
    advice, assert_bottleneck, bottlenecks, conclusions, cost, rate, report, reports, sections,
};
use crate::testbed::{CHACHA, GCM, rounds};

/// What all surveys without a number of rounds do.
fn ends_by_itself(survey: &Value) {
    let end = &survey["end"];
    assert!(end["elapsed_s"].as_f64().unwrap() < 190.0, "{end}");
    let reason = end["reason"].as_str().unwrap();
    assert!(["decided", "out_of_reach", "budget"].contains(&reason), "{end}");
}

#[test]
fn an_arm_host_without_aes_takes_chacha_and_one_with_aes_need_not() {
    let slow = report("results/emulated-arm/survey.jsonl");
    ends_by_itself(&slow);
    assert_eq!(slow["end"]["reason"], "decided", "{}", slow["end"]);
    for conclusion in conclusions(&slow) {
        let fastest = &conclusion["fastest"];
        assert_eq!(fastest["leader"]["cipher"], CHACHA, "{conclusion}");
        assert_eq!(fastest["ties"], Value::Array(Vec::new()));
        // The margin is above the spread: no interval of another reaches it.
        let worse = fastest["worse"].as_array().unwrap();
        assert_eq!(worse.len(), 5, "{fastest}");
        for other in worse {
            assert!(other["times_leader"]["high"].as_f64().unwrap() < 1.0, "{fastest}");
        }
    }
    assert_eq!(advice(&slow, "speed")["choice"]["cipher"], CHACHA);
    // Its commands and its /proc are this machine's: the label says AES, the figures do not.
    assert_bottleneck(&slow, "server_cpu");
    let warnings = slow["summary"]["warnings"].as_array().unwrap();
    let contradicted = |warning: &&Value| warning["kind"] == "aes_contradicted";
    let label = &slow["header"]["pairings"][0]["server"]["host"]["aes"]["class"];
    assert_eq!(label, "aes");
    assert_eq!(warnings.iter().filter(contradicted).count(), 1);
    let fast = report("results/emulated-arm-aes/survey.jsonl");
    for table in [0, 1] {
        let share = |survey: &Value| rate(survey, table, GCM) / rate(survey, table, CHACHA);
        assert!(share(&slow) < 0.5, "{}", share(&slow));
        assert!(share(&fast) > 3.0 * share(&slow), "{} {}", share(&fast), share(&slow));
    }
}

/// Nothing is slower than what leads, and nothing can be much faster.
fn assert_all_alike(survey: &Value) {
    ends_by_itself(survey);
    for table in [0, 1] {
        let rates = [GCM, CHACHA, "aes128-ctr"].map(|cipher| rate(survey, table, cipher));
        assert!(rates.iter().all(|rate| (9.0..12.6).contains(rate)), "{rates:?}");
    }
    for section in sections(survey) {
        let fastest = &section["conclusion"]["fastest"];
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
    let speed = advice(survey, "speed");
    assert_eq!(
        (&speed["choice"]["cipher"], &speed["keep_default"]),
        (&CHACHA.into(), &true.into())
    );
}

#[test]
fn behind_a_slow_link_the_default_is_kept() {
    let survey = report("results/link-100mbit/survey.jsonl");
    assert_all_alike(&survey);
    assert_bottleneck(&survey, "network");
    let survey = report("results/validation/decisions/link-aes-disabled.jsonl.gz");
    assert_all_alike(&survey);
    assert_bottleneck(&survey, "network");
    // With AES disabled at the server, chacha20-poly1305 is the cheapest for it.
    assert_eq!(advice(&survey, "remote_cpu")["choice"]["cipher"], CHACHA);
}

fn assert_decided(survey: &Value) {
    ends_by_itself(survey);
    assert_eq!(survey["end"]["reason"], "decided", "{}", survey["end"]);
    for conclusion in conclusions(survey) {
        let fastest = &conclusion["fastest"];
        assert_eq!(fastest["leader"]["cipher"], CHACHA, "{conclusion}");
        // Journals of schema 1 ended by the narrower intervals of their time.
        let bound = fastest["bound_percent"].as_f64().unwrap_or(0.0);
        let is_old = survey["connections"].as_array().is_none_or(Vec::is_empty);
        assert!(fastest["decided"] == true || is_old && bound < 6.0, "{conclusion}");
    }
}

/// The samples of three rounds do, the fewest that decide.
fn assert_decided_early(survey: &Value, configurations: usize) {
    assert_decided(survey);
    let samples = rounds(survey).len();
    assert!(samples <= 3 * configurations, "{samples} of {configurations} configurations");
}

#[test]
fn with_aes_disabled_at_the_server_it_is_decided_long_before_five_rounds() {
    // Three ciphers, both ways.
    let survey = report("results/validation/decisions/server-aes-disabled.jsonl.gz");
    assert_decided_early(&survey, 6);
    // Ten ciphers, uploads: a slow host, whose rates are steady.
    for survey in reports("results/validation/ranking/arm.jsonl.gz") {
        assert_decided_early(&survey, 10);
    }
    // Ten ciphers on a machine with busy neighbours: as certainly, and later.
    for survey in reports("results/validation/ranking/aes-disabled.jsonl.gz") {
        assert_decided(&survey);
    }
}

#[test]
fn with_aes_at_both_ends_it_ends_by_itself_and_names_the_bound() {
    let loopback = report("results/loopback/survey.jsonl");
    for survey in reports("results/validation/ranking/aes.jsonl.gz").iter().chain([&loopback]) {
        ends_by_itself(survey);
        assert!(survey["end"]["elapsed_s"].as_f64().unwrap() <= 122.0, "{}", survey["end"]);
        for conclusion in conclusions(survey) {
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
}

#[test]
fn a_quick_survey_answers_within_half_a_minute() {
    let survey = report("results/validation/decisions/quick.jsonl.gz");
    assert!(survey["end"]["elapsed_s"].as_f64().unwrap() < 31.0, "{}", survey["end"]);
    assert!(rounds(&survey).len() >= 8, "{}", rounds(&survey).len());
}

/// Uploads, since the server of a download also reads what `cat` writes to it: a third of its CPU
/// that has nothing to do with the cipher.
#[test]
fn a_server_with_aes_disabled_pays_for_aes_and_not_for_chacha() {
    let survey = report("results/loopback/survey.jsonl");
    let cost = |pairing: u64, cipher: &str| cost(&survey, "server", pairing, "upload", cipher);
    let ratio = |cipher: &str| cost(1, cipher) / cost(0, cipher);
    assert!(ratio(GCM) >= 3.0, "{}", ratio(GCM));
    assert!((0.7..1.4).contains(&ratio(CHACHA)), "{}", ratio(CHACHA));
}

/// The bottleneck of each testbed of `tests/testbed/scenarios.rs` is named for both ciphers, ten
/// times of ten.
#[test]
fn the_bottleneck_is_named_where_it_is_known() {
    for scenario in &crate::testbed::scenarios::ALL {
        let name = format!("results/validation/bottlenecks/{}.jsonl.gz", scenario.name);
        let surveys = reports(&name);
        assert_eq!(surveys.len(), 10, "{name}");
        for survey in &surveys {
            assert_bottleneck(survey, scenario.bottleneck);
            let end = scenario.name.strip_suffix("-quota");
            let words = end.map_or(String::new(), |end| format!("the {end} is throttled"));
            for bottleneck in bottlenecks(survey) {
                let evidence = bottleneck["evidence"].as_str().unwrap();
                assert!(evidence.contains(&words), "{evidence}");
            }
        }
    }
}

/// A plain TCP connection shows what the link carries.
#[test]
fn the_plain_tcp_rate_is_the_upper_bound_of_a_link() {
    let survey = report("results/validation/decisions/plain-tcp.jsonl.gz");
    let sections: Vec<&Value> = sections(&survey).collect();
    assert_eq!(sections.len(), 2);
    for section in sections {
        let upper_bound = &section["upper_bound"];
        assert_eq!(upper_bound["basis"], "plain_tcp", "{upper_bound}");
        // 100 Mbit/s of frames carry 11.9 MB/s of payload.
        let mb_per_s = upper_bound["mb_per_s"].as_f64().unwrap();
        assert!((11.0..13.5).contains(&mb_per_s), "{upper_bound}");
    }
    // One cipher alone can't tell the network from anything else; with the plain TCP rate it can.
    assert_bottleneck(&survey, "network");
}
