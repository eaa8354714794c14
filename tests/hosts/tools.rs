//! Hosts without some program, or with another dd.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::matrix::with_remote;
use crate::matrix::{ALL, DEFAULT_METHOD, Outcome, Row, Server, assert_surveyed, hosts, survey};
use crate::testbed::remote::Remote;
use crate::testbed::remote::programs::{Dd, with_dd, without};
use crate::testbed::{CHACHA, Run, Testbed};

/// A host whose `/usr/bin` was changed so.
fn changed(change: &str) -> Testbed {
    with_remote(Remote { guest: true, change, ..Remote::default() })
}

hosts! {
    a_dd_of_busybox: Row {
        host: "dd of BusyBox",
        testbed: || changed(&with_dd(Dd::BusyBox)),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    a_dd_of_bsd: Row {
        host: "dd as of BSD and macOS",
        testbed: || changed(&with_dd(Dd::Bsd)),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "it knows no iflag=fullblock: bytes are counted in pieces",
    },
    no_dd: Row {
        host: "no dd",
        testbed: || changed(&without("dd")),
        arguments: &[],
        outcome: Outcome::Surveyed { methods: &["sftp", "scp"], server: Server::Process },
        says: &["has no dd, which pipe needs: pipe is left out"],
        note: "pipe needs it",
    },
    no_grep_sed_sleep_or_tr: Row {
        host: "no grep, sed, sleep or tr",
        testbed: || {
            let tools = ["grep", "sed", "sleep", "tr"];
            changed(&crate::testbed::remote::programs::Programs { hidden: &tools, ..Default::default() }.change())
        },
        arguments: &["--method", "sftp,pipe"],
        outcome: Outcome::Surveyed { methods: &["sftp", "pipe"], server: Server::Process },
        says: &["has no grep: the counters of the whole host are not read"],
        note: "without grep no counters of the whole host",
    },
    nothing_to_read_files_with: Row {
        host: "no cat, mkdir, mv, rm or wc",
        testbed: || changed(&without("cat")),
        arguments: &[],
        outcome: Outcome::Refused(&["testbed has no cat", "install it there"]),
        says: &[],
        note: "a survey makes, counts and removes files with them",
    },
}

/// No program that is missing is to let a survey wait for what never comes.
const AT_MOST: Duration = Duration::from_secs(60);

fn surveyed(tool: &str, arguments: &[&str]) -> (Testbed, Run) {
    let testbed = changed(&without(tool));
    let begun = Instant::now();
    let run = survey(&testbed, arguments);
    assert!(begun.elapsed() < AT_MOST, "{tool}: {:?} {run:?}", begun.elapsed());
    (testbed, run)
}

#[test]
fn a_tool_that_is_needed_is_named_at_once() {
    for tool in ["cat", "mkdir", "mv", "rm", "wc"] {
        let (testbed, run) = surveyed(tool, &[DEFAULT_METHOD]);
        run.assert_refused(&[&format!("testbed has no {tool}, which"), "install it there"]);
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        testbed.assert_nothing_left();
    }
}

#[test]
fn a_tool_that_is_not_needed_is_done_without() {
    for tool in ["grep", "head", "ls", "sed", "sleep", "tr"] {
        let (testbed, run) = surveyed(tool, &["--method", "sftp,pipe", "--directions", "upload"]);
        assert_eq!(run.code, Some(0), "{tool}: {run:?}");
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_surveyed(&report, &["sftp", "pipe"], &["upload"], &Server::Process);
        testbed.assert_nothing_left();
    }
}

#[test]
fn without_dd_pipe_is_refused_and_the_default_is_sftp() {
    let (testbed, run) = surveyed("dd", &["--method", "pipe"]);
    run.assert_refused(&["testbed has no dd, which pipe needs", "--method sftp"]);
    assert_eq!((run.stderr.lines().count(), testbed.logins()), (1, 1), "{run:?}");
    let target = testbed.target();
    let begun = Instant::now();
    let run =
        testbed.run(&["run", "--rounds", "1", "--ciphers", CHACHA, "--format", "json", &target]);
    assert!(begun.elapsed() < AT_MOST);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stderr.contains("has no dd, which pipe needs: going on by sftp"), "{run:?}");
    testbed.assert_nothing_left();
}
