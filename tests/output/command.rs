//! `cipher-survey report` on the command line.

use std::fs;

use crate::own;
use crate::program::{Run, program, run, word};

fn ran(arguments: &[&str]) -> Run {
    Run::of(program().arg("report").args(arguments).current_dir(own(".")).output().unwrap())
}

const JOURNAL: &str = "fixtures/records/scp-1.jsonl";

#[test]
fn a_summary_is_for_csv_only() {
    for format in ["table", "json", "markdown", "html"] {
        let refused = ran(&[JOURNAL, "--format", format, "--summary"]);
        refused.assert_code(2);
        assert_eq!(refused.stdout, "");
        let told = refused.stderr.contains("add --format csv, or leave out --summary");
        assert!(told, "{}", refused.stderr);
    }
    let summary = ran(&[JOURNAL, "--format", "csv", "--summary"]);
    summary.assert_code(0);
    assert_eq!((summary.stderr.as_str(), summary.stdout.lines().count()), ("", 1 + 4));
}

#[test]
fn a_flag_without_effect_is_refused() {
    for format in ["table", "json", "csv", "markdown", "html"] {
        for flag in ["--bars", "--explain", "--ascii", "--wide"] {
            let report = ran(&[JOURNAL, "--format", format, flag]);
            if format == "table" || (format == "markdown" && flag == "--wide") {
                report.assert_code(0);
                continue;
            }
            report.assert_code(2);
            assert_eq!(report.stdout, "");
            let words = format!("{flag} has no effect on --format {format}, only on table");
            assert!(report.stderr.contains(&words), "{}", report.stderr);
        }
        let compare = run(&["compare", "--ascii", "--format", format, word(&own(JOURNAL))]);
        compare.assert_code(if format == "table" { 0 } else { 2 });
        assert_eq!(compare.stderr.contains("--ascii has no effect"), format != "table");
    }
    // Before a survey begins.
    let survey = run(&["loopback", "--format", "json", "--bars"]);
    survey.assert_code(2);
    assert!(survey.stderr.contains("--bars has no effect"), "{}", survey.stderr);
}

#[test]
fn what_a_table_of_samples_lacks_is_reported() {
    let directory = tempfile::tempdir().unwrap();
    let damaged = directory.path().join("damaged.jsonl");
    let text = fs::read_to_string(own(JOURNAL)).unwrap().replace('\n', "\r\n");
    fs::write(&damaged, text + "rubbish\r\n{\"kind\":\"tri").unwrap();
    let whole = ran(&[JOURNAL, "--format", "csv"]);
    let csv = ran(&[word(&damaged), "--format", "csv"]);
    assert_eq!(csv.stdout, whole.stdout);
    let told = csv.stderr.starts_with("warning: the journal is damaged: line ");
    assert!(told && csv.stderr.ends_with("; and 1 more\n"), "{}", csv.stderr);
    let markdown = ran(&[word(&damaged), "--format", "markdown", "--wide"]).stdout;
    assert!(markdown.contains("**warning:** the journal is damaged: line "), "{markdown}");
    assert!(markdown.contains("| client user s |"), "{markdown}");
}

#[test]
fn a_report_in_a_file_is_the_one_that_is_printed() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("report.csv");
    let written = ran(&[JOURNAL, "--format", "csv", "--output", word(&path)]);
    written.assert_code(0);
    assert_eq!(written.stdout, "");
    let printed = ran(&[JOURNAL, "--format", "csv"]);
    assert_eq!(fs::read_to_string(&path).unwrap(), printed.stdout);
}
