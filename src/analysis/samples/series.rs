//! Which values of a race's samples enter the fit. What is left out stays in the journal and is
//! shown.

use super::comparable::{is_comparable, size};
use crate::analysis::samples::startup::{Startups, flow_s};
use crate::model::record::{Asked, Outcome, Sample, Slices, Spent};
use crate::stats::fit::{Field, Matrix, fit};
use crate::stats::statistics::median;

/// What ciphers are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Of the whole transfer where samples last equally long: ciphers are ranked by it.
    Rate,
    /// Of the steady part: it is what tables show.
    SteadyRate,
    ClientCost,
    ServerCost,
    /// CPU of both ends together.
    Cost,
}

/// Start-up varies from cipher to cipher by this fraction (measured on loopback and on an emulated
/// host); it does not average out over rounds.
const STARTUP_SPREAD: f64 = 0.07;

/// The fixed cost of a slice is subtracted as one figure for all ciphers. By this fraction of it theirs differ
/// (1.34 to 1.42 ms over six ciphers on one machine: a standard deviation of 2 %, of a difference 3 %) …
const FIXED_SPREAD: f64 = 0.03;
/// … and by this fraction, for one cipher, it is wrong for all alike: two slices of each show it, which vary by a
/// fifth, and their median counts. Of more ciphers the error is smaller by the root of their number.
const FIXED_ERROR: f64 = 0.25;
/// What a slice's noise adds to that error where a slice is not much larger than the smallest one, a block of so
/// many bytes: √2, since it is of two slices.
const SIZE_ERROR: f64 = 1.5;
const BLOCK: f64 = 65536.0;

/// The samples of one race, one list per configuration, arranged by round.
pub fn field(configurations: &[Vec<&Sample>], figure: Figure, startups: &Startups) -> Field {
    let rounds = configurations.iter().flatten().map(|sample| sample.round).max().unwrap_or(0);
    let mut values: Matrix = vec![vec![None; rounds as usize]; configurations.len()];
    let ciphers = configurations.iter().filter(|samples| !samples.is_empty()).count() as f64;
    let (mut bias, mut level_bias, mut noise) = (Vec::new(), Vec::new(), Vec::new());
    let mut failed: Vec<Vec<u32>> = Vec::new();
    for (k, samples) in configurations.iter().enumerate() {
        let failures = samples.iter().filter(|sample| sample.outcome != Outcome::Measured);
        failed.push(failures.map(|sample| sample.round).collect());
        let usual = samples.iter().rev().find_map(|sample| size(sample));
        let compared: Vec<&Sample> =
            samples.iter().copied().filter(|sample| is_comparable(sample, usual)).collect();
        for sample in &compared {
            if let (Some(merit), Some(index)) =
                (merit(sample, figure, startups), sample.round.checked_sub(1))
            {
                values[k][index as usize] = Some(merit.ln());
            }
        }
        let share = mean_of(&compared, |sample| startup_share(sample, figure, startups));
        let fixed = mean_of(&compared, |sample| fixed_share(sample, figure));
        bias.push(match figure {
            Figure::Rate | Figure::SteadyRate => STARTUP_SPREAD * share + FIXED_SPREAD * fixed,
            _ => resolution(&compared, figure).hypot(FIXED_SPREAD * fixed),
        });
        let of_sizes = mean_of(&compared, size_error);
        level_bias.push((FIXED_ERROR * fixed).hypot(SIZE_ERROR * of_sizes) / ciphers.sqrt());
        noise.push(mean_of(&compared, |sample| variance_of_slices(sample, figure)).sqrt());
    }
    let last =
        |samples: &Vec<&Sample>| samples.iter().map(|sample| sample.round).max().unwrap_or(0);
    let tried = configurations.iter().map(last).collect();
    Field { values, tried, failed, bias, level_bias, noise }
}

/// More is better: bytes per second or bytes per CPU-second, without start-up. Runs of a fixed
/// time are compared by their whole rate: they last equally long, so start-up cancels, and so does
/// the error in it. Slices are compared without their fixed cost: their sizes are whole blocks or
/// powers of two, so they do not last equally long; the fixed cost is one figure for all ciphers,
/// so an error in it nearly cancels.
fn merit(sample: &Sample, figure: Figure, startups: &Startups) -> Option<f64> {
    let bytes = sample.bytes? as f64;
    let costs = || costs_s(sample, startups);
    let merit = match (figure, sample.asked) {
        (Figure::Rate, Asked::Seconds(_)) if sample.slices.is_none() => bytes / sample.real_s?,
        (Figure::Rate | Figure::SteadyRate, _) => steady_rate(sample, startups)?,
        (Figure::ClientCost, _) => bytes / costs().0?,
        (Figure::ServerCost, _) => bytes / costs().1?,
        (Figure::Cost, _) => bytes / (costs().0? + costs().1?),
    };
    (merit.is_finite() && merit > 0.0).then_some(merit)
}

/// Bytes per second after start-up, by timestamps within the transfer where there are any.
pub fn steady_rate(sample: &Sample, startups: &Startups) -> Option<f64> {
    let bytes = sample.bytes?;
    // Old records have the whole transfer here, less what an empty one takes.
    match sample.steady.filter(|steady| steady.bytes < bytes) {
        Some(steady) => Some(steady.bytes as f64 / steady.seconds),
        None => Some(bytes as f64 / flow_s(sample.real_s?, startups.of_sample(sample).real_s)),
    }
}

/// CPU-seconds of the client and of the server after start-up.
pub fn costs_s(sample: &Sample, startups: &Startups) -> (Option<f64>, Option<f64>) {
    let startup = startups.of_sample(sample);
    let less = |spent: Option<Spent>, startup_s| Some(flow_s(spent?.bulk.total_s, startup_s));
    (less(sample.client, startup.client_s), less(sample.server, startup.server_s))
}

/// The fraction of a run's time that was start-up; none of a cost's is known to differ.
fn startup_share(sample: &Sample, figure: Figure, startups: &Startups) -> Option<f64> {
    let is_rate = matches!(figure, Figure::Rate | Figure::SteadyRate);
    if sample.slices.is_some() || !is_rate {
        return Some(0.0);
    }
    Some(startups.of_sample(sample).real_s / sample.real_s?)
}

/// The fraction of a sample's time, or of its CPU, that was the fixed cost of its slices.
fn fixed_share(sample: &Sample, figure: Figure) -> Option<f64> {
    let Some(Slices { count, fixed, .. }) = sample.slices else { return Some(0.0) };
    let (client, server) = (sample.client.as_ref(), sample.server.as_ref());
    let (fixed_s, whole_s) = match figure {
        Figure::Rate | Figure::SteadyRate => (fixed.real_s, sample.real_s?),
        Figure::ClientCost => (fixed.client_s, client?.bulk.total_s),
        Figure::ServerCost => (fixed.server_s, server?.bulk.total_s),
        Figure::Cost => {
            let all_s = client?.bulk.total_s + server?.bulk.total_s;
            (fixed.client_s + fixed.server_s, all_s)
        }
    };
    Some(f64::from(count) * fixed_s / whole_s).filter(|share| share.is_finite())
}

/// The variance that the slices of a sample leave in its rate; nothing is known of that of a cost.
fn variance_of_slices(sample: &Sample, figure: Figure) -> Option<f64> {
    let is_rate = matches!(figure, Figure::Rate | Figure::SteadyRate);
    let Slices { count, spread, .. } = sample.slices.filter(|_| is_rate)?;
    Some(spread?.powi(2) / f64::from(count))
}

/// The error that the noise of slices leaves in their fixed cost, as a fraction of a slice: the smallest one and
/// a usual one show it.
fn size_error(sample: &Sample) -> Option<f64> {
    let Some(Slices { count, spread, .. }) = sample.slices else { return Some(0.0) };
    let share = (BLOCK * f64::from(count) / sample.bytes? as f64).min(0.5);
    Some(spread? * share / (1.0 - share)).filter(|error| error.is_finite())
}

/// Each configuration's level of a figure under average conditions; absent where it was never
/// measured. Of a single round the level is what was measured.
pub fn levels(
    configurations: &[Vec<&Sample>],
    figure: Figure,
    startups: &Startups,
) -> Vec<Option<f64>> {
    let field = field(configurations, figure, startups);
    let fitted = fit(&field.values);
    let own = |k: usize| {
        let values: Vec<f64> = field.values[k].iter().flatten().copied().collect();
        let level = median(&values)?;
        Some(fitted.as_ref().map_or(level, |fitted| fitted.levels[k]).exp())
    };
    (0..configurations.len()).map(own).collect()
}

/// The error that a source's resolution leaves in a mean cost, as a fraction of it.
fn resolution(samples: &[&Sample], figure: Figure) -> f64 {
    let (mut spent_s, mut squares) = (0.0, 0.0);
    for sample in samples {
        let ends = match figure {
            Figure::ClientCost => [&sample.client, &None],
            Figure::ServerCost => [&None, &sample.server],
            _ => [&sample.client, &sample.server],
        };
        for spent in ends.into_iter().flatten() {
            spent_s += spent.bulk.total_s;
            squares += spent.resolution_s.powi(2) / 3.0;
        }
    }
    if spent_s > 0.0 { squares.sqrt() / spent_s } else { 0.0 }
}

/// The mean of a figure over some samples; of none it is nothing.
fn mean_of(samples: &[&Sample], of: impl Fn(&Sample) -> Option<f64>) -> f64 {
    let values: Vec<f64> = samples.iter().filter_map(|sample| of(sample)).collect();
    values.iter().sum::<f64>() / values.len().max(1) as f64
}
