//! The formats of all that is printed, and how a table is laid out.

use std::borrow::Cow;

use clap::ValueEnum;

/// To add one: a variant here, and its arm in `report::write`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// One document with every figure, for other programs.
    Json,
    /// For spreadsheets and data frames: one line per sample or figure.
    Csv,
    /// To paste into an issue or a page.
    Markdown,
    /// One page with charts, in one file, for any browser.
    Html,
}

impl Format {
    /// What recommendations are printed in where they are all that is asked for.
    pub const OF_ADVICE: [Format; 2] = [Format::Table, Format::Json];
}

/// What is shown, and in what width.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub color: bool,
    /// Columns of the terminal; fewer than 60 can't hold a table and are taken for 60.
    pub width: usize,
    /// All that was measured, not only the answer and what it rests on.
    pub details: bool,
    /// All columns, however wide.
    pub wide: bool,
    /// No character beyond ASCII, but in what is to be pasted.
    pub ascii: bool,
    /// Bars below each table.
    pub bars: bool,
    /// A sentence for each figure of the first row, below the tables.
    pub explain: bool,
    /// CSV: a line per row of the summary instead of one per sample.
    pub summary: bool,
}

impl Default for Style {
    fn default() -> Style {
        Style {
            color: false,
            width: 80,
            details: false,
            wide: false,
            ascii: false,
            bars: false,
            explain: false,
            summary: false,
        }
    }
}

impl Style {
    /// Of a terminal, or of what is taken for one.
    pub fn width(&self) -> usize {
        self.width.clamp(60, 1000)
    }

    /// More columns, bars and explanations are parts of the details.
    pub fn shows_details(&self) -> bool {
        self.details || self.wide || self.bars || self.explain
    }

    /// Text as it may be shown.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.ascii { super::terminal::ascii::of(text) } else { text.into() }
    }

    /// What a rule is made of.
    pub fn rule(&self) -> char {
        if self.ascii { '-' } else { '─' }
    }
}
