//! This machine: child processes, `/proc`, temporary files, interrupts.

pub mod child;
pub mod client;
pub mod cpu;
pub mod interrupt;
pub mod lines;
pub mod proc;
pub mod profile;
pub mod programs;
pub mod socket;
pub mod standstill;
pub mod temporary;
