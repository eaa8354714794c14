//! What the samples of cipher cores (the code of crypto libraries) say: a figure per subject, and
//! what to doubt.

pub mod share;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::model::cipher_cores::{Cores, CoresSample, Subject};
use crate::ssh::catalog;

/// What was measured of one subject, all rounds together.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct CoreFigure {
    #[serde(flatten)]
    pub subject: Subject,
    pub samples: usize,
    /// MB of payload per second: the median of the samples.
    pub mb_per_s: f64,
    /// Half of its 95 % interval, in per cent; absent for fewer than six samples.
    pub half_percent: Option<f64>,
    /// CPU cycles per byte of payload.
    pub cycles_per_byte: Option<f64>,
}

/// One figure per subject, in the order of subjects.
pub fn figures(samples: &[CoresSample]) -> Vec<CoreFigure> {
    let mut of: BTreeMap<&Subject, Vec<&CoresSample>> = BTreeMap::new();
    for sample in samples {
        of.entry(&sample.subject).or_default().push(sample);
    }
    of.into_iter()
        .filter_map(|(subject, samples)| {
            let rates = Spread::of(samples.iter().map(|sample| sample.mb_per_s()))?;
            let cycles = Spread::of(samples.iter().filter_map(|sample| sample.cycles_per_byte()));
            Some(CoreFigure {
                subject: subject.clone(),
                samples: samples.len(),
                mb_per_s: rates.median,
                half_percent: rates.half.map(|half| 100.0 * half / rates.median),
                cycles_per_byte: cycles.map(|cycles| cycles.median),
            })
        })
        .collect()
}

/// A median, which a few disturbed samples do not move, with half its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Spread {
    median: f64,
    /// Absent for too few values.
    half: Option<f64>,
}

impl Spread {
    fn of(values: impl Iterator<Item = f64>) -> Option<Spread> {
        let mut values: Vec<f64> = values.collect();
        values.sort_unstable_by(f64::total_cmp);
        let many = values.len();
        let middle = many.checked_sub(1)? / 2;
        let median = (values[middle] + values[many / 2]) / 2.0;
        let half = outside(many).map(|cut| (values[many - 1 - cut] - values[cut]) / 2.0);
        Some(Spread { median, half })
    }
}

/// How many values at each end lie outside of the 95 % interval of the median: by their order
/// alone, whatever their distribution (the sign test's interval; H. A. David, Order Statistics,
/// 7.1). Absent where even all of them make a narrower one.
fn outside(many: usize) -> Option<usize> {
    const TAIL: f64 = 0.025;
    /// More rounds than there are, and few enough for a half to be raised to.
    const MOST: usize = 1000;
    if many > MOST {
        return None;
    }
    // P(at most k of `many` fall below the median), each with one half.
    let mut term = 0.5_f64.powi(many as i32);
    let mut below = term;
    let mut cut = None;
    for k in 0..many {
        if below > TAIL {
            break;
        }
        cut = Some(k);
        term *= (many - k) as f64 / (k + 1) as f64;
        below += term;
    }
    cut
}

/// The effect of disabling AES instructions on one implementation on one host.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct AesSetting {
    pub host: usize,
    pub implementation: String,
    /// How many times slower the most affected AES cipher became.
    pub most_ratio: f64,
}

impl AesSetting {
    /// Without the instructions AES is several times slower; where it is not, they were not
    /// disabled.
    pub fn is_ignored(&self) -> bool {
        const SHOWS: f64 = 1.5;
        self.most_ratio < SHOWS
    }
}

/// For each implementation and host that was measured with AES disabled and enabled.
pub fn aes_settings(figures: &[CoreFigure]) -> Vec<AesSetting> {
    let mut found: Vec<AesSetting> = Vec::new();
    for aes_disabled in figures.iter().filter(|figure| figure.subject.aes_disabled_by.is_some()) {
        let Some(ratio) = times_aes_enabled(aes_disabled, figures) else { continue };
        let uses_aes =
            catalog::cipher(&aes_disabled.subject.cipher).is_some_and(|row| row.uses_aes);
        if !uses_aes {
            continue;
        }
        let Subject { host, implementation, .. } = &aes_disabled.subject;
        let same =
            |one: &&mut AesSetting| one.host == *host && one.implementation == *implementation;
        match found.iter_mut().find(same) {
            Some(known) => known.most_ratio = known.most_ratio.max(ratio),
            None => found.push(AesSetting {
                host: *host,
                implementation: implementation.clone(),
                most_ratio: ratio,
            }),
        }
    }
    found
}

/// How many times as fast the same is with AES enabled.
pub fn times_aes_enabled(aes_disabled: &CoreFigure, figures: &[CoreFigure]) -> Option<f64> {
    let enabled = Subject { aes_disabled_by: None, ..aes_disabled.subject.clone() };
    let enabled = figures.iter().find(|figure| figure.subject == enabled)?;
    Some(enabled.mb_per_s / aes_disabled.mb_per_s)
}

/// The frequency of a host's CPU cores as it was measured, and as its kernel claims it.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Frequency {
    /// The median of all measurements.
    pub core_hz: f64,
    pub claimed_hz: Option<f64>,
}

impl Frequency {
    /// No core runs faster than its kernel says it can, unless the kernel was told another frequency
    /// than the core has, as in some virtual machines. (Slower it may run: to save power, or another
    /// core than the first.)
    pub fn is_contradicted(&self) -> bool {
        const DIFFERS: f64 = 0.1;
        self.claimed_hz.is_some_and(|claimed| self.core_hz > claimed * (1.0 + DIFFERS))
    }
}

/// The frequency of a host; absent where it was not measured.
pub fn frequency(cores: &Cores, host: usize) -> Option<Frequency> {
    let own = cores.samples.iter().filter(|sample| sample.subject.host == host);
    let mut measured: Vec<f64> = own.filter_map(|sample| sample.core_hz).collect();
    measured.sort_unstable_by(f64::total_cmp);
    let core_hz = *measured.get(measured.len() / 2)?;
    Some(Frequency { core_hz, claimed_hz: cores.header.hosts[host].claimed_hz })
}

#[cfg(test)]
mod tests;
