//! The report of a survey.

use super::page::{Ink, Page};
use super::{advice, bars, table};
use crate::analysis::Summary;
use crate::analysis::rows::table::Table;
use crate::model::Survey;
use crate::model::units::printable;
use crate::report::columns::line::Line;
use crate::report::columns::{legends, rows};
use crate::report::document::Report;
use crate::report::format::Style;
use crate::report::survey::{heading, notes};

/// What was surveyed; a table for each target, method and direction; what is missing and why;
/// warnings; the conclusions.
pub fn page(report: &Report, style: &Style) -> String {
    let Report { survey, summary, advised, journal, .. } = report;
    let mut page = Page::new(style);
    page.title(&heading::title(survey));
    for (label, text) in heading::facts(survey, summary) {
        page.labelled(&format!("  {label:<8}"), Ink::Bold, &text, "          ");
    }
    let mut sentences = Vec::new();
    for table in &summary.tables {
        sentences.extend(add_table(survey, table, style, &mut page));
    }
    if style.explain {
        explain(survey, summary, &mut page);
    }
    let legend = notes::legend(summary, sentences);
    if !legend.is_empty() {
        page.blank();
        page.paragraph(&legend);
    }
    page.group(
        notes::skipped(summary)
            .map(|text| ("skipped: ", Ink::Bold, text))
            .chain(notes::failures(summary).map(|text| ("failed: ", Ink::Red, text))),
    );
    page.group(notes::warnings(summary).map(|text| ("warning: ", Ink::Yellow, text)));
    page.group(
        notes::conclusions(summary).map(|(scope, said)| (scope, Ink::Bold, said.to_owned())),
    );
    advice::closing(advised, &mut page);
    if let Some(path) = journal {
        page.blank();
        // Not wrapped, so that it can be copied.
        page.lines([format!("Journal: {}", printable(&path.to_string_lossy()))].into_iter());
    }
    page.finish()
}

/// The table, its bars and its notes; what the legend is to say of its columns.
fn add_table(survey: &Survey, table: &Table, style: &Style, page: &mut Page) -> Vec<&'static str> {
    page.blank();
    page.title(&table.title);
    let lines = Line::all(survey, table, style.wide);
    let columns = rows::of_table(&lines, style.wide);
    let sentences = legends(&columns).collect();
    let (shown, left_out) = table::lines(&lines, columns, style);
    page.lines(shown.into_iter());
    if !left_out.is_empty() {
        page.paragraph(&format!("Columns left out for lack of room: {}.", left_out.join(", ")));
    }
    if style.bars {
        page.blank();
        page.lines(bars::lines(table, style).into_iter());
    }
    page.paragraph(&notes::footnote(table));
    for section in &table.sections {
        for text in notes::of_section(section, table.sections.len() > 1) {
            page.paragraph(&text);
        }
    }
    sentences
}

/// Below all tables: the first row that has figures, a sentence for each of them.
fn explain(survey: &Survey, summary: &Summary, page: &mut Page) {
    let firsts = summary.tables.iter().filter_map(|table| {
        let section = table.sections.first()?;
        Line::of_section(survey, table, section).find(|line| line.row.rate_mb_per_s.is_some())
    });
    let Some(line) = firsts.into_iter().next() else { return };
    page.blank();
    page.title(&format!("How to read it: the first row of {}", line.table.title));
    for (label, text) in rows::explanations(&line) {
        page.labelled(&format!("  {label}: "), Ink::Bold, &text, "    ");
    }
}
