//! The figures against independent accounts of the same samples.

use serde_json::Value;

use crate::testbed::cgroup::sampled;
use crate::testbed::{CHACHA, Options, Testbed, measured, need_root};

fn total(spent: &Value) -> f64 {
    spent["total_s"].as_f64().unwrap()
}

/// Samples that spend less are not judged.
const LEAST_S: f64 = 0.5;

/// What the server's own process says of each sample's bulk against its cgroup's account of the same
/// processes, helpers included. Both methods, both ways, two ciphers.
fn server_against_cgroup(options: Options) {
    need_root();
    let testbed = Testbed::with(Options { cgroup: true, ..options });
    let file = testbed.file("data", 400 << 20);
    let ciphers = format!("{CHACHA},aes128-ctr");
    let target = testbed.target();
    let (survey, samples) = sampled(&[testbed.cgroup.as_ref().unwrap()], || {
        let arguments = ["--method", "scp,pipe", "--rounds", "1", "--full", "--ciphers", &ciphers];
        testbed.survey(&[&arguments[..], &[&target, file.to_str().unwrap()]].concat())
    });
    let mut ratios = Vec::new();
    for sample in measured(&survey) {
        assert_eq!(sample["server"]["source"], "process", "{sample}");
        let started: jiff::Timestamp = sample["started"].as_str().unwrap().parse().unwrap();
        let begin = started.as_nanosecond() as f64 / 1e9 + sample["setup_s"].as_f64().unwrap();
        let end = begin + sample["real_s"].as_f64().unwrap();
        let truth = samples.at(0, end) - samples.at(0, begin);
        let server = &sample["server"];
        let ours = total(&server["bulk"]) + total(&server["helpers"]);
        eprintln!(
            "{} {} {}: cgroup {truth:.3} s, ours {ours:.3} s",
            sample["method"], sample["direction"], sample["cipher"]
        );
        if truth >= LEAST_S {
            ratios.push(ours / truth);
        }
    }
    testbed.assert_nothing_left();
    assert!(ratios.len() >= 6, "too few samples of half a CPU second: {ratios:?}");
    for ratio in &ratios {
        assert!((0.9..=1.1).contains(ratio), "{ratios:?}");
    }
}

#[test]
fn the_server_of_root_agrees_with_its_cgroup() {
    server_against_cgroup(Options::default());
}

#[test]
fn the_server_of_an_ordinary_account_agrees_with_its_cgroup() {
    server_against_cgroup(Options { ordinary: true, ..Options::default() });
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
        "--limit",
        "512MiB",
        "--full",
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
    // The rounds are the last connections but for the control connection, which ends after all.
    let end = shells.len() - 1;
    for (sample, shell) in samples.iter().zip(&shells[end - 4..end]) {
        let client = &sample["client"];
        let ours = total(&client["bulk"]) + total(&client["setup"]);
        eprintln!("shell {shell:.3} s, ours {ours:.3} s");
        assert!(*shell > 0.5 && (0.95..1.05).contains(&(ours / shell)), "{ours} {shell}");
    }
}

/// Where the server process can't be read, the next source is used, and agrees: per CPU
/// second of the client, which costs more on a busy machine just as the server does.
fn without_process(ordinary: bool, source: &str) {
    let arguments = ["--method", "scp", "--rounds", "2", "--full", "--limit", "128MiB"];
    let cost = |server: &str, expected: &[&str]| {
        let testbed = Testbed::with(Options { server, ordinary, ..Options::default() });
        let target = testbed.target();
        let ciphers = ["--ciphers", "aes128-ctr", &target];
        let survey = testbed.survey(&[&arguments[..], &ciphers].concat());
        let samples = measured(&survey);
        assert_eq!(samples.len(), 4);
        assert!(samples.iter().any(|sample| sample["server"]["source"] == expected[0]), "{survey}");
        let (mut server_s, mut client_s) = (0.0, 0.0);
        for sample in samples {
            let server = &sample["server"];
            let source = server["source"].as_str().unwrap();
            assert!(expected.contains(&source), "{sample}");
            // The listener can't tell helpers apart; what is compared with it has them too.
            assert!(server["with_helpers"] == true || source != "listener", "{server}");
            if expected[0] != source {
                continue;
            }
            server_s += total(&server["bulk"]);
            if source == "process" && !ordinary {
                server_s += total(&server["helpers"]);
            }
            client_s += total(&sample["client"]["bulk"]);
        }
        testbed.assert_nothing_left();
        server_s / client_s
    };
    let own = cost("", &["process"]);
    // A server process that is reaped late, on a busy machine, was sampled meanwhile.
    let other = cost("Subsystem sftp internal-sftp\n", &[source, "sampled"]);
    eprintln!("per CPU second of the client: process {own:.3} s, {source} {other:.3} s");
    assert!((0.7..1.4).contains(&(other / own)), "process {own}, {source} {other}");
}

#[test]
fn the_listener_serves_where_sftp_is_internal() {
    without_process(false, "listener");
}

/// Before OpenSSH 9.8 the privileged monitor never waits for the user's process.
#[test]
fn an_ordinary_account_is_sampled_where_sftp_is_internal() {
    need_root();
    without_process(true, "sampled");
}
