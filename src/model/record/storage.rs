//! What the storage of both ends takes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the storage of both ends takes, timed once before the rounds, without SSH.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct StorageRates {
    /// Of FILE, and of the temporary directory.
    pub local: EndStorage,
    /// Of the remote directory.
    pub remote: EndStorage,
}

/// The storage of one end.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct EndStorage {
    /// A file that was written and flushed (fsync).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write: Option<Stream>,
    /// A read of what was in no cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<Stream>,
    /// Bytes that the kernel takes before a writer waits for the disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_bytes: Option<u64>,
    /// Why a figure is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
}

/// Bytes of a stream, and the seconds that they took.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Stream {
    pub bytes: u64,
    pub seconds: f64,
}
