use super::*;
use crate::analysis::advice::recommend::recommend;
use crate::analysis::testing::{MAC, each, failed, negotiated, rounds, sample, survey};
use crate::stats::intervals::Interval;

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

/// The default, aes128-ctr, is twice as fast as GCM.
fn kept(copies: Vec<Sample>) -> Survey {
    let mut samples = rounds(GCM, [50.0, 50.5, 49.5]);
    samples.extend(rounds(CTR, [100.0, 101.0, 99.0]));
    samples.extend(rounds("aes192-ctr", [40.0, 40.5, 39.5]));
    samples.extend(rounds("aes128-cbc", [70.0, 71.0, 69.0]));
    samples.extend(copies);
    by_default(survey(samples))
}

#[test]
fn where_the_default_is_kept_the_fastest_other_one_is_copied_too() {
    let survey = kept(Vec::new());
    let found = Confirmable::all(&survey, &recommend(&survey, false));
    let [one] = found.as_slice() else { panic!("{found:?}") };
    let ciphers = one.entries.each_ref().map(|entry| entry.configuration.cipher.as_str());
    // CBC is below the security floor.
    assert_eq!(ciphers, [GCM, CTR]);
    // Nothing else was measured.
    let survey = by_default(crate::analysis::testing::survey(rounds(CTR, [100.0; 3]).to_vec()));
    assert!(Confirmable::all(&survey, &recommend(&survey, false)).is_empty());
}

#[test]
fn copies_with_the_default_that_is_kept_are_told() {
    let of = |seconds: &[(f64, f64)]| {
        let one = recommend(&kept(pairs(seconds)), false).remove(0);
        assert_eq!(one.goals[0].choice.cipher.as_str(), CTR);
        one.confirmation.unwrap()
    };
    let found = of(&[(10.4, 20.5), (10.0, 20.1), (10.6, 20.9)]);
    assert_eq!((found.verdict, found.keeps_default), (Verdict::Confirmed, true));
    let words = "scp debian.iso, upload: 10.4 s with aes128-ctr, the default, and 20.5 s with \
                 aes128-gcm@openssh.com, connecting included, measured, medians of 3 copies each: the default is 1.9";
    assert!(found.text.starts_with(words), "{}", found.text);
    let found = of(&[(20.0, 10.0), (20.3, 10.1), (19.9, 9.9)]);
    assert_eq!(found.verdict, Verdict::Contradicted);
    assert!(found.text.contains("which the rounds did not show: survey again"), "{}", found.text);
    assert_eq!(of(&[(20.0, 16.0), (16.0, 20.5)]).verdict, Verdict::Undecided);
    // A difference that is surely there and does not matter.
    let interval = |estimate: f64| Interval { estimate, half: 0.005 };
    let of = |estimate, keeps| Verdict::of(Some(&interval(estimate)), 0.03, keeps);
    assert_eq!(of(-0.01, true), Verdict::Equal);
    assert_eq!(of(-0.01, false), Verdict::Equal);
    assert_eq!(of(-0.028, true), Verdict::Undecided);
    assert_eq!(of(-0.028, false), Verdict::Contradicted);
    assert_eq!(of(0.01, true), Verdict::Confirmed);
}

#[test]
fn copies_that_agree_confirm_the_advice() {
    let found = confirmed(pairs(&[(20.5, 10.4), (20.1, 10.0), (20.9, 10.6)]));
    assert_eq!((found.verdict, found.whole), (Verdict::Confirmed, true));
    assert_eq!((found.against.real_s, found.recommended.real_s), (Some(20.5), Some(10.4)));
    assert!((found.recommended.predicted_s.unwrap() - 10.25).abs() < 0.05);
    let times = found.times.unwrap();
    assert!(times.low > 1.8 && times.high < 2.2, "{times:?}");
    let words =
        "scp debian.iso, upload: 20.5 s → 10.4 s, connecting included, measured, medians of 3";
    assert!(found.text.starts_with(words), "{}", found.text);
}

#[test]
fn copies_that_take_much_longer_than_expected_are_told() {
    // 10.25 s are expected with GCM.
    let found = confirmed(pairs(&[(40.0, 30.4), (40.1, 30.0), (40.9, 30.6)]));
    assert!(found.text.contains("; the rounds let expect 10."), "{}", found.text);
    assert!(found.text.contains(" s with aes128-gcm@openssh.com: what takes longer"));
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
    assert_eq!(found.verdict, Verdict::Contradicted);
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
    assert_eq!((found.verdict, found.times), (Verdict::Failed, None));
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
    let words = "scp of the first 64 MiB of debian.iso, upload: 2.00 s";
    assert!(!found.whole && found.text.starts_with(words), "{}", found.text);
    let predicted_s = found.against.predicted_s.unwrap();
    assert!((predicted_s - 0.25 - (64 << 20) as f64 / 50e6).abs() < 0.05, "{predicted_s}");
}
