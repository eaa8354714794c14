use super::*;
use crate::analysis::testing::sample;
use crate::model::record::{FixedCost, Slices};

fn feed_time(budget_s: Option<u64>, counts_all: bool) -> FeedTime {
    FeedTime {
        budget: budget_s.map(Duration::from_secs),
        rounds: None,
        counts_all,
        most_bytes: None,
    }
}

fn before(setup_s: f64, start_up_s: f64) -> Before {
    Before { setup_s, start_up_s }
}

/// Samples of a second whose slices of 0.05 s vary by `slices`, and whose rates vary by what `connections` says
/// of each round.
fn spread(slices: f64, connections: &[f64]) -> Spread {
    let mut spread = Spread::default();
    for (index, off) in connections.iter().enumerate() {
        let round = index as u32 + 1;
        // One cipher is faster by so much, the other slower: rounds and ciphers are taken out of the spread.
        let of = |cipher: &str, mb_per_s: f64| {
            let mut sample = sample(cipher, round, mb_per_s);
            (sample.bytes, sample.real_s) = (Some((mb_per_s * 1e6) as u64), Some(1.0));
            sample.slices = Some(Slices {
                count: 20,
                spread: Some(slices),
                fixed: FixedCost::default(),
                with_key_exchange: 0,
                suspended: 0,
            });
            sample
        };
        spread.add(&[of("a", 100.0 * off.exp()), of("b", 80.0 * (-off).exp())]);
    }
    spread
}

#[test]
fn a_connection_is_fed_for_the_time_that_tells_most_per_second() {
    let fed = |setup_s| feed_time(None, false).seconds(6, before(setup_s, 0.0), Spread::default());
    // √h σs/σc with the usual ratio.
    assert!((fed(0.25) - 0.5 * USUAL).abs() < 1e-9);
    assert!((fed(1.0) - USUAL).abs() < 1e-9);
    // Start-up is paid like setup.
    let both = feed_time(None, false).seconds(6, before(0.5, 0.5), Spread::default());
    assert!((both - USUAL).abs() < 1e-9);
    assert_eq!(fed(1e6), 10.0);
    assert!(fed(0.0) >= LEAST_S);

    // The variance that a second of survey leaves, (σc² + σs²/t)(h + t), is least there.
    let (sigma_c, sigma_s, h) = (0.03_f64, 0.03_f64, 0.5);
    let left = |t: f64| (sigma_c.powi(2) + sigma_s.powi(2) / t) * (h + t);
    let best = h.sqrt() * sigma_s / sigma_c;
    assert!(left(best) < left(0.8 * best) && left(best) < left(1.25 * best));
}

#[test]
fn what_is_seen_of_connections_and_slices_changes_that_within_limits() {
    let seconds = |spread: Spread| feed_time(None, false).seconds(6, before(1.0, 0.0), spread);
    let steady = [0.0, 0.001, -0.001, 0.0, 0.001, -0.001];
    let apart = [0.2, -0.2, 0.15, -0.25, 0.2, -0.1];
    // Slices that vary on connections that don't: long. Connections that differ: short.
    let (few, many) = (seconds(spread(0.5, &steady)), seconds(spread(0.5, &steady.repeat(5))));
    assert!(USUAL < few && few < many && many == MOST, "{few} {many}");
    assert_eq!(seconds(spread(0.01, &apart)), LEAST);
    // Nothing is known from one round.
    assert_eq!(seconds(spread(0.5, &steady[..1])), USUAL);
}

#[test]
fn rounds_fit_into_the_budget() {
    let fed = |connections, counts_all| {
        let setup = before(4.0, 0.0);
        feed_time(Some(60), counts_all).seconds(connections, setup, Spread::default())
    };
    assert!((fed(2, false) - 2.0 * USUAL).abs() < 1e-9);
    for connections in [6, 10] {
        let round_s = f64::from(connections) * fed(connections as usize, false) * BESIDE;
        assert!(round_s * LEAST_ROUNDS <= 60.0 + 1e-9, "{connections}: {round_s}");
    }
    assert!(fed(3, true) < fed(3, false));
    // Two slices in each direction it always has.
    assert_eq!(fed(100, false), LEAST_S);
}

#[test]
fn the_rounds_that_are_left_fit_into_the_bytes() {
    let most_bytes = Some(9_000);
    let adaptive = FeedTime { most_bytes, ..feed_time(Some(60), false) };
    // Three rounds at first; then what is left.
    assert_eq!(adaptive.share(0, 1, 3), Some(1_000));
    assert_eq!(adaptive.share(6_000, 3, 3), Some(1_000));
    assert_eq!(adaptive.share(6_000, 9, 3), Some(1_000));
    let fixed = FeedTime { rounds: Some(9), ..adaptive };
    assert_eq!((fixed.share(0, 1, 1), fixed.share(8_000, 9, 1)), (Some(1_000), Some(1_000)));
    assert_eq!(fixed.share(9_999, 9, 1), Some(0));
    assert_eq!(FeedTime { most_bytes: None, ..fixed }.share(0, 1, 1), None);
}
