//! What of a race's trials enters the fit, and what is left out of it (kept in the journal and
//! shown all the same).

use std::collections::BTreeSet;

use super::fit::{Field, Matrix, fit};
use super::startup::{Startups, flow_s};
use super::statistics::median;
use crate::model::record::{Asked, Outcome, Spent, Trial};

/// What ciphers are compared by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Figure {
    /// Of the whole bulk where trials last alike: what ciphers are ranked by.
    Rate,
    /// Of the steady part: what is shown.
    SteadyRate,
    ClientCost,
    ServerCost,
    /// CPU of both ends together.
    Cost,
}

/// Start-up varies from cipher to cipher by this share of itself (measured on loopback and on an
/// emulated host; it does not average out over rounds).
const STARTUP_SPREAD: f64 = 0.07;

/// A trial of more or fewer bytes than so many times its cipher's last is not compared: it was
/// sized by a guess.
const SIZE_RATIO: f64 = 2.5;

/// A host that has slept longer than this within a trial was suspended.
const SUSPENDED_S: f64 = 3.0;

/// The trials of one race, one list a contender, in the order of rounds.
pub fn field(contenders: &[Vec<&Trial>], figure: Figure, startups: &Startups) -> Field {
    let rounds = contenders.iter().flatten().map(|trial| trial.round).max().unwrap_or(0);
    let mut values: Matrix = vec![vec![None; rounds as usize]; contenders.len()];
    let mut bias = Vec::new();
    let mut failed: Vec<Vec<u32>> = Vec::new();
    for (k, trials) in contenders.iter().enumerate() {
        let failures = trials.iter().filter(|trial| trial.outcome != Outcome::Measured);
        failed.push(failures.map(|trial| trial.round).collect());
        let usual = trials.iter().rev().find_map(|trial| size(trial));
        let compared: Vec<&Trial> =
            trials.iter().copied().filter(|trial| is_comparable(trial, usual)).collect();
        for trial in &compared {
            if let (Some(merit), Some(index)) =
                (merit(trial, figure, startups), trial.round.checked_sub(1))
            {
                values[k][index as usize] = Some(merit.ln());
            }
        }
        bias.push(match figure {
            Figure::Rate | Figure::SteadyRate => {
                let shares: Vec<f64> =
                    compared.iter().filter_map(|trial| startup_share(trial, startups)).collect();
                STARTUP_SPREAD * mean(&shares).unwrap_or(0.0)
            }
            _ => resolution(&compared, figure),
        });
    }
    let last = |trials: &Vec<&Trial>| trials.iter().map(|trial| trial.round).max().unwrap_or(0);
    Field { values, tried: contenders.iter().map(last).collect(), failed, bias }
}

/// As many bytes in each of the contenders' directions: the merit of one byte each way, in the
/// rounds that all directions were measured in.
pub fn both_ways(contenders: &[Vec<Vec<&Trial>>], figure: Figure, startups: &Startups) -> Field {
    let ways = contenders.iter().map(Vec::len).max().unwrap_or(0);
    let fields: Vec<Field> = (0..ways)
        .map(|way| {
            let of = |ways: &Vec<Vec<_>>| ways.get(way).cloned().unwrap_or_default();
            field(&contenders.iter().map(of).collect::<Vec<_>>(), figure, startups)
        })
        .collect();
    let rounds =
        fields.iter().flat_map(|field| field.values.iter().map(Vec::len)).max().unwrap_or(0);
    let cell = |k: usize, n: usize| {
        let inverses = fields.iter().map(|field| Some((-(*field.values[k].get(n)?)?).exp()));
        let inverses: Option<Vec<f64>> = inverses.collect();
        let inverses = inverses.filter(|inverses| !inverses.is_empty())?;
        Some(-(inverses.iter().sum::<f64>() / inverses.len() as f64).ln())
    };
    let all = 0..contenders.len();
    Field {
        values: all.clone().map(|k| (0..rounds).map(|n| cell(k, n)).collect()).collect(),
        tried: all
            .clone()
            .map(|k| fields.iter().map(|field| field.tried[k]).min().unwrap_or(0))
            .collect(),
        // A round that failed one way failed.
        failed: all
            .clone()
            .map(|k| {
                let rounds: BTreeSet<u32> =
                    fields.iter().flat_map(|field| field.failed[k].iter().copied()).collect();
                rounds.into_iter().collect()
            })
            .collect(),
        bias: all.map(|k| fields.iter().map(|field| field.bias[k]).fold(0.0, f64::max)).collect(),
    }
}

/// More is better: bytes a second of the bulk, or bytes a CPU-second, start-up taken off. By rate
/// timed trials are compared whole: they last alike, so their start-up cancels, and with it what
/// it is not known to.
fn merit(trial: &Trial, figure: Figure, startups: &Startups) -> Option<f64> {
    let bytes = trial.bytes? as f64;
    let costs = || costs_s(trial, startups);
    let merit = match (figure, trial.asked) {
        (Figure::Rate, Asked::Seconds(_)) => bytes / trial.real_s?,
        (Figure::Rate | Figure::SteadyRate, _) => steady_rate(trial, startups)?,
        (Figure::ClientCost, _) => bytes / costs().0?,
        (Figure::ServerCost, _) => bytes / costs().1?,
        (Figure::Cost, _) => bytes / (costs().0? + costs().1?),
    };
    (merit.is_finite() && merit > 0.0).then_some(merit)
}

/// Bytes a second after the start-up: by timestamps on the way where there are any.
pub fn steady_rate(trial: &Trial, startups: &Startups) -> Option<f64> {
    let bytes = trial.bytes?;
    // Old records have the whole transfer here, less what an empty one takes.
    match trial.steady.filter(|steady| steady.bytes < bytes) {
        Some(steady) => Some(steady.bytes as f64 / steady.seconds),
        None => Some(bytes as f64 / flow_s(trial.real_s?, startups.of_trial(trial).real_s)),
    }
}

/// CPU seconds of the client and of the server after the start-up.
pub fn costs_s(trial: &Trial, startups: &Startups) -> (Option<f64>, Option<f64>) {
    let startup = startups.of_trial(trial);
    let less = |spent: Option<Spent>, startup_s| Some(flow_s(spent?.bulk.total_s, startup_s));
    (less(trial.client, startup.client_s), less(trial.server, startup.server_s))
}

/// The share of a trial's time that was start-up.
fn startup_share(trial: &Trial, startups: &Startups) -> Option<f64> {
    Some(startups.of_trial(trial).real_s / trial.real_s?)
}

fn is_comparable(trial: &Trial, usual: Option<u64>) -> bool {
    trial.outcome == Outcome::Measured && !was_suspended(trial) && {
        let sizes = size(trial).zip(usual);
        sizes.is_none_or(|(own, usual)| is_alike(own as f64, usual as f64))
    }
}

/// Transfers of so many bytes are compared.
pub fn is_alike(bytes: f64, usual: f64) -> bool {
    (1.0 / SIZE_RATIO..=SIZE_RATIO).contains(&(bytes / usual))
}

/// Bytes asked for, where they were.
fn size(trial: &Trial) -> Option<u64> {
    match trial.asked {
        Asked::Bytes(bytes) if trial.outcome == Outcome::Measured => Some(bytes.max(1)),
        _ => None,
    }
}

/// The host's clock, which goes on while it sleeps, saw more than the trial's, which stands still.
pub fn was_suspended(trial: &Trial) -> bool {
    let seen = trial.near_host.as_ref().map_or(0.0, |host| host.real_s);
    let lasted = trial.real_s.unwrap_or(0.0) + trial.handshake_s.unwrap_or(0.0);
    trial.real_s.is_some() && seen > lasted + trial.backoff_s + SUSPENDED_S
}

/// Each contender's level of a figure in the rounds' average weather; absent where it was never
/// measured. With one round alone a level is what was measured.
pub fn levels(contenders: &[Vec<&Trial>], figure: Figure, startups: &Startups) -> Vec<Option<f64>> {
    let field = field(contenders, figure, startups);
    let fitted = fit(&field.values);
    let own = |k: usize| {
        let values: Vec<f64> = field.values[k].iter().flatten().copied().collect();
        let level = median(&values)?;
        Some(fitted.as_ref().map_or(level, |fitted| fitted.levels[k]).exp())
    };
    (0..contenders.len()).map(own).collect()
}

/// The error that a source's resolution leaves in a mean cost, as a fraction of it.
fn resolution(trials: &[&Trial], figure: Figure) -> f64 {
    let (mut spent_s, mut squares) = (0.0, 0.0);
    for trial in trials {
        let ends = match figure {
            Figure::ClientCost => [&trial.client, &None],
            Figure::ServerCost => [&None, &trial.server],
            _ => [&trial.client, &trial.server],
        };
        for spent in ends.into_iter().flatten() {
            spent_s += spent.bulk.total_s;
            squares += spent.resolution_s.powi(2) / 3.0;
        }
    }
    if spent_s > 0.0 { squares.sqrt() / spent_s } else { 0.0 }
}

fn mean(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
}
