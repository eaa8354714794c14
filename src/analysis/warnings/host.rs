//! What else went on at a host: heat, stolen time, other processes, swapping, a full disk.

use schemars::JsonSchema;
use serde::Serialize;

use super::connection::is_one_machine;
use super::words::Words;
use crate::analysis::end::End;
use crate::analysis::phrases::counted;
use crate::model::record::{Header, HostDelta, Pairing, Sample};
use crate::model::units::{significant, size};
use crate::stats::statistics::median;

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum HostWarning {
    Throttled { end: End, least_mhz: u64, most_mhz: u64, hottest_c: i64 },
    Steal { end: End, percent: f64 },
    OtherLoad { end: End, cores: f64 },
    Swapping { end: End, samples: usize },
    LittleSpace { end: End, target: String, free_bytes: u64 },
}

impl HostWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::Throttled { end, least_mhz, most_mhz, hottest_c } => Words::new(
                format!(
                    "the {end}'s CPU was throttled: {least_mhz} to {most_mhz} MHz, up to {hottest_c} °C"
                ),
                "cool the host, or take the figures as those of a hot one",
            ),
            Self::Steal { end, percent } => Words::new(
                format!(
                    "{percent:.0} % of the CPU time of the {end}'s virtual machine was stolen by others"
                ),
                "survey at a quieter time, or on a dedicated host",
            ),
            Self::OtherLoad { end, cores } => Words::new(
                format!(
                    "other processes kept {} cores of the {end}'s host busy",
                    significant(*cores)
                ),
                "survey while the host is idle",
            ),
            Self::Swapping { end, samples } => Words::new(
                format!("the {end}'s host swapped during {}", counted(*samples, "sample")),
                "free memory on it before the survey",
            ),
            Self::LittleSpace { end, target, free_bytes } => Words::new(
                format!("the {end}'s disk has only {} free ({target})", size(*free_bytes)),
                "make room: a nearly full disk writes slowly",
            ),
        }
    }
}

/// As a fraction of the highest frequency seen.
const THROTTLED: f64 = 0.9;
const HOT_MILLIC: i64 = 75_000;
/// As a fraction of the time that the host's cores were busy.
const STEAL: f64 = 0.05;
/// Cores kept busy by other processes.
const OTHER_LOAD: f64 = 0.3;
/// Pages swapped in one sample.
const SWAPPED: u64 = 1000;
const LITTLE_SPACE: u64 = 1 << 30;

/// What a host's own counters say of one end.
pub fn of_end(end: End, samples: &[&Sample], pairings: &[Pairing]) -> Vec<HostWarning> {
    let of = |sample: &Sample| match end {
        End::Client => sample.local_host.clone(),
        End::Server => sample.remote_host.clone(),
    };
    let deltas: Vec<(&Sample, HostDelta)> =
        samples.iter().filter_map(|sample| Some((*sample, of(sample)?))).collect();
    let found = [
        throttled(end, &deltas),
        steal(end, &deltas),
        other_load(end, &deltas, pairings),
        swapping(end, &deltas),
    ];
    found.into_iter().flatten().collect()
}

fn throttled(end: End, deltas: &[(&Sample, HostDelta)]) -> Option<HostWarning> {
    let frequencies: Vec<u64> = deltas.iter().filter_map(|(_, d)| d.frequency_khz).collect();
    let (least, most) = (*frequencies.iter().min()?, *frequencies.iter().max()?);
    let hottest = deltas.iter().filter_map(|(_, d)| d.temperature_millic).max()?;
    ((least as f64) < THROTTLED * most as f64 && hottest > HOT_MILLIC).then_some(
        HostWarning::Throttled {
            end,
            least_mhz: least / 1000,
            most_mhz: most / 1000,
            hottest_c: hottest / 1000,
        },
    )
}

fn steal(end: End, deltas: &[(&Sample, HostDelta)]) -> Option<HostWarning> {
    let sum = |part: fn(&HostDelta) -> f64| deltas.iter().map(|(_, d)| part(d)).sum::<f64>();
    let (steal, busy) = (sum(|d| d.steal_s), sum(HostDelta::busy_s));
    (steal > STEAL * (steal + busy))
        .then(|| HostWarning::Steal { end, percent: 100.0 * steal / (steal + busy) })
}

/// Where both ends share a machine its counters say nothing of others.
fn other_load(
    end: End,
    deltas: &[(&Sample, HostDelta)],
    pairings: &[Pairing],
) -> Option<HostWarning> {
    let own_host = |sample: &Sample| !is_one_machine(&pairings[sample.pairing]);
    let others: Vec<f64> = deltas
        .iter()
        .filter(|(sample, _)| own_host(sample))
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
    let cores = median(&others).filter(|cores| *cores > OTHER_LOAD)?;
    Some(HostWarning::OtherLoad { end, cores })
}

fn swapping(end: End, deltas: &[(&Sample, HostDelta)]) -> Option<HostWarning> {
    let swapping = deltas.iter().filter(|(_, d)| d.swapped_pages.is_some_and(|n| n > SWAPPED));
    let samples = swapping.count();
    (samples > 0).then_some(HostWarning::Swapping { end, samples })
}

/// Disks that are nearly full, where the survey makes files.
pub fn little_space(header: &Header, pairing: &Pairing) -> Vec<HostWarning> {
    if !header.methods.iter().any(|&method| method.makes_files(header.sink)) {
        return Vec::new();
    }
    let ends = [(End::Client, &pairing.local_storage), (End::Server, &pairing.remote_storage)];
    ends.into_iter()
        .filter_map(|(end, storage)| {
            let free_bytes = storage.free_bytes.filter(|free| *free < LITTLE_SPACE)?;
            Some(HostWarning::LittleSpace { end, target: pairing.target.clone(), free_bytes })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{each, rounds, survey};
    use crate::analysis::warnings::Finding;
    use crate::model::Survey;

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    fn quiet() -> Vec<Sample> {
        let steady = [50.0, 50.2, 49.9, 50.1, 50.3, 49.8];
        let slower = steady.map(|rate| rate / 2.0);
        [rounds("aes128-ctr", steady), rounds("aes256-ctr", slower)].concat()
    }

    #[test]
    fn other_work_shows_in_the_hosts_counters() {
        let disturbed = |change: fn(&mut HostDelta)| {
            let samples = each(quiet(), |sample| {
                let mut delta = HostDelta { real_s: 2.5, user_s: 0.3, ..HostDelta::default() };
                change(&mut delta);
                sample.remote_host = Some(delta);
            });
            let found = found(&survey(samples));
            let of_host = |finding| match finding {
                Finding::Host(warning) => warning,
                other => panic!("{other:?}"),
            };
            found.into_iter().map(of_host).collect::<Vec<_>>()
        };
        assert_eq!(disturbed(|_| {}), []);
        let steal = disturbed(|delta| delta.steal_s = 0.2);
        assert!(matches!(steal[..], [HostWarning::Steal { end: End::Server, .. }]), "{steal:?}");
        let load = disturbed(|delta| delta.user_s = 2.0);
        assert!(matches!(load[..], [HostWarning::OtherLoad { end: End::Server, .. }]), "{load:?}");
        let swap = disturbed(|delta| delta.swapped_pages = Some(5000));
        assert!(matches!(swap[..], [HostWarning::Swapping { samples: 12, .. }]), "{swap:?}");
    }

    #[test]
    fn heat_a_full_disk_the_window_and_sleep_are_found() {
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
        let found = found(&survey);
        for wanted in ["suspended", "throttled", "little_space", "window"] {
            let is = |finding: &Finding| serde_json::to_value(finding).unwrap()["kind"] == wanted;
            assert!(found.iter().any(is), "{wanted}: {found:?}");
        }
    }
}
