//! What is compared.

use super::names::{Cipher, Direction, Mac, Method, Sink};
use super::record::Sample;

/// One thing that is compared with others. Each round has one sample of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Index of the pairing in the journal's header.
    pub pairing: usize,
    pub method: Method,
    pub direction: Direction,
    pub cipher: Cipher,
    /// Named with `-m`; absent: the default one, or the cipher needs none.
    pub mac: Option<Mac>,
}

impl Configuration {
    /// What a sample was of.
    pub fn of(sample: &Sample) -> Configuration {
        Configuration {
            pairing: sample.pairing,
            method: sample.method,
            direction: sample.direction,
            cipher: sample.cipher.clone(),
            mac: sample.mac.clone(),
        }
    }

    /// Whether it sends a file by name, so that a chunk of FILE has to be a local file of its own.
    pub fn sends_chunk(&self) -> bool {
        (self.method, self.direction) == (Method::Scp, Direction::Upload)
    }

    /// Whether it fetches a file, so that a chunk of FILE has to be stored on the remote host.
    pub fn fetches_chunk(&self, sink: Sink) -> bool {
        self.direction == Direction::Download && self.method.makes_files(sink)
    }
}
