//! The progress of a survey.

use crate::model::Entry;
use crate::model::record::Sample;

/// Is told of the progress of a survey.
pub trait Events {
    /// A line for the user.
    fn say(&mut self, line: &str);
    /// A round of so many entries begins; about so many rounds are left, this one included.
    fn round_begins(&mut self, round: u32, entries: usize, rounds_left: u32);
    /// A slice of an entry has moved so many bytes in so many seconds.
    fn slice_ends(&mut self, entry: &Entry, bytes: u64, seconds: f64);
    /// Bytes that the current run of a program has moved so far.
    fn progress(&mut self, bytes: u64);
    fn sample_ends(&mut self, sample: &Sample);
    /// A round has ended with an interim analysis, which has shown `news`.
    fn round_ends(&mut self, round: u32, news: &str);
    /// So many copies of FILE begin, which is said in a line.
    fn copies_begin(&mut self, line: &str, copies: u32);
    /// The survey has ended.
    fn finish(&mut self);
}

/// Shows nothing (`--quiet`, tests).
#[derive(Debug, Default)]
pub struct Silent;

impl Events for Silent {
    fn say(&mut self, _: &str) {}
    fn round_begins(&mut self, _: u32, _: usize, _: u32) {}
    fn slice_ends(&mut self, _: &Entry, _: u64, _: f64) {}
    fn progress(&mut self, _: u64) {}
    fn sample_ends(&mut self, _: &Sample) {}
    fn round_ends(&mut self, _: u32, _: &str) {}
    fn copies_begin(&mut self, _: &str, _: u32) {}
    fn finish(&mut self) {}
}
