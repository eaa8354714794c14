//! A survey: its plan, rounds of samples, when they stop, and the journal.

pub mod context;
pub mod ended;
pub mod events;
pub mod executor;
pub mod feed_time;
pub mod journal;
mod made;
pub mod plan;
pub mod retry;
pub mod rounds;
pub mod runs;
pub mod slices;
pub mod staging;
pub mod stopping;
pub mod storage;
