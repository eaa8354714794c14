//! Whole-program tests against real OpenSSH processes on 127.0.0.1. `tests/run` installs what
//! they need; a test that misses a program fails and names the package.
//!
//! What is asserted holds on a busy machine: structure, proofs, accounts, messages. What needs a quiet
//! one is asserted on kept surveys that were made on a quiet one (`recorded.rs`).

mod accounting;
mod bottlenecks;
mod captured;
mod config_traps;
mod confirmation;
mod connections;
mod decide;
mod instrument;
mod list;
mod loopback;
mod parsers;
mod pipeline;
mod recommend;
mod recorded;
mod records;
mod survey;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the validation")]
mod testbed;
