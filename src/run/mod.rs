//! The impure part: processes, clocks, files and the monitor's session.

pub mod account;
pub mod beside;
pub mod broken;
pub mod child;
pub mod counters;
pub mod executor;
pub mod far_side;
pub mod flow;
pub mod interrupt;
pub mod journal;
pub mod lane;
pub mod listener;
pub mod monitor;
pub mod near;
pub mod patience;
pub mod pilot;
pub mod probe;
pub mod pulse;
pub mod route;
pub mod scratch;
pub mod shim;
pub mod staging;
pub mod stopping;
pub mod survey;
pub mod trial;
pub mod verdict;
