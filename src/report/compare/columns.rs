//! What lines of a comparison have.

use crate::analysis::comparison::change::{Change, FigureChange, RowChange, SectionChange};
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::host_column::HostColumn;
use crate::analysis::comparison::measure::MeasuredValue;
use crate::analysis::comparison::pivot::{CipherRow, Pivot, PivotTable};
use crate::analysis::rows::compare::Ratio;
use crate::report::columns::records::Records;
use crate::report::columns::{Column, Value, column};

/// One cipher on one host.
struct HostLine<'a> {
    digests: &'a [Digest],
    pivot: &'a Pivot,
    table: &'a PivotTable,
    cipher: &'a CipherRow,
    /// Index of the host.
    host: usize,
}

impl HostLine<'_> {
    fn figure(&self) -> Option<&MeasuredValue> {
        self.cipher.cells[self.host].measured()
    }

    fn times_best(&self) -> Option<f64> {
        let of_class = self.pivot.classes.iter().position(|c| c.columns.contains(&self.host))?;
        self.cipher.times_best[of_class]
    }

    fn host(&self) -> &HostColumn {
        &self.pivot.columns[self.host]
    }

    fn survey(&self) -> &Digest {
        &self.digests[self.host().survey]
    }
}

/// A line per cipher and host.
pub fn of_hosts<'a>(pivot: &'a Pivot, digests: &'a [Digest]) -> Records<'a> {
    let ciphers = |table: &'a PivotTable| table.rows.iter().map(move |cipher| (table, cipher));
    let lines = pivot.tables.iter().flat_map(ciphers).flat_map(move |(table, cipher)| {
        let hosts = 0..pivot.columns.len();
        hosts.map(move |host| HostLine { digests, pivot, table, cipher, host })
    });
    Records::of(host_columns(), lines)
}

/// `value` is in `unit`; `times_class_best` is the same for all hosts of a class.
fn host_columns<'a>() -> Vec<Column<HostLine<'a>>> {
    vec![
        column("journal", |at: &HostLine| at.survey().name.clone()),
        column("survey_started", |at: &HostLine| at.survey().header.started.clone()),
        column("target", |at: &HostLine| at.host().target.clone()),
        column("pairing", |at: &HostLine| at.host().pairing),
        column("aes_class", |at: &HostLine| Value::named(at.host().aes)),
        column("aes_evidence", |at: &HostLine| at.host().evidence.clone()),
        column("method", |at: &HostLine| Value::named(at.host().method)),
        column("direction", |at: &HostLine| Value::named(at.table.direction)),
        column("cipher", |at: &HostLine| Value::named(&at.cipher.cipher)),
        column("mac", |at: &HostLine| at.cipher.mac.as_ref().map(|mac| mac.to_string())),
        column("figure", |at: &HostLine| Value::named(at.pivot.measure.by)),
        column("end", |at: &HostLine| Value::named(at.pivot.measure.ends)),
        column("unit", |at: &HostLine| at.pivot.measure.unit()),
        column("value", |at: &HostLine| at.figure().map(|figure| figure.value)),
        column("half_interval_percent", |at: &HostLine| at.figure()?.half_percent),
        column("label", |at: &HostLine| Some(Value::named(at.figure()?.label?))),
        column("coarse", |at: &HostLine| at.figure().map(|figure| figure.coarse)),
        column("times_class_best", HostLine::times_best),
        column("missing", |at: &HostLine| at.cipher.cells[at.host].missing().map(str::to_owned)),
    ]
}

/// One figure of one cipher.
struct ChangeLine<'a> {
    section: &'a SectionChange,
    row: &'a RowChange,
    figure: &'static str,
    changed: &'a FigureChange,
}

/// A line per cipher and figure.
pub fn of_change(change: &Change) -> Records<'_> {
    const FIGURES: [&str; 3] = ["mb_per_s", "client_cpu_s_per_gb", "server_cpu_s_per_gb"];
    let lines = change.sections.iter().flat_map(|section| {
        section.rows.iter().flat_map(move |row| {
            let figures = FIGURES.into_iter().zip(row.figures());
            figures.filter_map(move |(figure, changed)| {
                Some(ChangeLine { section, row, figure, changed: changed? })
            })
        })
    });
    Records::of(change_columns(), lines)
}

fn change_columns<'a>() -> Vec<Column<ChangeLine<'a>>> {
    fn interval(at: &ChangeLine) -> Option<Ratio> {
        at.changed.interval
    }
    vec![
        column("section", |at: &ChangeLine| at.section.title.clone()),
        column("direction", |at: &ChangeLine| Value::named(at.section.direction)),
        column("cipher", |at: &ChangeLine| Value::named(&at.row.cipher)),
        column("mac", |at: &ChangeLine| at.row.mac.as_ref().map(|mac| mac.to_string())),
        column("figure", |at: &ChangeLine| at.figure),
        column("old", |at: &ChangeLine| at.changed.old),
        column("new", |at: &ChangeLine| at.changed.new),
        column("ratio", |at: &ChangeLine| at.changed.ratio),
        column("ratio_low", |at: &ChangeLine| interval(at).map(|times| times.low)),
        column("ratio_high", |at: &ChangeLine| interval(at).map(|times| times.high)),
        column("real", |at: &ChangeLine| at.changed.real),
        column("worse", |at: &ChangeLine| at.changed.worse),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique() {
        crate::report::columns::assert_unique(&host_columns());
        crate::report::columns::assert_unique(&change_columns());
    }
}
