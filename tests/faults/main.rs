//! Faults: what happens, how it is told, how it ends, what is left on either end. The real thing
//! fails: servers, file systems, links, client programs, this program's own process.
//!
//! Nothing here is timed, so the labs hold no lock, and the rows of a table run beside each other.

mod away;
mod case;
mod client;
mod clock;
mod interrupt;
mod refused;
mod server;
mod storage;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests of the whole program")]
mod testbed;
mod words;
