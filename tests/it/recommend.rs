//! Each line that is recommended is run by the real program, and negotiates what it says.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::lab::{Lab, need, ran, said};

const CIPHER: &str = "aes128-ctr";
const MAC: &str = "umac-64-etm@openssh.com";

/// A record of a real survey in which aes128-ctr is by far the fastest, of the lab as target.
fn journal(lab: &Lab, version: Option<&str>) -> PathBuf {
    let record = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records/pipe-1.jsonl");
    let mut text = String::new();
    for line in fs::read_to_string(record).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "survey" {
            line["pairings"][0]["target"] = "lab".into();
            if let Some(version) = version {
                line["pairings"][0]["client"]["version"] = version.into();
            }
        }
        if line["kind"] == "trial" && line["cipher"] == CIPHER {
            line["bytes"] = (line["bytes"].as_u64().unwrap() * 9).into();
        }
        text += &format!("{line}\n");
    }
    let path = lab.path(&format!("journal-{}.jsonl", version.is_some()));
    fs::write(&path, text).unwrap();
    path
}

/// The lines to paste for one fast transfer.
fn lines(lab: &Lab, journal: &Path) -> Value {
    let mut command = lab.program();
    command.arg("recommend").arg(journal).args(["--format", "json"]);
    let all: Value = serde_json::from_str(&said(&mut command)).unwrap();
    let first = &all[0]["uses"][0];
    assert_eq!(first["choice"]["cipher"], CIPHER, "{all}");
    assert_eq!(first["goals"][0], "speed");
    first["paste"].clone()
}

/// `ssh` with the lab's ssh_config and a log of its own, in a directory for PATH.
fn wrapper(lab: &Lab) -> PathBuf {
    let directory = lab.path("bin");
    let _ = fs::create_dir(&directory);
    let path = directory.join("ssh");
    let (config, log) = (lab.path("ssh_config"), lab.path("ssh.log"));
    let real = need("ssh", "openssh-client");
    let (real, config, log) = (real.display(), config.display(), log.display());
    fs::write(&path, format!("#!/bin/sh\nexec {real} -v -E {log} -F {config} \"$@\"\n")).unwrap();
    ran(Command::new("chmod").arg("755").arg(&path));
    path
}

/// The log of the last connection says the cipher and the MAC, and is gone.
fn assert_negotiated(lab: &Lab, what: &str) {
    let path = lab.path("ssh.log");
    let log = fs::read_to_string(&path).unwrap_or_default();
    for way in ["client->server", "server->client"] {
        let expected = format!("kex: {way} cipher: {CIPHER} MAC: {MAC} ");
        assert!(log.contains(&expected), "{what}: {log}");
    }
    fs::remove_file(path).unwrap();
}

/// Runs a printed line with the names that the user puts in.
fn run(lab: &Lab, line: &Value, change: impl Fn(String) -> String) {
    let line = change(line.as_str().unwrap().to_owned());
    let path = std::env::var("PATH").unwrap();
    let output = Command::new("sh")
        .args(["-c", &line])
        .env("PATH", format!("{}:{path}", lab.path("bin").display()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
}

#[test]
fn each_line_to_paste_negotiates_what_it_says() {
    let lab = Lab::new();
    let paste = lines(&lab, &journal(&lab, None));
    let ssh = wrapper(&lab);
    let file = lab.file("file", 100_000);
    let (file, far, ssh) = (file.to_str().unwrap(), lab.path("far"), ssh.to_str().unwrap());
    let named = |line: String| {
        line.replace("FILE", file).replace("lab:", &format!("lab:{}", far.display()))
    };
    for (program, key) in [("scp", "scp"), ("sftp", "sftp")] {
        need(program, "openssh-client");
        // They know where ssh is; the lab's has the lab's configuration.
        run(&lab, &paste[key], |line| {
            let line = line.replacen(program, &format!("{program} -S {ssh}"), 1);
            named(if program == "sftp" { format!("echo bye | {line}") } else { line })
        });
        assert_negotiated(&lab, key);
    }
    need("rsync", "rsync");
    run(&lab, &paste["rsync"], named);
    assert_negotiated(&lab, "rsync");

    need("sshfs", "sshfs");
    let mount = lab.path("mount");
    fs::create_dir(&mount).unwrap();
    let point = mount.to_str().unwrap();
    run(&lab, &paste["sshfs"], |line| named(line).replace("MOUNTPOINT", point));
    let listed = fs::read_dir(&mount).map(Iterator::count);
    ran(Command::new(need("fusermount3", "fuse3")).args(["-u", point]));
    assert_eq!(listed.unwrap(), 1);
    assert_negotiated(&lab, "sshfs");
}

#[test]
fn the_host_block_negotiates_what_it_says_and_keeps_the_rest() {
    let lab = Lab::new();
    // Since OpenSSH 8.1 a name is put first; before, the whole list is written.
    for version in [None, Some("OpenSSH_7.4p1")] {
        let paste = lines(&lab, &journal(&lab, version));
        let block: Vec<&str> = paste["ssh_config"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| line.as_str().unwrap())
            .collect();
        assert_eq!(block[1].contains('^'), version.is_none(), "{block:?}");
        let config = lab.path("pasted_config");
        let own = fs::read_to_string(lab.path("ssh_config")).unwrap();
        fs::write(&config, format!("{}\n{own}", block.join("\n"))).unwrap();
        let mut ssh = Command::new(need("ssh", "openssh-client"));
        ran(ssh
            .arg("-F")
            .arg(&config)
            .args(["-v", "-E"])
            .arg(lab.path("ssh.log"))
            .args(["lab", "true"]));
        assert_negotiated(&lab, "ssh_config");
        let all = said(Command::new("ssh").arg("-F").arg(&config).args(["-G", "lab"]));
        let ciphers = all.lines().find_map(|line| line.strip_prefix("ciphers ")).unwrap();
        assert_eq!(ciphers.split(',').count(), 6, "{ciphers}");
    }
}

#[test]
fn the_newest_of_each_target_is_taken_and_nothing_is_contacted() {
    let lab = Lab::new();
    let store = lab.path("xdg/cipher-survey");
    fs::create_dir_all(&store).unwrap();
    let mut command = lab.program();
    let run = crate::lab::Run::of(command.arg("recommend").output().unwrap());
    run.assert_refused(&["no journal in", "survey a host first"]);
    fs::copy(journal(&lab, None), store.join("20260101T000000000Z-lab.jsonl")).unwrap();
    fs::write(store.join("20260202T000000000Z-lab.jsonl"), "no journal\n").unwrap();
    let run = crate::lab::Run::of(lab.program().arg("recommend").output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("Recommended for lab"), "{run:?}");
    assert!(run.stdout.contains("Host lab\n  Ciphers ^aes128-ctr\n  MACs ^umac-64-etm"), "{run:?}");
    assert!(run.stderr.contains("20260202T000000000Z-lab.jsonl"), "{run:?}");
    assert!(!lab.server_log().contains("Connection from"));
}

#[test]
fn a_survey_of_several_hosts_is_the_newest_of_those_not_surveyed_since() {
    let lab = Lab::new();
    let store = lab.path("xdg/cipher-survey");
    fs::create_dir_all(&store).unwrap();
    let path = journal(&lab, None);
    fs::copy(&path, store.join("20260202T000000000Z-lab.jsonl")).unwrap();
    // The older one had the same host, and another one.
    let mut text = String::new();
    for line in fs::read_to_string(&path).unwrap().lines() {
        let mut line: Value = serde_json::from_str(line).unwrap();
        if line["kind"] == "survey" {
            line["started"] = "2026-01-01T00:00:00Z".into();
            let mut other = line["pairings"][0].clone();
            other["target"] = "other".into();
            line["pairings"].as_array_mut().unwrap().push(other);
        }
        text += &format!("{line}\n");
        if line["kind"] == "trial" {
            line["pairing"] = 1.into();
            text += &format!("{line}\n");
        }
    }
    fs::write(store.join("20260101T000000000Z-lab.jsonl"), text).unwrap();
    let mut command = lab.program();
    command.args(["recommend", "--format", "json"]);
    let all: Value = serde_json::from_str(&said(&mut command)).unwrap();
    let old = |one: &Value| one["surveyed"] == "2026-01-01T00:00:00Z";
    let told: Vec<(&str, bool)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["scope"].as_str().unwrap(), old(one)))
        .collect();
    assert_eq!(told, [("lab", false), ("other", true)]);
}
