//! One row of a table: the figures of one cipher (and MAC) between two ends, from its samples.

use schemars::JsonSchema;
use serde::Serialize;

use super::mark::Mark;
use crate::analysis::bottleneck::kind::Bottleneck;
use crate::analysis::rows::compare::Compared;
use crate::analysis::rows::unranked::Unranked;
use crate::analysis::rows::whole::{Figures, WholeFile};
use crate::analysis::samples::series::{costs_s, steady_rate};
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Outcome, Sample, Spent};
use crate::model::units::{GB, MB};
use crate::model::{Cipher, CpuTimes, Mac, Source};
use crate::stats::intervals::half_of_mean;
use crate::stats::statistics::{median, quotient};

/// What was measured of a cipher. Rates and costs are those of the transfer, without setup; absent:
/// not measured.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Row {
    pub cipher: Cipher,
    /// As negotiated; absent where the cipher needs none.
    pub mac: Option<Mac>,
    pub measured: usize,
    pub failed: usize,
    /// Median of the samples' steady rates. Where rows are compared: the leader's level under
    /// average conditions, times the ratio to the leader in the rounds that both were in.
    pub rate_mb_per_s: Option<f64>,
    /// Always the median of the samples' steady rates.
    pub median_rate_mb_per_s: Option<f64>,
    /// Its rate against the fastest.
    pub speed: Option<Compared>,
    pub client: Option<Cost>,
    pub server: Option<Cost>,
    /// Client and server together.
    pub mb_per_cpu_s: Option<f64>,
    /// CPU of both ends together against the cheapest.
    pub cost: Option<Compared>,
    /// CPU of sftp-server and the like; in no other figure.
    pub helpers_cpu_s_per_gb: Option<f64>,
    pub setup_s: Option<f64>,
    /// What the command for the whole file takes.
    pub whole_file: WholeFile,
    /// What kept it from being faster; absent where nothing was measured.
    pub bottleneck: Option<Bottleneck>,
    /// It is the default cipher.
    pub is_default: bool,
    /// `Ciphers` in ssh_config leaves it out.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub left_out: bool,
    /// Why it is not ranked with the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unranked: Option<Unranked>,
    pub marks: Vec<Mark>,
}

/// The CPU that one end spent.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Cost {
    pub cpu_s_per_gb: f64,
    /// The part of it that was spent in user mode.
    #[serde(skip)]
    pub user_share: Option<f64>,
    /// Against the cheapest at that end.
    pub compared: Option<Compared>,
    /// How many samples it rests on.
    pub samples: usize,
    /// CPU while transferring, in per cent of one core; above 100 where several cores were busy.
    pub core_percent: Option<f64>,
    /// Half the 95 % interval of `core_percent`, in per cent of it; absent for fewer than two
    /// samples.
    pub core_half_percent: Option<f64>,
    /// What encrypting or decrypting the packets costs by itself, in per cent of `cpu_s_per_gb`: as
    /// `cores` measured it on the same host, where its journal was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cipher_percent: Option<f64>,
    /// Where it was read; several where a source failed now and then.
    pub sources: Vec<Source>,
    pub resolution_s: f64,
    /// The readings are too near the resolution of their source to be ranked.
    pub coarse: bool,
    /// The figure includes helpers, since the source cannot separate them.
    pub with_helpers: bool,
}

impl Row {
    /// The figures of these samples, all of one cipher and MAC. What comes of comparing rows (`speed`, `cost`,
    /// `whole_file`, `marks`) is filled in later.
    pub fn of(cipher: Cipher, mac: Option<Mac>, samples: &[&Sample], startups: &Startups) -> Row {
        let measured: Vec<&Sample> =
            samples.iter().copied().filter(|sample| sample.outcome == Outcome::Measured).collect();
        let rates: Vec<f64> = measured
            .iter()
            .filter_map(|sample| steady_rate(sample, startups))
            .filter(|&rate| rate > 0.0)
            .collect();
        let setups: Vec<f64> = measured.iter().filter_map(|sample| sample.setup_s).collect();
        let client = Readings::of(&measured, |sample| sample.client.as_ref());
        let server = Readings::of(&measured, |sample| sample.server.as_ref());
        let client_cost = client.cost(|sample| costs_s(sample, startups).0);
        let server_cost = server.cost(|sample| costs_s(sample, startups).1);
        let together = client_cost.as_ref().zip(server_cost.as_ref());
        let rate_mb_per_s = median(&rates).map(|rate| rate / MB);
        Row {
            cipher,
            mac,
            measured: measured.len(),
            failed: samples.len() - measured.len(),
            rate_mb_per_s,
            median_rate_mb_per_s: rate_mb_per_s,
            speed: None,
            mb_per_cpu_s: together.and_then(|(client, server)| {
                quotient(GB / MB, client.cpu_s_per_gb + server.cpu_s_per_gb)
            }),
            cost: None,
            helpers_cpu_s_per_gb: server.helpers_per_gb(),
            setup_s: median(&setups),
            whole_file: WholeFile::default(),
            client: client_cost,
            server: server_cost,
            bottleneck: None,
            is_default: false,
            left_out: false,
            unranked: None,
            marks: Vec::new(),
        }
    }

    /// What the whole file follows from.
    pub fn figures(&self) -> Figures {
        let cost = |cost: &Option<Cost>| {
            let Cost { cpu_s_per_gb, user_share, .. } = cost.as_ref()?;
            Some((*cpu_s_per_gb, (*user_share)?))
        };
        Figures {
            rate_mb_per_s: self.rate_mb_per_s,
            half_percent: self.speed.and_then(|speed| speed.half_percent),
            client: cost(&self.client),
            server: cost(&self.server),
        }
    }

    /// CPU-seconds per GB of both ends together.
    pub fn cost_of_both(&self) -> Option<f64> {
        Some(self.client.as_ref()?.cpu_s_per_gb + self.server.as_ref()?.cpu_s_per_gb)
    }

    pub fn coarse(&self) -> bool {
        [&self.client, &self.server].into_iter().flatten().any(|cost| cost.coarse)
    }
}

/// The readings of one end, with the bytes of the samples that have them.
struct Readings<'a> {
    readings: Vec<(&'a Spent, &'a Sample)>,
    bytes: f64,
}

impl<'a> Readings<'a> {
    fn of(samples: &[&'a Sample], spent: impl Fn(&'a Sample) -> Option<&'a Spent>) -> Readings<'a> {
        let moved = |sample: &&&Sample| sample.bytes.is_some_and(|bytes| bytes > 0);
        let readings: Vec<_> = samples
            .iter()
            .filter(moved)
            .filter_map(|&sample| Some((spent(sample)?, sample)))
            .collect();
        // As floating point, which cannot overflow, whatever a damaged journal says.
        let bytes = readings.iter().filter_map(|(_, sample)| sample.bytes).map(|b| b as f64).sum();
        Readings { readings, bytes }
    }

    /// `flow_s`: CPU seconds of a sample after its start-up.
    fn cost(&self, flow_s: impl Fn(&Sample) -> Option<f64>) -> Option<Cost> {
        let flow_s: f64 = self.readings.iter().filter_map(|(_, sample)| flow_s(sample)).sum();
        let bulk = self.bulk();
        let samples = self.readings.len();
        let resolution_s =
            self.readings.iter().map(|(spent, _)| spent.resolution_s).fold(0.0, f64::max);
        let mut sources = Vec::new();
        for (spent, _) in &self.readings {
            if !sources.contains(&spent.source) {
                sources.push(spent.source);
            }
        }
        Some(Cost {
            cpu_s_per_gb: quotient(flow_s * GB, self.bytes)?,
            user_share: quotient(bulk.user_s, bulk.user_s + bulk.system_s),
            compared: None,
            samples,
            core_percent: self.real_s().and_then(|real| quotient(bulk.total_s * 100.0, real)),
            core_half_percent: self.core_half_percent(),
            cipher_percent: None,
            sources,
            resolution_s,
            coarse: bulk.total_s < 10.0 * resolution_s * (samples as f64).sqrt(),
            with_helpers: self.readings.iter().any(|(spent, _)| spent.with_helpers),
        })
    }

    fn bulk(&self) -> CpuTimes {
        self.readings.iter().fold(CpuTimes::default(), |sum, (spent, _)| sum + spent.bulk)
    }

    /// Real seconds by the clock of the end itself, or else by the local one; absent if a sample has
    /// neither.
    fn real_s(&self) -> Option<f64> {
        self.readings.iter().map(|(spent, sample)| spent.real_s.or(sample.real_s)).sum()
    }

    fn core_half_percent(&self) -> Option<f64> {
        let share = |(spent, sample): &(&Spent, &Sample)| {
            let share = quotient(spent.bulk.total_s, spent.real_s.or(sample.real_s)?)?;
            Some(share.ln()).filter(|logarithm| logarithm.is_finite())
        };
        let shares: Vec<f64> = self.readings.iter().filter_map(share).collect();
        half_of_mean(&shares, 0.0).map(|half| 100.0 * half.exp_m1())
    }

    fn helpers_per_gb(&self) -> Option<f64> {
        let helpers = self
            .readings
            .iter()
            .filter_map(|(spent, sample)| Some((spent.helpers?.total_s, sample.bytes? as f64)));
        let (cpu_s, bytes) = helpers.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
        quotient(cpu_s * GB, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{self, each, rounds, spent};
    use crate::model::record::Steady;

    fn row(samples: &[Sample]) -> Row {
        let samples: Vec<&Sample> = samples.iter().collect();
        Row::of(Cipher::from("aes128-ctr"), None, &samples, &Startups::default())
    }

    fn close(found: Option<f64>, expected: f64) {
        let found = found.expect("a figure");
        assert!((found - expected).abs() < 1e-6 * expected, "{found} is not {expected}");
    }

    #[test]
    fn rates_are_medians_and_costs_are_ratios_of_sums() {
        let row = row(&rounds("aes128-ctr", [40.0, 50.0, 60.0]));
        close(row.rate_mb_per_s, 50.0);
        close(row.cost_of_both(), 3.0);
        close(row.mb_per_cpu_s, 1000.0 / 3.0);
        let server = row.server.as_ref().unwrap();
        close(server.core_percent, 100.0 * 0.6 / (2.5 + 2.0 + 100.0 / 60.0));
        assert_eq!((server.samples, server.coarse), (3, false));
        assert_eq!(server.sources, [Source::Process]);
    }

    #[test]
    fn the_steady_part_gives_the_rate_where_it_is_known() {
        let steady = Some(Steady { bytes: 30_000_000, seconds: 0.5, skipped_s: 0.5 });
        close(row(&each(rounds("x", [1.0; 3]), |t| t.steady = steady)).rate_mb_per_s, 60.0);
    }

    #[test]
    fn a_missing_reading_is_missing_and_not_zero() {
        let none = row(&each(rounds("x", [50.0; 3]), |sample| sample.server = None));
        assert_eq!((none.server, none.mb_per_cpu_s), (None, None));
        close(none.client.map(|cost| cost.cpu_s_per_gb), 1.0);

        let mut some = rounds("x", [50.0; 3]);
        some[1].server = None;
        let server = row(&some).server.unwrap();
        assert_eq!(server.samples, 2);
        close(Some(server.cpu_s_per_gb), 2.0);
    }

    #[test]
    fn nothing_measured_has_no_figures() {
        let nothing = row(&each(rounds("x", [50.0; 3]), |sample| {
            *sample = testing::failed(sample.clone(), "lost", None);
        }));
        assert_eq!((nothing.measured, nothing.failed, nothing.rate_mb_per_s), (0, 3, None));
        let empty = row(&each(rounds("x", [50.0; 3]), |sample| sample.bytes = Some(0)));
        assert_eq!((empty.rate_mb_per_s, empty.client), (None, None));
    }

    #[test]
    fn figures_near_their_resolution_are_coarse() {
        let ticks = |total_s| {
            let reading = Spent { resolution_s: 0.01, ..spent(Source::Listener, total_s) };
            row(&each(rounds("x", [50.0; 3]), |sample| sample.server = Some(reading)))
        };
        assert!(ticks(0.05).coarse());
        assert!(!ticks(0.06).coarse());
    }

    #[test]
    fn helpers_are_in_no_other_figure() {
        let mut reading = spent(Source::Process, 0.2);
        reading.helpers = Some(CpuTimes { user_s: 0.0, system_s: 0.05, total_s: 0.05 });
        let row = row(&each(rounds("x", [50.0; 3]), |sample| sample.server = Some(reading)));
        close(row.helpers_cpu_s_per_gb, 0.5);
        close(row.server.map(|cost| cost.cpu_s_per_gb), 2.0);
    }
}
