//! A survey: its plan, the pilot, rounds of samples, when they stop, and the journal.

pub mod account;
mod aes_proof;
pub mod announcement;
pub mod events;
pub mod executor;
pub mod journal;
pub mod pilot;
pub mod plan;
mod retry;
pub mod rounds;
pub mod sampler;
pub mod sizing;
pub mod staging;
pub mod stopping;
pub mod verdict;
