//! What must hold of each world. The short form has few surveys, so its bounds are wider, by
//! chance.

use crate::tally::{Share, Tally};
use crate::worlds::World;

/// Standard errors that a share may miss its bound by, for chance alone.
const CHANCE: f64 = 2.5;

/// Those whose answer matters most.
const MAIN: [&str; 4] = ["fast", "server without AES", "100 Mbit/s", "slow host"];

/// Per cent of intervals at 95 % that hold the truth.
const COVERAGE: (f64, f64) = (94.0, 98.0);

pub fn missed(world: &World, tally: &Tally) -> Vec<String> {
    let mut missed = Vec::new();
    let mut check = |what: &str, percent: f64, bounds: (f64, f64)| {
        let is_inside = |bound: f64, over: f64| {
            // The worlds of the long form have no chance to hide behind.
            let spare = match tally.surveys {
                250.. => 0.0,
                many => CHANCE * (bound * (100.0 - bound) / many as f64).sqrt(),
            };
            over <= spare
        };
        let (least, most) = bounds;
        if !is_inside(least, least - percent) || !is_inside(most, percent - most) {
            let name = world.name;
            missed.push(format!("{name}: {what} {percent:.1} %, bounds {least} to {most} %"));
        }
    };
    if MAIN.contains(&world.name) {
        check("right", tally.percent(tally.right), (97.0, 100.0));
    }
    check("wrong", tally.percent(tally.wrong), (0.0, 2.0));
    check("false slower", tally.percent(tally.false_slower), (0.0, 5.0));
    for (what, share) in [("ratios", tally.ratios), ("rates", tally.rates), ("costs", tally.costs)]
    {
        if let Share { of: 1.., .. } = share {
            check(what, share.percent(), COVERAGE);
        }
    }
    if world.name == "ten equal" {
        // A survey that tests after each round misses the bound by far: it can be missed.
        check("naive false slower", tally.percent(tally.naive), (40.0, 100.0));
    }
    missed
}

pub fn text(missed: &[String]) -> String {
    match missed.is_empty() {
        true => "\nEvery bound is met: \"right\" at least 97 % of the first four worlds; \"wrong\" at most 2 %, \
                 \"false slower\" at most 5 %, each kind of interval 94 to 98 % of every world.\n"
            .into(),
        false => format!("\nBounds missed:\n- {}\n", missed.join("\n- ")),
    }
}
