//! Prints surveys, comparisons and cipher cores. Everything works from journals alone and writes only
//! into what it is handed. One list of columns (`columns`), one grid, one file or folder per format.

use std::io::{self, Write};

use survey::advice::Advised;

pub use document::{Document, Printable, Report};
pub use format::{Format, Style};

pub mod chart;
pub mod cipher_cores;
mod columns;
pub mod compare;
mod csv;
mod document;
mod format;
mod grid;
pub mod html;
pub mod json;
mod markdown;
pub mod survey;
pub mod terminal;

/// Prints it whole.
pub fn write(
    printed: &dyn Printable,
    format: Format,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => terminal::write(printed, style, out),
        Format::Json => json::write(printed, out),
        Format::Csv => csv::write(printed, style, out),
        Format::Markdown => markdown::write(printed, style, out),
        Format::Html => html::write(printed, out),
    }
}

/// Prints recommendations alone, in one of `Format::OF_ADVICE`.
pub fn write_advice(
    advised: &[Advised],
    format: Format,
    style: &Style,
    out: &mut dyn Write,
) -> io::Result<()> {
    match format {
        Format::Table => terminal::advice::write(advised, style, out),
        Format::Json => writeln!(out, "{}", serde_json::to_string_pretty(advised)?),
        _ => Err(io::Error::other("recommendations alone are printed as a table or as JSON")),
    }
}
