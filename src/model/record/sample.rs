//! A line per sample: bytes, times, CPU of both ends.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::connection::{Outcome, WireBytes, is_zero};
use crate::model::algorithms::Negotiated;
use crate::model::cpu::{CpuTimes, Source, Waits};
use crate::model::host::HostDelta;
use crate::model::names::{Cipher, Direction, Mac, Method};

/// What a configuration moved in one direction in a round: its slices summed, or one run of a program.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Sample {
    pub phase: Phase,
    /// From 1; 0 in the calibration. Of copies that confirm advice: the number of their pair.
    pub round: u32,
    pub pairing: usize,
    pub method: Method,
    pub direction: Direction,
    pub cipher: Cipher,
    /// The MAC, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    pub asked: Asked,
    /// The number of its connection; absent where it has no line of its own (schema 1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<u32>,
    /// Absent: one run of a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slices: Option<Slices>,
    /// Bytes of its TCP connection in its slices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wire: Option<WireBytes>,
    /// RFC 3339, UTC, when its first slice, or its program, was started.
    pub started: String,
    #[serde(flatten)]
    pub outcome: Outcome,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub negotiated: Option<Negotiated>,
    /// Bytes of payload that arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Seconds of the setup: from the start of the client program until the remote command was ready.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "handshake_s")]
    pub setup_s: Option<f64>,
    /// Seconds of the bulk (of its slices together), without the setup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_s: Option<f64>,
    /// Seconds of a run of a program, from its start to its end, without what went on between its setup and its
    /// bulk. Absent for slices.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub whole_s: Option<f64>,
    /// The part of the bulk after its start-up, where timestamps on the way show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steady: Option<Steady>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Spent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Spent>,
    /// Why there is no server CPU.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_missing: Option<String>,
    /// Other readings of the same server CPU (total seconds), to check `server` against.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub server_checks: Vec<Check>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "near_host")]
    pub local_host: Option<HostDelta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "far_host")]
    pub remote_host: Option<HostDelta>,
    /// SHA-256 of what arrived and of the same chunk of FILE, where they were compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digests>,
    /// Seconds waited before this sample because the server refused connections.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub backoff_s: f64,
    /// Seconds from the start of the survey until the sample ended.
    #[serde(default)]
    pub at_s: f64,
}

/// The part of the survey that a sample belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the rounds: sizes, fixed costs, checks of the CPU sources. Never in a table.
    #[serde(alias = "pilot")]
    Calibration,
    Round,
    /// After the rounds: copies with the default and with the recommended cipher in turn. Never in a table.
    Confirmation,
}

/// How much a sample was asked to move.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// Exactly so many bytes.
    Bytes(u64),
    /// As much as goes in so many seconds.
    Seconds(f64),
}

/// The slices of a sample.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Slices {
    /// How many are in the sample.
    pub count: u32,
    /// Standard deviation of the logarithms of their rates; absent for fewer than two.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spread: Option<f64>,
    /// What each takes besides its bytes, as the calibration found.
    pub fixed: FixedCost,
    /// How many were left out: keys were exchanged again in them.
    #[serde(default, skip_serializing_if = "is_no_slice")]
    pub with_key_exchange: u32,
    /// How many were left out: an end was stopped or the machine slept in them.
    #[serde(default, skip_serializing_if = "is_no_slice")]
    pub suspended: u32,
}

/// What a slice takes besides its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct FixedCost {
    pub real_s: f64,
    /// CPU-seconds.
    pub client_s: f64,
    pub server_s: f64,
}

/// Bytes and seconds of a transfer's steady part.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Steady {
    pub bytes: u64,
    pub seconds: f64,
    /// Seconds of the bulk before it.
    pub skipped_s: f64,
}

/// CPU of one end in one sample.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Spent {
    pub source: Source,
    /// Resolution of `bulk.total_s` in seconds.
    pub resolution_s: f64,
    /// Resolution of the split into user and system in seconds.
    pub split_resolution_s: f64,
    /// Of the SSH process (server), or of the client program and its children (client), without the setup.
    pub bulk: CpuTimes,
    /// Real seconds of the bulk by the clock of that host, where it can be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_s: Option<f64>,
    /// The same process from its start until the bulk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "handshake")]
    pub setup: Option<CpuTimes>,
    /// sftp-server, or the helper of the remote shell: recorded separately, in no figure of the server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub helpers: Option<CpuTimes>,
    /// `bulk` includes the helpers, since the source can't separate them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub with_helpers: bool,
    /// How long the process (client: and its descendants) waited for a CPU during the bulk.
    #[serde(default, skip_serializing_if = "Waits::is_unknown")]
    pub waits: Waits,
}

/// A second reading of the server's CPU.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Check {
    pub source: Source,
    pub total_s: f64,
    pub resolution_s: f64,
    /// What the reading includes beyond the server's bulk, or why it can't be believed.
    pub note: String,
}

/// SHA-256 in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Digests {
    pub sent: String,
    pub received: String,
}

fn is_no_slice(count: &u32) -> bool {
    *count == 0
}
