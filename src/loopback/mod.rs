//! This machine against itself: private servers, disabling AES instructions, pinning.

#[cfg(feature = "russh")]
pub mod aes;
pub mod builtin;
pub mod keys;
pub mod pin;
pub mod server;
pub mod spec;
pub mod sshd;
