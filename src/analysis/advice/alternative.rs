//! The alternatives to choose from between two ends: ciphers with their MACs, each with its samples
//! of all directions.

use crate::analysis::advice::goal::{CpuShare, Goal, TransfersPerCore};
use crate::analysis::advice::security_floor::below_floor;
use crate::analysis::bottleneck::find::bottlenecks;
use crate::analysis::bottleneck::kind::BottleneckKind;
use crate::analysis::bottleneck::path::Path;
use crate::analysis::bottleneck::path::Transfers;
use crate::analysis::policy::connects_by_default;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::samples::grouping::one_way;
use crate::analysis::samples::series::{Figure, levels};
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Outcome, Pairing, Sample};
use crate::model::units::{GB, MB};
use crate::model::{Direction, Mac, Survey};

/// A cipher with its MAC, and its samples.
pub struct Alternative<'a> {
    pub startups: &'a Startups,
    pub choice: Choice,
    pub is_default: bool,
    /// Why it is below the security floor, where it is.
    pub floor: Option<String>,
    pub by_direction: Vec<Vec<&'a Sample>>,
    /// The bottleneck in each direction, where it is of the path.
    pub path_bottlenecks: Vec<Option<BottleneckKind>>,
}

impl<'a> Alternative<'a> {
    pub fn new(
        cipher: &str,
        mac: Option<&str>,
        direction: Direction,
        pairing: &Pairing,
        allow_legacy: bool,
        startups: &'a Startups,
    ) -> Alternative<'a> {
        let choice = Choice { cipher: cipher.into(), mac: mac.map(Mac::from), ambiguous: false };
        let by_default = one_way(&pairing.by_default, direction);
        Alternative {
            is_default: connects_by_default(pairing)
                && by_default.cipher == choice.cipher
                && by_default.explicit_mac() == choice.mac,
            floor: below_floor(&choice, pairing, allow_legacy),
            by_direction: Vec::new(),
            path_bottlenecks: Vec::new(),
            startups,
            choice,
        }
    }

    fn samples(&self) -> impl Iterator<Item = &'a Sample> {
        self.by_direction.iter().flatten().copied()
    }

    fn row(&self) -> Row {
        let samples: Vec<&Sample> = self.samples().collect();
        Row::of(self.choice.cipher.clone(), None, &samples, self.startups)
    }

    /// Whether it fails now and then: in more than one of ten samples.
    pub fn is_flaky(&self) -> bool {
        let failed = self.samples().filter(|sample| sample.outcome != Outcome::Measured);
        10 * failed.count() > self.samples().count()
    }

    /// Whether it has a figure to compare by.
    pub fn is_known(&self, goal: Goal) -> bool {
        self.is_shown(goal) && !self.is_coarse(goal)
    }

    /// Whether it has a figure in each direction.
    pub fn is_shown(&self, goal: Goal) -> bool {
        self.shown(goal, &self.all_ways()).is_some()
    }

    fn all_ways(&self) -> Vec<usize> {
        (0..self.by_direction.len()).collect()
    }

    /// The bottleneck, where it is of the path in each of these directions.
    pub fn path_bottleneck(&self, ways: &[usize]) -> Option<BottleneckKind> {
        let mut own = ways.iter().map(|&way| self.path_bottlenecks.get(way).copied().flatten());
        own.next().flatten().filter(|_| own.all(|kind| kind.is_some()))
    }

    /// Whether its readings are too near the resolution of their clock to rank by.
    pub fn is_coarse(&self, goal: Goal) -> bool {
        let row = self.row();
        let coarse = |cost: &Option<Cost>| cost.as_ref().is_some_and(|cost| cost.coarse);
        match goal {
            Goal::Speed => false,
            Goal::LocalCpu => coarse(&row.client),
            Goal::RemoteCpu => coarse(&row.server),
            Goal::Many => row.coarse(),
        }
    }

    /// Its figure for as many bytes in each of these directions: MB/s, or CPU-seconds per GB.
    pub fn shown(&self, goal: Goal, ways: &[usize]) -> Option<f64> {
        let figure = if goal == Goal::Speed { Figure::SteadyRate } else { goal.figure() };
        let per_byte = |samples: &Vec<&Sample>| {
            levels(std::slice::from_ref(samples), figure, self.startups)
                .into_iter()
                .next()?
                .map(f64::recip)
        };
        let own = ways.iter().map(|&way| per_byte(self.by_direction.get(way)?));
        let each: Vec<f64> = own.collect::<Option<Vec<f64>>>()?;
        let mean = each.iter().sum::<f64>() / each.len() as f64;
        Some(if goal == Goal::Speed { mean.recip() / MB } else { mean * GB })
    }

    /// The CPU of each end, averaged over the directions.
    pub fn cpu(&self) -> Option<CpuShare> {
        let row = self.row();
        let percent = |cost: Option<Cost>| cost.and_then(|cost| cost.core_percent);
        Some(CpuShare {
            client_percent: percent(row.client)?,
            server_percent: percent(row.server)?,
        })
    }

    /// How many transfers at 100 Mbit/s one core of each end carries.
    pub fn transfers_per_core(&self) -> Option<TransfersPerCore> {
        const TRANSFER_MB_PER_S: f64 = 12.5;
        let per_core = |end: Goal| {
            let cpu_s_per_gb =
                self.shown(end, &self.all_ways()).filter(|_| !self.is_coarse(end))?;
            Some(GB / MB / cpu_s_per_gb / TRANSFER_MB_PER_S)
        };
        Some(TransfersPerCore {
            per_client_core: per_core(Goal::LocalCpu)?,
            per_server_core: per_core(Goal::RemoteCpu)?,
        })
    }
}

/// Finds in which directions the bottleneck of an alternative is the path: no cipher can be faster there.
pub fn find_path_bottlenecks(
    alternatives: &mut [Alternative],
    survey: &Survey,
    pairing: usize,
    directions: &[Direction],
    startups: &Startups,
) {
    let mut each_way: Vec<Vec<Option<BottleneckKind>>> = Vec::new();
    for (way, &direction) in directions.iter().enumerate() {
        let transfers = |alternative: &'_ Alternative<'_>| {
            let samples = &alternative.by_direction[way];
            let name = alternative.choice.cipher.clone();
            Row::of(name, None, samples, alternative.startups).rate_mb_per_s
        };
        let rates: Vec<Option<f64>> = alternatives.iter().map(transfers).collect();
        let transfers: Vec<Option<Transfers>> = alternatives
            .iter()
            .zip(rates)
            .map(|(alternative, rate)| {
                Some(Transfers { samples: &alternative.by_direction[way], rate_mb_per_s: rate? })
            })
            .collect();
        let found =
            bottlenecks(&transfers, &Path::of(survey, pairing, direction, startups)).into_iter();
        each_way.push(found.map(|bottleneck| Some(bottleneck?.kind)).collect());
    }
    for (k, alternative) in alternatives.iter_mut().enumerate() {
        let own = each_way.iter().map(|way| way[k].filter(|kind| kind.is_of_the_path()));
        alternative.path_bottlenecks = own.collect();
    }
}
