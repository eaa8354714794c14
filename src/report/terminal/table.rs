//! The table of a survey.

use comfy_table::{
    Attribute, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, TableStyle,
    Width,
};

use crate::analysis::rows::mark::Mark;
use crate::report::columns::line::Line;
use crate::report::columns::{Column, Kind};
use crate::report::format::Style;

/// A heading, a rule, a line per row and an empty line between sections; then the titles of the
/// columns that were left out: where a terminal of less than eighty columns has no room, those that
/// are dispensable. Then names and marks are folded. Figures never are.
pub fn lines<'a>(
    lines: &[Line<'a>],
    mut columns: Vec<Column<Line<'a>>>,
    style: &Style,
) -> (Vec<String>, Vec<String>) {
    const ROOM_FOR_ALL: usize = 80;
    let mut table = table(lines, &columns, style);
    let mut left_out = Vec::new();
    let width = style.width() as u16;
    if !style.wide && style.width() < ROOM_FOR_ALL {
        while room(&table, width).is_some_and(|room| room.name < room.longest_name) {
            let Some(at) = most_dispensable(&columns) else { break };
            left_out.push(columns.remove(at).label());
            table = self::table(lines, &columns, style);
        }
    }
    match style.wide {
        true => table.set_content_arrangement(ContentArrangement::Disabled),
        false => fit(&mut table, width),
    };
    (table.lines().collect(), left_out)
}

fn most_dispensable(columns: &[Column<Line>]) -> Option<usize> {
    let order = |column: &Column<Line>| column.look.as_ref()?.dispensable;
    let ordered = columns.iter().enumerate().filter_map(|(at, one)| Some((order(one)?, at)));
    ordered.min().map(|(_, at)| at)
}

fn table<'a>(
    lines: &[Line<'a>],
    columns: &[Column<Line<'a>>],
    style: &Style,
) -> comfy_table::Table {
    let mut table = comfy_table::Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(style.rule())));
    match style.color {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    table.set_header(headings(columns, style));
    for (index, line) in lines.iter().enumerate() {
        if index > 0 && !std::ptr::eq(line.section, lines[index - 1].section) {
            table.add_row([""]);
        }
        table.add_row(cells(columns, line, style));
    }
    for (column, own) in table.column_iter_mut().zip(columns) {
        column.set_padding((0, u16::from(own.kind() != Kind::Mark)));
        if own.kind() == Kind::Figure {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

/// Bold, and standing on the rule.
fn headings(columns: &[Column<Line>], style: &Style) -> Vec<comfy_table::Cell> {
    let title = |column: &Column<Line>| match column.kind() {
        Kind::Mark => String::new(),
        Kind::Text | Kind::Figure => style.text(column.title()).into_owned(),
    };
    let titles: Vec<String> = columns.iter().map(title).collect();
    let height = |title: &String| title.lines().count().max(1);
    let tallest = titles.iter().map(height).max().unwrap_or(1);
    let heading = |title: &String| {
        let above = "\n".repeat(tallest - height(title));
        comfy_table::Cell::new(above + title).add_attribute(Attribute::Bold)
    };
    titles.iter().map(heading).collect()
}

fn cells<'a>(
    columns: &[Column<Line<'a>>],
    line: &Line<'a>,
    style: &Style,
) -> Vec<comfy_table::Cell> {
    let color = match line.row.marks.first() {
        _ if line.row.measured == 0 => Some(Color::Red),
        Some(Mark::Fastest | Mark::Leads) => Some(Color::Green),
        _ => None,
    };
    let cell = |column: &Column<Line<'a>>| {
        let cell = comfy_table::Cell::new(style.text(&column.text(line)));
        match color.filter(|_| column.kind() != Kind::Figure) {
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

fn room(table: &comfy_table::Table, width: u16) -> Option<Room> {
    const LONGEST_MARK: u16 = 9;
    let widths = table.column_max_content_widths();
    let [name, figures @ .., mark] = &widths[..] else { return None };
    let taken: u16 = figures.iter().map(|figure| figure + 1).sum();
    let room = width.saturating_sub(taken + 1 + LONGEST_MARK.min(*mark)).max(1);
    Some(Room { name: room, longest_name: *name, figures: figures.len() })
}

/// Too narrow a terminal folds the names of ciphers and the marks, never a figure.
fn fit(table: &mut comfy_table::Table, width: u16) -> &mut comfy_table::Table {
    let Some(Room { name, longest_name, figures }) = room(table, width) else { return table };
    for (index, column) in table.column_iter_mut().enumerate().take(1 + figures) {
        column.set_constraint(match index {
            0 => ColumnConstraint::Absolute(Width::Fixed(name.min(longest_name) + 1)),
            _ => ColumnConstraint::ContentWidth,
        });
    }
    table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic)
}
