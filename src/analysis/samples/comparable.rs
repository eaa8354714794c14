//! Which samples of a configuration are compared.

use crate::model::record::{Asked, Outcome, Sample};

/// A sample of so many times more or fewer bytes than the last one of its cipher is not compared:
/// its size was a guess.
const SIZE_RATIO: f64 = 2.5;

/// A host that slept longer than this during a sample was suspended.
const SUSPENDED_S: f64 = 3.0;

/// Slices last equally long whatever they move, so their sums are always compared.
pub fn is_comparable(sample: &Sample, usual: Option<u64>) -> bool {
    if sample.outcome == Outcome::Measured && sample.slices.is_some() {
        return true;
    }
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
/// still. Slices in which it slept are not part of their sample.
pub fn was_suspended(sample: &Sample) -> bool {
    if sample.slices.is_some() {
        return false;
    }
    let seen = sample.local_host.as_ref().map_or(0.0, |host| host.real_s);
    let lasted = sample.real_s.unwrap_or(0.0) + sample.setup_s.unwrap_or(0.0);
    sample.real_s.is_some() && seen > lasted + sample.backoff_s + SUSPENDED_S
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{BYTES, each, rounds, sliced};
    use crate::model::record::HostDelta;

    #[test]
    fn slices_are_compared_whatever_they_moved_and_however_long_the_host_waited() {
        let asleep = |sample: &mut Sample| {
            sample.local_host = Some(HostDelta { real_s: 60.0, ..HostDelta::default() });
        };
        let runs = each(rounds("a", [50.0]), asleep);
        assert!(was_suspended(&runs[0]) && !is_comparable(&runs[0], Some(BYTES)));
        let slices = each(runs, |sample| sliced(sample, 20, 0.003));
        assert!(!was_suspended(&slices[0]) && is_comparable(&slices[0], Some(100 * BYTES)));
    }
}
