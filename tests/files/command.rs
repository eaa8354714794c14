//! `cipher-survey report` as its user has it.

use std::fs;
use std::io::Read;
use std::process::{Command, Output, Stdio};

use crate::own;

fn report(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cipher-survey"));
    command.arg("report").args(arguments).current_dir(own("."));
    command
}

fn ran(arguments: &[&str]) -> (Output, String, String) {
    let output = report(arguments).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (out, error) = (text(&output.stdout), text(&output.stderr));
    (output, out, error)
}

const JOURNAL: &str = "fixtures/records/scp-1.jsonl";

#[test]
fn a_summary_is_a_form_of_csv_alone() {
    for format in ["table", "json", "markdown"] {
        let (output, out, error) = ran(&[JOURNAL, "--format", format, "--summary"]);
        assert_eq!((output.status.code(), out.as_str()), (Some(2), ""));
        assert!(error.contains("add --format csv, or leave --summary out"), "{error}");
    }
    let (output, out, error) = ran(&[JOURNAL, "--format", "csv", "--summary"]);
    assert!(output.status.success() && error.is_empty(), "{error}");
    assert_eq!(out.lines().count(), 1 + 4, "{out}");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for arguments in [&["csv"][..], &["csv", "--summary"], &["markdown"], &["json"]] {
        let journal = "results/loopback/survey.jsonl";
        let mut command = report(&[&[journal, "--format"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = [0; 10];
        child.stdout.take().unwrap().read_exact(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
    }
}

#[test]
fn lines_that_a_table_of_trials_lacks_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let damaged = directory.path().join("damaged.jsonl");
    let text = fs::read_to_string(own(JOURNAL)).unwrap().replace('\n', "\r\n");
    fs::write(&damaged, text + "rubbish\r\n{\"kind\":\"tri").unwrap();
    let damaged = damaged.to_str().unwrap();
    let (whole, ..) = ran(&[JOURNAL, "--format", "csv"]);
    let (output, _, error) = ran(&[damaged, "--format", "csv"]);
    assert_eq!(output.stdout, whole.stdout);
    let told = error.starts_with("warning: the journal is damaged: line ");
    assert!(told && error.ends_with("; and 1 more\n"), "{error}");
    let (_, out, _) = ran(&[damaged, "--format", "markdown", "--wide"]);
    assert!(out.contains("**warning:** the journal is damaged: line "), "{out}");
    assert!(out.contains("| client user s |"), "{out}");
}

#[test]
fn a_report_is_written_whole_and_never_over_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.csv");
    let arguments = [JOURNAL, "--format", "csv", "--output", path.to_str().unwrap()];
    let (output, out, _) = ran(&arguments);
    assert!(output.status.success() && out.is_empty());
    let (printed, ..) = ran(&[JOURNAL, "--format", "csv"]);
    assert_eq!(fs::read(&path).unwrap(), printed.stdout);
    assert_eq!(ran(&arguments).0.status.code(), Some(2));
}
