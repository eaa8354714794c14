//! What a host is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether a host's CPU accelerates AES.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AesClass {
    Aes,
    NoAes,
    Unknown,
}

impl std::fmt::Display for AesClass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            AesClass::Aes => "AES",
            AesClass::NoAes => "no AES",
            AesClass::Unknown => "AES unknown",
        })
    }
}

/// An AES class with what it rests on, e.g. the flags of `/proc/cpuinfo`, or a mask.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct AesEvidence {
    pub class: AesClass,
    /// One phrase: `cpuinfo flags: aes pclmulqdq vaes`, `masked by OPENSSL_ia32cap=…`.
    pub evidence: String,
}

/// One end of a survey, read once before it starts. What could not be read is absent.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct HostProfile {
    /// `uname -n`.
    pub name: String,
    /// `uname -s -r`.
    pub kernel: String,
    /// `uname -m`.
    pub machine: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub os: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cpu_model: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cores: Option<u32>,
    pub aes: AesEvidence,
    /// cpufreq governor of the first core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub governor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Clock ticks a second of `/proc` times (`getconf CLK_TCK`).
    pub ticks_per_s: u32,
    /// True where `/proc` of a Linux kernel could be read.
    pub proc: bool,
}

/// The file system behind the directory of a survey on one end.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Storage {
    pub directory: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_system: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub free_bytes: Option<u64>,
}
