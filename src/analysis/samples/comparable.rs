//! Which samples of a configuration are compared.

use crate::model::record::{Asked, Outcome, Sample};

/// A trial of more or fewer bytes than so many times its cipher's last is not compared: it was
/// sized by a guess.
const SIZE_RATIO: f64 = 2.5;

/// A host that has slept longer than this within a trial was suspended.
const SUSPENDED_S: f64 = 3.0;

pub fn is_comparable(sample: &Sample, usual: Option<u64>) -> bool {
    sample.outcome == Outcome::Measured && !was_suspended(sample) && {
        let sizes = size(sample).zip(usual);
        sizes.is_none_or(|(own, usual)| is_alike(own as f64, usual as f64))
    }
}

/// Transfers of so many bytes are compared.
pub fn is_alike(bytes: f64, usual: f64) -> bool {
    (1.0 / SIZE_RATIO..=SIZE_RATIO).contains(&(bytes / usual))
}

/// Bytes asked for, where they were.
pub fn size(sample: &Sample) -> Option<u64> {
    match sample.asked {
        Asked::Bytes(bytes) if sample.outcome == Outcome::Measured => Some(bytes.max(1)),
        _ => None,
    }
}

/// The host's clock, which goes on while it sleeps, saw more than the trial's, which stands still.
pub fn was_suspended(sample: &Sample) -> bool {
    let seen = sample.local_host.as_ref().map_or(0.0, |host| host.real_s);
    let lasted = sample.real_s.unwrap_or(0.0) + sample.setup_s.unwrap_or(0.0);
    sample.real_s.is_some() && seen > lasted + sample.backoff_s + SUSPENDED_S
}
