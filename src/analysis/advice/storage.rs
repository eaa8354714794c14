//! What storage means for advice: where a copy of FILE waits for it, a faster cipher shortens it less than the table
//! says, or not at all.

use crate::analysis::advice::confirmation::{default_choice, row, section};
use crate::analysis::advice::goal::Goal;
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::rows::table::Table;
use crate::model::{Direction, RaceKey, Survey};

/// Adds a caveat for each direction in which a copy of FILE with the cipher for one fast transfer waits for storage.
pub fn tell_of_storage(survey: &Survey, tables: &[Table], recommendations: &mut [Recommendation]) {
    for one in recommendations {
        let directions = one.directions.clone();
        let told = directions.iter().filter_map(|&direction| told(survey, tables, one, direction));
        let told: Vec<String> = told.collect();
        one.caveats.extend(told);
    }
}

fn told(
    survey: &Survey,
    tables: &[Table],
    one: &Recommendation,
    direction: Direction,
) -> Option<String> {
    let advice = one.goals.iter().find(|advice| advice.goal == Goal::Speed)?;
    let race = RaceKey { pairing: one.pairing, method: one.method, direction };
    let section = section(tables, race)?;
    let text = &section.storage.as_ref()?.text;
    let waits = |choice| row(section, choice).is_some_and(|row| row.whole_file.storage_s.is_some());
    let choice = &advice.choice;
    if !waits(choice) {
        return None;
    }
    let as_long = match !advice.keep_default && waits(&default_choice(survey, race)) {
        true => ", and so it does with the default cipher",
        false => "",
    };
    Some(format!("the {direction} of FILE with {choice} waits for storage{as_long}: {text}"))
}
