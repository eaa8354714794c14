//! What must hold of each world. The short form has few surveys, so its bounds are wider, by
//! chance.

use crate::tally::{Share, Tally};
use crate::worlds::World;

/// Standard errors that a share may miss its bound by, for chance alone.
const CHANCE: f64 = 2.5;

/// Those whose answer matters most.
const MAIN: [&str; 4] = ["fast", "server without AES", "100 Mbit/s", "slow host"];

pub fn missed(world: &World, tally: &Tally) -> Vec<String> {
    let mut missed = Vec::new();
    let mut check = |what: &str, percent: f64, at_least: Option<f64>, at_most: Option<f64>| {
        let bound = at_least.or(at_most).unwrap_or(0.0);
        // The worlds of the long form have no chance to hide behind.
        let spare = match tally.surveys {
            250.. => 0.0,
            many => CHANCE * (bound * (100.0 - bound) / many as f64).sqrt(),
        };
        if at_least.is_some_and(|bound| percent < bound - spare)
            || at_most.is_some_and(|bound| percent > bound + spare)
        {
            missed.push(format!("{}: {what} {percent:.1} %, bound {bound} %", world.name));
        }
    };
    if MAIN.contains(&world.name) {
        check("right", tally.percent(tally.right), Some(97.0), None);
    }
    for (what, share) in [("ratios", tally.ratios), ("rates", tally.rates), ("costs", tally.costs)]
    {
        if let Share { of: 1.., .. } = share {
            check(what, share.percent(), Some(94.0), None);
        }
    }
    match world.name {
        "ten equal" => {
            check("false slower", tally.percent(tally.false_slower), None, Some(12.0));
            // The bound can be missed: a survey that tests after each round misses it.
            check("naive false slower", tally.percent(tally.naive), Some(12.0), None);
        }
        "gap of one" => check("wrong", tally.percent(tally.wrong), None, Some(2.0)),
        _ => {}
    }
    missed
}

pub fn text(missed: &[String]) -> String {
    match missed.is_empty() {
        true => "\nEvery bound is met.\n".into(),
        false => format!("\nBounds missed:\n- {}\n", missed.join("\n- ")),
    }
}
