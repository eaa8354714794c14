//! SSH client programs, as pure knowledge: the argument lists that they are given and what their
//! logs say. Nothing here starts a process.

pub mod catalog;
pub mod failure;
pub mod log;
pub mod openssh;
pub mod paste;

pub use failure::{Failure, FailureKind};
pub use log::Transcript;
pub use openssh::{Connection, ScpProtocol, Session, Version};
