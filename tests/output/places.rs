//! Where a report goes, and what happens where it can't.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::own;
use crate::program::{Run, program, run, word};
use crate::schema_1::in_words_of_schema_2;

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
fn a_broken_pipe_is_no_error() {
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
fn too_many_samples_for_a_page_go_to_a_file_next_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let (long, samples) = long_journal(directory.path());
    let page = directory.path().join("page.html");
    let arguments = ["report", &long, "--format", "html", "--output", word(&page)];
    run(&arguments).assert_code(0);
    let beside = directory.path().join("page.samples.csv");
    assert_eq!(fs::read_to_string(&beside).unwrap().lines().count(), 1 + samples);
    assert!(
        fs::read_to_string(&page).unwrap().contains("page.samples.csv</code> beside this page")
    );
    // Neither is written over.
    fs::remove_file(&page).unwrap();
    fs::write(&beside, "mine").unwrap();
    let refused = run(&arguments);
    refused.assert_code(2);
    assert!(refused.stderr.contains("page.samples.csv exists"), "{}", refused.stderr);
    assert!(!page.exists());
    assert_eq!(fs::read_to_string(&beside).unwrap(), "mine");
    run(&[&arguments[..], &["--force"]].concat()).assert_code(0);
    assert!(page.exists() && fs::read_to_string(&beside).unwrap().starts_with("survey_started"));
}

#[test]
fn samples_of_a_page_that_fails_stay_as_they_were() {
    let directory = tempfile::tempdir().unwrap();
    let (long, _) = long_journal(directory.path());
    let report = |page: &Path| {
        run(&["report", &long, "--format", "html", "--force", "--output", word(page)])
    };
    // Found before anything is written, and while the page is.
    let beside = directory.path().join("page.samples.csv");
    fs::write(&beside, "mine").unwrap();
    let page = directory.path().join("page.html");
    fs::create_dir(&page).unwrap();
    report(&page).assert_code(2);
    assert_eq!(fs::read_to_string(&beside).unwrap(), "mine");

    let sample = directory.path().join("sample.html");
    report(&sample).assert_code(0);
    let csv = fs::metadata(sample.with_extension("samples.csv")).unwrap().len();
    // The samples have room and the page has none.
    let disk = Disk::mounted(&format!("{}k", csv / 1024 + 24));
    let (page, beside) = (disk.0.path().join("page.html"), disk.0.path().join("page.samples.csv"));
    for mine in [None, Some("mine")] {
        mine.iter().for_each(|text| fs::write(&beside, text).unwrap());
        let refused = report(&page);
        refused.assert_code(2);
        let told = refused.stderr.contains("page.html") && refused.stderr.contains("No space left");
        assert!(told, "{}", refused.stderr);
        assert_eq!(fs::read_to_string(&beside).ok().as_deref(), mine);
        let left = fs::read_dir(disk.0.path()).unwrap().count();
        assert_eq!(left, usize::from(mine.is_some()));
    }
}

#[test]
fn a_survey_with_no_place_for_its_samples_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let (page, journal) = (directory.path().join("x.html"), directory.path().join("x.samples.csv"));
    fs::write(&journal, "mine").unwrap();
    let survey = ["loopback", "--format", "html", "--output", word(&page)];
    let refused = run(&survey);
    refused.assert_code(2);
    assert!(refused.stderr.contains("x.samples.csv exists"), "{}", refused.stderr);
    fs::remove_file(&journal).unwrap();
    // Its own journal would exist before its samples.
    let refused = run(&[&survey[..], &["--force", "--journal", word(&journal)]].concat());
    refused.assert_code(2);
    assert!(refused.stderr.contains("the journal itself"), "{}", refused.stderr);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn samples_are_next_to_the_page_and_not_to_a_link_to_it() {
    let directory = tempfile::tempdir().unwrap();
    let (long, _) = long_journal(directory.path());
    let (local, remote) = (directory.path().join("near"), directory.path().join("remote"));
    fs::create_dir(&local).unwrap();
    fs::create_dir(&remote).unwrap();
    let (link, page) = (local.join("link.html"), remote.join("page.html"));
    symlink(&page, &link).unwrap();
    let forced = ["report", &long, "--format", "html", "--force", "--output", word(&link)];
    let nowhere = run(&forced);
    nowhere.assert_code(2);
    let told = nowhere.stderr.contains("link.html is a symbolic link to nothing");
    assert!(told && !nowhere.stderr.contains("--force"), "{}", nowhere.stderr);

    fs::write(&page, "mine").unwrap();
    run(&forced).assert_code(0);
    assert!(
        fs::read_to_string(&page).unwrap().contains("page.samples.csv</code> beside this page")
    );
    assert!(remote.join("page.samples.csv").exists() && link.is_symlink());
    assert_eq!(fs::read_dir(&local).unwrap().count(), 1);

    // Where the samples are a link, the page names what is beside it.
    let (samples, kept) = (remote.join("page.samples.csv"), local.join("kept.csv"));
    fs::rename(&samples, &kept).unwrap();
    symlink(&kept, &samples).unwrap();
    run(&forced).assert_code(0);
    assert!(
        fs::read_to_string(&page).unwrap().contains("page.samples.csv</code> beside this page")
    );
    assert!(samples.is_symlink());
}

#[test]
fn a_journal_is_never_replaced_by_its_report() {
    let directory = tempfile::tempdir().unwrap();
    let [own, link, hard] = ["own.jsonl", "link", "hard"].map(|name| directory.path().join(name));
    fs::copy(journal(), &own).unwrap();
    symlink(&own, &link).unwrap();
    fs::hard_link(&own, &hard).unwrap();
    let before = fs::read(&own).unwrap();
    let other = journal();
    for output in [&own, &link, &hard] {
        for verb in [
            &["report", word(&own)][..],
            &["compare", &other, word(&own)],
            &["compare", "--change", &other, word(&own)],
        ] {
            let refused = run(&[verb, &["--force", "--output", word(output)]].concat());
            refused.assert_code(2);
            assert!(refused.stderr.contains("is the journal itself"), "{}", refused.stderr);
            assert_eq!(fs::read(&own).unwrap(), before);
        }
    }
    // Nor by the samples beside a page.
    let (long, _) = long_journal(directory.path());
    let renamed = directory.path().join("page.samples.csv");
    fs::rename(long, &renamed).unwrap();
    let page = directory.path().join("page.html");
    let page = ["--format", "html", "--force", "--output", word(&page)];
    let refused = run(&[&["report", word(&renamed)], &page[..]].concat());
    refused.assert_code(2);
    assert!(refused.stderr.contains("is the journal itself"), "{}", refused.stderr);
}

#[test]
fn a_full_disk_is_reported_and_leaves_nothing() {
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
    // The old file stays as it was.
    let path = disk.0.path().join("report");
    fs::write(&path, "mine").unwrap();
    let forced = ["report", &journal(), "--format", "html", "--force", "--output", word(&path)];
    run(&forced).assert_code(2);
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}

#[test]
fn an_unwritable_place_is_reported() {
    let nowhere = Path::new("/nowhere/report.html");
    let refused = run(&["report", &journal(), "--format", "html", "--output", word(nowhere)]);
    refused.assert_code(2);
    assert!(refused.stderr.contains("/nowhere/report.html"), "{}", refused.stderr);
}

/// The journal of a survey of more samples than a page holds, and how many it has.
fn long_journal(directory: &Path) -> (String, usize) {
    let text = in_words_of_schema_2(&fs::read_to_string(journal()).unwrap());
    let (samples, rest): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("{\"kind\":\"sample\""));
    let many = samples.repeat(500 / samples.len() + 1);
    let lines = [&rest[..1], &many, &rest[1..]].concat();
    let long = directory.join("long.jsonl");
    fs::write(&long, lines.join("\n") + "\n").unwrap();
    (word(&long).to_owned(), many.len())
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
