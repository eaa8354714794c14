//! A data frame of the samples gives the summary again.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::{own, surveys};

/// The Python that has pandas: Debian's may be behind another one.
fn python() -> &'static str {
    let has_pandas = |python: &&str| {
        let run = Command::new(python).args(["-c", "import pandas"]).output();
        run.is_ok_and(|output| output.status.success())
    };
    ["python3", "/usr/bin/python3"].into_iter().find(has_pandas).unwrap_or_else(|| {
        panic!("this test needs pandas for Python: install python3-pandas, or run tests/run")
    })
}

fn program(journal: &Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cipher-survey"));
    let output = command.arg("report").arg(journal).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

fn computed(samples: &Path, summary: &Path) -> Output {
    let script = own("tests/output/summary.py");
    Command::new(python()).arg(script).args([samples, summary]).output().unwrap()
}

#[test]
fn the_summary_follows_from_the_samples() {
    let directory = tempfile::tempdir().unwrap();
    let (samples, summary) =
        (directory.path().join("samples.csv"), directory.path().join("summary.csv"));
    let mut lines = 0;
    for journal in surveys() {
        fs::write(&samples, program(&journal, &["--format", "csv"])).unwrap();
        fs::write(&summary, program(&journal, &["--format", "csv", "--summary"])).unwrap();
        let output = computed(&samples, &summary);
        assert!(output.status.success(), "{}: {output:?}", journal.display());
        let said = String::from_utf8(output.stdout).unwrap();
        let counts: Vec<usize> = said.split_whitespace().map(|n| n.parse().unwrap()).collect();
        let [own, compared] = counts[..] else { panic!("{said}") };
        assert!(compared >= 8 * own, "{}: {said}", journal.display());
        lines += own;
    }
    assert!(lines > 40, "{lines} lines");
    // A figure that the samples don't say is found.
    for column in ["measured", "setup_s", "client_cpu_s_per_gb", "rate_mb_per_s"] {
        let text = fs::read(&summary).unwrap();
        let changed = directory.path().join("changed.csv");
        fs::write(&changed, with_more_of(column, &text)).unwrap();
        let output = computed(&samples, &changed);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && said.starts_with('('), "{column}: {said}");
    }
}

/// The file with the last line's figure in this column made larger.
fn with_more_of(column: &str, text: &[u8]) -> Vec<u8> {
    let mut reader = csv::Reader::from_reader(text);
    let headers = reader.headers().unwrap().clone();
    let at = headers.iter().position(|name| name == column).unwrap();
    let mut records: Vec<Vec<String>> = reader
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect();
    let cell = &mut records.last_mut().unwrap()[at];
    *cell = (cell.parse::<f64>().unwrap() + 1.0).to_string();
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(&headers).unwrap();
    for record in records {
        writer.write_record(record).unwrap();
    }
    writer.into_inner().unwrap()
}
