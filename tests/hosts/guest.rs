//! Servers that accept few connections.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::matrix::{ALL, Outcome, Row, Server, hosts, testbed};
use crate::networks::through;
use crate::servers::openssh_10;
use crate::testbed::relay::Relay;
use crate::testbed::remote::Remote;
use crate::testbed::{Options, Testbed};

/// A single offence is enough, and logged.
const PENALTIES: &str = "LogLevel VERBOSE\nPerSourcePenalties min:1s\n";

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
    five_connections_in_half_a_minute: Row {
        host: "a firewall that takes five connections in 30 s (ufw limit)",
        testbed: || {
            let testbed = limited("");
            let relay = Relay::limited(testbed.port());
            through(testbed, &relay)
        },
        arguments: &["--method", "pipe", "--directions", "upload"],
        outcome: Outcome::Surveyed { methods: &["pipe"], server: Server::Inside },
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
