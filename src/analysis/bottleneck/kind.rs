//! What a bottleneck is.

use schemars::JsonSchema;
use serde::Serialize;

use super::load::Load;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BottleneckKind {
    ClientCpu,
    ServerCpu,
    /// A CPU quota (cgroup) of one end.
    Quota,
    /// Runnable but not running: others had the core, or the host of a virtual machine had it.
    Contention,
    /// Round-trip time × rate is near the window of an SSH session.
    Window,
    Storage,
    Network,
    Unknown,
}

impl std::fmt::Display for BottleneckKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            BottleneckKind::ClientCpu => "client CPU",
            BottleneckKind::ServerCpu => "server CPU",
            BottleneckKind::Quota => "CPU quota",
            BottleneckKind::Contention => "contention",
            BottleneckKind::Window => "window",
            BottleneckKind::Storage => "storage",
            BottleneckKind::Network => "network",
            BottleneckKind::Unknown => "unknown",
        })
    }
}

impl BottleneckKind {
    /// Of what lies between and behind the ends: no cipher helps against it.
    pub fn is_of_the_path(self) -> bool {
        matches!(self, BottleneckKind::Network | BottleneckKind::Window | BottleneckKind::Storage)
    }
}

/// The limit of one cipher's transfers with its evidence.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Bottleneck {
    #[serde(rename = "limit")]
    pub kind: BottleneckKind,
    /// The figures, in words.
    pub evidence: String,
    /// Shares of the bulk's real time.
    pub client: Load,
    pub server: Load,
}
