//! One timed transfer: the client program that makes it, the remote command for each method, the bytes,
//! and the proof that they were moved as asked.

pub mod error;
pub mod flow;
pub mod pipe;
pub mod proof;
pub mod route;
pub mod sample;
pub mod scp;
pub mod shim;
mod watch;
