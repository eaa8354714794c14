//! CPU times of one end of a transfer, and where they come from.

use std::ops::{Add, Mul, Sub};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Seconds of CPU. `total_s` is the best figure the source has; user and system are the
/// kernel's split of it, which is sampled by its tick (`proc(5)`, fields 14 and 15 of
/// `/proc/PID/stat`), so totals may be finer than the parts and need not equal their sum.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct CpuTimes {
    pub user_s: f64,
    pub system_s: f64,
    pub total_s: f64,
}

impl Add for CpuTimes {
    type Output = CpuTimes;
    fn add(self, other: CpuTimes) -> CpuTimes {
        CpuTimes {
            user_s: self.user_s + other.user_s,
            system_s: self.system_s + other.system_s,
            total_s: self.total_s + other.total_s,
        }
    }
}

impl Mul<f64> for CpuTimes {
    type Output = CpuTimes;
    fn mul(self, share: f64) -> CpuTimes {
        CpuTimes {
            user_s: self.user_s * share,
            system_s: self.system_s * share,
            total_s: self.total_s * share,
        }
    }
}

impl Sub for CpuTimes {
    type Output = CpuTimes;
    /// Growth between two readings. A part that rounding made negative is zero growth.
    fn sub(self, earlier: CpuTimes) -> CpuTimes {
        CpuTimes {
            user_s: (self.user_s - earlier.user_s).max(0.0),
            system_s: (self.system_s - earlier.system_s).max(0.0),
            total_s: (self.total_s - earlier.total_s).max(0.0),
        }
    }
}

/// What kept a process from the CPU while it could have run, in seconds; absent where the kernel
/// keeps no such account or it could not be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct Waits {
    /// Runnable but not running: the run delay of `/proc/PID/schedstat`, its second field (kernel
    /// `Documentation/scheduler/sched-stats.rst`). Time throttled by a quota is in it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_delay_s: Option<f64>,
    /// Throttled by a CPU quota: `cpu.stat` of its cgroup and of those above (kernel
    /// `Documentation/admin-guide/cgroup-v2.rst`), all processes of a group together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub throttled_s: Option<f64>,
}

impl Waits {
    pub fn is_unknown(&self) -> bool {
        *self == Waits::default()
    }

    /// Growth since an earlier reading.
    pub fn since(self, earlier: Waits) -> Waits {
        let growth = |now: Option<f64>, then: Option<f64>| Some((now? - then?).max(0.0));
        Waits {
            run_delay_s: growth(self.run_delay_s, earlier.run_delay_s),
            throttled_s: growth(self.throttled_s, earlier.throttled_s),
        }
    }
}

/// What measured a CPU time, for the remote end in order of trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, JsonSchema, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `wait4` on a child process (local).
    Wait4,
    /// The CPU clock of each local process (`clock_getcpuclockid`), read before and after each slice.
    Clock,
    /// The server's process for this connection: `/proc`, read over the control connection after each slice,
    /// or by the remote command before and after its transfer.
    #[serde(alias = "inside")]
    Process,
    /// Growth of the listener's reaped children: the process that waits for the server's session processes.
    #[serde(alias = "reaper")]
    Listener,
    /// The control connection read the server's processes while they lived.
    Sampled,
    /// The whole host's counters less an idle baseline.
    Host,
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Source::Wait4 => "wait4",
            Source::Clock => "clock",
            Source::Process => "process",
            Source::Listener => "listener",
            Source::Sampled => "sampled",
            Source::Host => "host",
        })
    }
}
