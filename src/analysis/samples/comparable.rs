//! Which samples of a configuration are compared.

use crate::model::record::{Asked, Outcome, Sample};

/// A sample of so many times more or fewer bytes than the last one of its cipher is not compared:
/// its size was a guess.
const SIZE_RATIO: f64 = 2.5;

/// A host that slept longer than this during a sample was suspended.
const SUSPENDED_S: f64 = 3.0;

pub fn is_comparable(sample: &Sample, usual: Option<u64>) -> bool {
    sample.outcome == Outcome::Measured && !was_suspended(sample) && {
        let sizes = size(sample).zip(usual);
        sizes.is_none_or(|(own, usual)| is_alike(own as f64, usual as f64))
    }
}

/// Whether a transfer of so many bytes is compared with the usual ones.
pub fn is_alike(bytes: f64, usual: f64) -> bool {
    (1.0 / SIZE_RATIO..=SIZE_RATIO).contains(&(bytes / usual))
}

/// The bytes that a measured sample asked for; absent where it asked for seconds.
pub fn size(sample: &Sample) -> Option<u64> {
    match sample.asked {
        Asked::Bytes(bytes) if sample.outcome == Outcome::Measured => Some(bytes.max(1)),
        _ => None,
    }
}

/// Whether the local host slept during a sample: its uptime clock goes on then, the sample's stands
/// still.
pub fn was_suspended(sample: &Sample) -> bool {
    let seen = sample.local_host.as_ref().map_or(0.0, |host| host.real_s);
    let lasted = sample.real_s.unwrap_or(0.0) + sample.setup_s.unwrap_or(0.0);
    sample.real_s.is_some() && seen > lasted + sample.backoff_s + SUSPENDED_S
}
