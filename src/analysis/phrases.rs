//! Figures and lists as they stand in a sentence.

use super::rows::compare::Ratio;
use super::rows::ranking::Choice;
use crate::model::units::significant;

/// `1.52 (1.40 to 1.65) times`.
pub fn times_text(times: Ratio) -> String {
    let [ratio, low, high] = [times.ratio, times.low, times.high].map(significant);
    match low == high {
        true => format!("{ratio} times"),
        false => format!("{ratio} ({low} to {high}) times"),
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

/// `1 sample`, `3 samples`.
pub fn counted(many: usize, noun: &str) -> String {
    match many {
        1 => format!("1 {noun}"),
        _ => format!("{many} {noun}s"),
    }
}
