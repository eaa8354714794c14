//! Bytes in and out: between us and the server, and our standard streams.

pub mod outlet;
pub mod stdio;
pub mod wire;
