//! The built-in SSH as programs: its client with OpenSSH's sshd, OpenSSH's clients with its server.
//! `CIPHER_SURVEY_TEST_MIB` is the size of the large transfers (64 by default; 1024 is the full size).
#![cfg(feature = "russh")]

mod client;
mod loopback;
mod server;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests of the whole program")]
mod testbed;
