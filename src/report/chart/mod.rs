//! Charts as SVG.

pub mod slopes;
