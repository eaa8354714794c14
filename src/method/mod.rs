//! How the bytes of a trial move: the far part's command line for each method, as pure text.

pub mod pipe;
pub mod scp;

use crate::model::{Method, Sink};

/// Whether transfers of this method put a file on an end, which then must be sized, checked and
/// removed; else bytes are fed for a time and dropped.
pub fn makes_files(method: Method, sink: Sink) -> bool {
    match method {
        Method::Scp => true,
        Method::Pipe => sink == Sink::File,
    }
}
