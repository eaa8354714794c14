//! Prints a survey. Everything works from the journal alone and writes only into what it is
//! handed.

use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::analysis::recommend::recommend;
use crate::analysis::summarise;
use crate::model::Survey;

pub mod advice;
mod grid;
mod heading;
mod json;
pub mod page;
mod table;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// One document: header, trials, end and summary.
    Json,
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal; fewer than 60 can't hold a table and are taken for 60.
    pub width: usize,
    /// All columns, however wide.
    pub wide: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, width: 80, wide: false }
    }
}

impl Style {
    fn width(&self) -> usize {
        self.width.clamp(60, 1000)
    }
}

/// Writes a whole report. `journal` is where the survey can be read again.
pub fn write(
    survey: &Survey,
    format: Format,
    style: &Style,
    journal: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let summary = summarise(survey);
    let advised = advice::advised(survey, recommend(survey, false));
    match format {
        Format::Table => table::write(survey, &summary, &advised, style, journal, out),
        Format::Json => json::write(survey, &summary, &advised, out),
    }
}
