//! A table of figures in HTML: a value is in its cell unrounded too, and a reader of screens hears
//! what each cell is of.

use maud::{Markup, html};

use super::text::{name, prose};
use crate::model::units::printable;
use crate::report::chart::{Cell, Column, Grid};

/// `place`: what tells it from the other tables of the page; attributes for a program that reads
/// the page.
pub fn grid(grid: &Grid, place: &str) -> Markup {
    html! {
        div.scroll role="region" aria-label=(printable(&grid.caption)) tabindex="0" {
            table.sortable data-place=(place) {
                caption { (prose(&grid.caption)) }
                thead {
                    tr {
                        @for column in &grid.columns {
                            th scope="col" data-key=[Some(&column.key).filter(|key| !key.is_empty())]
                                { (prose(&column.heading)) }
                        }
                    }
                }
                tbody {
                    @for (own, cells) in &grid.rows {
                        tr {
                            th scope="row" { (name(own)) }
                            @for (cell, column) in cells.iter().zip(&grid.columns[1..]) { (td(cell, column)) }
                        }
                    }
                }
            }
        }
    }
}

/// Figures stand on the right, measured or not.
fn td(cell: &Cell, column: &Column) -> Markup {
    html! {
        @if column.key.is_empty() { td { (prose(&cell.shown)) } } @else {
            td.n {
                @match cell.value {
                    Some(value) if value.is_finite() => data value=(value) { (cell.shown) },
                    _ => (prose(&cell.shown)),
                }
            }
        }
    }
}
