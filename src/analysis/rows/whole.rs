//! What the user's own command takes for the whole file: its setup, the start-up of its connection, and its bytes
//! at the steady rate and cost. A fresh connection needs 0.1 to 0.25 s, and as much CPU of the server, until it
//! flows; the steady rate is without that.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::end::End;
use crate::analysis::rows::storage::Storage;
use crate::analysis::samples::before::Before;
use crate::model::record::{PRECISION, Sample};
use crate::model::units::{GB, MB};
use crate::stats::statistics::quotient;

/// The command for the whole file, as `time` would report it. Seconds.
#[derive(Clone, Debug, Default, PartialEq, JsonSchema, Serialize)]
pub struct WholeFile {
    /// Put together from what was measured of parts of the file; else each sample sent the whole file.
    pub scaled: bool,
    /// From the start of the command to its end; absent where there is no rate.
    pub real_s: Option<f64>,
    /// Seconds of it until bytes flow: setup and start-up.
    pub before_s: Option<f64>,
    /// Its 95 % interval.
    pub real_low_s: Option<f64>,
    pub real_high_s: Option<f64>,
    /// Seconds of it in which storage works, where that is slower than the connection.
    pub storage_s: Option<f64>,
    /// CPU of the client, and of the server's SSH process.
    pub client: Option<EndTimes>,
    pub server: Option<EndTimes>,
}

/// CPU of one end.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct EndTimes {
    pub user_s: f64,
    pub system_s: f64,
}

/// The figures of a row that a whole file follows from.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub rate_mb_per_s: Option<f64>,
    /// Half the 95 % interval of the rate, in per cent of it.
    pub half_percent: Option<f64>,
    /// CPU-seconds per GB, and the part of them that was spent in user mode.
    pub client: Option<(f64, f64)>,
    pub server: Option<(f64, f64)>,
}

impl WholeFile {
    /// Seconds of a command for so many bytes of FILE.
    pub fn of_part_s(&self, mb_per_s: f64, storage: Option<&Storage>, bytes: u64) -> Option<f64> {
        let flow_s = flow_s(mb_per_s, bytes)?;
        Some(self.before_s? + slower_s(flow_s, storage, bytes).unwrap_or(flow_s))
    }

    /// For so many bytes, by the figures and the samples of a row that was compared with the others.
    pub fn of(
        figures: &Figures,
        samples: &[&Sample],
        bytes: u64,
        before: &Before,
        storage: Option<&Storage>,
    ) -> WholeFile {
        let flow_s = figures.rate_mb_per_s.and_then(|rate| flow_s(rate, bytes));
        let storage_s = flow_s.and_then(|flow_s| slower_s(flow_s, storage, bytes));
        let before_s = before.real_s();
        let least_s = |seconds: f64, before_s: f64| {
            storage_s.map_or(seconds, |storage_s| seconds.max(before_s + storage_s))
        };
        let real_s =
            flow_s.zip(before_s).map(|(flow_s, before_s)| least_s(before_s + flow_s, before_s));
        let range = || {
            let (flow_s, half, before_s) = (flow_s?, figures.half_percent? / 100.0, before_s?);
            // The interval of a rate is one of its logarithm.
            let wide = |share: f64| (flow_s * share).hypot(before.half_s);
            let low_s = (before_s + flow_s - wide(half / (1.0 + half))).max(0.0);
            let high_s = before_s + flow_s + wide(half);
            Some((least_s(low_s, before_s), least_s(high_s, before_s)))
        };
        let (real_low_s, real_high_s) = range().unzip();
        let end = |end: End, cost: Option<(f64, f64)>| {
            let (cpu_s_per_gb, user) = cost?;
            let started = before.cpu(end)?;
            let flow_s = started.start_up_s + cpu_s_per_gb / GB * bytes as f64;
            Some(EndTimes {
                user_s: started.setup.user_s + user * flow_s,
                system_s: started.setup.system_s + (1.0 - user) * flow_s,
            })
        };
        WholeFile {
            scaled: samples.iter().any(|sample| sample.bytes.is_some_and(|own| own != bytes)),
            real_s,
            before_s,
            real_low_s,
            real_high_s,
            storage_s,
            client: end(End::Client, figures.client),
            server: end(End::Server, figures.server),
        }
    }
}

/// Seconds in which so many bytes flow.
fn flow_s(mb_per_s: f64, bytes: u64) -> Option<f64> {
    quotient(bytes as f64, mb_per_s * MB)
}

/// What storage takes for them, where that is more by what matters. While bytes flow they are read and written too,
/// so the slower of the two counts.
fn slower_s(flow_s: f64, storage: Option<&Storage>, bytes: u64) -> Option<f64> {
    storage?.seconds(bytes).filter(|&own_s| own_s > (1.0 + PRECISION) * flow_s)
}

#[cfg(test)]
#[path = "whole_tests.rs"]
mod tests;
