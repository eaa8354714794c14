use crate::analysis::summarise;
use crate::analysis::testing::{each, failed, rounds, sample, spent, survey, with_mac};
use crate::model::Source;
use crate::model::record::Sample;

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";
const CTR: &str = "aes128-ctr";

fn text(samples: Vec<Sample>) -> String {
    let summary = summarise(&survey(samples));
    summary.tables[0].sections[0].conclusion.clone().unwrap().text
}

/// The client spends so many CPU-seconds per sample of 0.1 GB, the server nearly nothing.
fn costing(samples: Vec<Sample>, total_s: f64) -> Vec<Sample> {
    each(samples, |sample| {
        sample.client = Some(spent(Source::Wait4, total_s));
        sample.server = Some(spent(Source::Process, 0.01));
    })
}

#[test]
fn a_margin_above_its_interval_is_a_claim() {
    let mut samples = costing(rounds(CHACHA, [36.0, 36.1, 36.9]), 0.3);
    samples.extend(costing(rounds(GCM, [21.8, 22.0, 22.2]), 0.2));
    insta::assert_snapshot!(text(samples), @"upload: chacha20-poly1305@openssh.com is fastest, 36.3 MB/s ±1 %, 1.65 (1.63 to 1.68) times as fast as aes128-gcm@openssh.com; it is the default cipher.");
}

#[test]
fn equals_within_the_precision_are_equally_fast() {
    let mut samples = rounds(GCM, [36.0, 38.0, 40.0]);
    samples.extend(rounds(CTR, [36.1, 37.9, 40.1]));
    samples.extend(rounds(CHACHA, [18.0, 19.0, 20.1]));
    insta::assert_snapshot!(text(samples), @"upload: aes128-ctr and aes128-gcm@openssh.com are equally fast (within 3 %), 38.0 MB/s ±0.3 %, 2.00 (1.99 to 2.01) times as fast as chacha20-poly1305@openssh.com, the default cipher.");
}

#[test]
fn what_the_interval_leaves_open_is_undecided_with_its_bound() {
    let mut samples = rounds(GCM, [36.0, 30.0, 41.0]);
    samples.extend(rounds(CTR, [33.1, 35.9, 36.1]));
    insta::assert_snapshot!(text(samples), @"upload: aes128-gcm@openssh.com leads, 35.4 MB/s ±34 %; undecided between it and aes128-ctr (nothing is more than 50 % faster; deciding it would take too long); chacha20-poly1305@openssh.com, the default cipher, was not measured, so no gain is stated.");
}

#[test]
fn one_round_says_so() {
    let said = text(vec![sample(CHACHA, 1, 30.0), sample(GCM, 1, 60.0)]);
    assert!(said.contains("aes128-gcm@openssh.com leads, 60.0 MB/s; undecided"), "{said}");
    assert!(said.contains("(too few rounds to say by how much"), "{said}");
}

#[test]
fn no_gain_is_stated_over_what_was_not_measured() {
    let said = text([rounds(GCM, [60.0; 3]), rounds(CTR, [40.0; 3])].concat());
    assert!(said.contains("was not measured, so no gain is stated."), "{said}");
    let alone = text(rounds(GCM, [60.0; 3]));
    assert!(alone.starts_with("upload: only aes128-gcm@openssh.com was measured"), "{alone}");
    // t(0.975, 2) = 4.30 times a standard error of 0.96 %.
    let alone = text(rounds(GCM, [60.0, 61.0, 59.0]));
    assert!(alone.contains("was measured, 60.0 MB/s ±4 %;"), "{alone}");
}

#[test]
fn the_next_is_another_cipher_and_rows_of_one_cipher_are_named_by_their_macs() {
    let mut samples = rounds(CTR, [50.0; 3]);
    samples.extend(each(rounds(CTR, [40.0; 3]), with_mac("hmac-sha1")));
    samples.extend(rounds(CHACHA, [25.0; 3]));
    let said = text(samples);
    assert!(said.contains("aes128-ctr with umac-64-etm@openssh.com is fastest"), "{said}");
    assert!(said.contains("2.00 times as fast as chacha20-poly1305@openssh.com"), "{said}");
}

#[test]
fn a_cipher_that_mostly_fails_is_not_ranked() {
    let mut samples = rounds(GCM, [36.0, 36.5, 37.0]);
    samples.push(sample(CTR, 1, 90.0));
    samples.extend([2, 3].map(|round| failed(sample(CTR, round, 1.0), "reset", None)));
    let said = text(samples);
    assert!(said.starts_with("upload: aes128-gcm@openssh.com is fastest"), "{said}");
}

#[test]
fn many_equals_are_counted() {
    let samples = (0..7).flat_map(|n| rounds(&format!("c{n}"), [10.0, 10.01, 10.02])).collect();
    let said = text(samples);
    assert!(said.contains("and 4 more are equally fast (within 3 %)"), "{said}");
}
