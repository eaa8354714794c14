//! Connections, server processes and listeners that are killed, or stop.

use std::process::Command;
use std::time::Duration;

use crate::case::{
    CASE, Case, LONG, SMALL, Survey, all, by_a_narrow_way, kill, none_was_opened_again,
    was_opened_again, within,
};
use crate::client::BOTH;
use crate::testbed::{CHACHA, GCM, Testbed, command_line};

const DOWN: &str = "--method pipe --directions download";
/// Files in the remote directory, chunks for downloads among them.
const FILES: &str = "--method pipe --sink file --limit 4MiB";
const SFTP: &str = "--method sftp --limit 4MiB";

/// The server process of the last connection that was opened, as long as its client moves data; absent: it has
/// just ended.
fn session(testbed: &Testbed, survey: &Survey) -> Option<u32> {
    testbed.wait_for_samples(1);
    survey.in_a_slice();
    let sessions = testbed.sessions();
    // The first one is the control connection's.
    sessions.get(1..)?.last().copied()
}

fn kill_the_session(testbed: &mut Testbed, survey: &mut Survey) {
    signal_the_session("-KILL", testbed, survey);
}

/// It answers nothing any more, and its connection stays.
fn stop_the_session(testbed: &mut Testbed, survey: &mut Survey) {
    signal_the_session("-STOP", testbed, survey);
}

fn signal_the_session(signal: &str, testbed: &Testbed, survey: &Survey) {
    // The one that is found may have ended meanwhile, with its round.
    within(Duration::from_secs(30), "a session that takes a signal", || {
        let pid = session(testbed, survey)?.to_string();
        Command::new("kill").args([signal, &pid]).status().unwrap().success().then_some(())
    });
}

/// So that they can end.
fn continue_sessions(testbed: &mut Testbed) {
    was_opened_again(testbed);
    for session in testbed.sessions() {
        kill("-CONT", session);
    }
}

fn kill_a_client_in_its_slice(testbed: &mut Testbed, survey: &mut Survey) {
    testbed.wait_for_samples(1);
    kill("-KILL", survey.in_a_slice());
}

fn kill_a_client_between_slices(testbed: &mut Testbed, survey: &mut Survey) {
    testbed.wait_for_samples(1);
    kill("-KILL", survey.between_slices());
}

/// A connection fails once and does what is left when it is opened again.
const AGAIN: Case = Case {
    rounds: 3,
    measured: 3,
    words: &["the connection is opened again"],
    after: was_opened_again,
    ..CASE
};

#[test]
fn a_connection_that_breaks_is_opened_again_once_in_its_round() {
    let killed = Case { fault: kill_the_session, ..AGAIN };
    let broke = &["the connection to testbed broke", "the connection is opened again"];
    let two = Case { ciphers: BOTH, measured: 6, ..AGAIN };
    let both = Case { measured: 6, ..AGAIN };
    all(&[
        Case {
            name: "a session killed in an upload by pipe",
            arguments: LONG,
            words: broke,
            ..killed
        },
        Case { name: "a session killed in a download by pipe", arguments: DOWN, ..killed },
        Case {
            name: "a session killed by sftp",
            arguments: SFTP,
            fault: kill_the_session,
            words: broke,
            ..both
        },
        Case {
            name: "a client killed in a slice by pipe",
            arguments: LONG,
            fault: kill_a_client_in_its_slice,
            words: &["signal 9", "the connection is opened again"],
            ..two
        },
        Case {
            name: "a client killed in a slice by sftp",
            arguments: "--method sftp --limit 4MiB --directions download",
            fault: kill_a_client_in_its_slice,
            ..two
        },
        Case {
            name: "a client killed between slices by pipe",
            arguments: DOWN,
            fault: kill_a_client_between_slices,
            words: &["signal 9", "the connection is opened again"],
            ..two
        },
        Case {
            name: "a client killed between slices by sftp",
            arguments: "--method sftp --limit 4MiB --directions upload",
            fault: kill_a_client_between_slices,
            ..two
        },
    ]);
}

/// A slice has a deadline, whatever its direction and method.
#[test]
fn a_server_that_stops_in_a_slice_is_given_up() {
    let stopped = Case { fault: stop_the_session, after: continue_sessions, ..AGAIN };
    crate::case::all_at_once(
        &[
            Case {
                name: "a session stopped in an upload by pipe",
                arguments: LONG,
                // No byte moves for so long, or the answer is late: whichever is seen first.
                words: &["; the connection is opened again"],
                ..stopped
            },
            Case {
                name: "a session stopped in a download by pipe",
                arguments: DOWN,
                words: &["the remote command on testbed did not answer within"],
                ..stopped
            },
            Case {
                name: "a session stopped in an upload by sftp",
                arguments: "--method sftp --limit 4MiB --directions upload",
                words: &["sftp to testbed did not answer within"],
                ..stopped
            },
            Case {
                name: "a session stopped in a download of a whole file",
                arguments: "--method sftp --full --directions download",
                more: by_a_narrow_way,
                file: 40 << 20,
                rounds: 2,
                measured: 2,
                words: &["no byte moved for 30 s"],
                ..stopped
            },
        ],
        4,
    );
}

#[test]
fn a_configuration_whose_connections_always_break_is_left_out() {
    all(&[Case {
        name: "the clients of one cipher killed whenever they move data",
        arguments: LONG,
        ciphers: BOTH,
        rounds: 4,
        fault: |_, survey| {
            let mut killed = 0;
            while !survey.has_ended() {
                let ours = |pid: &u32| command_line(*pid).contains(GCM);
                for client in survey.clients().into_iter().filter(ours) {
                    kill("-KILL", client);
                    killed += 1;
                    // Until it is reaped.
                    std::thread::sleep(Duration::from_millis(300));
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            assert_eq!(killed, 3);
        },
        code: 1,
        measured: 4,
        failed: 4,
        words: &["left out after 3 failures, the last: the SSH client was killed by signal 9"],
        after: |testbed| {
            let samples = crate::case::lines(testbed, "sample");
            let measured = samples.iter().filter(|sample| sample["outcome"] == "measured");
            assert!(measured.into_iter().all(|sample| sample["cipher"] == CHACHA), "{samples:#?}");
        },
        ..CASE
    }]);
}

#[test]
fn a_server_that_fails_in_a_run_costs_its_sample() {
    let broke = Case {
        rounds: 3,
        fault: |testbed, survey| {
            testbed.wait_for_samples(1);
            survey.client();
            let sessions = testbed.sessions();
            kill("-KILL", sessions[sessions.len() - 1]);
        },
        code: 1,
        measured: 2,
        failed: 1,
        words: &["the connection to testbed broke"],
        more: by_a_narrow_way,
        file: 20 << 20,
        ..CASE
    };
    all(&[
        Case {
            name: "a session killed in an upload by scp",
            arguments: "--method scp --full --directions upload",
            ..broke
        },
        Case {
            name: "a session killed in a download by scp",
            arguments: "--method scp --full --directions download",
            ..broke
        },
    ]);
}

/// Nothing but the present slice is lost: it is repeated.
#[test]
fn a_control_connection_that_ends_is_opened_again() {
    const WORDS: &[&str] = &["the control connection to testbed ended"];
    let server: fn(&mut Testbed, &mut Survey) = |testbed, _| {
        testbed.wait_for_samples(1);
        kill("-KILL", testbed.sessions()[0]);
    };
    let client: fn(&mut Testbed, &mut Survey) = |testbed, survey| {
        testbed.wait_for_samples(1);
        kill("-KILL", survey.control());
    };
    let runs = Case { arguments: SMALL, rounds: 4, measured: 8, words: WORDS, ..CASE };
    let slices = Case { after: none_was_opened_again, ..runs };
    all(&[
        Case {
            name: "the listener restarted between rounds",
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                testbed.stop_listening();
                testbed.listen_again();
            },
            words: &[],
            ..runs
        },
        Case { name: "its server process killed: scp", fault: server, ..runs },
        Case { name: "its client killed: scp", fault: client, ..runs },
        Case {
            name: "its server process killed: pipe",
            arguments: LONG,
            measured: 4,
            fault: server,
            ..slices
        },
        Case {
            name: "its client killed: pipe",
            arguments: DOWN,
            measured: 4,
            fault: client,
            ..slices
        },
        Case {
            name: "its server process killed: pipe with files",
            arguments: FILES,
            fault: server,
            ..runs
        },
        Case {
            name: "its client killed: pipe with files",
            arguments: FILES,
            fault: client,
            ..runs
        },
        Case { name: "its client killed: sftp", arguments: SFTP, fault: client, ..runs },
    ]);
}
