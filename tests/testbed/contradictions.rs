//! Where advice says otherwise than its own table.

use cipher_survey::analysis::Summary;
use cipher_survey::analysis::advice::goal::Advice;
use cipher_survey::analysis::advice::recommendation::Recommendation;
use cipher_survey::analysis::rows::table::Section;
use cipher_survey::model::Direction;

/// A line for each direction in which what is advised for it is surely slower than the leader, which may be
/// recommended, by more than the precision.
pub fn contradictions(
    summary: &Summary,
    recommendations: &[Recommendation],
    precision: f64,
) -> Vec<String> {
    let mut found = Vec::new();
    for one in recommendations {
        for &direction in &one.directions {
            let (Some(advice), Some(section)) =
                (advice_for(one, direction), section(summary, one, direction))
            else {
                continue;
            };
            let Some(conclusion) = &section.conclusion else { continue };
            let leader = &conclusion.fastest.leader;
            if one.below_floor.iter().any(|(cipher, _)| *cipher == leader.cipher) {
                continue;
            }
            let row =
                section.rows.iter().find(|row| advice.choice.is(row)).expect("it was measured");
            let behind = row.speed.and_then(|speed| speed.times_leader);
            if let Some(times) = behind.filter(|times| times.high < 1.0 / (1.0 + precision)) {
                found.push(format!(
                    "{}, {direction}: {} is advised, and at most {:.3} times as fast as {leader}",
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
