//! `cipher-survey cores`, and that the timed loop allocates nothing.

mod allocations;
mod command;
mod remote;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the tests of the whole program")]
mod testbed;
