//! Charts as inline SVG that is as wide as its place: across, everything is in per cent of the
//! chart's width, down in pixels, so that text keeps its size on any screen. Colours are classes
//! of the page's style sheet. Each chart is data until a page shows it.

use maud::Markup;

use super::grid::Grid;

pub mod bars;
pub mod cpu;
pub mod drift;
pub mod efficiency;
mod figures;
pub mod name;
pub mod panel;
pub mod points;
pub mod relative;
pub mod scale;
pub mod seconds;
pub mod slopes;
pub mod throughput;

/// A chart with all that a page needs to show it without looking.
pub struct Chart {
    /// Names it among the charts of its panel; a word.
    pub id: &'static str,
    pub title: &'static str,
    /// What to see in it and how to read it, a paragraph each.
    pub caption: Vec<String>,
    /// The class of each colour with its meaning.
    pub key: Vec<(&'static str, String)>,
    pub drawings: Vec<Drawing>,
    /// What the numbers in the drawings stand for, from 1; empty where they have none.
    pub names: Vec<String>,
    /// The same figures to read.
    pub grid: Grid,
}

/// One picture of a chart: an `<svg>` without its frame.
pub struct Drawing {
    /// What tells it from the others of the chart: `upload`; empty where it is alone.
    pub title: String,
    /// Said in place of the picture.
    pub description: String,
    /// Pixels.
    pub height: f64,
    pub marks: Markup,
}

#[cfg(test)]
mod tests;
