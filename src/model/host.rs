//! What a host is, and what its counters show around a sample.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::aes::AesEvidence;

/// The host at one end of a survey, read once before it starts. What could not be read is absent.
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
    /// Whether `/proc` of a Linux kernel could be read.
    pub proc: bool,
}

impl HostProfile {
    /// `Cortex-A53, 4 cores (no AES; cpuinfo features: no aes)`.
    pub fn cpu(&self) -> String {
        let model = self.cpu_model.as_deref().unwrap_or("unknown CPU");
        let cores = match self.cores {
            Some(1) => ", 1 core".to_owned(),
            Some(many) => format!(", {many} cores"),
            None => String::new(),
        };
        format!("{model}{cores} ({}; {})", self.aes.class, self.aes.evidence)
    }
}

/// The file system of the survey's directory at one end.
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

/// Growth of a whole host's counters around a sample (setup included).
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct HostDelta {
    pub real_s: f64,
    /// Of all cores together, in seconds (`/proc/stat`).
    pub user_s: f64,
    pub system_s: f64,
    pub idle_s: f64,
    pub iowait_s: f64,
    pub softirq_s: f64,
    pub steal_s: f64,
    /// Network interfaces that moved anything.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub interfaces: Vec<Interface>,
    /// The disk behind the directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk: Option<Disk>,
    /// cpufreq of the first core at the end, kHz.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency_khz: Option<u64>,
    /// First thermal zone at the end, thousandths of a degree Celsius.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub temperature_millic: Option<i64>,
    /// Pages swapped in and out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub swapped_pages: Option<u64>,
    /// Retransmitted TCP segments of all connections (`/proc/net/snmp`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resent_segments: Option<u64>,
}

impl HostDelta {
    /// Seconds that the host's cores were busy, without I/O wait and steal.
    pub fn busy_s(&self) -> f64 {
        self.user_s + self.system_s + self.softirq_s
    }
}

/// Bytes over one network interface (`/proc/net/dev`).
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Interface {
    pub name: String,
    pub received_bytes: u64,
    pub sent_bytes: u64,
}

/// Work of one block device (`/proc/diskstats`).
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Disk {
    pub device: String,
    pub read_bytes: u64,
    pub written_bytes: u64,
    pub busy_s: f64,
}
