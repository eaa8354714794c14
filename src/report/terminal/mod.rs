//! For a terminal.

use std::io::{self, Write};

use super::document::{Content, Printable};
use super::format::Style;

pub mod advice;
pub mod ascii;
mod bars;
mod brief;
pub mod page;
mod sheet;
mod survey;
mod table;

pub fn write(printed: &dyn Printable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = match printed.content() {
        Content::Survey(report) if style.shows_details() => survey::page(report, style),
        Content::Survey(report) => brief::page(report, style),
        Content::Sheet(sheet) => sheet::page(&sheet, style),
    };
    out.write_all(page.as_bytes())
}

#[cfg(test)]
mod tests;
