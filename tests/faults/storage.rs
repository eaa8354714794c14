//! File systems, remote and local, that are full, read-only or over a quota.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::{CASE, Case, SMALL, all, within};
use crate::testbed::remote::Remote;
use crate::testbed::remote::programs::{Dd, with_dd};
use crate::testbed::{Testbed, need, need_root, ran};

/// A testbed in which a directory is a file system of its own.
fn with_small(name: &str, size: &str) -> Testbed {
    need_root();
    let testbed = Testbed::new();
    let options = format!("size={size},mode=755");
    let mount = need("mount", "mount");
    ran(Command::new(mount).args(["-t", "tmpfs", "-o", &options, "none"]).arg(testbed.path(name)));
    testbed
}

/// A testbed whose remote directory counts what an account may have in it.
fn with_quota() -> Testbed {
    need_root();
    let testbed = Testbed::new();
    let (image, remote) = (testbed.path("image"), testbed.path("remote"));
    File::create(&image).unwrap().set_len(128 << 20).unwrap();
    ran(Command::new(need("mkfs.btrfs", "btrfs-progs")).arg("-q").arg(&image));
    ran(Command::new("mount").args(["-o", "loop"]).args([&image, &remote]));
    ran(Command::new("btrfs").args(["quota", "enable"]).arg(&remote));
    testbed
}

/// Writes until nothing more goes in.
fn fill(directory: &Path) {
    let mut file = File::create(directory.join("filler")).unwrap();
    for block in [1 << 16, 1 << 12, 1] {
        while file.write_all(&vec![1; block]).is_ok() {}
    }
}

fn unfill(directory: &Path) {
    fs::remove_file(directory.join("filler")).unwrap();
}

fn fill_remote(testbed: &mut Testbed) {
    testbed.wait_for_samples(1);
    fill(&testbed.path("remote"));
}

fn remount(directory: &Path, how: &str) {
    // Busy while a file on it is being written.
    within(Duration::from_secs(20), how, || {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{how}")]).arg(directory);
        command.output().unwrap().status.success().then_some(())
    });
}

/// For some slices.
const ROOM: &str = "160m";

const BY_SCP: &str = "--method scp --limit 1MiB --directions upload";
const BY_PIPE: &str = "--method pipe --sink file --limit 1MiB --directions upload";
const BY_SFTP: &str = "--method sftp --limit 1MiB --directions upload";

/// It takes the file of the first sample and then no more.
const FAILS: Case = Case {
    rounds: 4,
    code: 1,
    measured: 1,
    failed: 3,
    // One more may be under way when the fault comes.
    escape: 1,
    ..CASE
};

#[test]
fn a_remote_file_system_that_takes_no_more_is_reported_in_its_own_words() {
    let full = Case {
        testbed: || with_small("remote", ROOM),
        fault: |testbed, _| fill_remote(testbed),
        after: |testbed| unfill(&testbed.path("remote")),
        words: &["/.cipher-survey on testbed can't be written: No space left on device"],
        ..FAILS
    };
    let read_only = Case {
        testbed: || with_small("remote", ROOM),
        fault: |testbed, _| {
            testbed.wait_for_samples(1);
            remount(&testbed.path("remote"), "ro");
        },
        // What could not be removed is still there, with our mark.
        after: |testbed| {
            remount(&testbed.path("remote"), "rw");
            fs::remove_dir_all(testbed.path("remote/.cipher-survey")).unwrap();
        },
        words: &["/.cipher-survey on testbed can't be written: Read-only file system"],
        ..FAILS
    };
    let quota = Case {
        testbed: with_quota,
        fault: |testbed, _| {
            testbed.wait_for_samples(1);
            // It holds more already.
            let limit = ["qgroup", "limit", "256K"];
            ran(Command::new("btrfs").args(limit).arg(testbed.path("remote")));
        },
        words: &["Disk quota exceeded"],
        ..FAILS
    };
    all(&[
        Case { name: "quota: upload by scp", arguments: BY_SCP, ..quota },
        Case { name: "quota: upload by pipe", arguments: BY_PIPE, ..quota },
        Case { name: "quota: upload by sftp", arguments: BY_SFTP, ..quota },
        Case { name: "full: upload by scp", arguments: BY_SCP, ..full },
        Case { name: "full: upload by pipe", arguments: BY_PIPE, ..full },
        Case { name: "full: upload by sftp", arguments: BY_SFTP, ..full },
        Case { name: "read-only: upload by scp", arguments: BY_SCP, ..read_only },
        Case { name: "read-only: upload by pipe", arguments: BY_PIPE, ..read_only },
        Case { name: "read-only: upload by sftp", arguments: BY_SFTP, ..read_only },
    ]);
}

#[test]
fn a_full_local_file_system_is_reported_in_its_own_words() {
    let full = Case {
        testbed: || with_small("tmp", ROOM),
        fault: |testbed, _| {
            testbed.wait_for_samples(1);
            fill(&testbed.path("tmp"));
        },
        after: |testbed| unfill(&testbed.path("tmp")),
        words: &["/tmp on this machine can't be written: No space left on device", "TMPDIR"],
        ..FAILS
    };
    let journal = Case {
        testbed: || with_small("xdg", "48k"),
        fault: |testbed, _| {
            testbed.wait_for_samples(1);
            fill(&testbed.path("xdg"));
        },
        // What was measured is reported, and can be again.
        after: |testbed| {
            unfill(&testbed.path("xdg"));
            let mut report = testbed.program();
            report.arg("report").arg(testbed.journals().pop().unwrap());
            ran(&mut report);
        },
        words: &["error: the journal", "can't be written (is the disk full?)", "--journal"],
        ..FAILS
    };
    all(&[
        Case {
            name: "full: download by scp",
            arguments: "--method scp --limit 1MiB --directions download",
            ..full
        },
        Case {
            name: "full: download by pipe",
            arguments: "--method pipe --sink file --limit 1MiB --directions download",
            ..full
        },
        Case {
            name: "full: download by sftp",
            arguments: "--method sftp --limit 1MiB --directions download",
            ..full
        },
        Case {
            name: "full: the journal",
            arguments: BY_SCP,
            // The survey ends with it; the first samples are in it.
            failed: 0,
            ..journal
        },
    ]);
}

#[test]
fn changes_to_our_remote_files_cost_one_sample_at_most() {
    let download = Case {
        arguments: "--method scp --limit 1MiB --directions download",
        rounds: 5,
        code: 1,
        measured: 4,
        failed: 1,
        ..CASE
    };
    all(&[
        Case {
            name: "the chunk is removed",
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                fs::remove_file(testbed.path("remote/.cipher-survey/chunk-1048576")).unwrap();
            },
            words: &["No such file or directory"],
            ..download
        },
        Case {
            name: "the chunk is cut",
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                let chunk = testbed.path("remote/.cipher-survey/chunk-1048576");
                File::options().write(true).open(chunk).unwrap().set_len(1 << 19).unwrap();
            },
            words: &["1048576 bytes were asked for and 524288 arrived"],
            ..download
        },
        Case {
            name: "the chunk is changed",
            arguments: "--method scp --limit 1MiB --directions download --full",
            fault: |testbed, _| {
                testbed.wait_for_samples(1);
                let chunk = testbed.path("remote/.cipher-survey/chunk-1048576");
                fs::write(chunk, vec![7; 1 << 20]).unwrap();
            },
            // It has the right size: only the download shows it.
            words: &["the downloaded data differs from FILE"],
            ..download
        },
    ]);
}

#[test]
fn a_remote_directory_that_is_removed_is_made_again() {
    let removed = Case {
        arguments: SMALL,
        rounds: 4,
        fault: |testbed, _| {
            testbed.wait_for_samples(1);
            fs::remove_dir_all(testbed.path("remote/.cipher-survey")).unwrap();
        },
        measured: 8,
        words: &["/.cipher-survey was removed or changed"],
        ..CASE
    };
    all(&[
        Case { name: "our directory is removed: scp", ..removed },
        Case {
            name: "our directory is removed: pipe",
            arguments: "--method pipe --sink file --limit 1MiB",
            ..removed
        },
        Case {
            name: "our directory is removed: sftp",
            arguments: "--method sftp --limit 1MiB",
            ..removed
        },
        Case {
            name: "a chunk is removed: sftp",
            arguments: "--method sftp --limit 1MiB",
            fault: |testbed, _| {
                testbed.wait_for_samples(2);
                fs::remove_file(testbed.path("remote/.cipher-survey/chunk-1048576")).unwrap();
            },
            words: &[],
            ..removed
        },
    ]);
}

/// The count of records shows it, and the connection's stream is out of step.
#[test]
fn a_remote_dd_that_moves_less_than_it_should_is_noticed() {
    let short: fn() -> Testbed = || {
        let change = with_dd(Dd::Short);
        Remote { change: &change, ..Remote::default() }.testbed()
    };
    let fails = Case {
        testbed: short,
        rounds: 2,
        code: 1,
        measured: 2,
        failed: 2,
        words: &["bytes were asked for and"],
        ..CASE
    };
    all(&[
        Case {
            name: "a short dd: upload",
            arguments: "--method pipe,sftp --limit 4MiB --directions upload",
            ..fails
        },
        Case {
            name: "a short dd: download",
            arguments: "--method pipe,sftp --limit 4MiB --directions download",
            ..fails
        },
    ]);
}
