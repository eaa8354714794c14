//! What a section of a table shows, in a sentence or two. Nothing is claimed that its interval does
//! not support.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::phrases::{at_most, list, per_cent, times_text};
use crate::analysis::rows::compare::Ratio;
use crate::analysis::rows::ranking::{Choice, Other, Ranking};
use crate::analysis::rows::row::Row;
use crate::model::units::{duration, significant};

/// The verdict on one section.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Conclusion {
    /// What it is about: `upload, AES at the client only`. The text begins with it.
    pub scope: String,
    pub fastest: Ranking,
    /// Least CPU; absent where it is not known or too coarse to rank.
    pub cheapest_client: Option<Ranking>,
    pub cheapest_server: Option<Ranking>,
    /// Of both ends together.
    pub cheapest: Option<Ranking>,
    /// How many times as fast as the default cipher the fastest is; absent where the default was not
    /// measured or is as fast.
    pub times_default: Option<Ratio>,
    pub text: String,
}

/// What is known of a section beside its rows.
pub struct Setting<'a> {
    pub scope: &'a str,
    /// The default cipher; absent where plain ssh does not connect.
    pub default_cipher: Option<&'a str>,
    /// The smallest difference that matters, as a fraction.
    pub precision: f64,
    /// Rounds so far.
    pub rounds: u32,
    /// Real seconds of one sample, with all that goes with it.
    pub sample_s: f64,
}

/// Rankings by the cost of the client, of the server, and of both ends together.
pub struct Costs {
    pub client: Option<Ranking>,
    pub server: Option<Ranking>,
    pub both: Option<Ranking>,
}

pub fn conclude(setting: &Setting, rows: &[Row], fastest: Ranking, costs: Costs) -> Conclusion {
    let measured = rows.iter().filter(|row| row.measured > 0).count();
    let default = rows.iter().find(|row| row.is_default && row.measured > 0);
    let times_default = default
        .filter(|row| !fastest.is_among_best(row))
        .and_then(|row| Some(row.speed?.times_leader?.inverse()));
    let mut text = format!("{}: {}", setting.scope, speed(&fastest, setting, measured));
    let default = default.map(|row| Choice::of(row, rows));
    text += &gain(&fastest, default.as_ref(), times_default, setting.default_cipher);
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
        let ahead = fastest.next().map(|next| format!("; {leader} is {}", ahead_of(next)));
        return format!(
            "{leader} leads, {rate}; undecided between it and {} ({bound}{}){}",
            list(undecided.iter().map(|other| &other.choice)),
            more(fastest, setting),
            ahead.unwrap_or_default()
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
        rounds * fastest.remaining as f64 * setting.sample_s
    });
    match seconds.filter(|seconds| *seconds > 0.0) {
        Some(seconds) => format!("; about {} more would decide", duration(seconds)),
        None => "; deciding it would take too long".into(),
    }
}

/// `1.52 (1.40 to 1.65) times as fast as NAME`.
fn ahead_of(other: &Other) -> String {
    match other.times_leader {
        Some(times) => format!("{} as fast as {}", times_text(times.inverse()), other.choice),
        None => format!("ahead of {}", other.choice),
    }
}

fn gain(
    fastest: &Ranking,
    default: Option<&Choice>,
    times_default: Option<Ratio>,
    default_cipher: Option<&str>,
) -> String {
    let Some(default_cipher) = default_cipher else {
        return "; plain ssh can't connect, so there is no default cipher.".into();
    };
    let Some(default) = default else {
        return format!(
            "; {default_cipher}, the default cipher, was not measured, so no gain is stated."
        );
    };
    let is_next = fastest.next().is_some_and(|next| next.choice == *default);
    match times_default {
        _ if fastest.leader == *default && fastest.ties.is_empty() => {
            "; it is the default cipher.".into()
        }
        Some(_) if is_next => ", the default cipher.".into(),
        Some(times) => format!("; {} as fast as {default}, the default cipher.", times_text(times)),
        None => format!("; {default} is the default cipher."),
    }
}

#[cfg(test)]
#[path = "conclusion_tests.rs"]
mod tests;
