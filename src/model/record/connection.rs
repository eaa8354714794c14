//! A line per connection: what it negotiated, its setup, all that it spent.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::algorithms::Negotiated;
use crate::model::cpu::{CpuTimes, Source};
use crate::model::names::{Cipher, Direction, Mac, Method};

/// One SSH connection that carried slices, or one run of a program.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Connection {
    /// From 1, in the order in which they were opened. Samples name it.
    pub number: u32,
    /// The round that it belonged to, from 1; 0: before the rounds.
    pub round: u32,
    pub pairing: usize,
    pub method: Method,
    pub cipher: Cipher,
    /// The MAC, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    /// RFC 3339, UTC, when the client program was started.
    pub started: String,
    #[serde(flatten)]
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negotiated: Option<Negotiated>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<SetupTimes>,
    /// All CPU of the client program and its children, setup included (`wait4`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ConnectionCpu>,
    /// All CPU of the server's processes for this connection until the last reading, setup included, helpers
    /// apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<ConnectionCpu>,
    /// Why there is no server CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_missing: Option<String>,
    /// Its first slices in each direction, in which buffers and windows grow. They are in no sample.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub start_up: Vec<SliceSum>,
    /// The slices in which keys were exchanged again. They are in no sample.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_exchanges: Vec<SliceSum>,
    /// How the remote `dd` counts what it reads (`pipe`): `fullblock`, whole blocks; `partial`, whatever a read
    /// brings, on hosts whose dd knows no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dd: Option<String>,
    /// Bytes of its TCP connection, all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireBytes>,
    /// Seconds waited before it was opened because the server refused connections.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub backoff_s: f64,
}

/// How a connection or a sample ended.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    Measured,
    Failed {
        reason: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        remedy: Option<String>,
    },
}

/// Seconds that a connection needed until it could carry data, by the times at which lines of the client's
/// log arrived, counted from the start of the client program.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct SetupTimes {
    /// The server's identification had arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connected_s: Option<f64>,
    /// Both ends used the new keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_exchanged_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authenticated_s: Option<f64>,
    /// The remote command could take data.
    pub ready_s: f64,
}

/// All CPU of one end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct ConnectionCpu {
    #[serde(flatten)]
    pub times: CpuTimes,
    /// The part until data could be moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub setup: Option<CpuTimes>,
    /// sftp-server, or the helper of the remote shell; not in the total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpers: Option<CpuTimes>,
    pub source: Source,
    pub resolution_s: f64,
}

/// Some slices of a connection in one direction, summed.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct SliceSum {
    pub direction: Direction,
    pub slices: u32,
    pub bytes: u64,
    pub real_s: f64,
    /// CPU-seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_s: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_s: Option<f64>,
}

/// Bytes over a TCP connection, seen from this machine (TCP_INFO: `tcpi_bytes_sent` less
/// `tcpi_bytes_retrans`, and `tcpi_bytes_received`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct WireBytes {
    pub sent: u64,
    pub received: u64,
}

/// Whether it is zero, which is not written.
pub(super) fn is_zero(value: &f64) -> bool {
    *value == 0.0
}
