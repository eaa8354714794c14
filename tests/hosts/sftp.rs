//! Hosts without SFTP, and an scp that can't speak it.

use serde_json::Value;

use crate::matrix::{
    DEFAULT_METHOD, METHODS, Outcome, Row, Server, assert_surveyed, hosts, survey,
};
use crate::matrix::{testbed, with_remote};
use crate::testbed::remote::programs::without;
use crate::testbed::remote::{Remote, sftp};
use crate::testbed::{Run, Testbed, old_client};

/// By what does without SFTP.
const OTHERS: Outcome = Outcome::Surveyed { methods: &["pipe", "scp"], server: Server::Process };

hosts! {
    an_sftp_program_that_is_not_there: Row {
        host: "a subsystem whose program is not there",
        testbed: || testbed(sftp::program_missing()),
        arguments: &[],
        outcome: OTHERS,
        says: &["sftp is left out", "scp speaks its old protocol", "exit status 127"],
        note: "scp by its old protocol",
    },
    no_sftp_subsystem: Row {
        host: "no subsystem",
        testbed: || testbed(sftp::no_subsystem()),
        arguments: &[],
        outcome: OTHERS,
        says: &["sftp is left out", "scp speaks its old protocol", "subsystem request failed"],
        note: "scp by its old protocol",
    },
    dropbear_without_an_sftp_server: Row {
        host: "Dropbear without an sftp-server (OpenWrt)",
        testbed: || testbed(sftp::dropbear_without()),
        arguments: &[],
        outcome: OTHERS,
        says: &["sftp is left out", "scp speaks its old protocol", "/usr/lib/sftp-server: not found"],
        note: "scp by its old protocol",
    },
    start_up_files_that_print: Row {
        host: "start-up files that print to standard output",
        testbed: || testbed(sftp::printing_account()),
        arguments: &[],
        outcome: Outcome::Surveyed { methods: &["pipe"], server: Server::Process },
        says: &["sftp is left out", "scp is left out", "a start-up file prints: welcome"],
        note: "scp and sftp themselves fail there",
    },
    an_old_scp: Row {
        host: "scp of OpenSSH 8.2 as the local one",
        testbed: || old_client::first_in_path(plain()),
        arguments: &[],
        outcome: Outcome::Surveyed { methods: METHODS, server: Server::Process },
        says: &["this scp is older than 8.7"],
        note: "scp by its old protocol",
    },
}

fn plain() -> Testbed {
    with_remote(Remote { guest: true, ..Remote::default() })
}

/// The default goes on by pipe and says so in one line, sftp is refused before anything is measured.
fn assert_told(testbed: &Testbed, words: &str) {
    let run = survey(testbed, &[DEFAULT_METHOD, "--directions", "upload"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert_says_once(&run, &format!("testbed has no SFTP ({words}): going on by pipe"));
    let survey_of: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_surveyed(&survey_of, &["pipe"], &["upload"], &Server::Process);
    let logins = testbed.logins();
    let run = survey(testbed, &["--method", "sftp"]);
    run.assert_refused(&[&format!("testbed has no SFTP ({words})"), "--method pipe"]);
    assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
    // The control connection, and the one that asked for SFTP.
    assert_eq!(testbed.logins() - logins, 2);
    testbed.assert_nothing_left();
}

/// A line of standard error that is there once, and no other that has to do with SFTP.
fn assert_says_once(run: &Run, line: &str) {
    let about: Vec<&str> = run.stderr.lines().filter(|line| line.contains("SFTP")).collect();
    assert_eq!(about, [line], "{run:?}");
}

#[test]
fn without_an_sftp_program_it_goes_on_by_pipe() {
    let testbed = testbed(sftp::program_missing());
    assert_told(&testbed, "its program is not there: exit status 127");
}

#[test]
fn without_a_subsystem_it_goes_on_by_pipe() {
    assert_told(&testbed(sftp::no_subsystem()), "subsystem request failed on channel 0");
}

#[test]
fn without_an_sftp_server_of_dropbear_it_goes_on_by_pipe() {
    let testbed = testbed(sftp::dropbear_without());
    assert_told(&testbed, "sh: 1: /usr/lib/sftp-server: not found");
}

#[test]
fn where_a_start_up_file_prints_it_goes_on_by_pipe() {
    let testbed = testbed(sftp::printing_account());
    assert_told(&testbed, "a start-up file prints: welcome");
    let run = survey(&testbed, &["--method", "scp"]);
    run.assert_refused(&["a start-up file prints: welcome", "old protocol", "[ -t 1 ] || return"]);
}

#[test]
fn without_sftp_and_scp_there_scp_is_refused_once() {
    let change = without("scp");
    let options = sftp::no_subsystem();
    let remote = Remote { change: &change, ..options.remote.unwrap() };
    let testbed = testbed(crate::testbed::Options { remote: Some(remote), ..options });
    let run = survey(&testbed, &["--method", "scp"]);
    run.assert_refused(&[
        "testbed has no SFTP",
        "has no scp for the old protocol",
        "--method pipe",
    ]);
    assert_eq!((run.stderr.lines().count(), testbed.logins()), (1, 2), "{run:?}");
}

#[test]
fn an_old_scp_is_no_matter_of_sftp() {
    let testbed = old_client::first_in_path(plain());
    let run = survey(&testbed, &[DEFAULT_METHOD, "--directions", "download"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(!run.stderr.contains("scp"), "{run:?}");
    let survey_of: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_surveyed(&survey_of, &["sftp"], &["download"], &Server::Process);
    testbed.assert_nothing_left();
}
