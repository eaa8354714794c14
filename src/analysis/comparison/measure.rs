//! The figure by which surveys are compared.

use clap::ValueEnum;
use serde::Serialize;

use crate::analysis::rows::compare::Compared;
use crate::analysis::rows::row::{Cost, Row};
use crate::model::units::{GB, MB};
use crate::stats::race::Label;

/// The figure to compare by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// MB/s
    #[default]
    Throughput,
    /// CPU-seconds per GB
    Cost,
    /// MB per CPU-second, its inverse
    MbPerCpuS,
    /// Per cent of one core while transferring
    Core,
}

/// The ends whose CPU and AES class are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Ends {
    Client,
    Server,
    /// Both together
    #[default]
    Both,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub by: By,
    pub ends: Ends,
}

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredValue {
    /// In the unit of its measure.
    pub value: f64,
    /// Half its 95 % interval, in per cent of it; absent where too little was measured.
    pub half_percent: Option<f64>,
    /// Compared with the best of its column; absent where it was not compared.
    pub label: Option<Label>,
    /// Near the resolution of the clock.
    pub coarse: bool,
}

impl Measure {
    /// `Throughput`, `CPU of the server`.
    pub fn words(self) -> String {
        let of = match self.ends {
            Ends::Client => "the client",
            Ends::Server => "the server",
            Ends::Both => "both ends together",
        };
        match self.by {
            By::Throughput => "Throughput".into(),
            By::Cost => format!("CPU of {of}"),
            By::MbPerCpuS => format!("MB per CPU-second of {of}"),
            By::Core => format!("CPU of {of} while transferring"),
        }
    }

    pub fn unit(self) -> &'static str {
        match self.by {
            By::Throughput => "MB/s",
            By::Cost => "CPU-s per GB",
            By::MbPerCpuS => "MB per CPU-s",
            By::Core => "% of one core",
        }
    }

    /// Whether one value is better than another. Less of a core is not better: a slower transfer
    /// uses less.
    pub fn ranks(self) -> bool {
        self.by != By::Core
    }

    pub fn more_is_better(self) -> bool {
        matches!(self.by, By::Throughput | By::MbPerCpuS)
    }

    pub fn is_better(self, value: f64, than: f64) -> bool {
        if self.more_is_better() { value > than } else { value < than }
    }

    /// The figure of a row; absent where it was not measured.
    pub fn of(self, row: &Row) -> Option<MeasuredValue> {
        match (self.by, self.ends) {
            (By::Throughput, _) => Some(cell(row.rate_mb_per_s?, row.speed)),
            (By::Cost, Ends::Client) => row.client.as_ref().map(cost),
            (By::Cost, Ends::Server) => row.server.as_ref().map(cost),
            (By::Cost, Ends::Both) => {
                Some(MeasuredValue { coarse: row.coarse(), ..cell(row.cost_of_both()?, row.cost) })
            }
            (By::MbPerCpuS, _) => {
                let cost = Measure { by: By::Cost, ..self }.of(row)?;
                let value = GB / MB / cost.value;
                value.is_finite().then_some(MeasuredValue { value, ..cost })
            }
            (By::Core, Ends::Client) => core(row.client.as_ref()?),
            (By::Core, Ends::Server) => core(row.server.as_ref()?),
            (By::Core, Ends::Both) => {
                let client = core(row.client.as_ref()?)?;
                let server = core(row.server.as_ref()?)?;
                Some(together(client, server))
            }
        }
    }
}

fn cell(value: f64, compared: Option<Compared>) -> MeasuredValue {
    MeasuredValue {
        value,
        half_percent: compared.and_then(|compared| compared.half_percent),
        label: compared.map(|compared| compared.label),
        coarse: false,
    }
}

fn cost(cost: &Cost) -> MeasuredValue {
    MeasuredValue { coarse: cost.coarse, ..cell(cost.cpu_s_per_gb, cost.compared) }
}

fn core(cost: &Cost) -> Option<MeasuredValue> {
    Some(MeasuredValue {
        value: cost.core_percent?,
        half_percent: cost.core_half_percent,
        label: None,
        coarse: cost.coarse,
    })
}

/// Both shares are of the same seconds, so their errors may be correlated: they are added up.
fn together(client: MeasuredValue, server: MeasuredValue) -> MeasuredValue {
    let value = client.value + server.value;
    let error = |cell: MeasuredValue| Some(cell.value * cell.half_percent?);
    let half = error(client).zip(error(server)).map(|(a, b)| (a + b) / value);
    MeasuredValue { value, half_percent: half, label: None, coarse: client.coarse || server.coarse }
}

/// Why a row lacks the figure.
pub fn missing(row: &Row) -> String {
    match (row.measured, row.failed) {
        (0, failed) if failed > 0 => "all its samples failed".into(),
        _ if row.server.is_none() => "the server's CPU could not be read".into(),
        _ => "too little was measured".into(),
    }
}
