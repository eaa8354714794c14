//! Charts as inline SVG that is as wide as its place: across, everything is in per cent of the
//! chart's width, down in pixels, so that text keeps its size on any screen. Colours are classes
//! of the page's style sheet. Each chart is data until a page shows it.

use maud::Markup;

pub mod bars;
pub mod cpu;
pub mod drift;
pub mod efficiency;
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

/// A table of figures.
pub struct Grid {
    pub caption: String,
    pub columns: Vec<Column>,
    /// A name, and a cell for each further column.
    pub rows: Vec<(String, Vec<Cell>)>,
}

pub struct Column {
    pub heading: String,
    /// Names its values for a program, unique in its table; empty where they are text.
    pub key: String,
}

/// A value as it is, and as it is shown.
pub struct Cell {
    pub value: Option<f64>,
    pub shown: String,
}

impl Column {
    pub fn figure(heading: impl Into<String>, key: impl Into<String>) -> Column {
        Column { heading: heading.into(), key: key.into() }
    }

    pub fn text(heading: &str) -> Column {
        Column { heading: heading.into(), key: String::new() }
    }
}

impl Cell {
    /// Three significant digits, as everywhere.
    pub fn figure(value: Option<f64>) -> Cell {
        let value = value.and_then(scale::finite);
        Cell { value, shown: super::cells::figure(value) }
    }

    /// Per cent without a sign, as whole numbers.
    pub fn percent(value: Option<f64>) -> Cell {
        let value = value.and_then(scale::finite);
        Cell { value, shown: value.map_or("-".into(), |percent| format!("{percent:.0}")) }
    }

    pub fn text(shown: impl Into<String>) -> Cell {
        Cell { value: None, shown: shown.into() }
    }
}

#[cfg(test)]
mod tests;
