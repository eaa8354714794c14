//! What a connection takes before its bytes flow at their steady rate: its setup, its start-up, and what a file
//! takes besides its bytes. It is in no rate and no cost, and it is in what a whole command takes.

use crate::analysis::end::End;
use crate::analysis::samples::connections::{Beyond, alone, medians};
use crate::analysis::samples::startup::Startups;
use crate::model::CpuTimes;
use crate::model::record::{FixedCost, Sample, Spent};
use crate::stats::intervals::half_of_mean;
use crate::stats::statistics::{median, quotient};

/// Medians over the connections of a section. Seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Before {
    /// Absent where no connection told it.
    pub setup_s: Option<f64>,
    /// Start-up, and the fixed cost of one file.
    pub start_up_s: f64,
    /// Half the 95 % interval of both together.
    pub half_s: f64,
    client: Option<CpuBefore>,
    server: Option<CpuBefore>,
}

/// CPU of one end.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CpuBefore {
    pub setup: CpuTimes,
    pub start_up_s: f64,
}

impl Before {
    /// From the measured samples of a section and direction, and the start-up of its connections that stay open.
    pub fn of(samples: &[&Sample], start_ups: &[Beyond], startups: &Startups) -> Before {
        let Some(first) = samples.first() else { return Before::default() };
        let alone: Vec<&Sample> = samples.iter().copied().filter(|sample| alone(sample)).collect();
        let setups: Vec<f64> = alone.iter().filter_map(|sample| sample.setup_s).collect();
        let fixed = first.slices.map(|slices| slices.fixed);
        let start_up = start_up(first, start_ups, startups);
        let spread = |values: &[f64]| half_of_mean(values, 0.0).unwrap_or(0.0);
        let of_start_ups: Vec<f64> = start_ups.iter().map(|beyond| beyond.real_s).collect();
        let cpu = |of: fn(&Sample) -> Option<Spent>, start_up_s: Option<f64>| {
            let setups = samples.iter().filter_map(|sample| of(sample)?.setup).collect::<Vec<_>>();
            Some(CpuBefore { setup: middle(&setups)?, start_up_s: start_up_s? })
        };
        let FixedCost { real_s, client_s, server_s } = fixed.unwrap_or_default();
        Before {
            setup_s: median(&setups),
            start_up_s: start_up.real_s + real_s,
            half_s: spread(&setups).hypot(spread(&of_start_ups)),
            client: cpu(|sample| sample.client, start_up.client_s.map(|of| of + client_s)),
            server: cpu(|sample| sample.server, start_up.server_s.map(|of| of + server_s)),
        }
    }

    /// Until bytes flow at their steady rate.
    pub fn real_s(&self) -> Option<f64> {
        Some(self.setup_s? + self.start_up_s)
    }

    /// CPU of an end until then; absent where it could not be read.
    pub fn cpu(&self, end: End) -> Option<CpuBefore> {
        match end {
            End::Client => self.client,
            End::Server => self.server,
        }
    }
}

/// Of connections that stay open by their first slices, of runs by two sizes.
fn start_up(sample: &Sample, start_ups: &[Beyond], startups: &Startups) -> Beyond {
    if sample.slices.is_none() {
        let of_run = startups.of_sample(sample);
        return Beyond {
            real_s: of_run.real_s,
            client_s: Some(of_run.client_s),
            server_s: Some(of_run.server_s),
        };
    }
    let none = Beyond { real_s: 0.0, client_s: Some(0.0), server_s: Some(0.0) };
    medians(start_ups).unwrap_or(none)
}

/// The median, split as all together are.
fn middle(all: &[CpuTimes]) -> Option<CpuTimes> {
    let totals: Vec<f64> = all.iter().map(|times| times.total_s).collect();
    let total_s = median(&totals)?;
    let sum = all.iter().fold(CpuTimes::default(), |sum, times| sum + *times);
    let user = quotient(sum.user_s, sum.user_s + sum.system_s).unwrap_or(0.5);
    Some(CpuTimes { user_s: user * total_s, system_s: (1.0 - user) * total_s, total_s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{rounds, sample, sliced, spent};
    use crate::model::Source;

    fn with_setup(sample: &mut Sample, setup_s: f64, cpu_s: f64) {
        let setup = Some(CpuTimes { user_s: cpu_s, system_s: cpu_s, total_s: cpu_s });
        sample.setup_s = Some(setup_s);
        sample.client = Some(Spent { setup, ..spent(Source::Clock, 0.1) });
    }

    #[test]
    fn the_setup_of_connections_that_log_in_alone_counts() {
        let mut samples = rounds("a", [50.0; 3]);
        for (sample, setup_s) in samples.iter_mut().zip([0.3, 0.6, 0.7]) {
            with_setup(sample, setup_s, 0.02);
            sliced(sample, 4, 0.004);
        }
        let start_ups = [Beyond { real_s: 0.1, client_s: Some(0.05), server_s: None }];
        let all: Vec<&Sample> = samples.iter().collect();
        let before = Before::of(&all, &start_ups, &Startups::default());
        assert_eq!(before.setup_s, Some(0.3));
        assert!((before.start_up_s - 0.104).abs() < 1e-9);
        let client = before.cpu(End::Client).unwrap();
        assert!((client.start_up_s - 0.052).abs() < 1e-9);
        assert!((client.setup.user_s - 0.01).abs() < 1e-9 && client.setup.total_s == 0.02);
        assert_eq!(before.cpu(End::Server), None);
    }

    #[test]
    fn without_a_setup_nothing_is_said_of_a_command() {
        let without = Sample { setup_s: None, ..sample("a", 1, 50.0) };
        assert_eq!(Before::of(&[&without], &[], &Startups::default()).real_s(), None);
        assert_eq!(Before::of(&[], &[], &Startups::default()), Before::default());
    }
}
