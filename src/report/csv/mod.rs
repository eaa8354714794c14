//! Tables for spreadsheets and data frames: a line a trial, or a line a row of the summary.
//! Figures have all their digits and their unit in the column's name; what is absent is an empty
//! cell.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use crate::model::aes::yes_or_no;
use crate::model::record::{PairedEnd, Pairing};
use crate::model::units::printable;
use crate::model::{Direction, Method, Survey};

mod samples;
mod summary;

/// One line a trial, the pilot's included, in the order in which they ended.
pub fn write_samples(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write(&samples::columns(), samples::rows(report), out)
}

/// One line a cipher (and MAC), pairing, method and direction, in the order of the tables.
pub fn write_summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    write(&summary::columns(), summary::rows(report), out)
}

/// The columns that tell whose a line is, then its own.
fn write<'a, T>(
    own: &[Column<T>],
    rows: impl Iterator<Item = (Place<'a>, T)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let place = place();
    let mut writer = csv::Writer::from_writer(out);
    let names = place.iter().map(|column| &column.name).chain(own.iter().map(|c| &c.name));
    writer.write_record(names).map_err(plain)?;
    for (at, row) in rows {
        let cells = place.iter().map(|column| (column.cell)(&at));
        let cells = cells.chain(own.iter().map(|column| (column.cell)(&row)));
        writer.write_record(cells.map(Cell::shown)).map_err(plain)?;
    }
    writer.flush()
}

/// A line of names, then a line for each row.
pub fn table<T>(
    columns: &[Column<T>],
    rows: impl Iterator<Item = T>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns.iter().map(|column| &column.name)).map_err(plain)?;
    for row in rows {
        let cells = columns.iter().map(|column| (column.cell)(&row).shown());
        writer.write_record(cells).map_err(plain)?;
    }
    writer.flush()
}

/// A reader that has seen enough is told from other errors by its kind.
fn plain(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        kind => io::Error::other(format!("{kind:?}")),
    }
}

/// What a cell holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    Absent,
    /// A number, or `true` or `false`.
    Plain(String),
    /// From outside, perhaps.
    Text(String),
}

impl Cell {
    fn shown(self) -> String {
        match self {
            Cell::Absent => String::new(),
            Cell::Plain(text) => text,
            Cell::Text(text) => inert(&text),
        }
    }

    /// A name as the journal and the JSON document have it.
    pub fn named(value: impl Serialize) -> Cell {
        match serde_json::to_value(value) {
            Ok(serde_json::Value::String(name)) => Cell::Text(name),
            _ => Cell::Absent,
        }
    }

    /// Several names with a space between them.
    fn names(values: &[impl Serialize]) -> Cell {
        let names = values.iter().filter_map(|value| match Cell::named(value) {
            Cell::Text(name) => Some(name),
            _ => None,
        });
        Cell::Text(names.collect::<Vec<_>>().join(" "))
    }
}

/// A spreadsheet takes a text for a formula by its first character, and for text behind an
/// apostrophe (OWASP, "CSV Injection"). Some pass over spaces before it, and some take the full
/// width forms as well.
fn inert(text: &str) -> String {
    const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    let is_formula = text.starts_with(['\t', '\r', '\n']) || text.trim().starts_with(FORMULA);
    format!("{}{}", if is_formula { "'" } else { "" }, printable(text))
}

macro_rules! plain_cells {
    ($($number:ty),*) => {$(
        impl From<$number> for Cell {
            fn from(value: $number) -> Cell {
                Cell::Plain(value.to_string())
            }
        }
    )*};
}
plain_cells!(bool, u32, u64, i64, usize);

impl From<f64> for Cell {
    fn from(value: f64) -> Cell {
        // All its digits and no more; no exponent.
        if value.is_finite() { Cell::Plain(value.to_string()) } else { Cell::Absent }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Absent, Into::into)
    }
}

/// One column of lines that are filled from a `T`.
pub struct Column<T> {
    name: String,
    cell: Box<dyn Fn(&T) -> Cell>,
}

pub fn column<T, C: Into<Cell>>(
    name: impl Into<String>,
    cell: impl Fn(&T) -> C + 'static,
) -> Column<T> {
    Column { name: name.into(), cell: Box::new(move |row| cell(row).into()) }
}

/// The last words of a column's name, and what it has of a part of the line.
type Part<T, C> = (&'static str, fn(&T) -> C);

/// Where a line belongs.
#[derive(Clone, Copy)]
struct Place<'a> {
    survey: &'a Survey,
    /// Index in the header.
    index: usize,
    pairing: &'a Pairing,
    method: Method,
    direction: Direction,
}

impl<'a> Place<'a> {
    fn of(survey: &'a Survey, index: usize, method: Method, direction: Direction) -> Place<'a> {
        Place { survey, index, pairing: &survey.header.pairings[index], method, direction }
    }
}

/// So that several surveys can be put into one table, each line tells all that tells it from
/// others.
fn place<'a>() -> Vec<Column<Place<'a>>> {
    let mut columns: Vec<Column<Place>> = vec![
        column("survey_started", |at: &Place| at.survey.header.started.clone()),
        column("tool_version", |at: &Place| at.survey.header.tool_version.clone()),
        column("target", |at: &Place| at.pairing.target.clone()),
        column("pairing", |at: &Place| at.index),
        column("loopback", |at: &Place| at.pairing.loopback),
        column("far_directory", |at: &Place| at.pairing.remote_storage.directory.clone()),
        column("file_name", |at: &Place| at.survey.header.file.name.clone()),
        column("file_bytes", |at: &Place| at.survey.header.file.bytes),
        column("sink", |at: &Place| Cell::named(at.survey.header.sink)),
        column("round_trip_s", |at: &Place| at.pairing.round_trip_s),
    ];
    columns.extend(of_end("client", |pairing| &pairing.client));
    columns.extend(of_end("server", |pairing| &pairing.server));
    columns.extend([
        column("method", |at: &Place| Cell::named(at.method)),
        column("direction", |at: &Place| Cell::named(at.direction)),
    ]);
    columns
}

/// What one end is.
fn of_end<'a>(
    name: &str,
    end: fn(&Pairing) -> &PairedEnd,
) -> impl Iterator<Item = Column<Place<'a>>> {
    let parts: [Part<PairedEnd, Cell>; 8] = [
        ("host", |end| end.host.name.clone().into()),
        ("machine", |end| end.host.machine.clone().into()),
        ("cpu_model", |end| end.host.cpu_model.clone().into()),
        ("cores", |end| end.host.cores.into()),
        ("program", |end| end.program.clone().into()),
        ("version", |end| end.version.clone().into()),
        ("aes", |end| yes_or_no(end.uses_aes()).into()),
        ("mask", |end| end.aes_disabled_by.clone().into()),
    ];
    parts.into_iter().map(move |(part, cell)| {
        column(format!("{name}_{part}"), move |at: &Place| cell(end(at.pairing)))
    })
}

#[cfg(test)]
mod tests;
