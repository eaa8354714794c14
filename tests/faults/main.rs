//! Faults: what the program says, its exit code, and what is left on either end. The real thing fails:
//! servers, file systems, links, client programs, this program's own process.
//!
//! The rows of a table run at the same time, since they mostly wait.

mod away;
mod case;
mod client;
mod clock;
mod copies;
mod hostile;
mod interrupt;
mod refused;
mod server;
mod storage;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests of the whole program")]
mod testbed;
