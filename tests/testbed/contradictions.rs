//! Where advice says otherwise than its own table.

use cipher_survey::analysis::Summary;
use cipher_survey::analysis::advice::goal::Advice;
use cipher_survey::analysis::advice::recommendation::Recommendation;
use cipher_survey::analysis::rows::row::Row;
use cipher_survey::analysis::rows::table::Section;
use cipher_survey::model::Direction;

/// A line for each direction in which what is advised for it is surely slower by more than the precision than another one
/// that may be recommended. What copies have contradicted is told instead.
pub fn contradictions(
    summary: &Summary,
    recommendations: &[Recommendation],
    precision: f64,
) -> Vec<String> {
    let mut found = Vec::new();
    let holds =
        |one: &&Recommendation| one.speed().is_some_and(|advice| advice.withdrawn.is_none());
    for one in recommendations.iter().filter(holds) {
        for &direction in &one.directions {
            let (Some(advice), Some(section)) =
                (advice_for(one, direction), section(summary, one, direction))
            else {
                continue;
            };
            let may_be = |row: &&Row| {
                row.unranked.is_none()
                    && row.failed == 0
                    && one.below_floor.iter().all(|(cipher, _)| *cipher != row.cipher)
            };
            // The leader has no ratio to itself.
            let times = |row: &Row| row.speed.map(|speed| speed.times_leader);
            let least = |row: &Row| times(row).map(|own| own.map_or(1.0, |times| times.low));
            let best = section.rows.iter().filter(may_be).filter_map(least).fold(0.0, f64::max);
            let row = section.rows.iter().find(|row| advice.choice.is(row));
            let own = times(row.expect("it was measured")).flatten();
            if let Some(times) = own.filter(|times| times.high < best / (1.0 + precision)) {
                found.push(format!(
                    "{}, {direction}: {} is advised, and at most {:.3} times as fast as the leader, another one at \
                     least {best:.3}",
                    one.scope, advice.choice, times.high
                ));
            }
        }
    }
    found
}

/// What is told for that direction: its own advice where the answer names it, else that for all.
fn advice_for(one: &Recommendation, direction: Direction) -> Option<&Advice> {
    one.differing().find(|own| own.directions == [direction]).or(one.speed())
}

fn section<'a>(
    summary: &'a Summary,
    one: &Recommendation,
    direction: Direction,
) -> Option<&'a Section> {
    let tables = summary.tables.iter();
    let own = tables.filter(|table| (table.method, table.direction) == (one.method, direction));
    own.flat_map(|table| &table.sections).find(|section| section.pairing == one.pairing)
}
