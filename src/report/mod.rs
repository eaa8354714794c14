//! Prints a survey. Everything works from the journal alone and writes only into what it is
//! handed.

use std::borrow::Cow;
use std::io::{self, Write};
use std::path::Path;

use clap::ValueEnum;

use crate::analysis::advice::recommend::recommend;
use crate::analysis::{Summary, summarise};
use crate::model::Survey;
use advised::{Advised, advised};

pub mod advised;
mod cells;
pub mod chart;
pub mod cipher_cores;
pub mod compare;
mod csv;
mod heading;
pub mod html;
pub mod json;
mod markdown;
pub mod terminal;
mod words;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// One document: header, trials, end and summary.
    Json,
    /// One line a trial, for spreadsheets and data frames; see --summary.
    Csv,
    /// One line a row of the summary: what `--format csv --summary` asks for.
    #[value(skip)]
    CsvSummary,
    /// To paste into an issue or a page.
    Markdown,
    /// One page with charts, that opens in any browser, from a mail too.
    Html,
}

/// How a table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal; fewer than 60 can't hold a table and are taken for 60.
    pub width: usize,
    /// All columns, however wide.
    pub wide: bool,
    /// No character beyond ASCII, but in what is to be pasted.
    pub ascii: bool,
    /// Bars below each table.
    pub bars: bool,
    /// The first row read aloud below the tables: a sentence for each figure.
    pub explain: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style { color: false, width: 80, wide: false, ascii: false, bars: false, explain: false }
    }
}

impl Style {
    fn width(&self) -> usize {
        self.width.clamp(60, 1000)
    }

    /// Text as it may be shown.
    fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { terminal::ascii::of(text) } else { text.into() }
    }

    /// What a rule is made of.
    fn rule(&self) -> char {
        if self.ascii { '-' } else { '─' }
    }
}

/// A survey, what it shows, and what to do about it.
pub struct Report<'a> {
    pub survey: &'a Survey,
    pub summary: Summary,
    pub advised: Vec<Advised>,
    /// Where the survey can be read again.
    pub journal: Option<&'a Path>,
    /// The name of a CSV file with every trial beside the page.
    pub samples_file: Option<String>,
}

impl<'a> Report<'a> {
    pub fn of(survey: &'a Survey, journal: Option<&'a Path>) -> Report<'a> {
        let advised = advised(survey, recommend(survey, false));
        Report { survey, summary: summarise(survey), advised, journal, samples_file: None }
    }
}

/// Writes a whole report.
pub fn write(
    report: &Report,
    format: Format,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => terminal::write(report, style, out),
        Format::Json => json::write(report, out),
        Format::Csv => csv::write_samples(report, out),
        Format::Markdown => markdown::write(report, style.wide, out),
        Format::CsvSummary => csv::write_summary(report, out),
        Format::Html => html::write(report, out),
    }
}
