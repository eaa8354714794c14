//! A table of figures in HTML: a value is in its cell unrounded too, and a reader of screens hears
//! what each cell is of.

use maud::{Markup, html};

use super::text::{name, prose};
use crate::model::units::printable;
use crate::report::grid::{Cell, Grid, Heading};

/// `place`: what tells it from the other tables of the page; attributes for a program that reads
/// the page.
pub fn grid(grid: &Grid, place: &str) -> Markup {
    html! {
        div.scroll role="region" aria-label=(printable(&grid.title)) tabindex="0" {
            table.sortable data-place=(place) {
                caption { (prose(&grid.title)) }
                thead {
                    tr {
                        @for heading in &grid.headings {
                            th scope="col" data-key=[heading.is_figure().then_some(&heading.key)]
                                { (prose(&heading.lines.join(" "))) }
                        }
                    }
                }
                tbody {
                    @for (own, cells) in &grid.rows {
                        tr {
                            th scope="row" { (name(own)) }
                            @for (cell, heading) in cells.iter().zip(&grid.headings[1..]) { (td(cell, heading)) }
                        }
                    }
                }
            }
        }
    }
}

/// Figures stand on the right, measured or not.
fn td(cell: &Cell, heading: &Heading) -> Markup {
    let shown = cell.whole();
    html! {
        @if heading.is_figure() {
            td.n {
                @match cell.value {
                    Some(value) if value.is_finite() => data value=(value) { (shown) },
                    _ => (prose(&shown)),
                }
            }
        } @else { td { (prose(&shown)) } }
    }
}
