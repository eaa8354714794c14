//! What a survey says while it runs. All of it goes to standard error.

pub mod progress;
pub mod steps;

use crate::model::record::Trial;
use crate::model::units::printable_lines;
use crate::plan::PlannedTrial;

/// Tells one message. A terminal obeys nothing of what a journal, a file name or a far host put into
/// it.
pub fn tell(message: &str) {
    eprintln!("{}", printable_lines(message));
}

/// Told of a survey's progress.
pub trait Events {
    /// One line that the user should see once.
    fn say(&mut self, line: &str);
    /// A trial begins; `done` of `total` are over, and about `left_s` seconds are left.
    fn trial_begins(&mut self, trial: &PlannedTrial, done: usize, total: usize, left_s: f64);
    /// Bytes that the present trial has moved so far.
    fn live(&mut self, bytes: u64);
    fn trial_ends(&mut self, trial: &Trial);
    /// A round is over, and something has become clear.
    fn round_ends(&mut self, round: u32, news: &str);
    /// All is over.
    fn finish(&mut self);
}

/// Says nothing (`--quiet`, tests).
#[derive(Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn say(&mut self, _: &str) {}
    fn trial_begins(&mut self, _: &PlannedTrial, _: usize, _: usize, _: f64) {}
    fn live(&mut self, _: u64) {}
    fn trial_ends(&mut self, _: &Trial) {}
    fn round_ends(&mut self, _: u32, _: &str) {}
    fn finish(&mut self) {}
}
