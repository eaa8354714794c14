use super::*;
use crate::analysis::advice::recommend::recommend;
use crate::analysis::testing::{MAC, each, failed, negotiated, rounds, sample, survey};

const GCM: &str = "aes128-gcm@openssh.com";
const CTR: &str = "aes128-ctr";

/// The default, aes128-ctr, is half as fast as GCM; 1 GB is to be copied.
fn surveyed(copies: Vec<Sample>) -> Survey {
    let mut samples = rounds(GCM, [100.0, 101.0, 99.0]);
    samples.extend(rounds(CTR, [50.0, 50.2, 49.8]));
    samples.extend(copies);
    by_default(survey(samples))
}

fn by_default(mut survey: Survey) -> Survey {
    survey.header.pairings[0].by_default = negotiated(CTR, MAC);
    survey
}

/// A copy of the whole file that took so long.
fn copy(cipher: &str, pair: u32, whole_s: f64) -> Sample {
    Sample {
        phase: Phase::Confirmation,
        asked: Asked::Bytes(1_000_000_000),
        bytes: Some(1_000_000_000),
        whole_s: Some(whole_s),
        ..sample(cipher, pair, 100.0)
    }
}

/// Pairs with the default and the recommended cipher.
fn pairs(seconds: &[(f64, f64)]) -> Vec<Sample> {
    let pair =
        |(pair, (slow, fast)): (u32, &(f64, f64))| [copy(CTR, pair, *slow), copy(GCM, pair, *fast)];
    (1..).zip(seconds).flat_map(pair).collect()
}

fn advised(copies: Vec<Sample>) -> Recommendation {
    recommend(&surveyed(copies), false).remove(0)
}

fn confirmed(copies: Vec<Sample>) -> Confirmation {
    advised(copies).confirmation.expect("a confirmation")
}

#[test]
fn what_is_copied_follows_from_the_rounds() {
    let survey = surveyed(Vec::new());
    let recommended = recommend(&survey, false);
    assert!(recommended[0].confirmation.is_none());
    let found = Confirmable::all(&survey, &recommended);
    let [one] = found.as_slice() else { panic!("{found:?}") };
    let ciphers = one.entries.each_ref().map(|entry| entry.configuration.cipher.as_str());
    assert_eq!(ciphers, [CTR, GCM]);
    // Two setups of 0.25 s; 10 and 20 s for a GB.
    assert!((one.before_s - 0.5).abs() < 1e-6, "{one:?}");
    assert!((one.per_byte_s * 1e9 - 30.0).abs() < 0.1, "{one:?}");
}

#[test]
fn where_the_default_is_kept_there_is_nothing_to_copy() {
    let mut samples = rounds(GCM, [50.0; 3]).to_vec();
    samples.extend(rounds(CTR, [100.0; 3]));
    let survey = by_default(survey(samples));
    assert!(Confirmable::all(&survey, &recommend(&survey, false)).is_empty());
}

#[test]
fn copies_that_agree_confirm_the_advice() {
    let found = confirmed(pairs(&[(20.5, 10.4), (20.1, 10.0), (20.9, 10.6)]));
    assert_eq!((found.verdict, found.whole), (Verdict::Confirmed, true));
    assert_eq!((found.by_default.real_s, found.recommended.real_s), (Some(20.5), Some(10.4)));
    assert!((found.recommended.predicted_s.unwrap() - 10.25).abs() < 0.05);
    let times = found.times_default.unwrap();
    assert!(times.low > 1.8 && times.high < 2.2, "{times:?}");
    assert!(found.text.starts_with("scp debian.iso: 20.5 s → 10.4 s, measured, medians of 3"));
}

#[test]
fn copies_that_do_not_tell_leave_the_advice_alone() {
    let recommended = advised(pairs(&[(20.0, 16.0), (16.0, 20.5)]));
    let found = recommended.confirmation.unwrap();
    assert_eq!(found.verdict, Verdict::Undecided);
    assert!(found.text.contains("don't tell them apart"), "{}", found.text);
    assert_eq!(recommended.goals[0].choice.cipher.as_str(), GCM);
}

#[test]
fn copies_that_surely_say_the_contrary_withdraw_it() {
    let recommended = advised(pairs(&[(10.0, 20.0), (10.1, 20.3), (9.9, 19.9)]));
    let found = recommended.confirmation.as_ref().unwrap();
    assert_eq!(found.verdict, Verdict::Withdrawn);
    let speed = &recommended.goals[0];
    assert_eq!((speed.goal, speed.choice.cipher.as_str()), (Goal::Speed, CTR));
    assert!(speed.keep_default && speed.text.starts_with("keep aes128-ctr: "), "{}", speed.text);
    assert!((speed.figure - 50.0).abs() < 0.5);
}

#[test]
fn a_copy_that_failed_is_told_and_withdraws_nothing() {
    let lost = |pair| {
        let lost = failed(copy(GCM, pair, 1.0), "no space left", None);
        Sample { whole_s: None, ..lost }
    };
    let recommended = advised(vec![copy(CTR, 1, 20.0), lost(1)]);
    let found = recommended.confirmation.unwrap();
    assert_eq!((found.verdict, found.times_default), (Verdict::Failed, None));
    assert!(found.text.contains("no space left") && found.text.contains("rounds alone"));
    assert_eq!(recommended.goals[0].choice.cipher.as_str(), GCM);
    // After a pair it is told beside what the pair says.
    let mut copies = pairs(&[(20.0, 10.0)]);
    copies.push(lost(2));
    let found = confirmed(copies);
    assert_eq!(found.verdict, Verdict::Confirmed);
    assert!(found.text.ends_with("; a copy failed: no space left"), "{}", found.text);
}

#[test]
fn copies_are_in_no_table() {
    let copies = each(pairs(&[(20.0, 10.0)]), |sample| sample.round = 9);
    let (with, without) = (summarise(&surveyed(copies)), summarise(&surveyed(Vec::new())));
    assert_eq!(with, without);
}

#[test]
fn chunks_are_told_as_such() {
    let chunks = each(pairs(&[(2.0, 1.0)]), |sample| sample.asked = Asked::Bytes(64 << 20));
    let found = confirmed(chunks);
    assert!(
        !found.whole && found.text.starts_with("scp of the first 64 MiB of debian.iso: 2.00 s")
    );
    let predicted_s = found.by_default.predicted_s.unwrap();
    assert!((predicted_s - 0.25 - (64 << 20) as f64 / 50e6).abs() < 0.05, "{predicted_s}");
}
