//! A sheet: comparisons and cipher cores.

use comfy_table::{Attribute, CellAlignment, ContentArrangement, LineStyle, TableStyle};

use super::page::{Ink, Page};
use crate::model::units::printable;
use crate::report::compare::sheet::Sheet;
use crate::report::format::Style;
use crate::report::grid::{Cell, Grid, Heading, Tone};

/// The tables, narrow enough for the terminal: columns that have no room go below, beside the names
/// again.
pub fn page(sheet: &Sheet, style: &Style) -> String {
    let mut page = Page::new(style);
    page.title(&sheet.title);
    let widest = sheet.facts.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
    for (label, text) in &sheet.facts {
        let indent = " ".repeat(widest + 4);
        page.labelled(&format!("  {label:<widest$}  "), Ink::Bold, text, &indent);
    }
    for table in &sheet.tables {
        page.blank();
        page.title(&table.grid.title);
        tables(&table.grid, style, &mut page);
    }
    page.blank();
    page.paragraph(&sheet.legend);
    page.group(sheet.notes.iter().map(|note| ("note: ", Ink::Bold, note.clone())));
    page.group(sheet.warnings.iter().map(|text| ("warning: ", Ink::Yellow, text.clone())));
    let conclusions = sheet.conclusions.iter();
    page.group(conclusions.map(|(scope, said)| (scope.as_str(), Ink::Bold, said.clone())));
    page.finish()
}

/// The grid, in as many tables below each other as its width needs.
pub fn tables(grid: &Grid, style: &Style, page: &mut Page) {
    let grid = &as_shown(grid, style);
    for (number, block) in blocks(grid, style.width()).iter().enumerate() {
        if number > 0 {
            page.blank();
        }
        page.lines(lines(grid, block, style).into_iter());
    }
}

/// The grid with its texts as they are shown, since widths are those of what is shown.
fn as_shown(grid: &Grid, style: &Style) -> Grid {
    let text = |text: &str| style.text(&printable(text)).into_owned();
    let heading = |heading: &Heading| Heading {
        lines: heading.lines.iter().flat_map(|line| folded(&text(line))).collect(),
        group: heading.group,
        key: heading.key.clone(),
    };
    let cell = |cell: &Cell| Cell {
        shown: text(&cell.shown),
        interval: text(&cell.interval),
        ..cell.clone()
    };
    Grid {
        title: grid.title.clone(),
        headings: grid.headings.iter().map(heading).collect(),
        rows: grid
            .rows
            .iter()
            .map(|(name, cells)| (text(name), cells.iter().map(cell).collect()))
            .collect(),
    }
}

/// A target or a journal may be long; no figure is as wide.
fn folded(line: &str) -> Vec<String> {
    const WIDEST: usize = 24;
    textwrap::wrap(line, WIDEST).into_iter().map(String::from).collect()
}

/// The columns of figures that fit beside each other, those of a group together where they can be.
fn blocks(grid: &Grid, width: usize) -> Vec<Vec<usize>> {
    let names = grid.rows.iter().map(|(name, _)| wide(name)).max().unwrap_or(0);
    let columns: Vec<usize> = (0..grid.headings.len() - 1).collect();
    let of_columns = |columns: &[usize]| -> usize {
        columns.iter().map(|&column| GAP + column_width(grid, column)).sum()
    };
    let group = |column: &usize| grid.headings[column + 1].group;
    let mut blocks: Vec<Vec<usize>> = Vec::new();
    for group in columns.chunk_by(|a, b| group(a) == group(b)) {
        let fits = |block: &Vec<usize>, more: &[usize]| {
            names + of_columns(block) + of_columns(more) <= width
        };
        match blocks.last_mut().filter(|block| fits(block, group)) {
            Some(block) => block.extend(group),
            None => blocks.push(Vec::new()),
        }
        if blocks.last().is_some_and(Vec::is_empty) {
            for &column in group {
                match blocks.last_mut().filter(|block| block.is_empty() || fits(block, &[column])) {
                    Some(block) => block.push(column),
                    None => blocks.push(vec![column]),
                }
            }
        }
    }
    blocks
}

/// Between columns.
const GAP: usize = 2;

fn column_width(grid: &Grid, column: usize) -> usize {
    let heading = &grid.headings[column + 1];
    let heading = heading.lines.iter().map(|line| wide(line)).max().unwrap_or(0);
    let widths = Widths::of(grid, column);
    heading.max(widths.whole())
}

/// Columns of a terminal.
fn wide(text: &str) -> usize {
    textwrap::core::display_width(text)
}

/// The widest of each part of a column's cells, so that its parts stand below each other.
struct Widths {
    shown: usize,
    interval: usize,
    mark: usize,
}

impl Widths {
    fn of(grid: &Grid, column: usize) -> Widths {
        let widest = |part: fn(&Cell) -> &str| {
            grid.rows.iter().map(|(_, cells)| wide(part(&cells[column]))).max().unwrap_or(0)
        };
        Widths {
            shown: widest(|cell| &cell.shown),
            interval: widest(|cell| &cell.interval),
            mark: widest(|cell| cell.mark),
        }
    }

    fn whole(&self) -> usize {
        let rest = [self.interval, self.mark].into_iter().filter(|&part| part > 0);
        self.shown + rest.map(|part| part + 1).sum::<usize>()
    }

    fn lay_out(&self, cell: &Cell) -> String {
        let Widths { shown, interval, mark } = *self;
        let mut text = format!("{:>shown$}", cell.shown);
        if interval > 0 {
            text += &format!(" {:<interval$}", cell.interval);
        }
        if mark > 0 {
            text += &format!(" {:<mark$}", cell.mark);
        }
        text
    }
}

fn lines(grid: &Grid, block: &[usize], style: &Style) -> Vec<String> {
    let mut table = comfy_table::Table::new();
    table.load_style(TableStyle::new().header_separator(LineStyle::none().fill(style.rule())));
    match style.color {
        true => table.enforce_styling(),
        false => table.force_no_tty(),
    };
    let shown: Vec<usize> = block.iter().map(|column| column + 1).collect();
    let columns = || std::iter::once(0).chain(shown.iter().copied());
    let tallest = columns().map(|column| grid.headings[column].lines.len()).max().unwrap_or(1);
    table.set_header(columns().map(|column| {
        let lines = &grid.headings[column].lines;
        let text = "\n".repeat(tallest - lines.len()) + &lines.join("\n");
        comfy_table::Cell::new(text).add_attribute(Attribute::Bold)
    }));
    let widths: Vec<Widths> = block.iter().map(|&column| Widths::of(grid, column)).collect();
    for (name, cells) in &grid.rows {
        let figures = block.iter().zip(&widths).map(|(&column, widths)| {
            let text = comfy_table::Cell::new(widths.lay_out(&cells[column]));
            match cells[column].tone {
                Tone::Good => text.fg(comfy_table::Color::Green),
                Tone::Bad => text.fg(comfy_table::Color::Red),
                Tone::Plain => text,
            }
        });
        let name = comfy_table::Cell::new(name);
        table.add_row(std::iter::once(name).chain(figures));
    }
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((0, if index < block.len() { GAP as u16 } else { 0 }));
        if index > 0 && grid.headings[shown[index - 1]].is_figure() {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.lines().collect()
}
