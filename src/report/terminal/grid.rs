//! The figures of one table as a grid.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle,
    TableStyle, Width,
};

use crate::analysis::figures::{Mark, Row};
use crate::analysis::table::{Section, Table};
use crate::report::Style;
use crate::report::cells::{Column, Kind, columns};

/// A heading, a rule, a line a row and an empty line between sections.
pub fn lines(table: &Table, style: &Style) -> impl Iterator<Item = String> {
    let columns = columns(table, style.wide);
    let mut grid = comfy_table::Table::new();
    grid.load_style(TableStyle::new().header_separator(LineStyle::none().fill('─')));
    match style.color {
        true => grid.enforce_styling(),
        false => grid.force_no_tty(),
    };
    grid.set_header(headings(&columns));
    for (index, section) in table.sections.iter().enumerate() {
        if index > 0 {
            grid.add_row([""]);
        }
        for row in &section.rows {
            grid.add_row(cells(&columns, section, row));
        }
    }
    for (column, own) in grid.column_iter_mut().zip(&columns) {
        column.set_padding((0, u16::from(own.kind != Kind::Mark)));
        if own.kind == Kind::Figure {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    match style.wide {
        true => grid.set_content_arrangement(ContentArrangement::Disabled),
        false => fit(&mut grid, style.width() as u16),
    };
    grid.lines().collect::<Vec<_>>().into_iter()
}

/// Bold, and standing on the rule.
fn headings(columns: &[Column]) -> Vec<Cell> {
    let height = |column: &Column| column.heading.lines().count().max(1);
    let tallest = columns.iter().map(height).max().unwrap_or(1);
    let heading = |column: &Column| {
        let above = "\n".repeat(tallest - height(column));
        Cell::new(above + column.heading).add_attribute(Attribute::Bold)
    };
    columns.iter().map(heading).collect()
}

fn cells(columns: &[Column], section: &Section, row: &Row) -> Vec<Cell> {
    let color = match row.marks.first() {
        _ if row.measured == 0 => Some(Color::Red),
        Some(Mark::Fastest | Mark::Leads) => Some(Color::Green),
        _ => None,
    };
    let cell = |column: &Column| {
        let cell = Cell::new(column.text(section, row));
        match color.filter(|_| column.kind != Kind::Figure) {
            Some(color) => cell.fg(color),
            None => cell,
        }
    };
    columns.iter().map(cell).collect()
}

/// Too narrow a terminal folds the names of ciphers and the marks, never a figure.
fn fit(grid: &mut comfy_table::Table, width: u16) -> &mut comfy_table::Table {
    const LONGEST_MARK: u16 = 9;
    let widths = grid.column_max_content_widths();
    let [cipher, figures @ .., mark] = &widths[..] else { return grid };
    let taken: u16 = figures.iter().map(|figure| figure + 1).sum();
    let room = width.saturating_sub(taken + 1 + LONGEST_MARK.min(*mark)).max(1);
    let figures = figures.len();
    for (index, column) in grid.column_iter_mut().enumerate().take(1 + figures) {
        column.set_constraint(match index {
            0 => ColumnConstraint::Absolute(Width::Fixed(room.min(*cipher) + 1)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic)
}
