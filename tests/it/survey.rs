//! The main job, end to end.

use std::collections::HashSet;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::lab::{ALL_CIPHERS, CHACHA, GCM, Lab, Options, measured, rounds, said};

#[test]
fn all_ten_ciphers_both_ways_by_both_methods_are_proved_and_accounted() {
    let lab = Lab::with(Options { server: ALL_CIPHERS, ..Options::default() });
    let file = lab.file("file.iso", 16 << 20);
    let file = file.to_str().unwrap();
    let arguments = ["--method", "scp,pipe", "--rounds", "1", "--full", &lab.target(), file];
    let survey = lab.survey(&arguments);
    let mut seen = HashSet::new();
    for trial in measured(&survey) {
        let text = |key: &str| trial[key].as_str().unwrap().to_owned();
        for way in ["client_to_server", "server_to_client"] {
            assert_eq!(trial["negotiated"][way]["cipher"], trial["cipher"]);
            assert_eq!(trial["negotiated"][way]["compression"], "none");
        }
        assert_eq!(trial["bytes"], 16 << 20);
        assert_eq!(trial["server"]["source"], "inside");
        for end in ["client", "server"] {
            assert!(trial[end]["bulk"]["total_s"].as_f64().unwrap() > 0.0, "{trial}");
            assert!(trial[end]["resolution_s"].as_f64().unwrap() > 0.0);
        }
        for host in ["near_host", "far_host"] {
            assert!(trial[host]["real_s"].as_f64().unwrap() > 0.0);
        }
        assert!(trial["handshake_s"].as_f64().unwrap() > 0.0);
        seen.insert((text("method"), text("direction"), text("cipher")));
    }
    assert_eq!(seen.len(), 40, "{seen:?}");
    let digests: Vec<&Value> =
        survey["trials"].as_array().unwrap().iter().filter_map(|t| t.get("sha256")).collect();
    assert!(!digests.is_empty());
    assert!(digests.iter().all(|digests| digests["sent"] == digests["received"]));
    let hash = said(Command::new("sha256sum").arg(file));
    assert!(digests.iter().any(|d| hash.starts_with(d["sent"].as_str().unwrap())));
    lab.assert_nothing_left();
}

#[test]
fn macs_are_swept_for_the_ciphers_that_need_one() {
    let lab = Lab::new();
    let macs = "umac-64-etm@openssh.com,hmac-sha2-256";
    let ciphers = format!("aes128-ctr,{GCM}");
    let survey = lab.survey(&[
        "--method",
        "pipe",
        "--directions",
        "upload",
        "--rounds",
        "1",
        "--limit",
        "1MiB",
        "--full",
        "--macs",
        macs,
        "--ciphers",
        &ciphers,
        &lab.target(),
    ]);
    let pairs: HashSet<(String, String)> = measured(&survey)
        .iter()
        .map(|trial| {
            let way = &trial["negotiated"]["client_to_server"];
            let text = |key: &str| way[key].as_str().unwrap().to_owned();
            (text("cipher"), text("mac"))
        })
        .collect();
    let pair = |cipher: &str, mac: &str| (cipher.to_owned(), mac.to_owned());
    let expected = [
        pair("aes128-ctr", "umac-64-etm@openssh.com"),
        pair("aes128-ctr", "hmac-sha2-256"),
        pair(GCM, "<implicit>"),
    ];
    assert_eq!(pairs, HashSet::from(expected));
}

#[test]
fn a_pipe_writes_a_file_only_where_it_is_told_to() {
    let lab = Lab::new();
    let file = lab.file("file", 5_000_001);
    let base = ["--method", "pipe", "--rounds", "1", "--full", "--ciphers", GCM];
    let target = lab.target();
    let to_file = ["--sink", "file", &target, file.to_str().unwrap()];
    let survey = lab.survey(&[&base[..], &to_file].concat());
    let trials = measured(&survey);
    assert_eq!(trials.len(), 2);
    assert!(trials.iter().all(|trial| trial["bytes"] == 5_000_001), "{trials:?}");
    let compared = survey["trials"].as_array().unwrap().iter().any(|t| t.get("sha256").is_some());
    assert!(compared);
    lab.assert_nothing_left();

    // With a far file system of no free space at all a pipe into nothing still works.
    let run = lab.run(&[&base[..], &["--dry-run", &target]].concat());
    assert!(run.stderr.contains("no file is written on either end"), "{run:?}");
}

#[test]
fn two_directories_give_two_tables() {
    let lab = Lab::new();
    fs::create_dir(lab.path("far/other")).unwrap();
    let also = format!("{}/other", lab.target());
    let survey = lab.survey(&[
        "--method",
        "pipe",
        "--directions",
        "download",
        "--rounds",
        "1",
        "--ciphers",
        GCM,
        "--also",
        &also,
        &lab.target(),
    ]);
    assert_eq!(survey["summary"]["tables"].as_array().unwrap().len(), 2);
    assert_eq!(measured(&survey).len(), 2);
    lab.assert_nothing_left();
}

#[test]
fn a_dry_run_says_the_plan_and_leaves_nothing() {
    let lab = Lab::new();
    let run = lab.run(&["--dry-run", "--rounds", "2", "--limit", "4MiB", &lab.target()]);
    assert_eq!(run.code, Some(0), "{run:?}");
    // Six ciphers that a server offers by default, both ways, twice.
    assert!(run.stderr.contains("24 trials in 2 rounds"), "{run:?}");
    assert!(run.stderr.contains("writes at most"), "{run:?}");
    assert!(run.stderr.contains(lab.path("far").to_str().unwrap()), "{run:?}");
    assert!(run.stdout.is_empty() && lab.journals().is_empty());
    lab.assert_nothing_left();
}

#[test]
fn no_more_is_written_than_allowed() {
    let lab = Lab::new();
    let target = lab.target();
    let base = ["--rounds", "1", "--ciphers", GCM, "--max-bytes", "20MB"];
    let survey = lab.survey(&[&base[..], &[&target]].concat());
    let sum = |direction: &str| -> u64 {
        let trials = survey["trials"].as_array().unwrap();
        // What the pilot sends by pipe is not written.
        let files = trials.iter().filter(|trial| trial["method"] == "scp");
        let those = files.filter(|trial| trial["direction"] == direction);
        those.map(|trial| trial["bytes"].as_u64().unwrap()).sum()
    };
    assert!(sum("upload") <= 20_000_000 && sum("upload") > 0);
    assert!(sum("download") <= 20_000_000);
    let run = lab.run(&[&base[..], &["--full", "--limit", "15MB", &target]].concat());
    run.assert_refused(&["--max-bytes"]);
}

#[test]
fn the_same_seed_gives_the_same_order() {
    let lab = Lab::new();
    let order = || -> Vec<String> {
        let survey = lab.survey(&[
            "--method",
            "pipe",
            "--rounds",
            "2",
            "--limit",
            "1MiB",
            "--full",
            "--seed",
            "7",
            &lab.target(),
        ]);
        let name = |trial: &&Value| format!("{}{}", trial["direction"], trial["cipher"]);
        rounds(&survey).iter().map(name).collect()
    };
    let first = order();
    assert_eq!(first.len(), 24);
    assert_eq!(first, order());
    // Rounds differ from each other.
    assert_ne!(first[..12], first[12..]);
}

#[test]
fn the_report_comes_from_the_journal_alone() {
    let lab = Lab::new();
    let target = lab.target();
    let base = ["--method", "pipe", "--rounds", "1", "--limit", "1MiB", "--full", "--ciphers", GCM];
    let run = lab.run(&[&base[..], &[&target]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let [journal] = lab.journals().try_into().unwrap();
    let again = lab.program().arg("report").arg(&journal).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), run.stdout);
    assert!(
        run.stdout
            .lines()
            .all(|line| { line.chars().count() <= 80 || line.starts_with("Journal: ") }),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains(GCM) && run.stdout.contains("Journal: "));

    // A named journal is never overwritten, and a report is written whole or not at all.
    let named = lab.path("mine.jsonl");
    let named = named.to_str().unwrap();
    let output = lab.path("report.json");
    let out = ["--journal", named, "--format", "json", "--output", output.to_str().unwrap()];
    let run = lab.run(&[&base[..], &out, &[&target]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    let report: Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
    assert_eq!(measured(&report).len(), 2);
    let run = lab.run(&[&base[..], &["--journal", named, &target]].concat());
    run.assert_refused(&["exists", "--journal"]);
    lab.assert_nothing_left();
}

#[test]
fn a_budget_ends_the_rounds() {
    let lab = Lab::new();
    let arguments = ["--method", "pipe", "--budget", "8s", "--ciphers"];
    let survey =
        lab.survey(&[&arguments[..], &[&format!("{GCM},{CHACHA}"), &lab.target()]].concat());
    assert_eq!(survey["end"]["reason"], "budget");
    let trials = measured(&survey).len();
    assert!(trials > 0 && trials < 12, "{trials}");
}
