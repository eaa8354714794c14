//! A comparison for spreadsheets and data frames: a line a figure.

use std::io::{self, Write};

use super::{Comparison, Shown};
use crate::analysis::comparison::change::{Change, FigureChange, RowChange, SectionChange};
use crate::analysis::comparison::pivot::{CipherRow, Pivot, PivotTable};
use crate::analysis::rows::compare::Ratio;
use crate::report::csv::{Cell, Column, column, table};

pub fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    match &comparison.shown {
        Shown::Hosts(pivot) => table(&of_hosts(), figures(comparison, pivot), out),
        Shown::Change(change) => table(&of_change(), changes(change), out),
    }
}

/// One cipher in one column.
struct Figure<'a> {
    comparison: &'a Comparison,
    pivot: &'a Pivot,
    table: &'a PivotTable,
    line: &'a CipherRow,
    /// Index of the column.
    column: usize,
}

fn figures<'a>(comparison: &'a Comparison, pivot: &'a Pivot) -> impl Iterator<Item = Figure<'a>> {
    let lines = |table: &'a PivotTable| table.rows.iter().map(move |line| (table, line));
    pivot.tables.iter().flat_map(lines).flat_map(move |(table, line)| {
        let columns = 0..pivot.columns.len();
        columns.map(move |column| Figure { comparison, pivot, table, line, column })
    })
}

impl Figure<'_> {
    fn of(&self) -> Option<&crate::analysis::comparison::measure::MeasuredValue> {
        self.line.cells[self.column].measured()
    }

    fn times_best(&self) -> Option<f64> {
        let of_class = self.pivot.classes.iter().position(|c| c.columns.contains(&self.column))?;
        self.line.times_best[of_class]
    }

    fn host(&self) -> &crate::analysis::comparison::host_column::HostColumn {
        &self.pivot.columns[self.column]
    }

    fn survey(&self) -> &crate::analysis::comparison::digest::Digest {
        &self.comparison.digests[self.host().survey]
    }
}

/// `value` is in `unit`; `times_class_best` is the same for all hosts of a class.
fn of_hosts<'a>() -> Vec<Column<Figure<'a>>> {
    vec![
        column("journal", |at: &Figure| at.survey().name.clone()),
        column("survey_started", |at: &Figure| at.survey().header.started.clone()),
        column("target", |at: &Figure| at.host().target.clone()),
        column("pairing", |at: &Figure| at.host().pairing),
        column("aes_class", |at: &Figure| Cell::named(at.host().aes)),
        column("aes_evidence", |at: &Figure| at.host().evidence.clone()),
        column("method", |at: &Figure| Cell::named(at.host().method)),
        column("direction", |at: &Figure| Cell::named(at.table.direction)),
        column("cipher", |at: &Figure| Cell::named(&at.line.cipher)),
        column("mac", |at: &Figure| at.line.mac.as_ref().map(|mac| mac.to_string())),
        column("figure", |at: &Figure| Cell::named(at.pivot.measure.by)),
        column("end", |at: &Figure| Cell::named(at.pivot.measure.ends)),
        column("unit", |at: &Figure| at.pivot.measure.unit()),
        column("value", |at: &Figure| at.of().map(|cell| cell.value)),
        column("half_interval_percent", |at: &Figure| at.of().and_then(|cell| cell.half_percent)),
        column("label", |at: &Figure| at.of().and_then(|cell| cell.label).map(Cell::named)),
        column("coarse", |at: &Figure| at.of().map(|cell| cell.coarse)),
        column("times_class_best", Figure::times_best),
        column("missing", |at: &Figure| at.line.cells[at.column].missing().map(str::to_owned)),
    ]
}

/// One figure of one cipher.
struct Moved<'a> {
    section: &'a SectionChange,
    row: &'a RowChange,
    figure: &'static str,
    changed: &'a FigureChange,
}

fn changes(change: &Change) -> impl Iterator<Item = Moved<'_>> {
    const FIGURES: [&str; 3] = ["mb_per_s", "client_cpu_s_per_gb", "server_cpu_s_per_gb"];
    change.sections.iter().flat_map(|section| {
        section.rows.iter().flat_map(move |row| {
            let figures = FIGURES.into_iter().zip(row.figures());
            figures.filter_map(move |(figure, changed)| {
                Some(Moved { section, row, figure, changed: changed? })
            })
        })
    })
}

fn of_change<'a>() -> Vec<Column<Moved<'a>>> {
    fn interval(at: &Moved) -> Option<Ratio> {
        at.changed.interval
    }
    vec![
        column("section", |at: &Moved| at.section.title.clone()),
        column("direction", |at: &Moved| Cell::named(at.section.direction)),
        column("cipher", |at: &Moved| Cell::named(&at.row.cipher)),
        column("mac", |at: &Moved| at.row.mac.as_ref().map(|mac| mac.to_string())),
        column("figure", |at: &Moved| at.figure),
        column("old", |at: &Moved| at.changed.old),
        column("new", |at: &Moved| at.changed.new),
        column("ratio", |at: &Moved| at.changed.ratio),
        column("ratio_low", |at: &Moved| interval(at).map(|times| times.low)),
        column("ratio_high", |at: &Moved| interval(at).map(|times| times.high)),
        column("real", |at: &Moved| at.changed.real),
        column("worse", |at: &Moved| at.changed.worse),
    ]
}
