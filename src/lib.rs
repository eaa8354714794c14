//! The map of the program: what each module is for, in the order in which a survey uses them.
//!
//! Dependencies point down this list; everything from `plan` down is pure (no process, clock,
//! runtime or terminal). See `docs/design.md`.

// Whatever comes from outside ends in an error that says what to do, never in a panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)
)]

// What the user says, and one file a verb.
pub mod cli;
pub mod command;

// What touches the world: a private sshd, the built-in SSH, running trials, progress, printing.
pub mod core;
#[cfg(feature = "russh")]
pub mod embedded;
pub mod loopback;
pub mod report;
pub mod run;
pub mod ui;

// What is decided: trials and their amounts, whether one counts, what a survey shows.
pub mod analysis;
pub mod announcement;
pub mod plan;
pub mod proof;
pub mod sizing;

// What is known of clients, ways to move bytes, and hosts: command lines out, text in.
pub mod client;
pub mod host;
pub mod method;

// What is known of each cipher and MAC.
pub mod catalog;

// The words of all the rest.
pub mod model;
