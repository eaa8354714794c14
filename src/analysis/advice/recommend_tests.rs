use super::*;
use crate::analysis::advice::for_all::for_all;
use crate::analysis::advice::goal::Advice;
use crate::analysis::bottleneck::kind::BottleneckKind;
use crate::analysis::testing::{each, failed, rounds, sample, spent, strict, survey, with_mac};
use crate::model::Source;
use crate::model::record::{Footer, StopReason};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";
const CTR: &str = "aes256-ctr";

/// Of a survey whose ends do strict KEX.
fn recommended(samples: Vec<Sample>) -> Recommendation {
    let mut survey = survey(samples);
    strict(&mut survey);
    recommend(&survey, false).remove(0)
}

fn advice(recommendation: &Recommendation, goal: Goal) -> &Advice {
    recommendation.goals.iter().find(|advice| advice.goal == goal).unwrap()
}

fn chosen(recommendation: &Recommendation, goal: Goal) -> (&str, bool) {
    let advice = advice(recommendation, goal);
    (advice.choice.cipher.as_str(), advice.keep_default)
}

/// Nearly but not quite alike, as samples are.
fn about(cipher: &str, mb_per_s: f64) -> Vec<Sample> {
    rounds(cipher, [1.0, 1.004, 0.997, 1.002].map(|factor| factor * mb_per_s))
}

fn downwards(samples: Vec<Sample>) -> Vec<Sample> {
    each(samples, |sample| sample.direction = Direction::Download)
}

#[test]
fn a_sure_gain_is_recommended_with_its_size() {
    let samples = [about(GCM, 60.0), about(CHACHA, 30.0), about(CTR, 20.0)].concat();
    let found = recommended(samples);
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    let speed = advice(&found, Goal::Speed);
    let gain = speed.times_default.unwrap();
    assert!(gain.low < 2.0 && 2.0 < gain.high + 0.01 && gain.low > 1.9, "{gain:?}");
    assert!((speed.times_worst.unwrap().ratio - 3.0).abs() < 0.05);
    assert!(speed.text.contains("as fast as the default cipher"), "{}", speed.text);
    // Each transfer takes the same CPU: the choice does not matter.
    assert_eq!(chosen(&found, Goal::Many), (CHACHA, true));
    let many = advice(&found, Goal::Many);
    assert!(many.text.contains("the choice does not matter"), "{}", many.text);
    assert!((many.transfers_per_core.unwrap().per_server_core - 1000.0 / 2.0 / 12.5).abs() < 1e-6);
}

#[test]
fn what_is_not_surely_better_leaves_the_default() {
    let noisy = |cipher: &str, rates: [f64; 4]| rounds(cipher, rates);
    let samples = [noisy(GCM, [60.0, 30.0, 70.0, 45.0]), noisy(CHACHA, [40.0, 50.0, 35.0, 48.0])];
    let found = recommended(samples.concat());
    assert_eq!(chosen(&found, Goal::Speed), (CHACHA, true));
    let text = &advice(&found, Goal::Speed).text;
    assert!(text.contains("no cipher is surely better; aes128-gcm@openssh.com may be"), "{text}");
}

#[test]
fn of_a_default_that_leads_no_more_is_claimed_than_is_known() {
    let noisy = [rounds(CHACHA, [60.0, 30.0, 70.0, 45.0]), rounds(GCM, [40.0, 50.0, 35.0, 48.0])];
    let one_round = [rounds(CHACHA, [60.0]), rounds(GCM, [30.0])];
    let alone = [about(CHACHA, 60.0)];
    let sure = [about(CHACHA, 60.0), about(GCM, 30.0)];
    for (samples, decided, why) in [
        (
            noisy.concat(),
            false,
            "undecided between it and aes128-gcm@openssh.com: no cipher is more",
        ),
        (one_round.concat(), false, "(too few rounds to tell)"),
        (alone.concat(), true, "(nothing else was measured"),
        (sure.concat(), true, "(no cipher is better)"),
    ] {
        let found = recommended(samples);
        assert_eq!(chosen(&found, Goal::Speed), (CHACHA, true));
        let speed = advice(&found, Goal::Speed);
        assert_eq!(speed.decided, decided, "{}", speed.text);
        assert!(speed.text.contains(why), "{}", speed.text);
    }
}

#[test]
fn a_decided_choice_is_not_called_undecided() {
    // Surely nothing is 3 % faster than the first; whether the second is as fast is not clear.
    let samples =
        [rounds(GCM, [100.0, 102.0, 99.0, 101.0]), rounds(CTR, [99.7, 98.9, 98.1, 99.2])].concat();
    for rounds in [None, Some(4)] {
        let mut survey = survey(samples.clone());
        survey.header.rounds = rounds;
        let found = recommend(&survey, false).remove(0);
        let speed = advice(&found, Goal::Speed);
        assert!(speed.decided && speed.bound_percent.unwrap() < 3.0, "{speed:?}");
        assert!(!speed.text.contains("undecided"), "{}", speed.text);
        assert!(speed.text.contains("the default cipher was not measured"), "{}", speed.text);
    }
}

#[test]
fn what_fails_now_and_then_is_passed_over_where_something_else_is() {
    let failing = |cipher: &str, mb_per_s: f64| {
        [about(cipher, mb_per_s), vec![failed(sample(cipher, 5, 1.0), "reset", None)]].concat()
    };
    let others = [about(GCM, 40.0), about(CHACHA, 30.0)].concat();
    let found = recommended([failing(CTR, 60.0), others].concat());
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    let caveat = "failed in more than one of ten samples, so not recommended: aes256-ctr";
    assert_eq!(found.caveats, [caveat]);
    // A default that fails is not kept, and the text says why.
    let found = recommended([failing(CHACHA, 60.0), about(GCM, 40.0)].concat());
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    let text = &advice(&found, Goal::Speed).text;
    assert!(text.contains("the default cipher fails now and then"), "{text}");
    // Where all fail the best of them is better than nothing.
    let found = recommended([failing(CTR, 60.0), failing(CHACHA, 30.0)].concat());
    assert_eq!(chosen(&found, Goal::Speed), (CTR, false));
}

#[test]
fn a_survey_that_ended_early_has_a_caveat() {
    for (reason, words) in [
        (None, Some("cut off")),
        (Some(StopReason::Interrupted), Some("interrupted")),
        (Some(StopReason::Lost), Some("was lost")),
        (Some(StopReason::Budget), Some("the budget ended")),
        (Some(StopReason::OutOfReach), None),
    ] {
        let mut survey = survey(about(GCM, 30.0));
        survey.footer = survey.footer.zip(reason).map(|(end, reason)| Footer { reason, ..end });
        let caveats = recommend(&survey, false).remove(0).caveats;
        assert_eq!(caveats.len(), usize::from(words.is_some()), "{caveats:?}");
        assert!(words.is_none_or(|words| caveats[0].contains(words)), "{caveats:?}");
    }
}

#[test]
fn a_default_below_the_floor_is_replaced_with_a_caveat() {
    let samples = [about(GCM, 20.0), about(CHACHA, 60.0), about("3des-cbc", 99.0)].concat();
    let found = recommend(&survey(samples), false).remove(0);
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    assert_eq!(found.below_floor.len(), 2);
    assert!(found.caveats[0].contains("CVE-2023-48795"), "{:?}", found.caveats);
}

#[test]
fn advice_is_for_as_many_bytes_each_way() {
    // Up GCM is 3 times as fast, down a half: a byte each way takes 1/60 + 1/20 and 1/20 + 1/40.
    let samples = [
        about(GCM, 60.0),
        about(CHACHA, 20.0),
        downwards(about(GCM, 20.0)),
        downwards(about(CHACHA, 40.0)),
    ];
    let found = recommended(samples.concat());
    assert_eq!(found.directions, [Direction::Upload, Direction::Download]);
    let speed = advice(&found, Goal::Speed);
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    assert!((speed.figure - 30.0).abs() < 0.3, "{}", speed.figure);
    assert!((speed.times_default.unwrap().ratio - 1.125).abs() < 0.01);
}

#[test]
fn costs_are_ranked_separately_and_coarse_ones_not_at_all() {
    let cheap = |samples: Vec<Sample>, total_s: f64| {
        each(samples, |sample| sample.server = Some(spent(Source::Process, total_s)))
    };
    let samples = [cheap(about(GCM, 50.0), 0.05), cheap(about(CHACHA, 50.0), 0.2)].concat();
    let found = recommended(samples.clone());
    assert_eq!(chosen(&found, Goal::Speed), (CHACHA, true));
    assert_eq!(chosen(&found, Goal::RemoteCpu), (GCM, false));
    let coarse = each(samples, |sample| {
        sample.server.as_mut().unwrap().resolution_s = 0.5;
    });
    let found = recommended(coarse);
    assert!(found.goals.iter().all(|advice| advice.goal != Goal::RemoteCpu));
}

#[test]
fn one_cipher_for_several_hosts_must_be_good_on_each() {
    let gcm = recommended([about(GCM, 60.0), about(CHACHA, 30.0)].concat());
    let chacha = recommended([about(GCM, 20.0), about(CHACHA, 30.0)].concat());
    let tie = recommended([about(GCM, 30.0), about(CHACHA, 30.1)].concat());
    let all = |list: &[&Recommendation]| for_all(list.iter().copied());
    assert_eq!(all(&[&gcm]), None);
    assert!(all(&[&gcm, &tie]).unwrap().contains(GCM));
    assert!(all(&[&chacha, &tie]).unwrap().contains(CHACHA));
    assert!(all(&[&gcm, &chacha]).unwrap().contains("No single cipher"));
    // Kept only because nothing is decided there.
    let noise = [rounds(GCM, [60.0, 30.0, 70.0, 45.0]), rounds(CHACHA, [40.0, 50.0, 35.0, 48.0])];
    let kept = recommended(noise.concat());
    let said = all(&[&chacha, &kept]).unwrap();
    assert!(said.contains(CHACHA) && said.contains("it is not certain"), "{said}");
    assert!(all(&[&gcm, &kept]).unwrap().contains("No single cipher"));
}

#[test]
fn one_cipher_for_several_hosts_is_named_as_each_host_needs_it() {
    let one = recommended([about(CTR, 60.0), about(CHACHA, 30.0)].concat());
    let slower = each(about(CTR, 40.0), with_mac("hmac-sha2-256"));
    let two = recommended([about(CTR, 60.0), slower, about(CHACHA, 30.0)].concat());
    for pair in [[&one, &two], [&two, &one]] {
        let said = for_all(pair.into_iter()).unwrap();
        assert!(said.contains("aes256-ctr with umac-64-etm@openssh.com, as fast"), "{said}");
    }
}

#[test]
fn where_the_path_is_the_bottleneck_no_cipher_is_recommended_for_its_speed() {
    // Ends that idle, and a leader that is ahead by a little more than chance.
    let idle = |samples: Vec<Sample>, client, server| {
        each(samples, move |sample| {
            let real_s = sample.real_s.unwrap();
            // No file is made, which could be what all wait for.
            sample.method = Method::Pipe;
            sample.client = Some(spent(Source::Wait4, client * real_s));
            sample.server = Some(spent(Source::Process, server * real_s));
        })
    };
    let all = |client: f64, by_default: f64| {
        [
            idle(about(GCM, 12.0), client, client),
            idle(about(CTR, 11.9), client, 0.5),
            idle(about(CHACHA, by_default), client, 0.6),
        ]
    };
    let found = recommended(all(0.1, 11.8).concat());
    assert_eq!(chosen(&found, Goal::Speed), (CHACHA, true));
    let speed = advice(&found, Goal::Speed);
    assert_eq!((speed.bottleneck, speed.decided), (Some(BottleneckKind::Network), true));
    assert!(speed.text.contains("the network is the bottleneck"), "{}", speed.text);
    // With a busy client rates depend on the cipher.
    let found = recommended(all(0.97, 11.5).concat());
    assert_eq!(chosen(&found, Goal::Speed), (GCM, false));
    assert_eq!(advice(&found, Goal::Speed).bottleneck, None);
}
