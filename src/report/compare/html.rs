//! A comparison as one page.

use maud::html;

use super::sheet::{Cell, Grid, Heading, Sheet};
use crate::report::chart::{self, slopes};
use crate::report::html::figure::figure;
use crate::report::html::grid::grid;
use crate::report::html::page::{Page, Section};
use crate::report::html::text::prose;

/// The tables of the sheet, charts from class to class, and all that is said of them.
pub fn page(sheet: &Sheet, journals: &[&str]) -> String {
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
                @for (index, journal) in journals.iter().enumerate() {
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
        body,
    })
}

fn tables(sheet: &Sheet) -> Section {
    let body = html! {
        @for (index, own) in sheet.grids.iter().enumerate() {
            h3 { (prose(&own.title)) }
            (grid(&of_grid(sheet, own), &format!("table-{index}")))
        }
        p { (prose(&sheet.legend)) }
    };
    Section { id: "tables", title: "Side by side", body }
}

fn of_grid(sheet: &Sheet, own: &Grid) -> chart::Grid {
    let column =
        |heading: &Heading| chart::Column::figure(heading.lines.join(", "), heading.key.as_str());
    let cell = |cell: &Cell| chart::Cell { value: cell.value, shown: cell.text() };
    chart::Grid {
        caption: format!("{}, {}", sheet.title, own.title),
        columns: own.headings.iter().map(column).collect(),
        rows: own
            .rows
            .iter()
            .map(|(name, cells)| (name.clone(), cells.iter().map(cell).collect()))
            .collect(),
    }
}

fn charts(sheet: &Sheet) -> Option<Section> {
    let drawn = || sheet.grids.iter().filter_map(|grid| Some((grid, grid.slopes.as_ref()?)));
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
    drawn().next().is_some().then_some(Section { id: "charts", title: "Charts", body })
}

fn remarks(sheet: &Sheet) -> Option<Section> {
    let body = html! {
        ul {
            @for note in &sheet.notes { li { (prose(note)) } }
            @for warning in &sheet.warnings { li { strong { "Warning: " } (prose(warning)) } }
        }
    };
    let some = !sheet.notes.is_empty() || !sheet.warnings.is_empty();
    some.then_some(Section { id: "remarks", title: "Remarks", body })
}
