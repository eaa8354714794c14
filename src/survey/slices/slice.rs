//! One slice: a timed transfer on a connection that stays open, and what both ends spent on it.

use std::time::Instant;

use crate::host::reading::Reading;
use crate::model::record::{Digests, HostDelta, WireBytes};
use crate::model::{CpuTimes, Direction, Waits};

/// A slice that has ended well.
#[derive(Clone, Debug)]
pub struct Slice {
    pub direction: Direction,
    /// RFC 3339, UTC.
    pub started: String,
    pub begun: Instant,
    pub ended: Instant,
    /// Bytes of payload between the two.
    pub bytes: u64,
    pub client: CpuTimes,
    pub client_waits: Waits,
    /// Of the server's processes; absent where they can't be read.
    pub server: Option<CpuTimes>,
    pub server_waits: Waits,
    pub helpers: Option<CpuTimes>,
    pub wire: Option<WireBytes>,
    pub local_host: Option<HostDelta>,
    pub remote_host: Option<HostDelta>,
    /// Of a download, where it was compared with FILE.
    pub sha256: Option<Digests>,
    /// Why its times are wrong: an end was stopped, or the machine slept.
    pub suspended: Option<String>,
}

impl Slice {
    pub fn real_s(&self) -> f64 {
        self.ended.duration_since(self.begun).as_secs_f64()
    }
}

/// What the remote account has grown by in a slice.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoteGrowth {
    pub server: Option<CpuTimes>,
    pub helpers: Option<CpuTimes>,
    pub waits: Waits,
}

impl RemoteGrowth {
    /// From one reading to the next, of which `share` is the slice's.
    pub fn between(before: &Reading, after: &Reading, share: f64) -> RemoteGrowth {
        let growth = |from: Option<CpuTimes>, to: Option<CpuTimes>| Some((to? - from?) * share);
        let waits = after.waits.since(before.waits);
        RemoteGrowth {
            server: growth(before.server, after.server),
            helpers: growth(before.helpers, after.helpers),
            waits: Waits {
                run_delay_s: waits.run_delay_s.map(|seconds| seconds * share),
                throttled_s: waits.throttled_s.map(|seconds| seconds * share),
            },
        }
    }
}
