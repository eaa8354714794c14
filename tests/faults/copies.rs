//! Copies that confirm the advice, when they fail.

use std::fs::File;

use serde_json::Value;

use crate::case::Survey;
use crate::testbed::Testbed;

/// Of FILE: a copy takes some tenths of a second.
pub const BYTES: u64 = 24 << 20;
pub const ARGUMENTS: [&str; 4] = ["--rounds", "3", "--directions", "upload"];

#[test]
fn a_file_that_shrinks_meanwhile_is_told_and_the_advice_stays() {
    let (testbed, client, _quota) = Testbed::slow_by_default();
    let file = testbed.file("FILE", BYTES);
    let (target, path) = (testbed.target(), file.display().to_string());
    let survey = Survey::start(
        &testbed,
        &[&ARGUMENTS[..], &["--client", &client, &target, &path]].concat(),
        &[],
    );
    testbed.wait_for_samples_of("confirmation", 1);
    File::options().write(true).open(&file).unwrap().set_len(BYTES / 3).unwrap();
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
