//! The journal: JSON lines. The first line is the [`Header`], each further line a [`Sample`],
//! the last a [`Footer`]. These are the wire types: raw numbers, units in the key names, nothing
//! rounded. A new optional key keeps the schema's version; anything else raises it, and what
//! version 1 wrote stays readable for ever (`tests/integration/records.rs`). `docs/record.md` explains each key.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aes::{AesClass, AesEnds};
use super::algorithms::{Negotiated, Proposal};
use super::cpu::{CpuTimes, Source, Waits};
pub use super::host::{Disk, HostDelta, Interface};
use super::host::{HostProfile, Storage};
use super::names::{Cipher, Direction, Mac, Method, Sink};

/// The schema that this program writes.
pub const SCHEMA: &str = "cipher-survey/1";

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Record {
    #[serde(rename = "survey")]
    Header(Box<Header>),
    #[serde(rename = "trial")]
    Sample(Box<Sample>),
    #[serde(rename = "end")]
    Footer(Footer),
}

/// What was surveyed, between whom, with what.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Header {
    pub schema: String,
    pub tool_version: String,
    /// RFC 3339, UTC.
    pub started: String,
    /// The program's arguments as given.
    pub command: Vec<String>,
    pub seed: u64,
    /// Fixed in advance; absent where rounds go on until the choice is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rounds: Option<u32>,
    /// The smallest difference that matters, as a fraction.
    #[serde(default = "default_precision")]
    pub precision: f64,
    /// Rounds go on until each cipher is known to be slower or equal, not only until the choice is clear.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thorough: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub budget_s: Option<f64>,
    pub file: FileInfo,
    pub methods: Vec<Method>,
    #[serde(default)]
    pub sink: Sink,
    pub pairings: Vec<Pairing>,
}

/// The smallest difference that matters unless told otherwise.
pub const PRECISION: f64 = 0.03;

fn default_precision() -> f64 {
    PRECISION
}

/// FILE, or the random data in its place.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct FileInfo {
    /// The name as given; bytes that are not UTF-8 are replaced. Absent: generated data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Bytes used: the whole file, or `--limit` of it.
    pub bytes: u64,
    /// `--full`: each transfer moves exactly these bytes.
    pub full: bool,
}

/// A client and a server: target × client program × AES states. Samples name it by its index in the
/// header.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Pairing {
    /// The target as the user gave it, or `loopback`.
    pub target: String,
    pub client: PairedEnd,
    pub server: PairedEnd,
    /// Both ends are this machine.
    pub loopback: bool,
    /// The default cipher and MAC: what ssh negotiates by default (from the control connection's log).
    #[serde(rename = "unasked")]
    pub by_default: Negotiated,
    /// What the client program is built with (`ssh -Q cipher`), in its order.
    pub client_ciphers: Vec<Cipher>,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    /// File system of the remote directory, and of the local temporary one.
    #[serde(rename = "far_storage")]
    pub remote_storage: Storage,
    #[serde(rename = "near_storage")]
    pub local_storage: Storage,
    /// ProxyJump or ProxyCommand of the connection; the CPU of its tunnel is in the client's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proxy: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rekey_limit: Option<String>,
    /// The shortest of a few round trips of the control connection, with an empty command of the
    /// remote shell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub round_trip_s: Option<f64>,
    /// The plain TCP rate, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "beside")]
    pub plain_tcp: Option<PlainTcp>,
    /// Ciphers and MACs that are not surveyed, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<Skip>,
}

impl Pairing {
    pub fn aes(&self) -> AesEnds {
        AesEnds { client: self.client.uses_aes(), server: self.server.uses_aes() }
    }
}

/// A plain TCP connection from the remote host to a port of this machine, without SSH.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct PlainTcp {
    pub port: u16,
    /// Absent where the direction was not measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upload: Option<Stream>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub download: Option<Stream>,
}

/// Bytes and seconds of a plain TCP stream after its start.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Stream {
    pub bytes: u64,
    pub seconds: f64,
}

/// One end of a pairing.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct PairedEnd {
    pub host: HostProfile,
    /// `ssh`, or the path given with `--client`; for a server what its banner says.
    pub program: String,
    /// Its version: `ssh -V`, or the identification string (RFC 4253, section 4.2).
    pub version: String,
    /// `VARIABLE=value` in the environment of the process, which disables AES instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "mask")]
    pub aes_disabled_by: Option<String>,
    /// The cores that it was pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Vec<u32>>,
}

impl PairedEnd {
    /// Whether it uses AES instructions; absent: not known.
    pub fn uses_aes(&self) -> Option<bool> {
        match (&self.aes_disabled_by, self.host.aes.class) {
            (Some(_), _) | (None, AesClass::NoAes) => Some(false),
            (None, AesClass::Aes) => Some(true),
            (None, AesClass::Unknown) => None,
        }
    }
}

/// A cipher, or a cipher with a MAC, that is left out, and why.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Skip {
    pub cipher: Cipher,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    pub reason: String,
}

/// The part of the survey that a sample belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Before the rounds: empty transfers, sizing, checks of the CPU sources. Never in a table.
    Pilot,
    Round,
}

/// How a sample ended.
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

/// One timed transfer.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Sample {
    pub phase: Phase,
    /// From 1; 0 in the pilot.
    pub round: u32,
    pub pairing: usize,
    pub method: Method,
    pub direction: Direction,
    pub cipher: Cipher,
    /// The MAC, where one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    pub asked: Asked,
    /// RFC 3339, UTC, when the client program was started.
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
    #[serde(rename = "handshake_s")]
    pub setup_s: Option<f64>,
    /// Seconds of the bulk, without the setup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub real_s: Option<f64>,
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
    #[serde(rename = "near_host")]
    pub local_host: Option<HostDelta>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "far_host")]
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

fn is_zero(value: &f64) -> bool {
    *value == 0.0
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
    #[serde(rename = "handshake")]
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

/// Why the rounds ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopReason {
    /// All rounds asked for were run.
    RoundsDone,
    /// The choice is decided.
    Decided,
    /// What is still open can't be decided within the budget.
    OutOfReach,
    /// The budget was spent.
    Budget,
    /// Ctrl-C or SIGTERM.
    Interrupted,
    /// The remote host could no longer be reached.
    Lost,
}

/// The last line of a journal. A journal without it was cut off.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Footer {
    pub reason: StopReason,
    /// Seconds from the start of the survey, waiting for refused connections included.
    pub elapsed_s: f64,
    pub backoff_s: f64,
    /// CPU-seconds of this program itself while samples ran, without its children.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_cpu_s: Option<f64>,
    /// Why the remote host was lost, or by how much the budget was too short for any round.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
