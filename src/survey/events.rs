//! What a survey tells of its progress while it runs.

use super::plan::PlannedSample;
use crate::model::record::Sample;

/// Told of a survey's progress.
pub trait Events {
    /// One line that the user should see once.
    fn say(&mut self, line: &str);
    /// A trial begins; `done` of `total` are over, and about `left_s` seconds are left.
    fn sample_begins(&mut self, sample: &PlannedSample, done: usize, total: usize, left_s: f64);
    /// Bytes that the present trial has moved so far.
    fn progress(&mut self, bytes: u64);
    fn sample_ends(&mut self, sample: &Sample);
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
    fn sample_begins(&mut self, _: &PlannedSample, _: usize, _: usize, _: f64) {}
    fn progress(&mut self, _: u64) {}
    fn sample_ends(&mut self, _: &Sample) {}
    fn round_ends(&mut self, _: u32, _: &str) {}
    fn finish(&mut self) {}
}
