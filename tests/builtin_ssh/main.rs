//! The built-in SSH as programs: its client against OpenSSH's sshd, OpenSSH's clients against its
//! server. `CIPHER_SURVEY_TEST_MIB` is the size of the large transfers (64 unless told; 1024 is
//! the full size).
#![cfg(feature = "russh")]

mod client;
mod loopback;
mod server;
#[path = "../testbed/mod.rs"]
#[allow(dead_code, reason = "shared with the other tests of the whole program")]
mod testbed;
