//! What disturbed the trials: drift, two states, throttling, other load, swap, a full disk, a
//! window too small for the link. Thresholds are set so that a quiet survey says nothing.

use crate::analysis::end::End;
use crate::analysis::rows::table::Table;
use crate::analysis::samples::comparable::was_suspended;
use crate::analysis::samples::grouping::{Groups, by_table};
use crate::analysis::samples::series::{Figure, field};
use crate::analysis::samples::startup::Startups;
use crate::analysis::warnings::finding::Finding;
use crate::model::Survey;
use crate::model::record::{HostDelta, Outcome, Pairing, Phase, Sample};
use crate::model::units::MB;
use crate::stats::statistics::median;

/// Rates of the second half against those of the first, as a fraction.
const DRIFT: f64 = 0.10;
/// Trials of one cipher in two groups this far apart, and nothing between.
const TWO_STATES: f64 = 0.15;
/// Of the highest frequency seen.
const THROTTLED: f64 = 0.9;
const HOT_MILLIC: i64 = 75_000;
/// Of the time that the host's cores were at work.
const STEAL: f64 = 0.05;
/// Cores at work for somebody else.
const OTHER_LOAD: f64 = 0.3;
/// Pages swapped in a trial.
const SWAPPED: u64 = 1000;
const LITTLE_SPACE: u64 = 1 << 30;
/// Bytes that a session of OpenSSH has on the way at most (channels.h), and so has scp and sftp.
const WINDOW: f64 = 2.0 * 1024.0 * 1024.0;
/// Of the rate that the window allows.
const NEAR_WINDOW: f64 = 0.7;

pub fn disturbances(survey: &Survey, groups: &Groups, tables: &[Table]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let samples: Vec<&Sample> = survey
        .samples
        .iter()
        .filter(|sample| sample.phase == Phase::Round && sample.outcome == Outcome::Measured)
        .collect();
    let suspended = samples.iter().filter(|sample| was_suspended(sample)).count();
    if suspended > 0 {
        findings.push(Finding::Suspended { samples: suspended });
    }
    for ((table, ..), rows) in
        tables.iter().zip(by_table(survey, groups)).map(|(table, (key, rows))| ((table, key), rows))
    {
        let lists: Vec<Vec<&Sample>> = rows.into_values().collect();
        findings.extend(drift(table, &lists));
        findings.extend(two_states(table, &lists));
        findings.extend(odd(table));
    }
    for end in [End::Client, End::Server] {
        findings.extend(host(end, &samples, &survey.header.pairings));
    }
    for (index, pairing) in survey.header.pairings.iter().enumerate() {
        findings.extend(little_space(survey, pairing));
        findings.extend(window(pairing, tables, index));
    }
    findings
}

/// All ciphers together grew faster or slower.
fn drift(table: &Table, lists: &[Vec<&Sample>]) -> Option<Finding> {
    let field = field(lists, Figure::Rate, &Startups::default());
    let rounds = field.values.iter().map(Vec::len).max().unwrap_or(0);
    // Only those of every round: who left is no drift.
    let whole: Vec<_> = field.values.iter().filter(|row| row.iter().all(Option::is_some)).collect();
    let mean = |from: usize, to: usize| {
        let values = whole.iter().flat_map(|row| row[from..to].iter().flatten());
        let (sum, many) = values.fold((0.0, 0.0), |(sum, many), value| (sum + value, many + 1.0));
        (many > 0.0).then(|| sum / many)
    };
    if rounds < 4 {
        return None;
    }
    let change = mean(rounds - rounds / 2, rounds)? - mean(0, rounds / 2)?;
    (change.abs() > DRIFT)
        .then(|| Finding::Drift { table: table.title.clone(), percent: 100.0 * change.exp_m1() })
}

/// A cipher's trials fall into two groups with a gap between them.
fn two_states(table: &Table, lists: &[Vec<&Sample>]) -> Option<Finding> {
    let field = field(lists, Figure::Rate, &Startups::default());
    let is_split = |row: &&Vec<Option<f64>>| {
        let mut values: Vec<f64> = row.iter().flatten().copied().collect();
        values.sort_by(f64::total_cmp);
        (2..values.len().saturating_sub(1)).any(|split| {
            let gap = values[split] - values[split - 1];
            let within =
                (values[split - 1] - values[0]).max(values[values.len() - 1] - values[split]);
            gap > TWO_STATES && gap > 2.0 * within
        })
    };
    let ciphers = field.values.iter().filter(is_split).count();
    (ciphers > 0).then(|| Finding::TwoStates { table: table.title.clone(), ciphers })
}

/// Trials that the fit clipped.
fn odd(table: &Table) -> Option<Finding> {
    let rows = || table.sections.iter().flat_map(|section| &section.rows);
    let samples = rows().filter_map(|row| row.speed).map(|speed| speed.disturbed).sum();
    let of = rows().map(|row| row.measured).sum();
    (samples > 0).then(|| Finding::Odd { table: table.title.clone(), samples, of })
}

/// What the host's own counters say of one end.
fn host(end: End, samples: &[&Sample], pairings: &[Pairing]) -> Vec<Finding> {
    let of = |sample: &&Sample| match end {
        End::Client => sample.local_host.clone(),
        End::Server => sample.remote_host.clone(),
    };
    let deltas: Vec<(&Sample, HostDelta)> =
        samples.iter().filter_map(|sample| Some((*sample, of(sample)?))).collect();
    let mut findings = Vec::new();
    let frequencies: Vec<u64> = deltas.iter().filter_map(|(_, d)| d.frequency_khz).collect();
    let hottest = deltas.iter().filter_map(|(_, d)| d.temperature_millic).max();
    if let (Some(least), Some(most)) = (frequencies.iter().min(), frequencies.iter().max())
        && (*least as f64) < THROTTLED * *most as f64
        && hottest.is_some_and(|hottest| hottest > HOT_MILLIC)
    {
        findings.push(Finding::Throttled {
            end,
            least_mhz: least / 1000,
            most_mhz: most / 1000,
            hottest_c: hottest.unwrap_or_default() / 1000,
        });
    }
    let sum = |part: fn(&HostDelta) -> f64| deltas.iter().map(|(_, d)| part(d)).sum::<f64>();
    let (steal, busy) = (sum(|d| d.steal_s), sum(HostDelta::busy_s));
    if steal > STEAL * (steal + busy) {
        findings.push(Finding::Steal { end, percent: 100.0 * steal / (steal + busy) });
    }
    let others: Vec<f64> = deltas
        .iter()
        .filter(|(sample, _)| !is_one_machine(&pairings[sample.pairing]))
        .filter_map(|(sample, delta)| {
            let ours = match end {
                End::Client => sample.client?,
                End::Server => sample.server?,
            };
            let known = [Some(ours.bulk), ours.setup, ours.helpers];
            let known_s: f64 = known.into_iter().flatten().map(|times| times.total_s).sum();
            Some((delta.busy_s() - known_s) / delta.real_s.max(0.1))
        })
        .collect();
    if let Some(cores) = median(&others).filter(|cores| *cores > OTHER_LOAD) {
        findings.push(Finding::OtherLoad { end, cores });
    }
    let swapping = deltas.iter().filter(|(_, d)| d.swapped_pages.is_some_and(|n| n > SWAPPED));
    let samples = swapping.count();
    if samples > 0 {
        findings.push(Finding::Swapping { end, samples });
    }
    findings
}

/// Both ends' counters are the same ones.
pub fn is_one_machine(pairing: &Pairing) -> bool {
    let (client, server) = (&pairing.client.host, &pairing.server.host);
    pairing.loopback || (&client.name, &client.kernel) == (&server.name, &server.kernel)
}

fn little_space(survey: &Survey, pairing: &Pairing) -> Vec<Finding> {
    let header = &survey.header;
    if !header.methods.iter().any(|&method| method.makes_files(header.sink)) {
        return Vec::new();
    }
    let ends = [(End::Client, &pairing.local_storage), (End::Server, &pairing.remote_storage)];
    ends.into_iter()
        .filter_map(|(end, storage)| {
            let free_bytes = storage.free_bytes.filter(|free| *free < LITTLE_SPACE)?;
            Some(Finding::LittleSpace { end, target: pairing.target.clone(), free_bytes })
        })
        .collect()
}

/// The fastest rate beside what a session's window allows on that round trip.
fn window(pairing: &Pairing, tables: &[Table], index: usize) -> Option<Finding> {
    let round_trip_s = pairing.round_trip_s?;
    let sections = tables.iter().flat_map(|table| &table.sections);
    let rows = sections.filter(|section| section.pairing == index).flat_map(|s| &s.rows);
    let fastest = rows.filter_map(|row| row.rate_mb_per_s).fold(0.0, f64::max);
    let allowed = WINDOW / round_trip_s / MB;
    (fastest > NEAR_WINDOW * allowed && !pairing.loopback).then(|| Finding::Window {
        target: pairing.target.clone(),
        round_trip_ms: 1e3 * round_trip_s,
        allowed_mb_per_s: allowed,
        fastest_mb_per_s: fastest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, rounds, survey};

    const GCM: &str = "aes128-gcm@openssh.com";
    const CHACHA: &str = "chacha20-poly1305@openssh.com";

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    fn quiet() -> Vec<Sample> {
        let steady = [50.0, 50.2, 49.9, 50.1, 50.3, 49.8];
        [rounds(GCM, steady), rounds(CHACHA, steady.map(|rate| rate / 2.0))].concat()
    }

    #[test]
    fn a_quiet_survey_says_nothing() {
        assert_eq!(found(&survey(quiet())), []);
    }

    #[test]
    fn drift_and_two_states_are_told() {
        let falling = [50.0, 49.0, 48.0, 40.0, 39.0, 38.0];
        let samples = [rounds(GCM, falling), rounds(CHACHA, falling.map(|r| r / 2.0))].concat();
        let told = found(&survey(samples));
        assert!(
            told.iter().any(|f| matches!(f, Finding::Drift { percent, .. } if *percent < -15.0)),
            "{told:?}"
        );
        let samples =
            [rounds(GCM, [50.0, 40.0, 50.1, 40.2, 50.2, 40.1]), rounds(CHACHA, [25.0; 6])];
        let told = found(&survey(samples.concat()));
        assert!(
            told.iter().any(|f| matches!(f, Finding::TwoStates { ciphers: 1, .. })),
            "{told:?}"
        );
    }

    #[test]
    fn the_hosts_counters_tell_of_others() {
        let disturbed = |change: fn(&mut HostDelta)| {
            let samples = each(quiet(), |sample| {
                let mut delta = HostDelta { real_s: 2.5, user_s: 0.3, ..HostDelta::default() };
                change(&mut delta);
                sample.remote_host = Some(delta);
            });
            found(&survey(samples))
        };
        assert_eq!(disturbed(|_| {}), []);
        let told = disturbed(|delta| delta.steal_s = 0.2);
        assert!(matches!(told[..], [Finding::Steal { end: End::Server, .. }]), "{told:?}");
        let told = disturbed(|delta| delta.user_s = 2.0);
        assert!(matches!(told[..], [Finding::OtherLoad { end: End::Server, .. }]), "{told:?}");
        let told = disturbed(|delta| delta.swapped_pages = Some(5000));
        assert!(matches!(told[..], [Finding::Swapping { samples: 12, .. }]), "{told:?}");
    }

    #[test]
    fn heat_space_window_and_sleep_are_told() {
        let mut samples = quiet();
        for (index, sample) in samples.iter_mut().enumerate() {
            let khz = if index < 6 { 2_400_000 } else { 1_500_000 };
            sample.remote_host = Some(HostDelta {
                frequency_khz: Some(khz),
                temperature_millic: Some(82_000),
                ..HostDelta::default()
            });
        }
        samples[0].local_host = Some(HostDelta { real_s: 600.0, ..HostDelta::default() });
        let mut survey = survey(samples);
        survey.header.pairings[0].remote_storage.free_bytes = Some(1 << 20);
        survey.header.pairings[0].round_trip_s = Some(0.04);
        let told = found(&survey);
        for wanted in ["suspended", "throttled", "little_space", "window"] {
            let is = |finding: &Finding| serde_json::to_value(finding).unwrap()["kind"] == wanted;
            assert!(told.iter().any(is), "{wanted}: {told:?}");
        }
    }
}
