//! What is compared.

use super::names::{Cipher, Direction, Mac, Method, Sink};
use super::record::Sample;

/// One thing that is compared with others: each round holds it once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Index of the pairing in the journal's header.
    pub pairing: usize,
    pub method: Method,
    pub direction: Direction,
    pub cipher: Cipher,
    /// Asked for with `-m`; absent: what is negotiated unasked, or none needed.
    pub mac: Option<Mac>,
}

impl Configuration {
    /// What a trial was of.
    pub fn of(sample: &Sample) -> Configuration {
        Configuration {
            pairing: sample.pairing,
            method: sample.method,
            direction: sample.direction,
            cipher: sample.cipher.clone(),
            mac: sample.mac.clone(),
        }
    }

    /// It sends a file by its name, so a prefix of FILE has to be one of its own on this end.
    pub fn sends_chunk(&self) -> bool {
        (self.method, self.direction) == (Method::Scp, Direction::Upload)
    }

    /// It fetches a file, so a prefix of FILE has to lie on the far host.
    pub fn fetches_chunk(&self, sink: Sink) -> bool {
        self.direction == Direction::Download && self.method.makes_files(sink)
    }
}
