//! A sheet: comparisons and cipher cores.

use maud::html;

use super::figure::figure;
use super::grid::grid;
use super::page::{Page, Section};
use super::text::prose;
use crate::report::chart::slopes;
use crate::report::compare::sheet::Sheet;
use crate::report::grid::{Grid, Heading};

/// The tables of the sheet, charts from class to class, and all that is said of them.
pub fn page(sheet: &Sheet) -> String {
    let sections = [conclusions(sheet), Some(tables(sheet)), charts(sheet), remarks(sheet)];
    let page = Page {
        kind: sheet.kind,
        title: sheet.title.clone(),
        facts: html! {
            dl.facts {
                @for (label, text) in &sheet.facts {
                    dt { (prose(label)) }
                    dd { (prose(text)) }
                }
            }
        },
        sections: sections.into_iter().flatten().collect(),
        source: html! {
            p {
                "Journals: "
                @for (index, journal) in sheet.journals.iter().enumerate() {
                    @if index > 0 { ", " }
                    code { (prose(journal)) }
                }
            }
        },
    };
    page.document().into_string()
}

fn conclusions(sheet: &Sheet) -> Option<Section> {
    let body = html! {
        @for (scope, said) in &sheet.conclusions {
            p { strong { (prose(scope)) } (prose(said)) }
        }
    };
    (!sheet.conclusions.is_empty()).then_some(Section {
        id: "conclusion",
        title: "Conclusion",
        folded: false,
        body,
    })
}

fn tables(sheet: &Sheet) -> Section {
    let body = html! {
        @for (index, table) in sheet.tables.iter().enumerate() {
            h3 { (prose(&table.grid.title)) }
            (grid(&titled(sheet, &table.grid), &format!("table-{index}")))
        }
        p { (prose(&sheet.legend)) }
    };
    Section { id: "tables", title: "Side by side", folded: false, body }
}

/// Each heading in one line, below a title that stands alone.
fn titled(sheet: &Sheet, grid: &Grid) -> Grid {
    let heading = |own: &Heading| Heading { lines: vec![own.lines.join(", ")], ..own.clone() };
    Grid {
        title: format!("{}, {}", sheet.title, grid.title),
        headings: grid.headings.iter().map(heading).collect(),
        rows: grid.rows.clone(),
    }
}

fn charts(sheet: &Sheet) -> Option<Section> {
    let drawn =
        || sheet.tables.iter().filter_map(|table| Some((&table.grid, table.slopes.as_ref()?)));
    let chart = |slopes| {
        let caption = "Each line is a cipher, as a multiple of its class's best: where lines cross, \
                       the order of the ciphers differs from class to class. Of several hosts of a \
                       class the geometric mean; of one host with the 95 % interval of its figure.";
        slopes::chart(slopes, "AES hosts against the others", vec![caption.into()])
    };
    let body = html! {
        @for (index, (grid, slopes)) in drawn().enumerate() {
            h3 { (prose(&grid.title)) }
            (figure(&chart(slopes), &format!("chart-{index}")))
        }
    };
    drawn().next().is_some().then_some(Section {
        id: "charts",
        title: "Charts",
        folded: false,
        body,
    })
}

fn remarks(sheet: &Sheet) -> Option<Section> {
    let body = html! {
        ul {
            @for note in &sheet.notes { li { (prose(note)) } }
            @for warning in &sheet.warnings { li { strong { "Warning: " } (prose(warning)) } }
        }
    };
    let some = !sheet.notes.is_empty() || !sheet.warnings.is_empty();
    some.then_some(Section { id: "remarks", title: "Remarks", folded: false, body })
}
