//! The figures against independent accounts of the same trials.

use serde_json::Value;

use crate::testbed::cgroup::sampled;
use crate::testbed::{CHACHA, Options, Testbed, measured, need_root};

fn total(spent: &Value) -> f64 {
    spent["total_s"].as_f64().unwrap()
}

/// The cgroup's account of each trial's bulk against ours, server and helpers together.
fn server_against_cgroup(ordinary: bool) {
    need_root();
    let testbed = Testbed::with(Options { ordinary, cgroup: true, ..Options::default() });
    let file = testbed.file("data", 400 << 20);
    let ciphers = format!("{CHACHA},aes128-ctr");
    let target = testbed.target();
    let (survey, samples) = sampled(&[testbed.cgroup.as_ref().unwrap()], || {
        let arguments = ["--method", "scp,pipe", "--rounds", "1", "--full", "--ciphers", &ciphers];
        testbed.survey(&[&arguments[..], &[&target, file.to_str().unwrap()]].concat())
    });
    let mut ratios = Vec::new();
    for sample in measured(&survey) {
        assert_eq!(sample["server"]["source"], "inside", "{sample}");
        let started: jiff::Timestamp = sample["started"].as_str().unwrap().parse().unwrap();
        let begin = started.as_nanosecond() as f64 / 1e9 + sample["handshake_s"].as_f64().unwrap();
        let end = begin + sample["real_s"].as_f64().unwrap();
        let truth = samples.at(0, end) - samples.at(0, begin);
        let ours = total(&sample["server"]["bulk"]) + total(&sample["server"]["helpers"]);
        eprintln!(
            "{} {} {}: cgroup {truth:.3} s, ours {ours:.3} s",
            sample["method"], sample["direction"], sample["cipher"]
        );
        if truth >= 0.5 {
            ratios.push(ours / truth);
        }
    }
    assert!(ratios.len() >= 6, "too few trials of half a CPU second: {ratios:?}");
    for ratio in &ratios {
        assert!((0.9..=1.1).contains(ratio), "{ratios:?}");
    }
    testbed.assert_nothing_left();
}

#[test]
fn the_server_of_root_agrees_with_its_cgroup() {
    server_against_cgroup(false);
}

#[test]
fn the_server_of_an_ordinary_account_agrees_with_its_cgroup() {
    server_against_cgroup(true);
}

/// Totals of the client against `times` of a shell around it.
#[test]
fn the_client_agrees_with_the_times_of_a_shell() {
    let testbed = Testbed::new();
    let wrapper = testbed.path("timed-ssh");
    let log = testbed.path("times");
    // $(times) would be those of a subshell; the second line holds the children's.
    let script = format!(
        "#!/bin/sh\ncase \"$1\" in -Q|-V|-G) exec ssh \"$@\";; esac\nssh \"$@\"; e=$?\n\
         times >> {}\nexit $e\n",
        log.display()
    );
    std::fs::write(&wrapper, script).unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o755)).unwrap();
    let target = testbed.target();
    let survey = testbed.survey(&[
        "--client",
        wrapper.to_str().unwrap(),
        "--method",
        "pipe",
        "--directions",
        "upload",
        "--rounds",
        "2",
        "--ciphers",
        "aes128-ctr,aes256-ctr",
        &target,
    ]);
    let seconds = |word: &str| {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m').unwrap();
        minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
    };
    let text = std::fs::read_to_string(&log).unwrap();
    let shells: Vec<f64> = text
        .lines()
        .skip(1)
        .step_by(2)
        .map(|line| line.split_whitespace().map(seconds).sum())
        .collect();
    let samples = measured(&survey);
    assert_eq!(samples.len(), 4);
    // The rounds are the last connections but for the monitor, which ends after all.
    let end = shells.len() - 1;
    for (sample, shell) in samples.iter().zip(&shells[end - 4..end]) {
        let client = &sample["client"];
        let ours = total(&client["bulk"]) + total(&client["handshake"]);
        eprintln!("shell {shell:.3} s, ours {ours:.3} s");
        assert!(*shell > 0.5 && (0.95..1.05).contains(&(ours / shell)), "{ours} {shell}");
    }
}

/// Where the session can't read its own server, the next source serves, and agrees.
fn without_inside(ordinary: bool, source: &str) {
    let arguments = |target: &str| -> Vec<String> {
        [
            "--method",
            "scp",
            "--rounds",
            "2",
            "--full",
            "--limit",
            "256MiB",
            "--ciphers",
            "aes128-ctr",
            target,
        ]
        .map(str::to_owned)
        .into()
    };
    let cost = |server: &str, source: &str| {
        let testbed = Testbed::with(Options { server, ordinary, ..Options::default() });
        let target = testbed.target();
        let arguments = arguments(&target);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let survey = testbed.survey(&arguments);
        let samples = measured(&survey);
        assert_eq!(samples.len(), 4);
        let mut sum = 0.0;
        for sample in samples {
            let server = &sample["server"];
            assert_eq!(server["source"], source, "{sample}");
            sum += total(&server["bulk"]);
            if server["with_helpers"] != true && source == "reaper" {
                panic!("the reaper can't tell helpers apart: {server}");
            }
            if source == "inside" && !ordinary {
                sum += total(&server["helpers"]);
            }
        }
        testbed.assert_nothing_left();
        sum
    };
    let inside = cost("", "inside");
    let other = cost("Subsystem sftp internal-sftp\n", source);
    eprintln!("inside {inside:.3} s, {source} {other:.3} s");
    assert!((0.7..1.4).contains(&(other / inside)), "inside {inside}, {source} {other}");
}

#[test]
fn the_reaper_serves_where_sftp_is_internal() {
    without_inside(false, "reaper");
}

/// Before OpenSSH 9.8 the privileged monitor never waits for the user's process.
#[test]
fn an_ordinary_account_is_sampled_where_sftp_is_internal() {
    need_root();
    without_inside(true, "sampled");
}
