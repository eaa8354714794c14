//! The figures of one table as a grid.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle,
    TableStyle, Width,
};

use crate::analysis::rows::mark::Mark;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::{Section, Table};
use crate::report::Style;
use crate::report::cells::{self, Column, Kind, columns};

/// Columns that a terminal of less than eighty columns has no room for are left out in this order;
/// then names and marks are folded. Figures never are.
const LEFT_OUT: [&str; 3] = [cells::OF_UPPER_BOUND, cells::MB_PER_CPU_S, cells::HALF_INTERVAL];

/// A heading, a rule, a line a row and an empty line between sections; then the headings of the
/// columns that were left out.
pub fn lines(table: &Table, style: &Style) -> (Vec<String>, Vec<&'static str>) {
    const ROOM_FOR_ALL: usize = 80;
    let mut columns = columns(table, style.wide);
    let mut grid = grid(table, &columns, style);
    let mut left_out = Vec::new();
    let width = style.width() as u16;
    if !style.wide && style.width() < ROOM_FOR_ALL {
        for heading in LEFT_OUT {
            if room(&grid, width).is_none_or(|room| room.name >= room.longest_name) {
                break;
            }
            if let Some(at) = columns.iter().position(|column| column.heading == heading) {
                left_out.push(columns.remove(at).heading);
                grid = self::grid(table, &columns, style);
            }
        }
    }
    match style.wide {
        true => grid.set_content_arrangement(ContentArrangement::Disabled),
        false => fit(&mut grid, width),
    };
    (grid.lines().collect(), left_out)
}

fn grid(table: &Table, columns: &[Column], style: &Style) -> comfy_table::Table {
    let mut grid = comfy_table::Table::new();
    grid.load_style(TableStyle::new().header_separator(LineStyle::none().fill(style.rule())));
    match style.color {
        true => grid.enforce_styling(),
        false => grid.force_no_tty(),
    };
    grid.set_header(headings(columns, style));
    for (index, section) in table.sections.iter().enumerate() {
        if index > 0 {
            grid.add_row([""]);
        }
        for row in &section.rows {
            grid.add_row(cells(columns, section, row, style));
        }
    }
    for (column, own) in grid.column_iter_mut().zip(columns) {
        column.set_padding((0, u16::from(own.kind != Kind::Mark)));
        if own.kind == Kind::Figure {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    grid
}

/// Bold, and standing on the rule.
fn headings(columns: &[Column], style: &Style) -> Vec<Cell> {
    let height = |column: &Column| column.heading.lines().count().max(1);
    let tallest = columns.iter().map(height).max().unwrap_or(1);
    let heading = |column: &Column| {
        let above = "\n".repeat(tallest - height(column));
        Cell::new(above + &style.text(column.heading)).add_attribute(Attribute::Bold)
    };
    columns.iter().map(heading).collect()
}

fn cells(columns: &[Column], section: &Section, row: &Row, style: &Style) -> Vec<Cell> {
    let color = match row.marks.first() {
        _ if row.measured == 0 => Some(Color::Red),
        Some(Mark::Fastest | Mark::Leads) => Some(Color::Green),
        _ => None,
    };
    let cell = |column: &Column| {
        let cell = Cell::new(style.text(&column.text(section, row)));
        match color.filter(|_| column.kind != Kind::Figure) {
            Some(color) => cell.fg(color),
            None => cell,
        }
    };
    columns.iter().map(cell).collect()
}

/// What is left of a width for the names of ciphers.
struct Room {
    name: u16,
    longest_name: u16,
    /// Columns between the names and the marks.
    figures: usize,
}

fn room(grid: &comfy_table::Table, width: u16) -> Option<Room> {
    const LONGEST_MARK: u16 = 9;
    let widths = grid.column_max_content_widths();
    let [name, figures @ .., mark] = &widths[..] else { return None };
    let taken: u16 = figures.iter().map(|figure| figure + 1).sum();
    let room = width.saturating_sub(taken + 1 + LONGEST_MARK.min(*mark)).max(1);
    Some(Room { name: room, longest_name: *name, figures: figures.len() })
}

/// Too narrow a terminal folds the names of ciphers and the marks, never a figure.
fn fit(grid: &mut comfy_table::Table, width: u16) -> &mut comfy_table::Table {
    let Some(Room { name, longest_name, figures }) = room(grid, width) else { return grid };
    for (index, column) in grid.column_iter_mut().enumerate().take(1 + figures) {
        column.set_constraint(match index {
            0 => ColumnConstraint::Absolute(Width::Fixed(name.min(longest_name) + 1)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    grid.set_width(width).set_content_arrangement(ContentArrangement::Dynamic)
}
