//! Samples as they enter an analysis: sorted, compared, less their start-up.

pub mod before;
pub mod comparable;
pub mod connections;
pub mod grouping;
pub mod outcomes;
pub mod pace;
pub mod series;
pub mod startup;
