//! Surveys with the built-in client and server: `loopback` without OpenSSH, several programs in the
//! same rounds, connections without a cipher, AES disabled, and what a killed survey leaves.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::testbed::{CHACHA, GCM, PROGRAM, Run, Testbed, children, command_line, kept, measured};

/// A directory for PATH with all programs of this machine except OpenSSH's.
fn without_openssh(testbed: &Testbed) -> PathBuf {
    let hidden = testbed.path("bin");
    fs::create_dir(&hidden).unwrap();
    for directory in ["/bin", "/usr/bin"] {
        for entry in fs::read_dir(directory).unwrap().flatten() {
            let name = entry.file_name();
            let openssh = ["ssh", "scp", "sftp", "slogin"];
            if !openssh.iter().any(|word| name.to_string_lossy().starts_with(word)) {
                // The second of two directories may be a link to the first.
                let _ = symlink(entry.path(), hidden.join(name));
            }
        }
    }
    hidden
}

fn loopback(testbed: &Testbed, arguments: &[&str]) -> Run {
    let mut command = testbed.program();
    command.args(["loopback", "--format", "json", "-q"]).args(arguments);
    Run::of(command.output().unwrap())
}

fn survey(testbed: &Testbed, arguments: &[&str]) -> Value {
    let run = loopback(testbed, arguments);
    assert_eq!(run.code, Some(0), "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn programs(survey: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let pairings = survey["header"]["pairings"].as_array().unwrap().iter();
    let of = |one: &Value| (text(&one["client"]["program"]), text(&one["server"]["program"]));
    pairings.map(of).collect()
}

/// Rows of all sections with this mark.
fn marked<'a>(survey: &'a Value, mark: &str) -> Vec<(&'a str, &'a Value)> {
    let tables = survey["summary"]["tables"].as_array().unwrap().iter();
    let sections = tables.flat_map(|table| table["sections"].as_array().unwrap());
    let rows = sections.flat_map(|section| {
        let aes = section["aes"].as_str().unwrap();
        section["rows"].as_array().unwrap().iter().map(move |row| (aes, row))
    });
    rows.filter(|(_, row)| row["marks"].as_array().unwrap().iter().any(|m| m == mark)).collect()
}

#[test]
fn without_openssh_the_built_in_programs_survey_all_their_ciphers() {
    let testbed = Testbed::new();
    let mut command = testbed.program();
    command.env("PATH", without_openssh(&testbed));
    command.args(["loopback", "--rounds", "1", "--directions", "download", "--format", "json"]);
    let run = Run::of(command.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(programs(&survey).iter().all(|ends| *ends == ("russh".into(), "russh".into())));
    let samples = measured(&survey);
    let pairings = programs(&survey).len();
    assert_eq!(samples.len(), 10 * pairings, "{run:?}");
    for sample in samples {
        for end in ["client", "server"] {
            assert!(sample[end]["bulk"]["total_s"].as_f64().unwrap() > 0.0, "{sample}");
        }
        assert_eq!(sample["server"]["source"], "process", "{sample}");
        assert_eq!(sample["negotiated"]["server_to_client"]["cipher"], sample["cipher"]);
    }
    testbed.assert_nothing_left();
}

#[test]
fn clients_and_servers_are_compared_in_the_same_rounds() {
    let testbed = Testbed::new();
    let survey = survey(
        &testbed,
        &["--client", "openssh,russh", "--server", "russh,openssh", "--aes", "both"]
            .into_iter()
            .chain(["--ciphers", GCM, "--rounds", "1", "--method", "scp,pipe"])
            .collect::<Vec<_>>(),
    );
    let pairs: Vec<(String, String)> = programs(&survey);
    let expected =
        [("openssh", "russh"), ("openssh", "openssh"), ("russh", "russh"), ("russh", "openssh")];
    assert_eq!(pairs, expected.map(|(client, server)| (client.to_owned(), server.to_owned())));
    // Four pairs, two methods, two directions.
    let samples = measured(&survey);
    assert_eq!(samples.len(), 16);
    assert!(samples.iter().all(|sample| sample["server"]["source"] == "process"), "{survey}");
    let titles: Vec<&str> = survey["summary"]["tables"]
        .as_array()
        .unwrap()
        .iter()
        .map(|table| table["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles.len(), 16);
    assert!(titles.contains(&"upload by scp with openssh/russh"), "{titles:?}");
    testbed.assert_nothing_left();
}

#[test]
fn a_connection_without_a_cipher_is_unranked_and_never_recommended() {
    let testbed = Testbed::new();
    let both = ["--client", "russh", "--server", "russh"];
    let ciphers = format!("{GCM},{CHACHA}");
    let rest = ["--with-none", "--aes", "both", "--ciphers", &ciphers, "--rounds", "2"];
    let survey = survey(&testbed, &[&both[..], &rest[..]].concat());
    let rows = marked(&survey, "no_cipher");
    assert_eq!(rows.len(), 2);
    for (_, row) in rows {
        assert_eq!((&row["cipher"], &row["mac"]), (&"none".into(), &"none".into()));
        assert!(row["speed"].is_null() && row["cost"].is_null());
    }
    for sample in measured(&survey).iter().filter(|sample| sample["cipher"] == "none") {
        assert_eq!(sample["negotiated"]["client_to_server"]["cipher"], "none");
        assert_eq!(sample["negotiated"]["client_to_server"]["mac"], "none");
    }
    let advised = survey["advice"].to_string();
    assert!(!advised.contains("\"none\""), "{advised}");

    let run = loopback(&testbed, &["--with-none"]);
    run.assert_refused(&["--with-none", "--client russh --server russh"]);
}

#[test]
fn aes_can_be_disabled_at_either_end() {
    let testbed = Testbed::new();
    let flags = fs::read_to_string("/proc/cpuinfo").unwrap();
    if !flags.split_whitespace().any(|word| word == "aes") {
        let run = loopback(&testbed, &["--client", "russh", "--aes", "server"]);
        return run.assert_refused(&["no AES instructions"]);
    }
    let survey = survey(
        &testbed,
        &["--client", "russh", "--server", "russh", "--aes", "both,server,client"]
            .into_iter()
            .chain(["--ciphers", GCM, "--rounds", "1", "--directions", "upload"])
            .collect::<Vec<_>>(),
    );
    assert_eq!(measured(&survey).len(), 3);
    let pairings = survey["header"]["pairings"].as_array().unwrap().iter();
    let classes = pairings.map(|one| {
        ["client", "server"].map(|end| one[end]["host"]["aes"]["class"].as_str().unwrap())
    });
    let expected = [["aes", "aes"], ["no-aes", "aes"], ["aes", "no-aes"]];
    assert_eq!(classes.collect::<Vec<_>>(), expected);
    let states = kept::sections(&survey).map(|section| section["aes"].as_str().unwrap());
    assert_eq!(states.collect::<Vec<_>>(), ["both", "server", "client"]);
    // CPU per byte holds on a busy machine; without AES instructions GCM costs several times as much.
    let cost = |end: &str, pairing: u64| kept::cost(&survey, end, pairing, "upload", GCM);
    assert!(cost("client", 1) > 1.2 * cost("client", 0), "{survey}");
    assert!(cost("server", 2) > 1.2 * cost("server", 0), "{survey}");
    testbed.assert_nothing_left();
}

/// On a survey that was made on a quiet machine: `cargo test --release --test validation --
/// --measure decisions` makes it anew.
#[test]
fn aes_disabled_shows_in_gcm_and_where_it_does_not_reach_the_row_says_so() {
    let survey = kept::report("results/validation/decisions/built-in-ssh.jsonl.gz");
    let cost = |end: &str, pairing: u64| kept::cost(&survey, end, pairing, "upload", GCM);
    assert!(cost("client", 1) > 1.5 * cost("client", 0), "{survey}");
    assert!(cost("server", 2) > 1.5 * cost("server", 0), "{survey}");
    let not_disabled = kept::sections(&survey).map(|section| {
        let rows = section["rows"].as_array().unwrap().iter();
        let marked = |row: &&Value| {
            row["marks"].as_array().unwrap().iter().any(|mark| mark == "aes_not_disabled")
        };
        rows.filter(marked).map(|row| row["cipher"].as_str().unwrap()).collect::<Vec<_>>()
    });
    let expected = [vec![], vec!["aes128-ctr"], vec!["aes128-ctr"]];
    assert_eq!(not_disabled.collect::<Vec<_>>(), expected);
}

#[test]
fn two_clients_share_a_real_host_and_leave_nothing_behind() {
    let testbed = Testbed::new();
    let file = testbed.file("data", 8 << 20);
    let target = testbed.target();
    let survey = testbed.survey(
        &[
            &[&target, file.to_str().unwrap(), "--client", "openssh,russh"][..],
            &["--ciphers", GCM, "--rounds", "2"],
        ]
        .concat(),
    );
    let clients: Vec<String> = programs(&survey).into_iter().map(|(client, _)| client).collect();
    assert_eq!(clients, ["openssh", "russh"]);
    assert_eq!(measured(&survey).len(), 8);
    testbed.assert_nothing_left();
}

#[test]
fn a_cipher_that_the_client_lacks_is_refused_before_anything_starts() {
    let testbed = Testbed::new();
    let arguments = ["--client", "russh", "--ciphers", "rijndael-cbc@lysator.liu.se"];
    let run = loopback(&testbed, &arguments);
    run.assert_refused(&[
        "the client russh does not support the cipher rijndael-cbc",
        "aes256-gcm@openssh.com",
    ]);
    let run = loopback(&testbed, &["--client", "russh", "--macs", "umac-64@openssh.com"]);
    run.assert_refused(&["the client russh does not support the MAC umac-64", "hmac-sha2-256"]);
    assert!(testbed.journals().is_empty());
    testbed.assert_nothing_left();
}

#[test]
fn without_a_directory_for_keys_or_a_loopback_interface_it_is_refused() {
    let testbed = Testbed::new();
    let russh = ["loopback", "--client", "russh", "--server", "russh"];
    let mut command = testbed.program();
    let run = command.args(russh).env("TMPDIR", testbed.path("nowhere")).output().unwrap();
    Run::of(run).assert_refused(&["no temporary directory", "nowhere"]);
    // A network namespace of its own, in which no interface is up.
    let mut command = Command::new("unshare");
    command.args(["--net", PROGRAM]).args(russh).env("TMPDIR", testbed.path("tmp"));
    Run::of(command.output().unwrap()).assert_refused(&["loopback"]);
    testbed.assert_nothing_left();
}

#[test]
fn the_server_of_a_killed_survey_ends_and_the_next_survey_cleans_up() {
    let testbed = Testbed::new();
    let mut command = testbed.program();
    command.args(["loopback", "-q", "--client", "russh", "--server", "russh", "--ciphers", GCM]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let mut program = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let servers = loop {
        let own = children(program.id());
        let servers: Vec<u32> =
            own.into_iter().filter(|pid| command_line(*pid).contains("russh-sshd")).collect();
        if !servers.is_empty() && servers.iter().any(|server| !children(*server).is_empty()) {
            break servers;
        }
        assert!(Instant::now() < deadline, "no server came up");
        std::thread::sleep(Duration::from_millis(20));
    };
    program.kill().unwrap();
    program.wait().unwrap();
    let gone = |pid: &u32| command_line(*pid).is_empty();
    let deadline = Instant::now() + Duration::from_secs(10);
    while !servers.iter().all(gone) {
        assert!(Instant::now() < deadline, "a server outlived its survey");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(fs::read_dir(testbed.path("tmp")).unwrap().count(), 1, "what the kill left");
    loopback(&testbed, &["--client", "russh", "--ciphers", "rot13"]).assert_refused(&["rot13"]);
    testbed.assert_nothing_left();
}
