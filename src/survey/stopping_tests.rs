use std::time::Duration;

use super::*;
use crate::analysis::testing::{each, failed, loopback, pairing, rounds};
use crate::model::Direction;
use crate::stats::race::{Question, interim_analyses};

const CHACHA: &str = "chacha20-poly1305@openssh.com";
const GCM: &str = "aes128-gcm@openssh.com";

fn adaptive() -> Adaptive {
    Adaptive::new(Rule::sequential(0.03, Question::Choice, interim_analyses(2)))
}

/// The entries that go on after a round, with so many seconds left; each round takes one per entry.
fn after(stop: &mut Adaptive, round: u32, samples: &[Sample], left_s: u64) -> Vec<Entry> {
    let until: Vec<Sample> =
        samples.iter().filter(|sample| sample.round <= round).cloned().collect();
    let last = until.iter().filter(|sample| sample.round == round);
    let entries: Vec<Entry> = last.map(Entry::of).collect();
    stop.after_round(&SoFar {
        round,
        samples: &until,
        entries: &entries,
        left: Some(Duration::from_secs(left_s)),
        took: Duration::from_secs(entries.len() as u64),
    })
}

#[test]
fn the_news_name_decided_undecided_and_given_up_races() {
    let uploads = [rounds(GCM, [60.0, 60.1, 59.9]), rounds(CHACHA, [30.0, 30.1, 29.9])].concat();
    let alike =
        [rounds(GCM, [100.0, 103.0, 99.0, 101.0]), rounds(CHACHA, [101.0, 100.0, 101.0, 99.5])];
    let downloads = each(alike.concat(), |sample| sample.direction = Direction::Download);
    let samples = [uploads, downloads].concat();
    let mut stop = adaptive();
    let going_on = after(&mut stop, 3, &samples, 600);
    assert!(going_on.iter().all(|entry| entry.direction == Direction::Download));
    let decided = format!("decided: upload ({GCM}); ");
    let news = stop.news().unwrap();
    assert!(news.starts_with(&format!("{decided}undecided: download, between ")), "{news}");

    // Time for more rounds.
    let mut with_time = stop.clone();
    assert_eq!(after(&mut with_time, 4, &samples, 600).len(), 2);
    let news = with_time.news().unwrap();
    let open = format!("{decided}undecided: download, between {GCM} and {CHACHA} (about ");
    assert!(news.starts_with(&open) && news.ends_with(" s more)"), "{news}");

    assert!(after(&mut stop, 4, &samples, 1).is_empty());
    let news = stop.news().unwrap();
    let given_up = format!("{decided}given up: download ({GCM} leads, none is more than ");
    assert!(news.starts_with(&given_up), "{news}");
    assert_eq!(stop.reason(), StopReason::OutOfReach);
}

#[test]
fn races_are_named_by_pairing_and_only_interim_analyses_have_news() {
    let open = [rounds(GCM, [60.0; 5]), rounds(CHACHA, [30.0; 5])].concat();
    let aes_disabled = each(open.clone(), |sample| sample.pairing = 1);
    let samples = [open, aes_disabled].concat();
    let mut stop = adaptive().with_pairings(vec![pairing("pi1"), pairing("pi2")]);
    assert!(after(&mut stop, 3, &samples, 600).is_empty());
    let news = format!("decided: upload on pi1 ({GCM}); upload on pi2 ({GCM})");
    assert_eq!((stop.news(), stop.reason()), (Some(news), StopReason::Decided));
    after(&mut stop, 5, &samples, 600);
    assert_eq!(stop.news(), None);
}

#[test]
fn a_race_in_which_every_cipher_failed_is_given_up() {
    let samples = each([rounds(GCM, [1.0; 3]), rounds(CHACHA, [1.0; 3])].concat(), |sample| {
        *sample = failed(sample.clone(), "no reply", None);
    });
    let mut stop = adaptive();
    assert_eq!(after(&mut stop, 2, &samples, 600).len(), 2);
    assert!(after(&mut stop, 3, &samples, 600).is_empty());
    assert_eq!(stop.news().unwrap(), "given up: upload (every cipher failed)");
    assert_eq!(stop.reason(), StopReason::OutOfReach);
}

#[test]
fn an_unranked_cipher_goes_on_with_its_race_and_is_not_in_it() {
    let alike =
        [rounds(GCM, [100.0, 103.0, 99.0, 101.0]), rounds(CHACHA, [101.0, 100.0, 101.0, 99.5])];
    let none = rounds("none", [300.0; 4]);
    let samples = [alike.concat(), none.clone()].concat();
    let mut stop = adaptive().with_pairings(loopback(vec![]).header.pairings);
    let going_on = after(&mut stop, 3, &samples, 600);
    assert_eq!(going_on.len(), 3, "{:?}", stop.news());
    assert!(!stop.news().unwrap().contains("none"), "{:?}", stop.news());
    assert!(after(&mut stop, 4, &samples, 1).is_empty());

    // Without a race it does not go on.
    let mut stop = adaptive().with_pairings(loopback(vec![]).header.pairings);
    assert!(after(&mut stop, 3, &none, 600).is_empty());
    assert_eq!((stop.news(), stop.reason()), (None, StopReason::Decided));
}
