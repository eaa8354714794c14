//! Time: a clock that is set, a program that is stopped.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::Value;

use crate::case::{
    CASE, Case, LONG, SMALL, Survey, all, by, by_a_narrow_way, kill, lines, none_was_opened_again,
};
use crate::testbed::Testbed;
use crate::testbed::relay::Relay;

const PAUSE: Duration = Duration::from_secs(10);

fn pause(pid: u32, time: Duration) {
    kill("-STOP", pid);
    std::thread::sleep(time);
    kill("-CONT", pid);
}

/// In the second sample.
fn stop_us(testbed: &mut Testbed, survey: &mut Survey) {
    testbed.wait_for_samples(1);
    survey.in_a_slice();
    pause(survey.id(), PAUSE);
}

fn stop_the_client(testbed: &mut Testbed, survey: &mut Survey) {
    testbed.wait_for_samples(1);
    pause(survey.in_a_slice(), PAUSE);
}

const US: &[&str] = &["cipher-survey itself was stopped for 1", "s during the transfer"];
const CLIENT: &[&str] = &["the SSH client was stopped for 1", "s during the transfer"];

/// One sample of three is discarded: it has but one slice.
const STOPPED: Case = Case {
    rounds: 3,
    code: 1,
    measured: 2,
    failed: 1,
    more: by_a_narrow_way,
    file: 20 << 20,
    ..CASE
};

#[test]
fn a_sample_in_which_a_process_of_ours_was_stopped_is_discarded_with_its_reason() {
    let up = Case { arguments: "--method pipe --full --directions upload", ..STOPPED };
    let down = Case { arguments: "--method pipe --full --directions download", ..STOPPED };
    let sftp = Case { arguments: "--method sftp --full --directions upload", ..STOPPED };
    let scp = Case { arguments: "--method scp --full --directions download", ..STOPPED };
    all(&[
        Case { name: "we: upload", fault: stop_us, words: US, ..up },
        Case { name: "we: download", fault: stop_us, words: US, ..down },
        Case { name: "we: sftp", fault: stop_us, words: US, ..sftp },
        Case { name: "we: scp", fault: stop_us, words: US, ..scp },
        Case { name: "the client: upload", fault: stop_the_client, words: CLIENT, ..up },
        Case { name: "the client below sftp", fault: stop_the_client, words: CLIENT, ..sftp },
        Case { name: "the client below scp", fault: stop_the_client, words: CLIENT, ..scp },
        Case {
            name: "the control connection's client",
            arguments: SMALL,
            fault: |testbed, survey| {
                testbed.wait_for_samples(1);
                pause(survey.control(), PAUSE);
            },
            measured: 4,
            ..CASE
        },
    ]);
}

/// What goes on first moves data too: start-up, and a lead-in.
const START_UP: Duration = Duration::from_millis(300);

/// Slices are 0.2 s long there, and there are several in a sample. One of the stops at least falls into one.
fn by_a_long_way(testbed: &Testbed) -> Vec<String> {
    by(testbed, Relay::near())
}

fn a_slice_was_left_out(testbed: &mut Testbed) {
    none_was_opened_again(testbed);
    let samples = lines(testbed, "sample");
    let slices: Vec<&Value> = samples.iter().map(|sample| &sample["slices"]).collect();
    let all = |key: &str| slices.iter().filter_map(|slices| slices[key].as_u64()).sum::<u64>();
    assert!(all("suspended") >= 1 && all("count") > all("suspended"), "{slices:#?}");
}

/// The others of its sample count.
#[test]
fn a_slice_in_which_a_process_of_ours_was_stopped_is_left_out() {
    let slices = Case {
        arguments: LONG,
        more: by_a_long_way,
        rounds: 8,
        measured: 8,
        after: a_slice_was_left_out,
        ..CASE
    };
    all(&[
        Case {
            name: "we: slices",
            fault: |testbed, survey| {
                // One in each round, so that others of its sample are left.
                for round in 1..8 {
                    testbed.wait_for_samples(round);
                    survey.in_a_slice();
                    std::thread::sleep(START_UP);
                    pause(survey.id(), Duration::from_secs(3));
                }
            },
            ..slices
        },
        Case {
            name: "the client: slices",
            fault: |testbed, survey| {
                // One in each round, so that others of its sample are left.
                for round in 1..8 {
                    testbed.wait_for_samples(round);
                    let client = survey.in_a_slice();
                    std::thread::sleep(START_UP);
                    if survey.clients().contains(&client) {
                        pause(client, Duration::from_secs(4));
                    }
                }
            },
            ..slices
        },
    ]);
}

/// The machine's own clock stays as it is: only our processes get another time.
fn with_another_clock(testbed: &Testbed) -> Vec<(&'static str, String)> {
    let libraries = fs::read_dir("/usr/lib").unwrap().map(|entry| entry.unwrap().path());
    let place = |directory: PathBuf| directory.join("faketime/libfaketime.so.1");
    let library = libraries.map(place).find(|path| path.exists());
    let library = library.expect("this test needs libfaketime: install faketime, or run tests/run");
    set(testbed, "+0");
    vec![
        ("LD_PRELOAD", library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", testbed.path("clock").display().to_string()),
        ("FAKETIME_NO_CACHE", "1".into()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".into()),
    ]
}

fn set(testbed: &Testbed, clock: &str) {
    fs::write(testbed.path("clock.new"), clock).unwrap();
    fs::rename(testbed.path("clock.new"), testbed.path("clock")).unwrap();
}

#[test]
fn a_clock_that_is_set_during_a_survey_changes_no_figure() {
    all(&[Case {
        name: "an hour back, and two on",
        environment: with_another_clock,
        arguments: SMALL,
        rounds: 4,
        fault: |testbed, _| {
            testbed.wait_for_samples(2);
            set(testbed, "-3600");
            testbed.wait_for_samples(5);
            set(testbed, "+3600");
        },
        measured: 8,
        after: |testbed| {
            let text = fs::read_to_string(testbed.journals().pop().unwrap()).unwrap();
            let lines: Vec<Value> =
                text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let hours: Vec<&str> =
                lines.iter().filter_map(|line| line["started"].as_str()?.get(11..13)).collect();
            let mut seen = hours.clone();
            seen.sort_unstable();
            seen.dedup();
            assert!(seen.len() >= 3, "the clock was not set: {hours:?}");
            let figures: Vec<f64> = lines
                .iter()
                .flat_map(|line| ["at_s", "real_s", "setup_s", "elapsed_s"].map(|key| &line[key]))
                .filter_map(Value::as_f64)
                .collect();
            assert!(figures.len() > 24);
            assert!(figures.iter().all(|seconds| (0.0..300.0).contains(seconds)), "{figures:?}");
        },
        ..CASE
    }]);
}
