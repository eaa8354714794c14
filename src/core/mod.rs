//! Cipher cores: what sealing and opening one packet of SSH costs before sockets and disks add
//! theirs, with the libraries that SSH programs use. `docs/cores.md` says how to add one.

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod beside;
mod chacha;
mod gcm;
pub mod implementation;
pub mod libcrypto;
pub mod packet;
#[cfg(feature = "ring")]
mod ring;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod ring_api;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;
pub mod suite;
#[cfg(test)]
mod tests;
