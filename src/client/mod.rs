//! SSH client programs, as pure knowledge: the argument lists that they are given and what their
//! logs say. Nothing here starts a process.

pub mod failure;
pub mod openssh;
pub mod paste;
pub mod transcript;

pub use failure::{Failure, FailureKind};
pub use openssh::{Connection, Session, Version};
pub use transcript::Transcript;
