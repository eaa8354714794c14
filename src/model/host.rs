//! What a host is.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aes::AesEvidence;

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
