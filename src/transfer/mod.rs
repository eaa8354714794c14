//! How the bytes of a trial move: the far part's command line for each method, as pure text.

pub mod broken;
pub mod flow;
pub mod pipe;
pub mod proof;
pub mod route;
pub mod sample;
pub mod scp;
pub mod shim;
mod watch;
