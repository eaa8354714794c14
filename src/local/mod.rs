//! This machine: child processes, `/proc`, temporary files, interrupts.

pub mod child;
pub mod client;
pub mod interrupt;
pub mod proc;
pub mod profile;
pub mod standstill;
pub mod stderr;
pub mod temporary;
