//! The tables: the terminal's figures, a table for each direction and pair of ends.

use maud::{Markup, html};

use super::grid::grid;
use super::page;
use super::text::prose;
use crate::analysis::ceiling::Ceiling;
use crate::analysis::figures::{Cost, Row};
use crate::analysis::standing::Choice;
use crate::analysis::table::{Section, Table};
use crate::report::chart::{Cell, Column, Grid};
use crate::report::{Report, cells, words};

pub fn all(report: &Report) -> Option<page::Section> {
    let summary = &report.summary;
    let body = html! {
        @for table in &summary.tables { (one(table)) }
        p.note { (prose(&words::legend(summary, false))) " n: trials." }
    };
    let section = page::Section { id: "figures", title: "Figures", body };
    (!summary.tables.is_empty()).then_some(section)
}

fn one(table: &Table) -> Markup {
    html! {
        h3 { (prose(&table.title)) }
        @for section in &table.sections {
            (grid(&figures(table, section), &place(table, section)))
        }
        p.note { (prose(&words::footnote(table))) }
        @for section in &table.sections {
            @for text in words::below(section, table.sections.len() > 1) {
                p.note { (prose(&text)) }
            }
        }
    }
}

fn place(table: &Table, section: &Section) -> String {
    format!("{} {} {}", section.pairing, table.method, table.direction)
}

fn figures(table: &Table, section: &Section) -> Grid {
    let mut caption = table.title.clone();
    if table.sections.len() > 1 {
        caption += &format!(", AES {}", section.aes);
    }
    let many = section.rows.iter().filter(|row| row.apart.is_none()).count();
    caption += &format!(": {many} cipher{}, fastest first", if many == 1 { "" } else { "s" });
    if many < section.rows.len() {
        caption += ", then what stands apart";
    }
    let shown = fillers(section);
    let row = |row: &Row| {
        let cells = shown.iter().map(|(_, cell)| cell(section, row)).collect();
        (Choice::of(row, &section.rows).to_string(), cells)
    };
    let rows = section.rows.iter().map(row).collect();
    let columns = std::iter::once(Column::text("cipher"));
    Grid {
        caption,
        columns: columns.chain(shown.into_iter().map(|(head, _)| head)).collect(),
        rows,
    }
}

type Filler = fn(&Section, &Row) -> Cell;

/// The columns behind the name.
fn fillers(section: &Section) -> Vec<(Column, Filler)> {
    let any = |has: fn(&Row) -> bool| section.rows.iter().any(has);
    let ceiling = section.ceiling.as_ref().is_some_and(Ceiling::is_known);
    let helpers = any(|row| row.helpers_cpu_s_per_gb.is_some());
    let column = |heading: &str, key: &str, cell: Filler| (Column::figure(heading, key), cell);
    let columns = [
        (true, column("marks", "", |_, row| Cell::text(cells::marks(row)))),
        (true, column("MB/s", "rate_mb_per_s", |_, row| Cell::figure(row.rate_mb_per_s))),
        (
            true,
            column("±", "rate_half_percent", |_, row| Cell {
                value: row.speed.and_then(|speed| speed.half_percent),
                shown: cells::half(row.speed),
            }),
        ),
        (
            ceiling,
            column("of ceiling", "ceiling_share", |section, row| Cell {
                value: section
                    .ceiling
                    .as_ref()
                    .zip(row.rate_mb_per_s)
                    .and_then(|(c, rate)| c.share(rate)),
                shown: cells::share(section, row),
            }),
        ),
        (
            true,
            column("client CPU-s per GB", "client_cpu_s_per_gb", |_, row| {
                cost(row.client.as_ref())
            }),
        ),
        (true, column("±", "client_half_percent", |_, row| half(row.client.as_ref()))),
        (
            true,
            column("server CPU-s per GB", "server_cpu_s_per_gb", |_, row| {
                cost(row.server.as_ref())
            }),
        ),
        (true, column("±", "server_half_percent", |_, row| half(row.server.as_ref()))),
        (
            helpers,
            column("helpers CPU-s per GB", "helpers_cpu_s_per_gb", |_, row| {
                Cell::figure(row.helpers_cpu_s_per_gb)
            }),
        ),
        (
            true,
            column("MB per CPU-s", "mb_per_cpu_s", |_, row| Cell {
                value: row.mb_per_cpu_s,
                shown: cells::mb_per_cpu_s(row),
            }),
        ),
        (
            true,
            column("n", "measured", |_, row| Cell {
                value: Some(row.measured as f64),
                shown: row.measured.to_string(),
            }),
        ),
    ];
    columns.into_iter().filter_map(|(shown, column)| shown.then_some(column)).collect()
}

fn cost(cost: Option<&Cost>) -> Cell {
    Cell { value: cost.map(|cost| cost.cpu_s_per_gb), shown: cells::cost(cost) }
}

fn half(cost: Option<&Cost>) -> Cell {
    let compared = cost.and_then(|cost| cost.compared);
    Cell {
        value: compared.and_then(|compared| compared.half_percent),
        shown: cells::half(compared),
    }
}
