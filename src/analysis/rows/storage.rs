//! What the storage of both ends allows for a whole file: it was timed once apart, since slices are removed before
//! they reach a disk.

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::Direction;
use crate::model::record::{EndStorage, Pairing, Stream};
use crate::model::units::{MB, significant, size};
use crate::stats::statistics::quotient;

/// The storage behind one direction: where files are read, and where they are written.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Storage {
    /// From no cache.
    pub read_mb_per_s: Option<f64>,
    /// Flushed to the disk.
    pub write_mb_per_s: Option<f64>,
    /// Bytes that the kernel takes before a writer waits for the disk.
    pub cached_bytes: Option<u64>,
    pub text: String,
}

impl Storage {
    /// Absent where it was not timed.
    pub fn of(pairing: &Pairing, direction: Direction) -> Option<Storage> {
        let rates = pairing.storage_rates.as_ref()?;
        let (reader, writer) = match direction {
            Direction::Upload => (("local", &rates.local), ("remote", &rates.remote)),
            Direction::Download => (("remote", &rates.remote), ("local", &rates.local)),
        };
        Some(Storage {
            read_mb_per_s: mb_per_s(reader.1.read),
            write_mb_per_s: mb_per_s(writer.1.write),
            cached_bytes: writer.1.cached_bytes,
            text: text(reader, writer)?,
        })
    }

    /// Seconds that it takes for so many bytes, by the slower of its two ends; a writer waits for no more than what the
    /// kernel does not take.
    pub fn seconds(&self, bytes: u64) -> Option<f64> {
        let of = |bytes: u64, rate: Option<f64>| quotient(bytes as f64, rate? * MB);
        let written = bytes.saturating_sub(self.cached_bytes.unwrap_or(0));
        let (read_s, write_s) = (of(bytes, self.read_mb_per_s), of(written, self.write_mb_per_s));
        read_s.into_iter().chain(write_s).reduce(f64::max)
    }
}

fn mb_per_s(stream: Option<Stream>) -> Option<f64> {
    let stream = stream?;
    quotient(stream.bytes as f64 / MB, stream.seconds)
}

/// `the local disk reads 530 MB/s, the remote one writes 12 MB/s …`; absent where nothing is known.
fn text(reader: (&str, &EndStorage), writer: (&str, &EndStorage)) -> Option<String> {
    let read = match (mb_per_s(reader.1.read), &reader.1.missing) {
        (Some(rate), _) => Some(format!("the {} disk reads {} MB/s", reader.0, significant(rate))),
        (None, Some(why)) => Some(format!("what the {} disk reads is not known: {why}", reader.0)),
        (None, None) => None,
    };
    let write = match (mb_per_s(writer.1.write), &writer.1.missing) {
        (Some(rate), _) => {
            let cached = writer.1.cached_bytes.filter(|&bytes| bytes > 0).map(|bytes| {
                format!(", of which the memory there takes the first {}", size(bytes))
            });
            Some(format!(
                "the {} disk writes {} MB/s{}",
                writer.0,
                significant(rate),
                cached.unwrap_or_default()
            ))
        }
        (None, Some(why)) => Some(format!("what the {} disk writes is not known: {why}", writer.0)),
        (None, None) => None,
    };
    let both: Vec<String> = read.into_iter().chain(write).collect();
    (!both.is_empty()).then(|| both.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::pairing;
    use crate::model::record::StorageRates;

    fn timed(mb_per_s: u64) -> Option<Stream> {
        Some(Stream { bytes: mb_per_s * 1_000_000, seconds: 1.0 })
    }

    fn of(direction: Direction) -> Storage {
        let local = EndStorage { read: timed(500), ..EndStorage::default() };
        let remote = EndStorage {
            write: timed(10),
            cached_bytes: Some(100_000_000),
            missing: None,
            read: timed(20),
        };
        let storage_rates = Some(StorageRates { local, remote });
        let pairing = Pairing { storage_rates, ..pairing("pi1") };
        Storage::of(&pairing, direction).unwrap()
    }

    #[test]
    fn a_writer_waits_once_the_memory_is_full() {
        let up = of(Direction::Upload);
        // What is read limits a small file, what is written a large one.
        assert_eq!(up.seconds(100_000_000), Some(0.2));
        assert_eq!(up.seconds(1_000_000_000), Some(90.0));
        assert_eq!(
            up.text,
            "the local disk reads 500 MB/s; the remote disk writes 10.0 MB/s, of which the memory there takes \
             the first 95.4 MiB"
        );
        let down = of(Direction::Download);
        assert_eq!(down.seconds(1_000_000_000), Some(50.0));
        assert_eq!(down.text, "the remote disk reads 20.0 MB/s");
    }

    #[test]
    fn what_was_not_timed_is_absent() {
        assert_eq!(Storage::of(&pairing("pi1"), Direction::Upload), None);
    }
}
