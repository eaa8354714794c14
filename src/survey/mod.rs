//! A survey as it runs: planned, calibrated, measured in rounds, recorded.

pub mod account;
pub mod announcement;
pub mod events;
pub mod executor;
pub mod journal;
pub mod pilot;
pub mod plan;
pub mod retry;
pub mod rounds;
pub mod sizing;
pub mod staging;
pub mod stopping;
pub mod verdict;
