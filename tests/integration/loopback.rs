//! This machine against itself, and against a slow host without AES.

use std::process::Command;

use serde_json::Value;

use crate::testbed::hosts::Host;
use crate::testbed::{ACCOUNT, CHACHA, GCM, Options, PROGRAM, Run, Testbed, measured, need_root};

fn has_aes() -> bool {
    let flags = std::fs::read_to_string("/proc/cpuinfo").unwrap();
    flags.split_whitespace().any(|word| word == "aes")
}

/// Server CPU seconds a GB of a cipher: the median of a pairing's trials.
fn server_cost(survey: &Value, pairing: u64, cipher: &str) -> f64 {
    let number = |sample: &Value, pointer: &str| sample.pointer(pointer).unwrap().as_f64().unwrap();
    let mut costs: Vec<f64> = measured(survey)
        .into_iter()
        .filter(|sample| sample["pairing"] == pairing && sample["cipher"] == cipher)
        .map(|sample| number(sample, "/server/bulk/total_s") / number(sample, "/bytes") * 1e9)
        .collect();
    assert!(!costs.is_empty(), "no trial of {cipher} in pairing {pairing}");
    costs.sort_by(f64::total_cmp);
    costs[costs.len() / 2]
}

/// Uploads, since the server of a download also reads what `cat` writes to it: a third of its CPU
/// that has nothing to do with the cipher.
#[test]
fn a_masked_server_pays_for_aes_and_not_for_chacha() {
    let testbed = Testbed::new();
    let ciphers = format!("{GCM},{CHACHA}");
    let mut command = testbed.program();
    command.args(["loopback", "--ciphers", &ciphers, "--rounds", "7", "--format", "json"]);
    command.args(["--directions", "upload"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    if !has_aes() {
        assert!(run.stderr.contains("only off/off exists"), "{run:?}");
        assert_eq!(survey["header"]["pairings"].as_array().unwrap().len(), 1);
        return;
    }
    let ratio = |cipher: &str| server_cost(&survey, 1, cipher) / server_cost(&survey, 0, cipher);
    assert!(ratio(GCM) >= 3.0, "{}", ratio(GCM));
    assert!((0.7..1.4).contains(&ratio(CHACHA)), "{}", ratio(CHACHA));
    let aes_disabled = &survey["header"]["pairings"][1]["server"];
    assert_eq!(aes_disabled["host"]["aes"]["class"], "no-aes");
    assert!(aes_disabled["mask"].as_str().unwrap().starts_with("OPENSSL_"));
    testbed.assert_nothing_left();
}

#[test]
fn an_ordinary_user_can_do_it_too() {
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
    assert!(measured(&survey).iter().all(|sample| sample["server"]["source"] == "inside"));
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
fn on_a_slow_host_without_aes_chacha_is_fastest() {
    let testbed = Testbed::with(Options { host: Host::emulated(), ..Options::default() });
    let ciphers = format!("{CHACHA},{GCM},aes128-ctr");
    let arguments = ["--method", "pipe", "--rounds", "3", "--ciphers", &ciphers, &testbed.target()];
    let survey = testbed.survey(&arguments);
    let tables = survey["summary"]["tables"].as_array().unwrap();
    assert_eq!(tables.len(), 2);
    for table in tables {
        let fastest = &table["sections"][0]["conclusion"]["fastest"];
        assert_eq!(fastest["leader"]["cipher"], CHACHA, "{fastest}");
        assert_eq!(fastest["decided"], true, "{fastest}");
        // The margin is above the spread: no interval of another reaches it.
        let worse = fastest["worse"].as_array().unwrap();
        assert_eq!(worse.len(), 2, "{fastest}");
        for other in worse {
            assert!(other["times_leader"]["high"].as_f64().unwrap() < 1.0, "{fastest}");
        }
    }
    testbed.assert_nothing_left();
}
