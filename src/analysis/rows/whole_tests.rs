use super::*;
use crate::analysis::samples::connections::Beyond;
use crate::analysis::samples::startup::Startups;
use crate::analysis::testing::{BYTES, each, rounds, sliced};

fn close(found: Option<f64>, expected: f64) {
    let found = found.expect("a figure");
    assert!((found - expected).abs() < 1e-6 * expected, "{found} is not {expected}");
}

const RATE: f64 = 50.0;

/// Three samples of 100 MB, with 0.02 s of CPU of each end in the setup.
fn samples() -> Vec<Sample> {
    rounds("a", [RATE; 3])
}

fn whole(samples: &[Sample], start_ups: &[Beyond], half_percent: Option<f64>) -> WholeFile {
    stored(samples, start_ups, half_percent, None)
}

fn stored(
    samples: &[Sample],
    start_ups: &[Beyond],
    half_percent: Option<f64>,
    storage: Option<&Storage>,
) -> WholeFile {
    let samples: Vec<&Sample> = samples.iter().collect();
    let startups = Startups::default();
    let figures = Figures {
        rate_mb_per_s: Some(RATE),
        half_percent,
        client: Some((1.0, 0.75)),
        server: Some((2.0, 0.75)),
    };
    let before = Before::of(&samples, start_ups, &startups);
    WholeFile::of(&figures, &samples, 10 * BYTES, &before, storage)
}

#[test]
fn a_command_is_its_setup_its_start_up_and_its_bytes() {
    let mut samples = each(samples(), |sample| sliced(sample, 1, 0.0));
    // The connections of later rounds log in beside others.
    samples[1].setup_s = Some(9.0);
    let start_ups = [Beyond { real_s: 0.15, client_s: Some(0.05), server_s: Some(0.1) }];
    let found = whole(&samples, &start_ups, Some(10.0));
    assert!(found.scaled);
    // A GB at 50 MB/s.
    close(found.real_s, 0.25 + 0.15 + 20.0);
    close(found.real_low_s, 20.4 - 20.0 / 11.0);
    close(found.real_high_s, 22.4);
    let (client, server) = (found.client.unwrap(), found.server.unwrap());
    close(Some(client.user_s), 0.01 + 0.75 * (0.05 + 1.0));
    close(Some(client.system_s), 0.01 + 0.25 * (0.05 + 1.0));
    close(Some(server.user_s), 0.01 + 0.75 * (0.1 + 2.0));
}

#[test]
fn a_command_waits_for_storage_that_is_slower() {
    let samples = each(samples(), |sample| sliced(sample, 1, 0.0));
    let writes = |mb_per_s: f64| Storage {
        read_mb_per_s: Some(500.0),
        write_mb_per_s: Some(mb_per_s),
        cached_bytes: Some(500_000_000),
        text: String::new(),
    };
    // Half a GB is on the way to the disk when all has arrived.
    let slow = stored(&samples, &[], Some(10.0), Some(&writes(10.0)));
    close(slow.storage_s, 50.0);
    close(slow.real_s, 0.25 + 50.0);
    close(slow.real_low_s, 50.25);
    let fast = stored(&samples, &[], Some(10.0), Some(&writes(100.0)));
    assert_eq!((fast.storage_s, fast.real_s), (None, whole(&samples, &[], Some(10.0)).real_s));
    // Within the precision storage is no slower.
    let as_fast = Storage { read_mb_per_s: Some(49.0), ..writes(100.0) };
    assert_eq!(stored(&samples, &[], None, Some(&as_fast)).storage_s, None);
}

#[test]
fn samples_of_the_whole_file_are_not_scaled() {
    let found = whole(&each(samples(), |sample| sample.bytes = Some(10 * BYTES)), &[], None);
    assert!(!found.scaled);
    close(found.real_s, 0.25 + 20.0);
    assert_eq!((found.real_low_s, found.real_high_s), (None, None));
}

#[test]
fn what_is_not_known_is_absent() {
    let none = whole(&each(samples(), |sample| sample.setup_s = None), &[], None);
    assert_eq!(none.real_s, None);
    let none = whole(&each(samples(), |sample| sample.server = None), &[], None);
    assert!(none.server.is_none() && none.client.is_some());
}
