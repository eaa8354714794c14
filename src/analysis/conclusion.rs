//! What a section of a table says in a sentence or two. Nothing is claimed that its interval does
//! not carry.

use schemars::JsonSchema;
use serde::Serialize;

use super::compare::Times;
use super::figures::Row;
use super::ranking::{Choice, Other, Ranking};
use crate::model::units::{duration, significant};

/// The verdict on one section.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Conclusion {
    /// What it is about: `upload, AES on/off`. The text begins with it.
    pub scope: String,
    pub fastest: Ranking,
    /// Least CPU; absent where it is not known or too coarse to tell.
    pub cheapest_client: Option<Ranking>,
    pub cheapest_server: Option<Ranking>,
    /// Of both ends together.
    pub cheapest: Option<Ranking>,
    /// How many times faster the fastest is than what ssh negotiates unasked; absent where that
    /// was not measured or is as fast.
    #[serde(rename = "times_unasked")]
    pub times_default: Option<Times>,
    pub text: String,
}

/// What is said of a section beside its rows.
pub struct Setting<'a> {
    pub scope: &'a str,
    /// The cipher that ssh negotiates unasked.
    pub by_default: &'a str,
    /// The smallest difference that matters, as a fraction.
    pub precision: f64,
    /// Rounds so far.
    pub rounds: u32,
    /// Wall seconds of one trial.
    pub sample_s: f64,
}

/// Standings by client, server and both ends' cost.
pub struct Costs {
    pub client: Option<Ranking>,
    pub server: Option<Ranking>,
    pub both: Option<Ranking>,
}

pub fn conclude(setting: &Setting, rows: &[Row], fastest: Ranking, costs: Costs) -> Conclusion {
    let measured = rows.iter().filter(|row| row.measured > 0).count();
    let default = rows.iter().find(|row| row.by_default && row.measured > 0);
    let times_default = default
        .filter(|row| !fastest.is_among_best(row))
        .and_then(|row| Some(row.speed?.times_leader?.inverse()));
    let mut text = format!("{}: {}", setting.scope, speed(&fastest, setting, measured));
    let default = default.map(|row| Choice::of(row, rows));
    text += &gain(&fastest, default.as_ref(), times_default, setting.by_default);
    Conclusion {
        scope: setting.scope.to_owned(),
        fastest,
        cheapest_client: costs.client,
        cheapest_server: costs.server,
        cheapest: costs.both,
        times_default,
        text,
    }
}

fn speed(fastest: &Ranking, setting: &Setting, measured: usize) -> String {
    let Ranking { leader, ties, undecided, .. } = fastest;
    let half = fastest.half_percent.map(|half| format!(" ±{}", per_cent(half)));
    let rate = format!("{} MB/s{}", significant(fastest.figure), half.unwrap_or_default());
    if measured == 1 {
        return format!("only {leader} was measured, {rate}");
    }
    let precision = per_cent(100.0 * setting.precision);
    let ahead = match fastest.next() {
        Some(next) => format!(", {}", ahead_of(next)),
        None => String::new(),
    };
    if !undecided.is_empty() && !fastest.decided {
        let bound = match fastest.bound_percent {
            Some(bound) => format!("nothing is more than {} faster", at_most(bound)),
            None => "too few rounds to say by how much".into(),
        };
        return format!(
            "{leader} leads, {rate}; undecided between it and {} ({bound}{}){ahead}",
            list(undecided.iter().map(|other| &other.choice)),
            more(fastest, setting)
        );
    }
    if !undecided.is_empty() {
        return format!("{leader} leads, {rate}; nothing is more than {precision} faster{ahead}");
    }
    match ties.is_empty() {
        true => format!("{leader} is fastest, {rate}{ahead}"),
        false => format!(
            "{} are equally fast (within {precision}), {rate}{ahead}",
            list([leader].into_iter().chain(ties.iter().map(|tie| &tie.choice)))
        ),
    }
}

/// How much longer it would take to decide.
fn more(fastest: &Ranking, setting: &Setting) -> String {
    let seconds = fastest.answered_after.map(|round| {
        let rounds = f64::from(round.saturating_sub(setting.rounds));
        rounds * fastest.inside as f64 * setting.sample_s
    });
    match seconds.filter(|seconds| *seconds > 0.0) {
        Some(seconds) => format!("; about {} more would decide", duration(seconds)),
        None => "; no reasonable time would decide it".into(),
    }
}

/// `1.52 (1.40 to 1.65) times NAME`.
fn ahead_of(other: &Other) -> String {
    match other.times_leader {
        Some(times) => format!("{} {}", times_text(times.inverse()), other.choice),
        None => format!("ahead of {}", other.choice),
    }
}

/// `1.52 (1.40 to 1.65) times`.
pub fn times_text(times: Times) -> String {
    let [ratio, low, high] = [times.ratio, times.low, times.high].map(significant);
    match low == high {
        true => format!("{ratio} times"),
        false => format!("{ratio} ({low} to {high}) times"),
    }
}

fn gain(
    fastest: &Ranking,
    default: Option<&Choice>,
    times_default: Option<Times>,
    by_default: &str,
) -> String {
    let Some(default) = default else {
        return format!(
            "; {by_default}, which ssh negotiates unasked, was not measured: no gain is stated."
        );
    };
    let is_next = fastest.next().is_some_and(|next| next.choice == *default);
    match times_default {
        _ if fastest.leader == *default && fastest.ties.is_empty() => {
            "; it is what ssh negotiates unasked.".into()
        }
        Some(_) if is_next => ", which ssh negotiates unasked.".into(),
        Some(times) => format!("; {} {default}, which ssh negotiates unasked.", times_text(times)),
        None => format!("; {default} is what ssh negotiates unasked."),
    }
}

/// `2 %`, `0.4 %`.
pub fn per_cent(percent: f64) -> String {
    match percent {
        _ if (0.05..0.95).contains(&percent) => format!("{percent:.1} %"),
        _ => format!("{percent:.0} %"),
    }
}

/// A bound, rounded up, since it must hold as it is told.
pub fn at_most(percent: f64) -> String {
    let step = if percent < 0.9 { 0.1 } else { 1.0 };
    per_cent((percent / step).ceil() * step)
}

/// `a and b`, `a, b and c`, `a, b, c and 3 more`.
pub fn list<'a>(choices: impl Iterator<Item = &'a Choice>) -> String {
    const SHOWN: usize = 4;
    let mut names: Vec<String> = choices.map(Choice::to_string).collect();
    let last = match names.len() {
        n if n > SHOWN => {
            names.truncate(SHOWN - 1);
            format!("{} more", n - names.len())
        }
        _ => names.pop().unwrap_or_default(),
    };
    match names.is_empty() {
        true => last,
        false => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
#[path = "conclusion_tests.rs"]
mod tests;
