//! The progress of a survey.

use super::plan::PlannedSample;
use crate::model::record::Sample;

/// Is told of the progress of a survey.
pub trait Events {
    /// A line for the user.
    fn say(&mut self, line: &str);
    /// A sample begins; `done` of `total` are finished, and about `left_s` seconds are left.
    fn sample_begins(&mut self, sample: &PlannedSample, done: usize, total: usize, left_s: f64);
    /// Bytes that the current sample has moved so far.
    fn progress(&mut self, bytes: u64);
    fn sample_ends(&mut self, sample: &Sample);
    /// A round has ended with an interim analysis, which has shown `news`.
    fn round_ends(&mut self, round: u32, news: &str);
    /// The survey has ended.
    fn finish(&mut self);
}

/// Shows nothing (`--quiet`, tests).
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
