//! What a user may want of a cipher, and what to use for it.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::bottleneck::kind::BottleneckKind;
use crate::analysis::rows::compare::Ratio;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::samples::series::Figure;
use crate::model::Direction;

/// What a user may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// One transfer, as fast as possible.
    Speed,
    /// Least CPU of the local host.
    LocalCpu,
    /// Least CPU of the remote host.
    RemoteCpu,
    /// Many transfers at once: least CPU of both hosts together.
    Many,
}

pub const GOALS: [Goal; 4] = [Goal::Speed, Goal::LocalCpu, Goal::RemoteCpu, Goal::Many];

impl Goal {
    /// The figure that choices are compared by.
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
            Goal::LocalCpu => "least local CPU",
            Goal::RemoteCpu => "least remote CPU",
            Goal::Many => "many transfers at once",
        }
    }
}

/// What to use for one goal.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Advice {
    pub goal: Goal,
    pub choice: Choice,
    /// It is the default cipher: nothing is to be changed.
    pub keep_default: bool,
    /// The directions that it rests on: for speed those in which the cipher makes a difference.
    pub directions: Vec<Direction>,
    /// MB/s, or CPU-seconds per GB.
    pub figure: f64,
    /// Nothing above the security floor is better than the choice by the precision or more.
    pub decided: bool,
    /// The bottleneck, where it is the path: no cipher is faster, whatever it costs.
    pub bottleneck: Option<BottleneckKind>,
    /// By how much something else may still be better than the choice, in per cent.
    pub bound_percent: Option<f64>,
    /// Where speed is the goal, all choices that nothing is better than by the precision; none where
    /// that is undecided.
    #[serde(skip)]
    pub as_good: Vec<Choice>,
    pub ties: Vec<Choice>,
    /// Those that are surely worse than the best by more than the precision.
    #[serde(skip)]
    pub behind: Vec<Choice>,
    /// Why the default cipher was not compared, where it was not: `was not measured`.
    #[serde(skip)]
    pub absent: Option<&'static str>,
    /// What the rounds advised and copies contradicted.
    #[serde(skip)]
    pub withdrawn: Option<Choice>,
    /// Nothing else could be recommended.
    #[serde(skip)]
    pub alone: bool,
    /// How many times better than the default cipher, and than the worst above the security floor.
    pub times_default: Option<Ratio>,
    pub times_worst: Option<Ratio>,
    /// What may be better than the default that is kept, and how many times as good it is.
    pub ahead: Option<Against>,
    /// The best of those that are surely worse than the choice, and how many times as good the choice is.
    pub next: Option<Against>,
    /// How busy the hosts then are, where speed is the goal: a full core is the bottleneck.
    pub cpu: Option<CpuShare>,
    /// How many transfers one core carries, where many at once are the goal.
    pub transfers_per_core: Option<TransfersPerCore>,
    pub text: String,
}

/// Another choice, and a ratio to it with its 95 % interval.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Against {
    pub choice: Choice,
    pub times: Option<Ratio>,
}

/// CPU while transferring, in per cent of one core.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct CpuShare {
    pub client_percent: f64,
    pub server_percent: f64,
}

/// Transfers at 100 Mbit/s (12.5 MB/s) that one core of each end carries.
#[derive(Clone, Copy, Debug, PartialEq, JsonSchema, Serialize)]
pub struct TransfersPerCore {
    pub per_client_core: f64,
    pub per_server_core: f64,
}
