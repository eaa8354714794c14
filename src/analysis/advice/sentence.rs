//! Advice as a sentence.

use super::goal::{Advice, Against, CpuShare, Goal, TransfersPerCore};
use crate::analysis::phrases::{at_most, counted, list, per_cent, times_text};
use crate::analysis::rows::ranking::Choice;
use crate::model::units::significant;

/// What the sentence needs beside the advice.
pub struct Background {
    /// What may be as good as the choice, or better or worse.
    pub undecided: Vec<Choice>,
    pub worst: Option<Choice>,
    /// The smallest difference that matters, as a fraction.
    pub precision: f64,
}

/// One sentence without its full stop.
pub fn text(advice: &Advice, background: &Background) -> String {
    let Advice { choice, ties, .. } = advice;
    let speed = advice.goal == Goal::Speed;
    let figure =
        format!("{} {}", significant(advice.figure), if speed { "MB/s" } else { "CPU-s per GB" });
    if advice.keep_default {
        let why = why_kept(advice, background);
        return format!("keep the default, {choice}, {figure} ({why}){}", load(advice));
    }
    let mut text = format!("{choice}, {figure}");
    if !ties.is_empty() {
        text += &format!(" (equally good: {})", list(ties.iter()));
    }
    let mut gains = Vec::new();
    if let Some(times) = advice.times_default.map(times_text) {
        gains.push(match speed {
            true => format!("{times} as fast as the default cipher"),
            false => format!("the default cipher costs {times} as much"),
        });
    }
    if let (Some(times), Some(worst)) = (advice.times_worst, &background.worst) {
        let times = significant(times.ratio);
        gains.push(match speed {
            true => format!("{times} times as fast as {worst}, the slowest secure cipher"),
            false => {
                format!("{worst}, the most expensive secure cipher, costs {times} times as much")
            }
        });
    }
    if !gains.is_empty() {
        text += &format!("; {}", gains.join(" and "));
    }
    if let Some(why) = advice.absent {
        text += &format!("; the default cipher {why}");
    }
    if let Some(bottleneck) = advice.bottleneck {
        text += &format!("; the {bottleneck} is then the bottleneck");
    }
    if !advice.decided {
        text += &match advice.bound_percent {
            Some(bound) => {
                format!(" (undecided: no cipher is more than {} better)", at_most(bound))
            }
            None => " (undecided: too few rounds)".into(),
        };
    }
    text + &load(advice)
}

/// Why the default cipher is kept; no more than the figures show.
fn why_kept(advice: &Advice, background: &Background) -> String {
    if let Some(bottleneck) = advice.bottleneck {
        return format!(
            "the {bottleneck} is the bottleneck: no cipher is recommended for its speed"
        );
    }
    if advice.alone {
        return "nothing else was measured that could be recommended".into();
    }
    let Some(bound) = advice.bound_percent else { return "too few rounds to tell".into() };
    let bounded = match bound > 0.0 {
        true => format!("no cipher is more than {} better", at_most(bound)),
        false => "no cipher is better".into(),
    };
    let precision = per_cent(100.0 * background.precision);
    let equal = format!("within {precision} of {}", list(advice.ties.iter()));
    match (advice.decided, &advice.ahead, background.undecided.is_empty()) {
        (true, ..) if !advice.ties.is_empty() => format!("{equal}: the choice does not matter"),
        (true, ..) => bounded,
        (false, Some(Against { choice, .. }), _) => format!(
            "no cipher is surely better; {choice} may be, and none by more than {}",
            at_most(bound)
        ),
        (false, None, true) => format!("{equal}; {bounded}"),
        (false, None, false) => {
            let others = list(background.undecided.iter());
            format!("undecided between it and {others}: {bounded}")
        }
    }
}

/// How busy the hosts then are, or how many transfers they carry.
fn load(advice: &Advice) -> String {
    let cpu = advice.cpu.map(|CpuShare { client_percent, server_percent }| {
        format!(
            "; uses {} of one local core and {} of one remote core",
            per_cent(client_percent),
            per_cent(server_percent)
        )
    });
    let transfers =
        advice.transfers_per_core.map(|TransfersPerCore { per_client_core, per_server_core }| {
            let local = counted(per_client_core.floor() as usize, "transfer");
            let remote = per_server_core.floor();
            format!("; one local core carries {local} of 100 Mbit/s, one remote core {remote}")
        });
    cpu.into_iter().chain(transfers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(cipher: &str) -> Choice {
        Choice { cipher: cipher.into(), mac: None, ambiguous: false }
    }

    /// Why the default cipher is kept where nothing is better by more than a bound.
    fn why(bound_percent: f64, ties: &[&str], undecided: &[&str], ahead: Option<&str>) -> String {
        let advice = Advice {
            goal: Goal::Speed,
            choice: choice("default"),
            keep_default: true,
            directions: Vec::new(),
            figure: 50.0,
            decided: bound_percent < 3.0,
            bottleneck: None,
            bound_percent: Some(bound_percent),
            as_good: Vec::new(),
            ties: ties.iter().copied().map(choice).collect(),
            behind: Vec::new(),
            absent: None,
            withdrawn: None,
            alone: false,
            times_default: None,
            ahead: ahead.map(|name| Against { choice: choice(name), times: None }),
            next: None,
            times_worst: None,
            cpu: None,
            transfers_per_core: None,
            text: String::new(),
        };
        let background = Background {
            undecided: undecided.iter().copied().map(choice).collect(),
            worst: None,
            precision: 0.03,
        };
        why_kept(&advice, &background)
    }

    #[test]
    fn a_kept_default_hides_no_alternative_and_bounds_are_rounded_up() {
        assert_eq!(why(1.2, &["a"], &["b"], None), "within 3 % of a: the choice does not matter");
        assert_eq!(why(0.0, &[], &[], None), "no cipher is better");
        assert_eq!(why(0.42, &[], &["b"], None), "no cipher is more than 0.5 % better");
        assert_eq!(
            why(3.1, &["a"], &["b"], None),
            "undecided between it and b: no cipher is more than 4 % better"
        );
        assert_eq!(
            why(3.1, &["a"], &[], None),
            "within 3 % of a; no cipher is more than 4 % better"
        );
        assert_eq!(
            why(9.0, &[], &["b"], Some("a")),
            "no cipher is surely better; a may be, and none by more than 9 %"
        );
        assert_eq!(why(1.2, &[], &["b"], Some("a")), "no cipher is more than 2 % better");
    }
}
