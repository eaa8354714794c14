//! The vocabulary of the program: names, directions, CPU times, host profiles and
//! the records of the journal. Pure data; every other module may use it.

pub mod aes;
pub mod algorithms;
pub mod cipher_cores;
pub mod configuration;
pub mod cpu;
pub mod destination;
pub mod host;
pub mod journal;
pub mod names;
pub mod record;
pub mod survey;
pub mod units;

pub use aes::{AesClass, AesEnds, AesEvidence};
pub use algorithms::{Negotiated, OneWay, Proposal};
pub use configuration::{Configuration, Entry, RaceKey};
pub use cpu::{CpuTimes, Source, Waits};
pub use destination::Destination;
pub use host::HostProfile;
pub use journal::JournalError;
pub use names::{Cipher, Direction, Mac, Method, Sink};
pub use survey::Survey;
