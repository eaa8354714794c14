//! Synthetic surveys before and after.

use super::*;
use crate::analysis::testing::{self, each, rounds, spent, survey, with_mac};
use crate::model::record::Sample;
use crate::model::{Source, Survey};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const BOTH: [Direction; 2] = [Direction::Upload, Direction::Download];
const GCM: &str = "aes128-gcm@openssh.com";

fn digest(samples: Vec<Sample>) -> Digest {
    Digest::of("a.jsonl".into(), survey(samples))
}

/// Six rounds that vary by some per cent, each survey differently.
fn noisy(cipher: &str, rate: f64, seed: u32) -> Vec<Sample> {
    let conditions = |round: u32| 1.0 + 0.04 * f64::from((round * 37 + seed * 101) % 11) / 11.0;
    rounds(cipher, [1, 2, 3, 4, 5, 6].map(|round| rate * conditions(round)))
}

fn both(gcm: f64, chacha: f64, seed: u32) -> Digest {
    let mut samples = noisy(GCM, gcm, seed);
    samples.extend(noisy(CHACHA, chacha, seed + 3));
    digest(samples)
}

fn row<'a>(change: &'a Change, cipher: &str) -> &'a RowChange {
    change.sections[0].rows.iter().find(|row| row.cipher.as_str() == cipher).unwrap()
}

#[test]
fn a_loss_is_real_and_no_change_is_not() {
    let change = change(&[both(100.0, 50.0, 1), both(70.0, 50.0, 2)], &BOTH);
    let throughput = row(&change, GCM).throughput.unwrap();
    assert!((throughput.ratio - 0.7).abs() < 0.03 && throughput.real && throughput.worse);
    let interval = throughput.interval.unwrap();
    assert!(interval.low < 0.7 && 0.7 < interval.high && interval.high < 0.9, "{interval:?}");
    assert!(!row(&change, CHACHA).throughput.unwrap().real);
    assert_eq!(change.worse_than(Some(0.1)), [format!("upload: throughput of {GCM}")]);
    assert_eq!(change.worse_than(Some(0.5)), Vec::<String>::new());
    assert_eq!(change.worse_than(None), Vec::<String>::new());
}

#[test]
fn more_expensive_is_worse_too() {
    let expensive = each(noisy(GCM, 100.0, 1), |sample| {
        sample.server = Some(spent(Source::Process, 0.4));
    });
    let change = change(&[digest(noisy(GCM, 100.0, 2)), digest(expensive)], &BOTH);
    let server = row(&change, GCM).server_cost.unwrap();
    assert!((server.ratio - 2.0).abs() < 0.01 && server.worse && server.real, "{server:?}");
    let client = row(&change, GCM).client_cost.unwrap();
    assert!(!client.real && (client.ratio - 1.0).abs() < 0.01, "{client:?}");
    assert_eq!(change.worse_than(Some(0.1)), [format!("upload: server CPU of {GCM}")]);
}

#[test]
fn of_many_equal_figures_none_is_real() {
    let many = |seed: u32| {
        let ciphers = (0..10).map(|k| format!("cipher-{k}"));
        digest(ciphers.zip(seed..).flat_map(|(cipher, seed)| noisy(&cipher, 50.0, seed)).collect())
    };
    let change = change(&[many(1), many(7)], &BOTH);
    assert_eq!(change.sections[0].rows.len(), 10);
    let figures = change.sections[0].rows.iter().flat_map(|row| row.figures());
    assert!(figures.flatten().all(|changed| !changed.real), "{change:?}");
}

#[test]
fn one_round_shows_no_change() {
    let once = |rate| digest(rounds(GCM, [rate]));
    let change = change(&[once(100.0), once(10.0)], &BOTH);
    let throughput = row(&change, GCM).throughput.unwrap();
    assert_eq!((throughput.interval, throughput.real), (None, false));
}

#[test]
fn a_renamed_target_and_another_mac_are_compared_and_the_rest_is_named() {
    let mut old: Survey = survey(noisy("aes128-ctr", 50.0, 1));
    old.samples.extend(noisy(CHACHA, 50.0, 2));
    let mut new = survey(each(noisy("aes128-ctr", 50.0, 3), with_mac("hmac-sha2-512")));
    new.samples.extend(noisy(GCM, 50.0, 4));
    new.header.pairings[0].target = "pi1.lan".into();
    let change = change(&[Digest::of("a".into(), old), Digest::of("b".into(), new)], &BOTH);
    assert_eq!((change.sections.len(), change.sections[0].rows.len()), (1, 1));
    assert_eq!(
        (change.only_old.as_slice(), change.only_new.as_slice()),
        ([format!("upload: {CHACHA}")].as_slice(), [format!("upload: {GCM}")].as_slice())
    );
    assert!(
        change.differences.iter().any(|difference| difference.what == "the MAC of a cipher"),
        "{change:?}"
    );
}

#[test]
fn a_cipher_that_no_longer_works_is_worse() {
    let mut broken = noisy(GCM, 100.0, 2);
    let fails = |sample: Sample| testing::failed(sample, "no matching cipher", None);
    broken.extend(noisy(CHACHA, 50.0, 4).into_iter().map(fails));
    let change = change(&[both(100.0, 50.0, 1), digest(broken)], &BOTH);
    assert_eq!(change.broken, [format!("upload: {CHACHA}")]);
    assert_eq!(change.worse_than(Some(0.1)), [format!("upload: {CHACHA}: fails")]);
    assert_eq!(change.gaps, [format!("upload: {CHACHA}, new: all its samples failed")]);
}

#[test]
fn directions_and_macs_of_one_survey_alone_are_named() {
    let old = digest(noisy("aes128-ctr", 50.0, 1));
    let mut samples = noisy("aes128-ctr", 50.0, 2);
    samples.extend(each(noisy("aes128-ctr", 40.0, 3), with_mac("hmac-sha2-512")));
    samples.extend(each(noisy(GCM, 90.0, 4), |sample| sample.direction = Direction::Download));
    let change = change(&[old, digest(samples)], &BOTH);
    let named = ["upload: aes128-ctr with hmac-sha2-512", "download"];
    assert_eq!(change.only_new, named);
    assert_eq!(change.sections[0].rows.len(), 1);
}

#[test]
fn another_host_is_a_difference() {
    let mut other = both(100.0, 50.0, 2);
    other.header.pairings[0].server.host.cpu_model = Some("Cortex-A76".into());
    let change = change(&[both(100.0, 50.0, 1), other], &BOTH);
    let whats: Vec<&str> = change.differences.iter().map(|difference| difference.what).collect();
    assert_eq!(whats, ["the server's machine"]);
}

#[test]
fn what_is_the_same_is_neither_better_nor_worse() {
    let change = change(&[both(100.0, 50.0, 1), both(100.0, 50.0, 1)], &BOTH);
    let figures = change.sections[0].rows.iter().flat_map(|row| row.figures()).flatten();
    assert!(figures.into_iter().all(|changed| !changed.worse && !changed.real));
}
