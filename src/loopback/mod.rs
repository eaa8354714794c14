//! This machine against itself: private servers, disabling AES instructions, pinning.

pub mod aes;
#[cfg(feature = "russh")]
pub mod builtin;
pub mod keys;
pub mod pin;
pub mod server;
pub mod spec;
pub mod sshd;
