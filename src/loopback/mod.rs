//! This machine against itself: a private sshd, masks that hide AES instructions, pinning.

pub mod mask;
pub mod pin;
pub mod sshd;
