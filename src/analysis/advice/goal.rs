//! What to use for one goal, and its words.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::bottleneck::kind::BottleneckKind;
use crate::analysis::rows::compare::Ratio;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::samples::series::Figure;

/// What somebody may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// One transfer as fast as it goes.
    Speed,
    /// Least load on this end.
    #[serde(rename = "least_here")]
    LocalCpu,
    /// Least load on the far end.
    #[serde(rename = "least_there")]
    RemoteCpu,
    /// Many transfers at once: least CPU of both ends together.
    Many,
}

pub const GOALS: [Goal; 4] = [Goal::Speed, Goal::LocalCpu, Goal::RemoteCpu, Goal::Many];

impl Goal {
    /// What is compared for it.
    pub fn figure(self) -> Figure {
        match self {
            Goal::Speed => Figure::Rate,
            Goal::LocalCpu => Figure::ClientCost,
            Goal::RemoteCpu => Figure::ServerCost,
            Goal::Many => Figure::Cost,
        }
    }

    pub fn words(self) -> &'static str {
        match self {
            Goal::Speed => "one fast transfer",
            Goal::LocalCpu => "least load here",
            Goal::RemoteCpu => "least load there",
            Goal::Many => "many at once",
        }
    }
}

/// What to use for one goal.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Advice {
    pub goal: Goal,
    pub choice: Choice,
    /// It is what ssh negotiates unasked: nothing is to be changed.
    pub keep_default: bool,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    /// The question is answered: nothing allowed is better than the choice by the precision.
    pub decided: bool,
    /// What limits it, where that is of the path: no cipher is faster, whatever it costs.
    #[serde(rename = "limit")]
    pub bottleneck: Option<BottleneckKind>,
    /// What something else may still be better than the choice by, in per cent.
    pub bound_percent: Option<f64>,
    /// Where speed is the goal, all that nothing is better than by the precision: none where that
    /// is not decided.
    #[serde(skip)]
    pub as_good: Vec<Choice>,
    pub ties: Vec<Choice>,
    /// How many times better than what ssh negotiates unasked, and than the worst that is allowed.
    #[serde(rename = "times_unasked")]
    pub times_default: Option<Ratio>,
    pub times_worst: Option<Ratio>,
    /// How busy the ends then are, where speed is the goal: a core that is full is the limit.
    #[serde(rename = "cores")]
    pub cpu: Option<CpuShare>,
    /// How many transfers a core carries, where that is the goal.
    #[serde(rename = "sessions")]
    pub transfers_per_core: Option<TransfersPerCore>,
    pub text: String,
}

/// Per cent of one core.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct CpuShare {
    pub client_percent: f64,
    pub server_percent: f64,
}

/// Transfers at 100 Mbit/s (12.5 MB/s) that one core of an end carries.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct TransfersPerCore {
    pub per_client_core: f64,
    pub per_server_core: f64,
}
