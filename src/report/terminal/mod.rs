//! The report for a terminal.

use std::io::{self, Write};

use super::{Report, Style, heading, words};
use crate::model::units::printable;
use page::{Ink, Page};

pub mod advice;
pub mod ascii;
mod bars;
mod explain;
mod grid;
pub mod page;

/// What was surveyed; a table for each target, method and direction; what is missing and
/// why; what to mind; the conclusions.
pub fn write(report: &Report, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let Report { survey, summary, advised, journal, .. } = report;
    let mut page = Page::new(style);
    page.title(&heading::title(survey));
    for (label, text) in heading::facts(survey, summary) {
        page.labelled(&format!("  {label:<8}"), Ink::Bold, &text, "          ");
    }
    for table in &summary.tables {
        page.blank();
        page.title(&table.title);
        let (lines, left_out) = grid::lines(table, style);
        page.lines(lines.into_iter());
        if !left_out.is_empty() {
            let names: Vec<String> = left_out.iter().map(|name| name.replace('\n', " ")).collect();
            page.paragraph(&format!("Left out for want of room: {}.", names.join(", ")));
        }
        if style.bars {
            page.blank();
            page.lines(bars::lines(table, style).into_iter());
        }
        page.paragraph(&words::footnote(table));
        for section in &table.sections {
            for text in words::below(section, table.sections.len() > 1) {
                page.paragraph(&text);
            }
        }
    }
    if style.explain {
        explain::write(summary, &mut page);
    }
    let legend = words::legend(summary, style.wide);
    if !legend.is_empty() {
        page.blank();
        page.paragraph(&legend);
    }
    page.group(
        words::skipped(summary)
            .map(|text| ("skipped: ", Ink::Bold, text))
            .chain(words::failures(summary).map(|text| ("failed: ", Ink::Red, text))),
    );
    page.group(words::warnings(summary).map(|text| ("warning: ", Ink::Yellow, text)));
    page.group(
        words::conclusions(summary).map(|(scope, said)| (scope, Ink::Bold, said.to_owned())),
    );
    advice::closing(advised, &mut page);
    if let Some(path) = journal {
        page.blank();
        // Not wrapped, so that it can be copied.
        page.lines([format!("Journal: {}", printable(&path.to_string_lossy()))].into_iter());
    }
    out.write_all(page.finish().as_bytes())
}

#[cfg(test)]
mod tests;
