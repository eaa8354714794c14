//! Cipher cores: what sealing and opening one packet of SSH costs before sockets and disks add
//! theirs, with the libraries that SSH programs use. `docs/cores.md` says how to add one.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod chacha;
pub mod clock;
pub mod gcm;
pub mod implementation;
pub mod libcrypto;
pub mod openssl_speed;
pub mod packet;
#[cfg(feature = "ring")]
mod ring;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod ring_api;
pub mod rounds;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
pub mod suite;
pub mod timed_loop;
pub mod with_mac;
pub mod worker;
pub mod workers;

#[cfg(test)]
mod tests;
