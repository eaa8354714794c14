//! What a survey advises, for every journal at hand.

use std::io::Read;
use std::path::{Path, PathBuf};

use cipher_survey::analysis::advice::recommend::recommend;
use cipher_survey::analysis::advice::recommendation::Recommendation;
use cipher_survey::analysis::summarise;
use cipher_survey::model::Survey;

use crate::contradictions::contradictions;
use crate::program::run;
use crate::{below, own};

/// The journals in a file; those of validation have many, one after the other.
fn journals(path: &Path) -> Vec<String> {
    let bytes = std::fs::read(path).unwrap();
    let mut text = String::new();
    match path.extension().is_some_and(|end| end == "gz") {
        true => flate2::read::MultiGzDecoder::new(&bytes[..]).read_to_string(&mut text).unwrap(),
        false => (&bytes[..]).read_to_string(&mut text).unwrap(),
    };
    let mut all: Vec<String> = Vec::new();
    for line in text.lines() {
        if line.contains("\"kind\":\"survey\"") || line.contains("\"kind\": \"survey\"") {
            all.push(String::new());
        }
        if let Some(last) = all.last_mut() {
            *last += line;
            last.push('\n');
        }
    }
    all
}

fn of(name: &str) -> (Survey, Vec<Recommendation>) {
    let survey = Survey::read(&std::fs::read(own(name)).unwrap()).unwrap();
    let recommended = recommend(&survey, false);
    (survey, recommended)
}

/// The report, without colours, of the width of a page.
fn report(name: &str, arguments: &[&str]) -> String {
    let path = own(name);
    let run = run(&[&["report", path.to_str().unwrap()], arguments].concat());
    run.assert_code(0);
    run.stdout
}

#[test]
fn no_advice_contradicts_its_own_table() {
    let files = |end: &str| [below(&own("fixtures"), end), below(&own("results"), end)].concat();
    let files: Vec<PathBuf> = [files(".jsonl"), files(".jsonl.gz")].concat();
    let (mut surveys, mut found) = (0, Vec::new());
    for path in files {
        for (number, text) in journals(&path).iter().enumerate() {
            let Ok(survey) = Survey::read(text.as_bytes()) else { continue };
            let all = contradictions(
                &summarise(&survey),
                &recommend(&survey, false),
                survey.header.precision,
            );
            let path = path.display();
            found.extend(all.into_iter().map(|one| format!("{path}, survey {number}: {one}")));
            surveys += 1;
        }
    }
    assert!(surveys > 300, "{surveys}");
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn what_is_surely_better_in_each_direction_is_advised() {
    let text = report("fixtures/cases/left-early.jsonl", &[]);
    let first = text.lines().next().unwrap();
    assert!(first.contains("use aes") && first.contains("times as fast as the default"), "{text}");
    assert!(!text.contains("247"), "{text}");
}

#[test]
fn where_plain_ssh_cannot_connect_there_is_no_default() {
    let name = "fixtures/cases/cbc-alone.jsonl";
    let (_, recommended) = of(name);
    let [one] = &recommended[..] else { panic!("{recommended:?}") };
    assert!(one.goals.is_empty());
    for arguments in [&[][..], &["--details"], &["--format", "markdown"], &["--format", "html"]] {
        let text = report(name, arguments);
        assert!(!text.contains("keep the default"), "{text}");
        assert!(!text.contains("is the default cipher"), "{text}");
        assert!(
            text.contains("plain ssh can't connect") || text.contains("plain ssh can&#39;t"),
            "{text}"
        );
    }
    let text = report(name, &[]);
    assert!(text.contains("    Host nas\n      Ciphers +aes256-cbc\n"), "{text}");
    assert!(text.contains("--allow-legacy"), "{text}");
    let path = own(name);
    let told = run(&["recommend", path.to_str().unwrap()]);
    told.assert_code(0);
    assert!(told.stdout.contains("Ciphers +aes256-cbc"), "{}", told.stdout);
    assert!(!told.stdout.contains("nothing to change"), "{}", told.stdout);
}

#[test]
fn a_crypto_policy_is_kept_and_what_it_leaves_out_is_not_advised() {
    let name = "fixtures/cases/crypto-policy.jsonl";
    let (survey, recommended) = of(name);
    let proposed = &survey.header.pairings[0].client_proposal.ciphers;
    for advice in &recommended[0].goals {
        assert!(proposed.contains(&advice.choice.cipher), "{advice:?}");
    }
    // Lines under a policy are pasted by tests/integration/recommend.rs.
    let text = report(name, &[]);
    assert!(text.contains("left out: aes128-gcm, 1.27 times as fast, by Ciphers"), "{text}");
}

#[test]
fn a_small_window_is_named_with_what_helps() {
    let text = report("fixtures/cases/dropbear-window.jsonl", &[]);
    assert!(!text.contains("the network is the bottleneck"), "{text}");
    assert!(text.contains("bottleneck, upload: window (0.02"), "{text}");
    assert!(text.contains("what helps: a larger window at the server (dropbear -W)"), "{text}");
}

#[test]
fn a_survey_of_one_host_fits_a_screen() {
    for name in ["emulated-arm", "emulated-arm-aes", "link-100mbit", "slow-disk"] {
        let text = report(&format!("results/{name}/survey.jsonl"), &[]);
        assert!(text.lines().count() <= 40, "{name}: {} lines\n{text}", text.lines().count());
        let is_wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("Journal: ");
        assert_eq!(text.lines().find(is_wide), None, "{name}");
    }
    let text = report("results/loopback/survey.jsonl", &[]);
    assert!(text.lines().count() <= 60, "{} lines\n{text}", text.lines().count());
}
