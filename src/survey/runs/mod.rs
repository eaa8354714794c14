//! Rounds of methods that run a program per transfer.

mod account;
pub mod confirmation;
pub mod rounds;
mod run;
pub mod sizing;
