//! This machine against itself: private servers, masks that hide AES instructions, pinning.

#[cfg(feature = "russh")]
pub mod built_in;
pub mod keys;
pub mod mask;
pub mod pin;
pub mod server;
pub mod sshd;
