//! What to use for one goal, and its words.

use serde::Serialize;

use super::compare::Times;
use super::conclusion::{list, per_cent, times_text};
use super::limit::Limit;
use super::series::Figure;
use super::standing::Choice;
use crate::model::units::significant;

/// What somebody may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// One transfer as fast as it goes.
    Speed,
    /// Least load on this end.
    LeastHere,
    /// Least load on the far end.
    LeastThere,
    /// Many transfers at once: least CPU of both ends together.
    Many,
}

pub const GOALS: [Goal; 4] = [Goal::Speed, Goal::LeastHere, Goal::LeastThere, Goal::Many];

impl Goal {
    /// What is compared for it.
    pub fn figure(self) -> Figure {
        match self {
            Goal::Speed => Figure::Rate,
            Goal::LeastHere => Figure::ClientCost,
            Goal::LeastThere => Figure::ServerCost,
            Goal::Many => Figure::Cost,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Goal::Speed => "one fast transfer",
            Goal::LeastHere => "least load here",
            Goal::LeastThere => "least load there",
            Goal::Many => "many at once",
        }
    }
}

/// What to use for one goal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Advice {
    pub goal: Goal,
    pub choice: Choice,
    /// It is what ssh negotiates unasked: nothing is to be changed.
    pub keep_default: bool,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    /// The question is answered: nothing allowed is better by more than the precision.
    pub decided: bool,
    /// What limits it, where that is of the path: no cipher is faster, whatever it costs.
    pub limit: Option<Limit>,
    /// What something else may still be better by, in per cent.
    pub bound_percent: Option<f64>,
    pub ties: Vec<Choice>,
    /// How many times better than what ssh negotiates unasked, and than the worst that is allowed.
    pub times_unasked: Option<Times>,
    pub times_worst: Option<Times>,
    /// How busy the ends then are, where speed is the goal: a core that is full is the limit.
    pub cores: Option<Cores>,
    /// How many transfers a core carries, where that is the goal.
    pub sessions: Option<Sessions>,
    pub text: String,
}

impl Advice {
    /// The choice and what is practically equal to it.
    pub fn as_good(&self) -> Vec<Choice> {
        [&self.choice].into_iter().chain(&self.ties).cloned().collect()
    }
}

/// Per cent of one core.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cores {
    pub client_percent: f64,
    pub server_percent: f64,
}

/// Transfers at 100 Mbit/s (12.5 MB/s) that one core of an end carries.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Sessions {
    pub per_client_core: f64,
    pub per_server_core: f64,
}

/// What the words need beside the advice.
pub struct Background<'a> {
    /// The default was compared.
    pub has_default: bool,
    /// The leader and how much better it may be than the default that is kept.
    pub ahead: Option<(&'a Choice, Times)>,
    pub worst: Option<&'a Choice>,
    /// As a fraction.
    pub precision: f64,
}

pub fn text(advice: &Advice, background: &Background) -> String {
    let &Background { has_default, ahead, worst, precision } = background;
    let Advice { choice, ties, .. } = advice;
    let speed = advice.goal == Goal::Speed;
    let figure =
        format!("{} {}", significant(advice.figure), if speed { "MB/s" } else { "CPU-s per GB" });
    if advice.keep_default {
        let why = match (advice.limit, ahead, ties.is_empty()) {
            (Some(limit), ..) => {
                format!("the {limit} is the limit: no cipher is recommended for its speed")
            }
            (None, Some((leader, times)), _) => format!(
                "nothing is surely better; {leader} may be, at most {} times",
                significant(times.high.max(1.0))
            ),
            (None, None, false) => format!(
                "within {} of {}: it does not matter",
                per_cent(100.0 * precision),
                list(ties.iter())
            ),
            (None, None, true) => "nothing is better".into(),
        };
        return format!("keep the default, {choice}, {figure} ({why}){}", load(advice));
    }
    let mut text = format!("{choice}, {figure}");
    if !ties.is_empty() {
        text += &format!(" (or as good: {})", list(ties.iter()));
    }
    let mut gains = Vec::new();
    if let Some(times) = advice.times_unasked.map(times_text) {
        gains.push(match speed {
            true => format!("{times} as fast as what ssh negotiates unasked"),
            false => format!("what ssh negotiates unasked takes {times} as much"),
        });
    }
    if let (Some(times), Some(worst)) = (advice.times_worst, worst) {
        let times = significant(times.ratio);
        gains.push(match speed {
            true => format!("{times} times as fast as {worst}, the slowest sensible one"),
            false => format!("{worst}, the dearest sensible one, {times} times"),
        });
    }
    if !gains.is_empty() {
        text += &format!("; {}", gains.join(", "));
    }
    if !has_default {
        text += "; what ssh negotiates unasked was not measured or is not recommended";
    }
    if let Some(limit) = advice.limit {
        text += &format!("; the {limit} is then the limit");
    }
    text += &load(advice);
    if !advice.decided {
        text += &match advice.bound_percent {
            Some(bound) => format!(" (undecided: nothing is more than {} better)", per_cent(bound)),
            None => " (undecided: too few rounds)".into(),
        };
    }
    text
}

/// How busy the ends are then, or how many transfers they carry.
fn load(advice: &Advice) -> String {
    let cores = advice.cores.map(|Cores { client_percent, server_percent }| {
        format!(
            "; this end is then {} of a core at work, the far end {}",
            per_cent(client_percent),
            per_cent(server_percent)
        )
    });
    let sessions = advice.sessions.map(|Sessions { per_client_core, per_server_core }| {
        format!(
            "; a core carries {} sessions of 100 Mbit/s here, {} there",
            per_client_core.floor(),
            per_server_core.floor()
        )
    });
    cores.into_iter().chain(sessions).collect()
}
