//! Cipher cores: what sealing and opening one packet of SSH costs, without sockets and disks, in the
//! libraries that SSH programs use. `docs/cores.md` says how to add one.

mod chacha;
pub mod clock;
mod gcm;
pub mod implementation;
pub mod libraries;
pub mod openssl_speed;
pub mod packet;
pub mod rounds;
pub mod suite;
pub mod timed_loop;
mod with_mac;
pub mod worker;
pub mod workers;

#[cfg(test)]
mod tests;
