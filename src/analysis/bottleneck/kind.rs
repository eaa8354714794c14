//! The kinds of bottlenecks.

use schemars::JsonSchema;
use serde::Serialize;

use super::load::Load;
use crate::model::Method;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BottleneckKind {
    ClientCpu,
    ServerCpu,
    /// A CPU quota (cgroup) of one end.
    Quota,
    /// Runnable but not running: other processes had the core, or other virtual machines.
    Contention,
    /// Round-trip time × rate is near the window of an SSH channel.
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
    /// What to do about it; absent where that is for the user to find.
    /// `small_window`: the server grants a smaller one than OpenSSH's.
    pub fn remedy(self, method: Method, small_window: bool) -> Option<&'static str> {
        Some(match self {
            BottleneckKind::Window if small_window => {
                "a larger window at the server (dropbear -W), or several connections at once"
            }
            BottleneckKind::Window if method == Method::Sftp => {
                "several connections at once, or more requests in flight (sftp -R, -B)"
            }
            BottleneckKind::Window => "several connections at once",
            BottleneckKind::Network => "a faster link, or less data (compression)",
            BottleneckKind::Storage => "a faster disk",
            BottleneckKind::Contention => "less other work on that host meanwhile",
            BottleneckKind::Quota => "a larger CPU quota",
            BottleneckKind::ClientCpu | BottleneckKind::ServerCpu => {
                "several connections at once, where other cores are idle"
            }
            BottleneckKind::Unknown => return None,
        })
    }

    /// Whether it lies between or behind the ends, where no cipher helps.
    pub fn is_of_the_path(self) -> bool {
        matches!(self, BottleneckKind::Network | BottleneckKind::Window | BottleneckKind::Storage)
    }
}

/// The bottleneck of one cipher's transfers, with its evidence.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Bottleneck {
    pub kind: BottleneckKind,
    /// The figures, in words.
    pub evidence: String,
    /// Shares of the bulk's real time.
    pub client: Load,
    pub server: Load,
}
