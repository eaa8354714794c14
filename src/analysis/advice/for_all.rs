//! One cipher for several hosts.

use crate::analysis::advice::goal::{Advice, Goal};
use crate::analysis::advice::recommendation::Recommendation;
use crate::analysis::rows::ranking::Choice;

/// One that is surely as fast as the best on each, else one that is
/// recommended for each. Absent for a single host.
pub fn for_all<'a>(all: impl Iterator<Item = &'a Recommendation>) -> Option<String> {
    let speed = |one: &'a Recommendation| {
        let advice = one.goals.iter().find(|advice| advice.goal == Goal::Speed)?;
        Some((one.scope.as_str(), advice))
    };
    let all: Vec<(&str, &Advice)> = all.map(speed).collect::<Option<_>>()?;
    let (_, first) = all.first().filter(|_| all.len() > 1)?;
    let choices = || first.as_good.iter().chain([&first.choice]);
    let unsure = |choice: &Choice| -> Vec<&str> {
        let not_surely = all.iter().filter(|(_, advice)| !advice.as_good.contains(choice));
        not_surely.map(|(scope, _)| *scope).collect()
    };
    let is_advised = |choice: &&Choice| {
        all.iter().all(|(_, advice)| advice.choice == **choice || advice.as_good.contains(choice))
    };
    let Some(choice) = choices().filter(is_advised).min_by_key(|choice| unsure(choice).len())
    else {
        return Some("No single cipher is known to be as fast as the best on all of them.".into());
    };
    // The MAC is needed where one of the hosts needs it.
    let named = all.iter().flat_map(|(_, advice)| advice.as_good.iter().chain([&advice.choice]));
    let ambiguous = named.filter(|other| *other == choice).any(|other| other.ambiguous);
    let name = Choice { ambiguous, ..choice.clone() };
    Some(match unsure(choice).as_slice() {
        [] => format!("For all of them: {name}, as fast as the best on each."),
        scopes => format!(
            "For all of them: {name}, recommended for each; it is not certain that it is as fast as \
             the best for {}.",
            scopes.join("; ")
        ),
    })
}
