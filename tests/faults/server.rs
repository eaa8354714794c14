//! Server processes and listeners that are killed.

use crate::case::{CASE, Case, LONG, SMALL, Survey, all, by_a_narrow_way, kill};
use crate::testbed::Testbed;

/// The server process of the present sample.
fn kill_the_samples_session(testbed: &mut Testbed, survey: &Survey) {
    testbed.wait_for_samples(1);
    survey.client();
    let sessions = testbed.sessions();
    assert!(sessions.len() >= 2, "the control connection's and a sample's: {sessions:?}");
    kill("-KILL", sessions[sessions.len() - 1]);
}

#[test]
fn a_server_that_fails_costs_the_sample_that_it_fails_in() {
    all(&[&connections_of_samples()[..], &what_is_taken_up_again()].concat());
}

fn connections_of_samples() -> [Case; 4] {
    let broke = Case {
        rounds: 3,
        fault: kill_the_samples_session,
        code: 1,
        measured: 2,
        failed: 1,
        words: &["the connection to testbed broke"],
        ..CASE
    };
    [
        Case { name: "a session killed in an upload by pipe", arguments: LONG, ..broke },
        Case {
            name: "a session killed in a download by pipe",
            arguments: "--method pipe --directions download",
            ..broke
        },
        Case {
            name: "a session killed in an upload by scp",
            arguments: "--method scp --full --directions upload",
            more: by_a_narrow_way,
            file: 20 << 20,
            ..broke
        },
        Case {
            name: "a session killed in a download by scp",
            arguments: "--method scp --full --directions download",
            more: by_a_narrow_way,
            file: 20 << 20,
            ..broke
        },
    ]
}

fn what_is_taken_up_again() -> [Case; 3] {
    [
        Case {
            name: "the listener restarted between rounds",
            arguments: SMALL,
            rounds: 4,
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                testbed.stop_listening();
                testbed.listen_again();
            },
            measured: 8,
            ..CASE
        },
        Case {
            name: "the server process of the control connection killed",
            arguments: SMALL,
            rounds: 4,
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                kill("-KILL", testbed.sessions()[0]);
            },
            measured: 8,
            words: &["the control connection to testbed ended"],
            ..CASE
        },
        Case {
            name: "the client of the control connection killed",
            arguments: SMALL,
            rounds: 4,
            fault: |testbed, survey| {
                testbed.wait_for_samples(1);
                kill("-KILL", survey.control());
            },
            measured: 8,
            words: &["the control connection to testbed ended"],
            ..CASE
        },
    ]
}
