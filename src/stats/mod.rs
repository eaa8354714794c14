//! The statistics of a survey: robust fit, intervals, sequential comparison. Pure numbers.

pub mod fit;
pub mod intervals;
pub mod race;
pub mod significance;
pub mod statistics;
