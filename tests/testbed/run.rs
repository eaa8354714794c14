//! One run of the program, and what its report holds.

use std::process::Output;

use serde_json::Value;

use super::schema;

/// One run of the program.
#[derive(Debug)]
pub struct Run {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    /// A JSON report that it printed follows the schema of one.
    pub fn of(output: Output) -> Run {
        let run = Run {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        if run.stdout.starts_with("{\n  \"header\": {") {
            schema::assert_report(&serde_json::from_str(&run.stdout).unwrap());
        }
        run
    }

    /// The run failed before anything was measured, with these words on standard error.
    pub fn assert_refused(&self, words: &[&str]) {
        assert_eq!(self.code, Some(2), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "{word:?} is not in {self:?}");
        }
        assert!(self.stdout.is_empty(), "{self:?}");
    }
}

/// Measured samples of the rounds.
pub fn measured(survey: &Value) -> Vec<&Value> {
    let rounds = rounds(survey);
    rounds.into_iter().filter(|sample| sample["outcome"] == "measured").collect()
}

pub fn rounds(survey: &Value) -> Vec<&Value> {
    let samples = survey["samples"].as_array().unwrap();
    samples.iter().filter(|sample| sample["phase"] == "round").collect()
}
