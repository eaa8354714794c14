//! Hosts side by side, laid out.

use std::collections::BTreeMap;

use super::sheet::{Sheet, SheetTable};
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::host_column::HostColumn;
use crate::analysis::comparison::measure;
use crate::analysis::comparison::pivot::{CipherRow, Class, NOT_ASKED, Pivot, PivotTable};
use crate::analysis::phrases::per_cent;
use crate::model::AesClass;
use crate::model::record::PRECISION;
use crate::model::units::significant;
use crate::report::chart::slopes::{self, Slopes};
use crate::report::grid::{Cell, Grid, Heading, Tone};
use crate::report::survey::heading::date;
use crate::stats::race::Label;

/// The sheet of a pivot of these surveys.
pub fn sheet(pivot: &Pivot, digests: &[Digest]) -> Sheet {
    let measure = pivot.measure;
    Sheet {
        kind: "SSH cipher surveys compared",
        title: format!("{}, {}", measure.words(), measure.unit()),
        facts: pivot.columns.iter().map(|column| fact(column, digests)).collect(),
        tables: pivot.tables.iter().map(|table| sheet_table(pivot, table)).collect(),
        legend: legend(pivot),
        notes_title: "Not compared",
        notes: pivot.tables.iter().flat_map(|table| notes(pivot, table)).collect(),
        warnings: pivot.differences.iter().map(|difference| difference.text() + ".").collect(),
        conclusions: pivot.tables.iter().filter_map(|table| conclusion(pivot, table)).collect(),
        journals: digests.iter().map(|digest| digest.name.clone()).collect(),
    }
}

/// `AES  pi1: Cortex-A76 (cpuinfo features: aes pmull), 2026-02-03 04:05 UTC`
fn fact(column: &HostColumn, digests: &[Digest]) -> (String, String) {
    let header = &digests[column.survey].header;
    let host = &header.pairings[column.pairing].server.host;
    let cpu = host.cpu_model.as_deref().unwrap_or(&host.machine);
    let text = format!(
        "{}: {}, {cpu} ({}); {}, {}",
        column.label(),
        host.name,
        column.evidence,
        column.method,
        date(&header.started)
    );
    (column.aes.to_string(), text)
}

fn sheet_table(pivot: &Pivot, table: &PivotTable) -> SheetTable {
    let mut headings = vec![Heading::text("cipher")];
    for (group, class) in pivot.classes.iter().enumerate() {
        for &index in &class.columns {
            let column = &pivot.columns[index];
            let mut lines = vec![class.aes.to_string(), column.target.clone()];
            lines.extend(column.short_details.iter().cloned());
            headings.push(Heading { lines, group, key: format!("value_{index}") });
        }
        if pivot.measure.ranks() {
            let lines = vec![class.aes.to_string(), "× best".into()];
            headings.push(Heading { lines, group, key: format!("times_best_{group}") });
        }
    }
    let row = |line: &CipherRow| {
        let cells = pivot.classes.iter().enumerate().flat_map(|(at, class)| {
            let figures = class.columns.iter().map(|&column| cell(table, line, column));
            figures.chain(
                pivot
                    .measure
                    .ranks()
                    .then(|| Cell::number(line.times_best[at], |times| format!("{times:.2}"))),
            )
        });
        (name(line), cells.collect())
    };
    let grid = Grid {
        title: table.direction.to_string(),
        headings,
        rows: table.rows.iter().map(row).collect(),
    };
    SheetTable { grid, slopes: slopes(pivot, table) }
}

fn name(line: &CipherRow) -> String {
    match &line.mac {
        Some(mac) => format!("{} with {mac}", line.cipher),
        None => line.cipher.to_string(),
    }
}

fn cell(table: &PivotTable, line: &CipherRow, column: usize) -> Cell {
    let Some(cell) = line.cells[column].measured() else { return Cell::missing() };
    let label = cell.label.filter(|_| competes(table, column));
    let half = cell.half_percent.map(|half| format!("±{}", per_cent(half).replace(' ', "")));
    Cell {
        value: Some(cell.value),
        shown: significant(cell.value) + if cell.coarse { "?" } else { "" },
        interval: half.unwrap_or_default(),
        tone: if label == Some(Label::Lead) { Tone::Good } else { Tone::Plain },
        mark: match label {
            Some(Label::Lead) => "*",
            Some(Label::Tie) => "=",
            Some(Label::Undecided) => "(=)",
            _ => "",
        },
    }
}

/// One alone is the best of nothing.
fn competes(table: &PivotTable, column: usize) -> bool {
    let labelled =
        |line: &&CipherRow| line.cells[column].measured().is_some_and(|cell| cell.label.is_some());
    table.rows.iter().filter(labelled).count() > 1
}

fn legend(pivot: &Pivot) -> String {
    let mut text = String::from("±: half the 95 % interval.");
    let mut cells = pivot.tables.iter().flat_map(|t| &t.rows).flat_map(|line| &line.cells);
    if cells.any(|entry| entry.measured().is_some_and(has_label)) {
        text += " *: the best of its column; =: as good; (=): it may be as good.";
    }
    let cells = || pivot.tables.iter().flat_map(|t| &t.rows).flat_map(|line| &line.cells);
    if cells().any(|entry| entry.measured().is_some_and(|cell| cell.coarse)) {
        text += " ?: near the resolution of its clock.";
    }
    if pivot.tables.iter().flat_map(|table| &table.rows).any(|line| line.no_cipher) {
        text += " none: what everything but the cipher costs, never a choice.";
    }
    if pivot.measure.ranks() {
        let best = if pivot.measure.more_is_better() { "most" } else { "least" };
        text += &format!(
            " × best: as a multiple of the class's best cipher, that with the {best} {}",
            pivot.measure.unit()
        );
        let several = pivot.classes.iter().any(|class| class.columns.len() > 1);
        text +=
            if several { ", as a geometric mean over the columns that have both." } else { "." };
    }
    text
}

fn has_label(cell: &measure::MeasuredValue) -> bool {
    cell.label.is_some()
}

/// What is missing or left out of the ratios.
fn notes(pivot: &Pivot, table: &PivotTable) -> Vec<String> {
    let labels = table.path_limited.iter().map(|&column| pivot.columns[column].label());
    let labels: Vec<String> = labels.collect();
    let of_path = (!labels.is_empty()).then(|| {
        format!(
            "{}, × best leaves out {}, where the path is the bottleneck, not a cipher",
            table.direction,
            labels.join("; ")
        )
    });
    gaps(pivot, table).into_iter().chain(of_path).collect()
}

/// Each reason with the ciphers and columns that it is for.
fn gaps(pivot: &Pivot, table: &PivotTable) -> Vec<String> {
    let mut reasons: BTreeMap<&str, BTreeMap<String, Vec<String>>> = BTreeMap::new();
    for line in &table.rows {
        for (column, cell) in pivot.columns.iter().zip(&line.cells) {
            if let Some(reason) = cell.missing() {
                let places = reasons.entry(reason).or_default();
                places.entry(column.label()).or_default().push(name(line));
            }
        }
    }
    let several = pivot.columns.len() > 1;
    let told = reasons.into_iter().map(|(reason, places)| {
        let place =
            |(label, names): (String, Vec<String>)| format!("{} on {label}", names.join(", "));
        // What was never asked for is most of a table of unlike surveys, and no news.
        if several && reason == NOT_ASKED {
            return format!("{}: {reason}, unless another reason is given", table.direction);
        }
        let places: Vec<String> = places.into_iter().map(place).collect();
        format!("{}, {}: {reason}", table.direction, places.join("; "))
    });
    told.collect()
}

/// The best of each class; where that is not one cipher, how the best of the others does there.
fn conclusion(pivot: &Pivot, table: &PivotTable) -> Option<(String, String)> {
    let best = |class: usize| {
        let is_best = |line: &&CipherRow| line.times_best[class] == Some(1.0) && !line.no_cipher;
        table.rows.iter().find(is_best)
    };
    let bests: Vec<(usize, &CipherRow)> =
        (0..pivot.classes.len()).filter_map(|class| Some((class, best(class)?))).collect();
    let [(_, first), _, ..] = bests[..] else { return None };
    let scope = table.direction.to_string();
    if bests.iter().all(|(_, line)| name(line) == name(first)) {
        let classes = bests.iter().map(|&(class, _)| class_words(&pivot.classes[class]));
        let classes: Vec<String> = classes.collect();
        return Some((scope, format!(": {} is best {}.", name(first), classes.join(" and "))));
    }
    let said = bests.iter().map(|&(class, line)| {
        let others = bests.iter().filter(|(_, other)| name(other) != name(line));
        let mut others: Vec<String> = others
            .filter_map(|(_, other)| {
                let times = other.times_best[class]?;
                Some(match (times - 1.0).abs() < PRECISION {
                    true => format!("{} is as good", name(other)),
                    false => format!("{} {times:.2} times that", name(other)),
                })
            })
            .collect();
        // Two other classes may have the same best.
        others.dedup();
        let class = class_words(&pivot.classes[class]);
        format!("{class} {} is best, {}", name(line), others.join(" and "))
    });
    Some((scope, format!(": {}.", said.collect::<Vec<_>>().join("; "))))
}

fn class_words(class: &Class) -> String {
    match class.aes {
        AesClass::Aes => "with AES".into(),
        AesClass::NoAes => "without AES".into(),
        AesClass::Unknown => "where AES is unknown".into(),
    }
}

/// From class to class, each cipher as a multiple of the class's best: hosts that differ in their
/// speed differ in the order of their ciphers all the same.
fn slopes(pivot: &Pivot, table: &PivotTable) -> Option<Slopes> {
    if pivot.classes.len() < 2 || !pivot.measure.ranks() {
        return None;
    }
    // As wide as the figure's own interval, where a class is one host.
    let bound = |line: &CipherRow, sign: f64| -> Vec<Option<f64>> {
        let of_class = |(class, times): (&Class, &Option<f64>)| match class.columns[..] {
            [only] => {
                let half = line.cells[only].measured()?.half_percent?;
                Some((*times)? * (1.0 + half / 100.0).powf(sign))
            }
            _ => None,
        };
        pivot.classes.iter().zip(&line.times_best).map(of_class).collect()
    };
    let line = |line: &CipherRow| slopes::Line {
        name: name(line),
        values: line.times_best.clone(),
        low: bound(line, -1.0),
        high: bound(line, 1.0),
    };
    Some(Slopes {
        classes: pivot.classes.iter().map(|class| class.aes.to_string()).collect(),
        lines: table.rows.iter().filter(|line| !line.no_cipher).map(line).collect(),
    })
}
