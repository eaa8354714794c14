//! `cipher-survey loopback`, and emulated hosts.

use std::process::Command;

use serde_json::Value;

use crate::testbed::hosts::Host;
use crate::testbed::kept::cost;
use crate::testbed::{ACCOUNT, CHACHA, GCM, Options, PROGRAM, Run, Testbed, measured, need_root};

fn has_aes() -> bool {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    flags.split_whitespace().any(|word| word == "aes")
}

#[test]
fn loopback_surveys_with_aes_enabled_and_disabled() {
    let testbed = Testbed::new();
    let ciphers = format!("{GCM},{CHACHA}");
    let mut command = testbed.program();
    command.args(["loopback", "--ciphers", &ciphers, "--rounds", "2", "--format", "json"]);
    command.args(["--directions", "upload"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    if !has_aes() {
        assert!(run.stderr.contains("only --aes neither is possible"), "{run:?}");
        assert_eq!(survey["header"]["pairings"].as_array().unwrap().len(), 1);
        return;
    }
    // Seven times as much on a quiet machine (`recorded.rs`).
    let cost = |pairing: u64| cost(&survey, "server", pairing, "upload", GCM);
    assert!(cost(1) > 2.0 * cost(0), "{} {}", cost(0), cost(1));
    let aes_disabled = &survey["header"]["pairings"][1]["server"];
    assert_eq!(aes_disabled["host"]["aes"]["class"], "no-aes");
    assert!(aes_disabled["aes_disabled_by"].as_str().unwrap().starts_with("OPENSSL_"));
    testbed.assert_nothing_left();
}

#[test]
fn an_ordinary_user_can_run_loopback() {
    need_root();
    let testbed = Testbed::with(Options { ordinary: true, ..Options::default() });
    let place = std::path::PathBuf::from(format!("/home/{ACCOUNT}/tmp"));
    let as_user = |line: &str| {
        let output = Command::new("runuser").args(["-u", ACCOUNT, "--", "sh", "-c", line]).output();
        Run::of(output.unwrap())
    };
    assert_eq!(as_user("mkdir ~/tmp").code, Some(0));
    // The program itself may lie where the account can't read.
    let program = testbed.path("program");
    std::fs::copy(PROGRAM, &program).unwrap();
    let run = as_user(&format!(
        "TMPDIR={} {} loopback --ciphers {CHACHA} --rounds 1 --format json -q",
        place.display(),
        program.display()
    ));
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(measured(&survey).iter().all(|sample| sample["server"]["source"] == "process"));
    assert_eq!(std::fs::read_dir(&place).unwrap().count(), 0);
}

#[test]
fn where_there_is_no_sshd_its_package_is_named() {
    let testbed = Testbed::new();
    let run = Run::of(
        Command::new("unshare")
            .args(["--mount", "sh", "-c"])
            .arg(format!(
                "for d in /usr/sbin /usr/local/sbin /sbin; do f=$d/sshd; \
                 [ -e $f ] && mount --bind /dev/null $f; done; {PROGRAM} loopback --server openssh"
            ))
            .env("TMPDIR", testbed.path("tmp"))
            .output()
            .unwrap(),
    );
    run.assert_refused(&["openssh-server", "--server russh"]);
}

/// OpenSSH's server under user-mode emulation is slow, steady, and has no AES.
#[test]
fn a_slow_host_is_surveyed() {
    let testbed = Testbed::with(Options { host: Host::emulated(), ..Options::default() });
    let ciphers = format!("{CHACHA},{GCM},aes128-ctr");
    let arguments = ["--method", "pipe", "--rounds", "1", "--ciphers", &ciphers, &testbed.target()];
    let survey = testbed.survey(&arguments);
    assert_surveyed(&survey, 6);
    let tables = survey["summary"]["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 2);
    testbed.assert_nothing_left();
}

/// What it says of its CPU is this machine's: its shell runs outside the emulator.
#[test]
fn an_arm_host_is_surveyed() {
    let testbed = Testbed::with(Options { host: Host::arm(false), ..Options::default() });
    let ciphers = format!("{CHACHA},{GCM}");
    let arguments = ["--method", "pipe", "--rounds", "1", "--ciphers", &ciphers, &testbed.target()];
    let survey = testbed.survey(&arguments);
    assert_surveyed(&survey, 4);
    let label = &survey["header"]["pairings"][0]["server"]["host"]["aes"]["class"];
    assert_eq!(*label == "aes", has_aes(), "{label}");
    testbed.assert_nothing_left();
}

/// So many samples, each of the cipher asked for, with the CPU of both ends.
fn assert_surveyed(survey: &Value, many: usize) {
    let samples = measured(survey);
    assert_eq!(samples.len(), many, "{survey}");
    for sample in samples {
        for way in ["client_to_server", "server_to_client"] {
            assert_eq!(sample["negotiated"][way]["cipher"], sample["cipher"], "{sample}");
        }
        for end in ["client", "server"] {
            assert!(sample[end]["bulk"]["total_s"].as_f64().unwrap() > 0.0, "{sample}");
        }
        assert_eq!(sample["server"]["source"], "process", "{sample}");
    }
}
