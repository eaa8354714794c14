//! The map of the program. A module may import those below it in this list and no other
//! (`.ci/structure` checks it). Those marked (pure) use no process, clock, file or terminal. See
//! `docs/design.md`.

// Whatever comes from outside ends in an error that says what to do, never in a panic.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::unreachable)
)]

/// One file per verb: the only place where the parts are put together.
pub mod commands;

/// The command line: flags and their help.
pub mod cli;

/// A survey printed from its records alone.
pub mod report;

/// What a survey says on standard error while it runs.
pub mod progress;

/// A survey as it runs: plan, rounds of slices and of runs, stopping, journal.
pub mod survey;

/// What samples say: rows, bottlenecks, warnings, advice, comparison (pure).
pub mod analysis;

/// Fits, intervals and sequential comparison (pure).
pub mod stats;

/// How bytes are moved: methods and their connections, and the proof that it was done as asked.
pub mod transfer;

/// Private servers of this machine, with and without AES instructions.
pub mod loopback;

/// The remote host: the control connection, our directory, what the server's processes spend.
pub mod remote;

/// Microbenchmarks of the ciphers themselves, without SSH.
pub mod cipher_cores;

/// This machine: child processes, CPU clocks, TCP sockets, temporary files, interrupts.
pub mod local;

/// The SSH client, server and sftp-server over russh, as programs of their own.
#[cfg(feature = "russh")]
pub mod builtin_ssh;

/// What a host is and what it spends, as text (pure).
pub mod host;

/// What is known of SSH programs: algorithms, command lines, logs, failures, lines to paste (pure).
pub mod ssh;

/// The vocabulary of all the rest, and the records (pure).
pub mod model;
