//! The first line of a journal: what was surveyed, between whom, with what.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::aes::{AesClass, AesEnds};
use crate::model::algorithms::{Negotiated, Proposal};
use crate::model::host::{HostProfile, Storage};
use crate::model::names::{Cipher, Mac, Method, Sink};
use crate::model::record::storage::{StorageRates, Stream};

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
    /// The rounds after which races were analysed; absent with fixed rounds, and in older journals.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interim_analyses: Vec<u32>,
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
    #[serde(alias = "unasked")]
    pub by_default: Negotiated,
    /// Whether plain ssh connects; else it proposes no cipher that the server offers, and one was asked for. Absent
    /// in older journals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connects_by_default: Option<bool>,
    /// What the client program is built with (`ssh -Q cipher`), in its order.
    pub client_ciphers: Vec<Cipher>,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    /// File system of the remote directory, and of the local temporary one.
    #[serde(alias = "far_storage")]
    pub remote_storage: Storage,
    #[serde(alias = "near_storage")]
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
    /// The window that the server grants on a channel (RFC 4254, section 5.2), by the control connection's log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server_window_bytes: Option<u64>,
    /// The plain TCP rate, where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "beside")]
    pub plain_tcp: Option<PlainTcp>,
    /// What the storage of both ends takes, where FILE was named and is large enough to show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub storage_rates: Option<StorageRates>,
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
    #[serde(alias = "mask")]
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
