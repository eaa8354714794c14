//! The tables: the terminal's figures, a table for each direction and pair of ends.

use maud::{Markup, html};

use super::page;
use super::text::prose;
use crate::analysis::rows::table::{Section, Table};
use crate::report::columns::line::Line;
use crate::report::columns::{Column, grid, legends, rows};
use crate::report::document::Report;
use crate::report::grid::Grid;
use crate::report::survey::notes;

pub fn all(report: &Report) -> Option<page::Section> {
    let summary = &report.summary;
    let sections = || {
        summary.tables.iter().flat_map(|table| table.sections.iter().map(move |own| (table, own)))
    };
    let sentences = sections().flat_map(|(table, section)| {
        let lines: Vec<Line> = Line::of_section(report.survey, table, section).collect();
        legends(&rows::of_page(&lines)).collect::<Vec<_>>()
    });
    let body = html! {
        @for table in &summary.tables { (one(report, table)) }
        p.note { (prose(&notes::legend(summary, sentences))) }
    };
    let section = page::Section { id: "figures", title: "Figures", folded: true, body };
    (!summary.tables.is_empty()).then_some(section)
}

fn one(report: &Report, table: &Table) -> Markup {
    html! {
        h3 { (prose(&table.title)) }
        @for section in &table.sections {
            (super::grid::grid(&figures(report, table, section), &place(table, section)))
        }
        p.note { (prose(&notes::footnote(table))) }
        @for section in &table.sections {
            @for text in notes::of_section(section, table.sections.len() > 1) {
                p.note { (prose(&text)) }
            }
        }
    }
}

fn place(table: &Table, section: &Section) -> String {
    format!("{} {} {}", section.pairing, table.method, table.direction)
}

fn figures(report: &Report, table: &Table, section: &Section) -> Grid {
    let mut title = table.title.clone();
    if table.sections.len() > 1 {
        title += &format!(", {}", section.aes.phrase());
    }
    let many = section.rows.iter().filter(|row| row.unranked.is_none()).count();
    title += &format!(": {many} cipher{}, fastest first", if many == 1 { "" } else { "s" });
    if many < section.rows.len() {
        title += ", then what is not ranked";
    }
    let lines: Vec<Line> = Line::of_section(report.survey, table, section).collect();
    grid(title, &lines, &rows::of_page(&lines), Line::name, Column::cell)
}
