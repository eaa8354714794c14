//! The tables: the terminal's figures, a table for each direction and pair of ends.

use maud::{Markup, html};

use super::grid::grid;
use super::page;
use super::text::prose;
use crate::analysis::rows::compare::Compared;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::rows::upper_bound::UpperBound;
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
        caption += &format!(", {}", section.aes.phrase());
    }
    let many = section.rows.iter().filter(|row| row.unranked.is_none()).count();
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
    let upper_bound = section.upper_bound.as_ref().is_some_and(UpperBound::is_known);
    let helpers = section.rows.iter().any(|row| row.helpers_cpu_s_per_gb.is_some());
    // Headings of two lines break in their middle.
    let columns: [(bool, &str, &str, Filler); 11] = [
        (true, "marks", "", |_, row| Cell::text(cells::marks(row))),
        (true, "MB/s", "rate_mb_per_s", |_, row| Cell::figure(row.rate_mb_per_s)),
        (true, "±", "rate_half_percent", |_, row| half(row.speed)),
        (upper_bound, "of ceiling", "ceiling_share", share),
        (true, "client\u{a0}CPU-s per\u{a0}GB", "client_cpu_s_per_gb", |_, row| cost(&row.client)),
        (true, "±", "client_half_percent", |_, row| half(compared(&row.client))),
        (true, "server\u{a0}CPU-s per\u{a0}GB", "server_cpu_s_per_gb", |_, row| cost(&row.server)),
        (true, "±", "server_half_percent", |_, row| half(compared(&row.server))),
        (helpers, "helpers\u{a0}CPU-s per\u{a0}GB", "helpers_cpu_s_per_gb", |_, row| {
            Cell::figure(row.helpers_cpu_s_per_gb)
        }),
        (true, "MB\u{a0}per CPU-s", "mb_per_cpu_s", |_, row| Cell {
            value: row.mb_per_cpu_s,
            shown: cells::mb_per_cpu_s(row),
        }),
        (true, "n", "measured", |_, row| Cell {
            value: Some(row.measured as f64),
            shown: row.measured.to_string(),
        }),
    ];
    let shown = columns.into_iter().filter(|(shown, ..)| *shown);
    shown.map(|(_, heading, key, filler)| (Column::figure(heading, key), filler)).collect()
}

fn cost(cost: &Option<Cost>) -> Cell {
    let cost = cost.as_ref();
    Cell { value: cost.map(|cost| cost.cpu_s_per_gb), shown: cells::cost(cost) }
}

fn compared(cost: &Option<Cost>) -> Option<Compared> {
    cost.as_ref()?.compared
}

fn half(compared: Option<Compared>) -> Cell {
    Cell {
        value: compared.and_then(|compared| compared.half_percent),
        shown: cells::half(compared),
    }
}

fn share(section: &Section, row: &Row) -> Cell {
    let known = section.upper_bound.as_ref().zip(row.rate_mb_per_s);
    Cell {
        value: known.and_then(|(upper_bound, rate)| upper_bound.share(rate)),
        shown: cells::share(section, row),
    }
}
