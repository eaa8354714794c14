//! Copies that confirm the advice, when they fail.

use std::fs::File;

use serde_json::Value;

use crate::case::Survey;
use crate::testbed::Testbed;
use crate::testbed::scenarios::SlowDisk;

/// Of FILE: a copy takes some tenths of a second.
pub const BYTES: u64 = 24 << 20;
pub const ARGUMENTS: [&str; 4] = ["--rounds", "3", "--directions", "upload"];

/// A disk that takes a short write at once and a long one slowly.
#[test]
fn a_disk_that_throttles_in_a_long_write_is_told() {
    let (testbed, client, _quota) = Testbed::slow_by_default();
    let disk = SlowDisk::new(&testbed.path("remote"));
    disk.limit(0);
    let file = testbed.file("FILE", BYTES);
    let (target, path) = (testbed.target(), file.display().to_string());
    let survey = Survey::start(
        &testbed,
        &[&ARGUMENTS[..], &["--client", &client, &target, &path]].concat(),
        &[],
    );
    testbed.wait_for_samples_of("confirmation", 1);
    disk.limit(SlowDisk::BYTES_PER_S);
    let run = survey.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let found = &report["advice"][0]["confirmation"];
    let seconds = |key: &str| found["recommended"][key].as_f64().unwrap();
    assert!(seconds("real_s") > 1.5 * seconds("predicted_s"), "{found}");
    let said = found["text"].as_str().unwrap();
    assert!(said.contains("shows in long transfers alone"), "{said}");
    testbed.assert_nothing_left();
    drop(disk);
}

/// FILE has another size from the second copy on: that is told, and the advice stays.
fn is_told_where_file_becomes(bytes: u64) {
    let (testbed, client, _quota) = Testbed::slow_by_default();
    let file = testbed.file("FILE", BYTES);
    let (target, path) = (testbed.target(), file.display().to_string());
    let survey = Survey::start(
        &testbed,
        &[&ARGUMENTS[..], &["--client", &client, &target, &path]].concat(),
        &[],
    );
    testbed.wait_for_samples_of("confirmation", 1);
    File::options().write(true).open(&file).unwrap().set_len(bytes).unwrap();
    let run = survey.end();
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(
        run.stderr.contains("upload by scp with ") && run.stderr.contains(" failed: "),
        "{run:?}"
    );
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    let advice = &report["advice"][0];
    assert_eq!(advice["goals"][0]["keep_default"], false, "{advice}");
    let said = advice["confirmation"]["text"].as_str().unwrap();
    assert!(said.contains("a copy failed: "), "{said}");
    testbed.assert_nothing_left();
}

#[test]
fn a_file_that_shrinks_meanwhile_is_told_and_the_advice_stays() {
    is_told_where_file_becomes(BYTES / 3);
}

#[test]
fn a_file_that_grows_meanwhile_is_told_and_the_advice_stays() {
    is_told_where_file_becomes(2 * BYTES);
}
