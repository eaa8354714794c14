//! What is compared.

use super::names::{Cipher, Direction, Mac, Method, Sink};
use super::record::{Asked, Outcome, Phase, Sample};

/// One thing that is compared with others. It has a connection of its own in each round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Configuration {
    /// Index of the pairing in the journal's header.
    pub pairing: usize,
    pub method: Method,
    pub cipher: Cipher,
    /// Named with `-m`; absent: the default one, or the cipher needs none.
    pub mac: Option<Mac>,
}

/// A configuration in one direction: what a race is between. Each round has one sample of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    pub configuration: Configuration,
    pub direction: Direction,
}

/// What entries have in common that are compared with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RaceKey {
    pub pairing: usize,
    pub method: Method,
    pub direction: Direction,
}

impl Configuration {
    /// What a sample was of.
    pub fn of(sample: &Sample) -> Configuration {
        Configuration {
            pairing: sample.pairing,
            method: sample.method,
            cipher: sample.cipher.clone(),
            mac: sample.mac.clone(),
        }
    }

    pub fn toward(self, direction: Direction) -> Entry {
        Entry { configuration: self, direction }
    }
}

impl Entry {
    /// What a sample was of.
    pub fn of(sample: &Sample) -> Entry {
        Configuration::of(sample).toward(sample.direction)
    }

    /// A sample of which nothing is known yet but what it is of. `started`: RFC 3339, UTC.
    pub fn sample(&self, (phase, round): (Phase, u32), asked: Asked, started: String) -> Sample {
        let Configuration { pairing, method, ref cipher, ref mac } = self.configuration;
        Sample {
            phase,
            round,
            pairing,
            method,
            direction: self.direction,
            cipher: cipher.clone(),
            mac: mac.clone(),
            asked,
            connection: None,
            slices: None,
            wire: None,
            started,
            outcome: Outcome::Measured,
            negotiated: None,
            bytes: None,
            setup_s: None,
            real_s: None,
            whole_s: None,
            steady: None,
            client: None,
            server: None,
            server_missing: None,
            server_checks: Vec::new(),
            local_host: None,
            remote_host: None,
            sha256: None,
            backoff_s: 0.0,
            at_s: 0.0,
        }
    }

    pub fn race(&self) -> RaceKey {
        let Configuration { pairing, method, .. } = self.configuration;
        RaceKey { pairing, method, direction: self.direction }
    }

    /// Whether it sends a file by name, so that a chunk of FILE has to be a local file of its own.
    pub fn sends_chunk(&self) -> bool {
        self.direction == Direction::Upload && self.configuration.method.names_files()
    }

    /// Whether it fetches a file, so that a chunk of FILE has to be stored on the remote host.
    pub fn fetches_chunk(&self, sink: Sink) -> bool {
        self.direction == Direction::Download && self.configuration.method.makes_files(sink)
    }
}

impl RaceKey {
    /// That of a sample.
    pub fn of(sample: &Sample) -> RaceKey {
        RaceKey { pairing: sample.pairing, method: sample.method, direction: sample.direction }
    }
}
