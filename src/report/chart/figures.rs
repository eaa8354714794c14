//! The figures of a chart to read: the table below its drawings.

use super::panel::{Panel, Way};
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::report::columns::line::Line;
use crate::report::columns::rows;
use crate::report::grid::{Cell, Grid, Heading};

/// A row per name: the same figures for each direction, side by side. Each has a heading and a key; a
/// text has none. `cells`: of a name in one direction.
pub fn side_by_side<const N: usize>(
    panel: &Panel,
    title: String,
    figures: [(&str, &str); N],
    cells: impl Fn(&Way, &Choice) -> [Cell; N],
) -> Grid {
    let heading = |way: &Way, (heading, key): (&str, &str)| {
        let direction = way.direction();
        let key = if key.is_empty() { String::new() } else { format!("{direction}_{key}") };
        Heading::figure(format!("{direction} {heading}"), key)
    };
    let headings = panel.ways.iter().flat_map(|way| figures.map(|figure| heading(way, figure)));
    let row =
        |(name, choice)| (name, panel.ways.iter().flat_map(|way| cells(way, choice)).collect());
    Grid {
        title,
        headings: std::iter::once(Heading::text("cipher")).chain(headings).collect(),
        rows: panel.names().map(row).collect(),
    }
}

/// A row per direction and name. `cells`: of a name that has a row there.
pub fn one_below_the_other(
    panel: &Panel,
    title: String,
    headings: impl IntoIterator<Item = Heading>,
    cells: impl Fn(&Way, &Row) -> Vec<Cell>,
) -> Grid {
    let row = |way: &Way, name: String, row: &Row| {
        let direction = Cell::text(way.direction().to_string());
        (name, std::iter::once(direction).chain(cells(way, row)).collect())
    };
    let rows_of = |way: &Way| -> Vec<(String, Vec<Cell>)> {
        let names = panel.names();
        names.filter_map(|(name, choice)| Some(row(way, name, way.row(choice)?))).collect()
    };
    let names = [Heading::text("cipher"), Heading::text("direction")];
    Grid {
        title,
        headings: names.into_iter().chain(headings).collect(),
        rows: panel.ways.iter().flat_map(rows_of).collect(),
    }
}

/// The heading of a figure of the list of columns.
pub fn heading(key: &str) -> Heading {
    rows::find(key).map_or_else(|| Heading::figure(key, key), |column| column.heading())
}

/// A figure of the list of columns, unrounded.
pub fn value(line: &Line, key: &str) -> Option<f64> {
    rows::find(key)?.value(line).number()
}
