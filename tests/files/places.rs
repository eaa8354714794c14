//! Where a report goes, and what happens where it can't.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::own;
use crate::program::{Run, program, run, word};

const FORMATS: [&str; 5] = ["table", "json", "csv", "markdown", "html"];

fn journal() -> String {
    word(&own("fixtures/records/scp-1.jsonl")).to_owned()
}

#[test]
fn a_file_that_exists_is_replaced_only_by_force() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.csv");
    let journal = journal();
    let arguments = ["report", &journal, "--format", "csv", "--output", word(&path)];
    run(&arguments).assert_code(0);
    let mode = fs::metadata(&path).unwrap().permissions().mode();
    let new = directory.path().join("new");
    File::create(&new).unwrap();
    assert_eq!(mode, fs::metadata(&new).unwrap().permissions().mode(), "as any new file");

    fs::write(&path, "mine").unwrap();
    let refused = run(&arguments);
    refused.assert_code(2);
    assert!(refused.stderr.contains("--force"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");

    // Through a link its target is replaced.
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    let forced = ["report", &journal, "--format", "csv", "--force", "--output", word(&link)];
    run(&forced).assert_code(0);
    assert!(link.is_symlink() && fs::read_to_string(&path).unwrap().starts_with("survey_started"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 3, "nothing else is left");
}

#[test]
fn a_device_is_never_replaced_by_a_file() {
    for force in [&[][..], &["--force"]] {
        let journal = journal();
        let arguments = [&["report", &journal, "--output", "/dev/null"], force].concat();
        run(&arguments).assert_code(2);
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    // More than a pipe holds.
    let long = own("results/loopback/survey.jsonl");
    for format in FORMATS {
        let mut child = program()
            .args(["report", word(&long), "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::with_capacity(1, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let run = Run::of(child.wait_with_output().unwrap());
        run.assert_code(0);
        assert_eq!(run.stderr, "", "{format}");
    }
}

#[test]
fn trials_too_many_for_a_page_are_in_a_file_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(journal()).unwrap();
    let (trials, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("{\"kind\":\"trial\""));
    let many = trials.repeat(500 / trials.len() + 1);
    let lines = [&rest[..1], &many, &rest[1..]].concat();
    let long = directory.path().join("long.jsonl");
    fs::write(&long, lines.join("\n") + "\n").unwrap();
    let page = directory.path().join("page.html");
    let arguments = ["report", word(&long), "--format", "html", "--output", word(&page)];
    run(&arguments).assert_code(0);
    let beside = fs::read_to_string(directory.path().join("page.trials.csv")).unwrap();
    assert_eq!(beside.lines().count(), 1 + many.len());
    assert!(fs::read_to_string(&page).unwrap().contains("page.trials.csv</code> beside this page"));
    // Neither is written over.
    fs::remove_file(&page).unwrap();
    run(&arguments).assert_code(2);
    assert!(!page.exists());
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let output = program().args(["report", &journal()]).stdout(full).output().unwrap();
    let told = Run::of(output);
    told.assert_code(2);
    assert!(told.stderr.contains("No space left"), "{}", told.stderr);

    let disk = Disk::mounted("16k");
    for format in ["html", "json"] {
        let path = disk.0.path().join(format);
        let refused = run(&["report", &journal(), "--format", format, "--output", word(&path)]);
        refused.assert_code(2);
        assert!(refused.stderr.contains("No space left"), "{}", refused.stderr);
        assert_eq!(fs::read_dir(disk.0.path()).unwrap().count(), 0, "whole or not at all");
    }
    // What was there stays as it was.
    let path = disk.0.path().join("report");
    fs::write(&path, "mine").unwrap();
    let forced = ["report", &journal(), "--format", "html", "--force", "--output", word(&path)];
    run(&forced).assert_code(2);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn a_place_that_can_not_be_written_is_told() {
    let nowhere = Path::new("/nowhere/report.html");
    let refused = run(&["report", &journal(), "--format", "html", "--output", word(nowhere)]);
    refused.assert_code(2);
    assert!(refused.stderr.contains("/nowhere/report.html"), "{}", refused.stderr);
}

/// A small file system of its own. Needs root, as the other tests of whole programs.
struct Disk(tempfile::TempDir);

impl Disk {
    fn mounted(size: &str) -> Disk {
        let directory = tempfile::tempdir().unwrap();
        let options = format!("size={size}");
        let mount = ["-t", "tmpfs", "-o", &options, "tmpfs", word(directory.path())];
        let mounted = Command::new("mount").args(mount).status();
        assert!(mounted.is_ok_and(|status| status.success()), "mount (root is needed)");
        Disk(directory)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).status();
    }
}
