//! Servers that accept few connections.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::matrix::{ALL, Outcome, Row, Server, hosts, survey, testbed};
use crate::networks::through;
use crate::servers::openssh_10;
use crate::testbed::delay::{Delay, Manner};
use crate::testbed::relay::Relay;
use crate::testbed::remote::Remote;
use crate::testbed::{Options, Run, Testbed, limits, measured, rounds};

/// A single offence is enough, and logged.
const PENALTIES: &str = "LogLevel VERBOSE\nPerSourcePenalties min:1s\n";

/// With the control connection one more than a firewall takes in half a minute.
const FIVE: &str =
    "aes128-ctr,aes192-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";

fn limited(server: &str) -> Testbed {
    let remote = Remote { guest: true, ..Remote::default() };
    testbed(Options { server, remote: Some(remote), ..Options::default() })
}

hosts! {
    one_login_and_one_session_at_a_time: Row {
        host: "MaxStartups 1 and MaxSessions 1",
        testbed: || limited("MaxStartups 1\nMaxSessions 1\n"),
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "one login at a time, one session per connection",
    },
    penalties_for_whoever_misbehaves: Row {
        host: "PerSourcePenalties (OpenSSH 9.8 and later)",
        testbed: || openssh_10(true, PENALTIES),
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "no penalty is earned",
    },
    clients_that_do_not_answer_are_disconnected: Row {
        host: "ClientAliveInterval 1",
        testbed: || limited(limits::CLIENT_ALIVE),
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_firewall_that_forgets_what_is_idle: Row {
        host: "a firewall that forgets connections after 8 s",
        testbed: || {
            let forgotten_after = Some(Duration::from_secs(8));
            let path = Delay::new(Manner { forgotten_after, ..Manner::default() });
            let remote = Some(Remote { guest: true, ..Remote::default() });
            path.testbed(Options { remote, ..Options::default() })
        },
        arguments: &["--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "connections are kept alive (ServerAliveInterval 5)",
    },
    five_connections_in_half_a_minute: Row {
        host: "a firewall that takes five connections in 30 s (ufw limit)",
        testbed: || {
            let testbed = limited("");
            let relay = Relay::limited(testbed.port());
            through(testbed, &relay)
        },
        arguments: &["--method", "pipe", "--directions", "upload", "--ciphers", FIVE],
        outcome: Outcome::Surveyed { methods: &["pipe"], server: Server::Process },
        says: &["waiting"],
        note: "the survey waits, outside its budget, and says so",
    },
}

/// No server log of these tests may have the word "penalty": here it is checked that a penalty is logged.
#[test]
fn a_penalty_would_show_in_the_servers_log() {
    let testbed = openssh_10(true, PENALTIES);
    let mut stranger = Command::new("ssh");
    stranger.arg("-F").arg(testbed.path("ssh_config")).args([
        "-o",
        "BatchMode=yes",
        "-i",
        "/dev/null",
    ]);
    fs::remove_file(testbed.path("client_key")).unwrap();
    assert!(!stranger.args(["testbed", "true"]).output().unwrap().status.success());
    let deadline = Instant::now() + Duration::from_secs(10);
    while !testbed.server_log().contains("penalty") {
        assert!(Instant::now() < deadline, "{}", testbed.server_log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn assert_all_measured(run: &Run, samples: usize) {
    assert_eq!(run.code, Some(0), "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(measured(&report).len(), samples, "{report:#}");
    assert_eq!(rounds(&report).len(), samples, "{report:#}");
}

/// A survey of two rounds by four ciphers, through a relay.
fn two_rounds(make: fn(u16) -> Relay) -> (Testbed, Relay, Run) {
    const CIPHERS: &str =
        "aes128-ctr,aes256-ctr,aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";
    let testbed = limited("");
    let relay = make(testbed.port());
    let testbed = through(testbed, &relay);
    let how = ["--method", "pipe", "--directions", "upload", "--rounds", "2"];
    let run = survey(&testbed, &[&how[..], &["--ciphers", CIPHERS]].concat());
    assert_all_measured(&run, 8);
    testbed.assert_nothing_left();
    (testbed, relay, run)
}

#[test]
fn where_few_connections_are_taken_at_once_they_are_opened_in_turn() {
    let (testbed, relay, run) = two_rounds(|port| Relay::at_most(3, port));
    let said = run.stderr.matches("testbed refuses more than 2 connections at once").count();
    assert_eq!((said, run.stderr.matches("waiting").count()), (1, 1), "{run:?}");
    // The control connection, and one for each cipher and round; two refusals in the first round, one in
    // the second.
    assert_eq!((testbed.logins(), relay.refused()), (9, 3), "{run:?}");
}

#[test]
fn where_connections_are_refused_for_a_while_it_goes_on() {
    let (testbed, _, run) = two_rounds(|port| Relay::pausing(2, Duration::from_secs(4), port));
    assert!(run.stderr.contains("waiting 2 s before the next try"), "{run:?}");
    assert_eq!(testbed.logins(), 9, "{run:?}");
    // What was refused in the first round is not in the second.
    let second = run.stderr.split_once("round 2 of").unwrap().1;
    assert!(!second.contains("waiting") && !second.contains("refuses"), "{run:?}");
}

#[test]
fn a_server_that_ends_idle_sessions_is_told() {
    let testbed = limited(limits::IDLE_CHANNELS);
    // More than two seconds pass until the first one is fed again.
    let how = ["--method", "pipe", "--directions", "upload", "--ciphers", FIVE];
    let run = survey(&testbed, &how);
    assert!(run.stderr.contains("some end those that idle"), "{run:?}");
    testbed.assert_nothing_left();
}
