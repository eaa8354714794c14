//! What does not answer: a link that is down, a client that hangs. All of it waits at once, and first
//! (tests begin in the order of their names).

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::case::{CASE, Case, LONG, Survey, all_at_once, kill, none_was_opened_again};
use crate::client::{BOTH, FAILS, FROM_FILE, program, wrapped};
use crate::testbed::delay::{Delay, Manner};
use crate::testbed::hosts::Link;
use crate::testbed::limits::CLIENT_ALIVE;
use crate::testbed::{Options, Testbed, descendants};

fn behind_a_link(server: &str) -> Testbed {
    let link = Link::new();
    Testbed::with(Options { host: link.host(), link: Some(link), server, ..Options::default() })
}

fn cut_in_mid_sample<'a>(testbed: &'a mut Testbed, survey: &mut Survey) -> &'a Link {
    testbed.wait_for_samples(1);
    survey.client();
    let link = testbed.link().unwrap();
    link.cut();
    link
}

#[test]
fn waiting_for_an_answer_ends() {
    // All of them wait nearly all of the time.
    all_at_once(&[&links()[..], &clients(), &idle()].concat(), 9);
}

/// Stops the survey, not its clients: for so long no connection carries anything but keepalives.
fn idle_for(testbed: &Testbed, survey: &Survey, time: Duration) {
    testbed.wait_for_samples(1);
    survey.in_a_slice();
    kill("-STOP", survey.id());
    std::thread::sleep(time);
    kill("-CONT", survey.id());
}

/// Ways and servers that end or forget what is idle.
fn idle() -> [Case; 3] {
    let idle = Case { ciphers: BOTH, arguments: LONG, rounds: 3, measured: 6, ..CASE };
    [
        Case {
            name: "a firewall that forgets after 9 s, and a server that looks after its clients",
            testbed: || behind_a_firewall(9, "ClientAliveInterval 7\nClientAliveCountMax 2\n"),
            fault: |testbed, survey| idle_for(testbed, survey, Duration::from_secs(20)),
            after: none_was_opened_again,
            ..idle
        },
        Case {
            name: "a firewall that has forgotten all connections of a machine that slept",
            // The server notices in the end, and leaves nothing.
            testbed: || behind_a_firewall(12, FORGOTTEN),
            fault: |testbed, survey| {
                testbed.wait_for_samples(1);
                survey.in_a_slice();
                let all = [vec![survey.id()], descendants(survey.id())].concat();
                all.iter().for_each(|&pid| kill("-STOP", pid));
                std::thread::sleep(Duration::from_secs(18));
                all.iter().for_each(|&pid| kill("-CONT", pid));
            },
            words: &["the connection is opened again"],
            // It looks after its clients every 20 s, and gives up those that do not answer once.
            after: |testbed| testbed.assert_nothing_left_after(Duration::from_secs(40)),
            ..idle
        },
        Case {
            name: "a server that ends idle sessions",
            testbed: || {
                let server = "ChannelTimeout session:*=10\nUnusedConnectionTimeout 2\n";
                Testbed::with(Options { server, ..Options::default() })
            },
            fault: |testbed, survey| idle_for(testbed, survey, Duration::from_secs(15)),
            words: &["the control connection to testbed ended"],
            ..idle
        },
    ]
}

/// The server notices within seconds that a client is gone, in its login too.
const FORGOTTEN: &str = "ClientAliveInterval 20\nClientAliveCountMax 1\nLoginGraceTime 20\n";

fn behind_a_firewall(seconds: u64, server: &str) -> Testbed {
    let forgotten_after = Some(Duration::from_secs(seconds));
    let delay = Delay::new(Manner { forgotten_after, ..Manner::default() });
    delay.testbed(Options { server, ..Options::default() })
}

fn links() -> [Case; 2] {
    [
        Case {
            name: "a link that is down for good",
            // A server that checks its clients, so that the remote shell notices and cleans up.
            testbed: || behind_a_link(CLIENT_ALIVE),
            arguments: LONG,
            rounds: 9,
            fault: |testbed, survey| {
                cut_in_mid_sample(testbed, survey).refuse();
                // It would notice within a minute.
                kill("-KILL", survey.control());
            },
            code: 1,
            measured: 1,
            // The second sample may have a slice that counts.
            escape: 1,
            words: &["testbed could not be reached", "waiting 1 min before the next try"],
            after: |testbed| {
                let journal = fs::read_to_string(testbed.journals().pop().unwrap()).unwrap();
                assert!(journal.contains("\"reason\":\"lost\""), "{journal}");
                let mut report = Command::new(crate::testbed::PROGRAM);
                let report = report.arg("report").arg(testbed.journals().pop().unwrap()).output();
                let report = String::from_utf8(report.unwrap().stdout).unwrap();
                // Its lines are broken where they are full.
                let report = report.replace("\n  ", " ");
                assert!(report.contains("testbed could not be reached"), "{report}");
            },
            ..CASE
        },
        Case {
            name: "a link that is down for 5 s",
            testbed: || behind_a_link(""),
            arguments: LONG,
            rounds: 3,
            fault: |testbed, survey| {
                let link = cut_in_mid_sample(testbed, survey);
                std::thread::sleep(Duration::from_secs(5));
                link.mend();
            },
            measured: 3,
            ..CASE
        },
    ]
}

fn clients() -> [Case; 4] {
    let once = Case { rounds: 1, measured: 1, failed: 1, ..FAILS };
    [
        Case {
            name: "a client that hangs in mid-transfer",
            arguments: FROM_FILE,
            file: 4 << 20,
            more: |testbed| wrapped(testbed, "{ head -c 100000; sleep 600; } | ssh \"$@\""),
            words: &["no byte moved for 30 s"],
            ..once
        },
        Case {
            name: "a client that hangs before it connects",
            arguments: FROM_FILE,
            more: |testbed| wrapped(testbed, "exec sleep 600"),
            words: &["the remote command on testbed was not ready within 60 s"],
            ..once
        },
        Case {
            name: "a client that hangs when all is done",
            arguments: FROM_FILE,
            more: |testbed| wrapped(testbed, "ssh \"$@\"; sleep 600"),
            // It is ended: all its slices are over.
            code: 0,
            measured: 2,
            failed: 0,
            ..once
        },
        Case {
            name: "a client that hangs when it is asked for its version",
            arguments: FROM_FILE,
            more: |testbed| {
                program(testbed, "case $1 in -V) exec sleep 600;; esac; exec ssh \"$@\"")
            },
            code: 2,
            words: &["-V", "did not end"],
            ..CASE
        },
    ]
}
