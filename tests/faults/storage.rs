//! File systems: those of the far host and our own.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::case::{CASE, Case, SMALL, all, untimed, within};
use crate::lab::{Lab, need, need_root, ran};

/// A lab in which a directory is a file system of its own.
fn with_small(name: &str, size: &str) -> Lab {
    need_root();
    let lab = untimed();
    let options = format!("size={size},mode=755");
    let mount = need("mount", "mount");
    ran(Command::new(mount).args(["-t", "tmpfs", "-o", &options, "none"]).arg(lab.path(name)));
    lab
}

/// A lab whose far side counts what an account may have there.
fn with_quota() -> Lab {
    need_root();
    let lab = untimed();
    let (image, far) = (lab.path("image"), lab.path("far"));
    File::create(&image).unwrap().set_len(128 << 20).unwrap();
    ran(Command::new(need("mkfs.btrfs", "btrfs-progs")).arg("-q").arg(&image));
    ran(Command::new("mount").args(["-o", "loop"]).args([&image, &far]));
    ran(Command::new("btrfs").args(["quota", "enable"]).arg(&far));
    lab
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

fn fill_there(lab: &mut Lab) {
    lab.wait_for_trials(1);
    fill(&lab.path("far"));
}

fn remount(directory: &Path, how: &str) {
    // Busy while a file there is being written.
    within(Duration::from_secs(20), how, || {
        let mut command = Command::new("mount");
        command.args(["-o", &format!("remount,{how}")]).arg(directory);
        command.output().unwrap().status.success().then_some(())
    });
}

const BY_SCP: &str = "--method scp --limit 1MiB --directions upload";
const BY_PIPE: &str = "--method pipe --sink file --limit 1MiB --directions upload";

/// It takes the file of the first trial and then no more.
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
fn a_far_file_system_that_takes_no_more_is_told_in_its_own_words() {
    let full = Case {
        lab: || with_small("far", "16m"),
        fault: |lab, _| fill_there(lab),
        after: |lab| unfill(&lab.path("far")),
        words: &["/.cipher-survey on lab takes no file: No space left on device"],
        ..FAILS
    };
    let read_only = Case {
        lab: || with_small("far", "16m"),
        fault: |lab, _| {
            lab.wait_for_trials(1);
            remount(&lab.path("far"), "ro");
        },
        // What could not be removed is there, with our mark.
        after: |lab| {
            remount(&lab.path("far"), "rw");
            fs::remove_dir_all(lab.path("far/.cipher-survey")).unwrap();
        },
        words: &["/.cipher-survey on lab takes no file: Read-only file system"],
        ..FAILS
    };
    let quota = Case {
        lab: with_quota,
        fault: |lab, _| {
            lab.wait_for_trials(1);
            // More is there already.
            let limit = ["qgroup", "limit", "256K"];
            ran(Command::new("btrfs").args(limit).arg(lab.path("far")));
        },
        words: &["Disk quota exceeded"],
        ..FAILS
    };
    all(&[
        Case { name: "quota: upload by scp", arguments: BY_SCP, ..quota },
        Case { name: "quota: upload by pipe", arguments: BY_PIPE, ..quota },
        Case { name: "full: upload by scp", arguments: BY_SCP, ..full },
        Case { name: "full: upload by pipe", arguments: BY_PIPE, ..full },
        Case { name: "read-only: upload by scp", arguments: BY_SCP, ..read_only },
        Case { name: "read-only: upload by pipe", arguments: BY_PIPE, ..read_only },
    ]);
}

#[test]
fn our_own_file_system_that_takes_no_more_is_told_in_its_own_words() {
    let full = Case {
        lab: || with_small("tmp", "16m"),
        fault: |lab, _| {
            lab.wait_for_trials(1);
            fill(&lab.path("tmp"));
        },
        after: |lab| unfill(&lab.path("tmp")),
        words: &["/tmp on this machine takes no file: No space left on device", "TMPDIR"],
        ..FAILS
    };
    let journal = Case {
        lab: || with_small("xdg", "48k"),
        fault: |lab, _| {
            lab.wait_for_trials(1);
            fill(&lab.path("xdg"));
        },
        // What was measured is reported, and can be again.
        after: |lab| {
            unfill(&lab.path("xdg"));
            let mut report = lab.program();
            report.arg("report").arg(lab.journals().pop().unwrap());
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
            name: "full: the journal",
            arguments: BY_SCP,
            // The survey ends with it; the first trials are in it.
            failed: 0,
            ..journal
        },
    ]);
}

#[test]
fn what_somebody_else_does_to_our_files_over_there_costs_one_trial_at_most() {
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
            name: "the prefix is removed",
            fault: |lab, _| {
                lab.wait_for_trials(1);
                fs::remove_file(lab.path("far/.cipher-survey/prefix-1048576")).unwrap();
            },
            words: &["No such file or directory"],
            ..download
        },
        Case {
            name: "the prefix is cut",
            fault: |lab, _| {
                lab.wait_for_trials(1);
                let prefix = lab.path("far/.cipher-survey/prefix-1048576");
                File::options().write(true).open(prefix).unwrap().set_len(1 << 19).unwrap();
            },
            words: &["1048576 bytes were asked for and 524288 arrived"],
            ..download
        },
        Case {
            name: "the prefix is changed",
            arguments: "--method scp --limit 1MiB --directions download --full",
            fault: |lab, _| {
                lab.wait_for_trials(1);
                let prefix = lab.path("far/.cipher-survey/prefix-1048576");
                fs::write(prefix, vec![7; 1 << 20]).unwrap();
            },
            // It has the right size: each download tells.
            measured: 1,
            failed: 4,
            escape: 1,
            words: &["what was downloaded is not what FILE holds"],
            ..download
        },
        Case {
            name: "our directory is removed",
            arguments: SMALL,
            rounds: 4,
            fault: |lab, _| {
                lab.wait_for_trials(1);
                fs::remove_dir_all(lab.path("far/.cipher-survey")).unwrap();
            },
            measured: 8,
            words: &["our directory over there was removed"],
            ..CASE
        },
    ]);
}
