//! Wherever SSH runs: a matrix of real servers, shells, clients and networks, each surveyed or refused
//! for real. The tests run from it, and `docs/hosts.md` is checked against it;
//! `CIPHER_SURVEY_ACCEPT=1 cargo test --test hosts page` writes the tables of that page anew.
//!
//! Each test has a testbed of its own, whose server sees accounts, shells and file systems of its own.

mod accounts;
mod captured;
mod clients;
mod distance;
mod guest;
mod limits;
mod matrix;
mod networks;
mod page;
mod paths;
mod programs;
mod servers;
mod sftp;
mod systems;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests of the whole program")]
mod testbed;
mod tools;
