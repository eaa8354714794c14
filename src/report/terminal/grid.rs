//! The figures of one table as a grid.

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle,
    TableStyle, Width,
};

use crate::analysis::ceiling::Ceiling;
use crate::analysis::figures::{Mark, Row};
use crate::analysis::table::{Section, Table};
use crate::report::Style;
use crate::report::cells::{
    cipher, core, cost, figure, half, mac, marks, mb_per_cpu_s, real, several_macs, share, system,
    user, whole_file,
};

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

/// One column: its heading over up to three lines, and how a row fills it.
struct Column {
    heading: &'static str,
    kind: Kind,
    text: Filler,
}

type Filler = Box<dyn Fn(&Section, &Row) -> String>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Name,
    Figure,
    /// The last one.
    Mark,
}

fn column(
    heading: &'static str,
    kind: Kind,
    text: impl Fn(&Section, &Row) -> String + 'static,
) -> Column {
    Column { heading, kind, text: Box::new(text) }
}

fn of_row(heading: &'static str, text: impl Fn(&Row) -> String + 'static) -> Column {
    column(heading, Kind::Figure, move |_, row| text(row))
}

fn columns(table: &Table, wide: bool) -> Vec<Column> {
    let masked = table.sections.len() > 1;
    // Of a lower bound alone the shares say no more than the rates.
    let known = table.sections.iter().flat_map(|section| &section.ceiling).any(Ceiling::is_known);
    let mac_below = several_macs(table) && !wide;
    let columns = [
        (true, column("cipher", Kind::Name, move |_, row| cipher(row, mac_below))),
        (wide, column("MAC", Kind::Name, |_, row| mac(row).unwrap_or_default())),
        (masked, column("AES", Kind::Name, |section, _| section.aes.clone())),
        (wide, of_row("n", |row| row.measured.to_string())),
        (true, of_row("MB/s", |row| figure(row.rate_mb_per_s))),
        (true, of_row("±", |row| half(row.speed))),
        (wide || known, column("of\nceiling", Kind::Figure, share)),
        (true, of_row("client\nCPU-s\nper GB", |row| cost(row.client.as_ref()))),
        (wide, of_row("±", |row| half(row.client.as_ref().and_then(|cost| cost.compared)))),
        (true, of_row("server\nCPU-s\nper GB", |row| cost(row.server.as_ref()))),
        (wide, of_row("±", |row| half(row.server.as_ref().and_then(|cost| cost.compared)))),
        (wide, of_row("helpers\nCPU-s\nper GB", |row| figure(row.helpers_cpu_s_per_gb))),
        (true, of_row("MB per\nCPU-s", mb_per_cpu_s)),
        (wide, of_row("client\n% core", |row| core(row.client.as_ref()))),
        (wide, of_row("server\n% core", |row| core(row.server.as_ref()))),
        (wide, of_row("client\nreal s", |row| whole_file(row, row.whole_file.client, real))),
        (wide, of_row("client\nuser s", |row| whole_file(row, row.whole_file.client, user))),
        (wide, of_row("client\nsys s", |row| whole_file(row, row.whole_file.client, system))),
        (wide, of_row("server\nreal s", |row| whole_file(row, row.whole_file.server, real))),
        (wide, of_row("server\nuser s", |row| whole_file(row, row.whole_file.server, user))),
        (wide, of_row("server\nsys s", |row| whole_file(row, row.whole_file.server, system))),
        (true, column("", Kind::Mark, |_, row| marks(row))),
    ];
    columns.into_iter().filter_map(|(shown, column)| shown.then_some(column)).collect()
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
        let cell = Cell::new((column.text)(section, row));
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
