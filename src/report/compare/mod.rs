//! Prints a comparison of surveys: hosts side by side, or a change.

use std::io::{self, Write};

use clap::ValueEnum;
use serde::Serialize;

use super::{Style, json};
use crate::analysis::comparison::change::Change;
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::pivot::Pivot;
use crate::model::record::Header;
use sheet::Sheet;

mod change;
mod csv;
pub(super) mod html;
pub(super) mod markdown;
mod pivot;
pub mod sheet;
pub(super) mod terminal;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For a terminal.
    #[default]
    Table,
    /// One document, with all figures and the headers of what was measured.
    Json,
    /// One line a figure, for spreadsheets and data frames.
    Csv,
    /// To paste into an issue or a page.
    Markdown,
    /// One page with charts, that opens in any browser, from a mail too.
    Html,
}

/// Surveys, and what they show beside each other.
pub struct Comparison {
    pub digests: Vec<Digest>,
    pub shown: Shown,
}

pub enum Shown {
    Hosts(Pivot),
    /// Of two surveys.
    Change(Change),
}

/// One document: what was compared, with the surveys' headers.
#[derive(Serialize)]
struct Document<'a, T> {
    surveys: Vec<Named<'a>>,
    comparison: &'a T,
}

#[derive(Serialize)]
struct Named<'a> {
    journal: &'a str,
    header: &'a Header,
}

/// Writes a comparison.
pub fn write(
    comparison: &Comparison,
    format: Format,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => out.write_all(terminal::page(&comparison.sheet(), style).as_bytes()),
        Format::Json => match &comparison.shown {
            Shown::Hosts(pivot) => comparison.json(pivot, out),
            Shown::Change(change) => comparison.json(change, out),
        },
        Format::Markdown => out.write_all(markdown::page(&comparison.sheet()).as_bytes()),
        Format::Html => {
            let journals: Vec<&str> =
                comparison.digests.iter().map(|digest| digest.name.as_str()).collect();
            out.write_all(html::page(&comparison.sheet(), &journals).as_bytes())
        }
        Format::Csv => csv::write(comparison, out),
    }
}

impl Comparison {
    fn sheet(&self) -> Sheet {
        match &self.shown {
            Shown::Hosts(pivot) => pivot::sheet(pivot, &self.digests),
            Shown::Change(change) => change::sheet(change, &self.digests),
        }
    }

    fn json<T: Serialize>(&self, comparison: &T, out: &mut dyn Write) -> io::Result<()> {
        let named = self.digests.iter();
        let named = named.map(|one| Named { journal: &one.name, header: &one.header });
        let surveys = named.collect();
        let document = serde_json::to_string_pretty(&Document { surveys, comparison })?;
        writeln!(out, "{}", json::inert(&document))
    }
}

#[cfg(test)]
mod tests;
