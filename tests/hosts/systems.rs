//! Systems: what programs and kernel interfaces a host has.

use std::fs;
use std::process::Command;

use crate::matrix::{ALL, METHODS, Outcome, Row, Server, hosts, survey, testbed, with_remote};
use crate::testbed::hosts::Host;
use crate::testbed::remote::Remote;
use crate::testbed::{Options, Testbed, need, said};

/// Nothing of the programs that people run but BusyBox.
fn busybox(guest: bool) -> Testbed {
    need("/bin/busybox", "busybox-static");
    let change = "mkdir \"$testbed/bb\" && cp /bin/busybox \"$testbed/bb\"\n\
                  \"$testbed/bb/busybox\" --install \"$testbed/bb\"\nmount --bind \"$testbed/bb\" /usr/bin";
    with_remote(Remote { guest, shell: "/bin/sh", change, ..Remote::default() })
}

hosts! {
    busybox_and_nothing_else: Row {
        host: "BusyBox alone (ash, its dd, stat, sync and ps)",
        testbed: || busybox(true),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    hidden_processes: Row {
        host: "/proc with hidepid=2, an ordinary account",
        testbed: || {
            let change = "mount -t proc -o hidepid=2 proc /proc";
            with_remote(Remote { guest: true, change, ..Remote::default() })
        },
        arguments: &[],
        outcome: Outcome::Surveyed { methods: METHODS, server: Server::Host },
        says: &[],
        note: "the account can't see even the server process of its own connection",
    },
    another_cpu: Row {
        host: "another CPU, emulated (qemu)",
        testbed: || testbed(Options { host: Host::emulated(), ..Options::default() }),
        arguments: &["--method", "sftp,pipe", "--directions", "upload"],
        outcome: Outcome::Surveyed { methods: &["sftp", "pipe"], server: Server::Process },
        says: &[],
        note: "the server's process is the emulator's",
    },
    a_cpu_quota: Row {
        host: "half a core (CPU quota)",
        testbed: || testbed(Options { quota: Some(0.5), remote: Some(Remote { guest: true, ..Remote::default() }), ..Options::default() }),
        arguments: &["--method", "sftp,pipe", "--directions", "upload"],
        outcome: Outcome::Surveyed { methods: &["sftp", "pipe"], server: Server::Process },
        says: &[],
        note: "the report says for how long the server was held back",
    },
    no_proc: Row {
        host: "no /proc",
        testbed: || {
            let change = "mount -t tmpfs none /proc";
            with_remote(Remote { guest: true, change, ..Remote::default() })
        },
        arguments: &[],
        outcome: Outcome::Surveyed { methods: METHODS, server: Server::Missing("no /proc") },
        says: &[],
        note: "the lock knows its owner by ps",
    },
}

/// Without `/proc` the lock knows its owner by `ps`. What macOS prints for `ps -o lstart= -p PID`.
const LSTART: &str = "Mon May  5 15:14:23 2026    ";

/// A host without `/proc`, on which somebody's survey holds the lock: a process that lives, said to
/// have been started at that time. Its `ps` prints [`LSTART`].
fn held(start: &str) -> Testbed {
    let change = format!(
        "echo '#!/bin/sh\necho \"{LSTART}\"' > \"$testbed/ps\"; chmod 755 \"$testbed/ps\"\n\
         mount --bind \"$testbed/ps\" /usr/bin/ps\nmount -t tmpfs none /proc"
    );
    let testbed = with_remote(Remote { change: &change, ..Remote::default() });
    let ours = testbed.path("remote/.cipher-survey");
    fs::create_dir(&ours).unwrap();
    let host = said(Command::new("uname").arg("-n"));
    let pid = std::process::id();
    let owner = format!("cipher-survey {} none {pid} {start} token by x since noon\n", host.trim());
    fs::write(ours.join("owner"), owner).unwrap();
    testbed
}

#[test]
fn without_proc_ps_tells_whether_a_lock_is_held() {
    let testbed = held("MonMay515:14:232026");
    survey(&testbed, &[])
        .assert_refused(&["another survey of testbed is running", "by x since noon"]);
    assert!(testbed.path("remote/.cipher-survey/owner").exists());
}

#[test]
fn without_proc_the_lock_of_a_process_that_has_ended_is_taken_over() {
    let testbed = held("SunMay423:59:592026");
    let run = survey(&testbed, &["--method", "pipe", "--directions", "upload"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    testbed.assert_nothing_left();
}
