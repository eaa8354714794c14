//! Surveys side by side: one row per cipher, one column per host and directory, grouped by AES
//! class. Made from the summary of each survey.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::differences::{Difference, differences};
use super::digest::Digest;
use super::host_column::{HostColumn, columns};
use super::measure::{By, Measure, MeasuredValue, missing};
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::Section;
use crate::analysis::rows::unranked::Unranked;
use crate::model::{AesClass, Cipher, Direction, Mac};

/// Several surveys by one figure.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pivot {
    pub measure: Measure,
    /// By AES class: hosts with AES instructions, those without, those where it is unknown.
    pub columns: Vec<HostColumn>,
    /// The classes in the same order, each with its columns.
    pub classes: Vec<Class>,
    /// One per direction that was asked for and measured.
    pub tables: Vec<PivotTable>,
    /// Conditions that differ between the columns.
    pub differences: Vec<Difference>,
}

/// The columns of one AES class.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Class {
    pub aes: AesClass,
    /// Indices of its columns.
    pub columns: Vec<usize>,
}

/// All columns in one direction.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PivotTable {
    pub direction: Direction,
    /// Columns whose bottleneck is the path: all their ciphers have the same throughput, so they
    /// are in no ratio.
    pub path_limited: Vec<usize>,
    /// The best of the first class first; unranked rows last.
    pub rows: Vec<CipherRow>,
}

/// One cipher (and MAC, where a column has several of them with one cipher).
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CipherRow {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    /// One per column.
    pub cells: Vec<Entry>,
    /// One per class: the figure as a multiple of that of the best cipher of the class, as a
    /// geometric mean over the hosts that measured both. Absent where none did.
    pub times_best: Vec<Option<f64>>,
    /// Nothing is encrypted: shown, and never the best.
    pub no_cipher: bool,
}

/// What a column has of a cipher.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Entry {
    Measured(MeasuredValue),
    /// Why it has no figure.
    Missing {
        missing: String,
    },
}

impl Entry {
    pub fn measured(&self) -> Option<&MeasuredValue> {
        match self {
            Entry::Measured(value) => Some(value),
            Entry::Missing { .. } => None,
        }
    }

    pub fn missing(&self) -> Option<&str> {
        match self {
            Entry::Measured(_) => None,
            Entry::Missing { missing } => Some(missing),
        }
    }
}

/// The reason where a survey did not plan a cipher, or has no reason for its absence.
pub const NOT_ASKED: &str = "not in that survey";

type Name = (Cipher, Option<Mac>);

/// Puts the surveys side by side. Directions that no survey measured are left out.
pub fn pivot(digests: &[Digest], measure: Measure, directions: &[Direction]) -> Pivot {
    let columns = columns(digests, measure.ends);
    let classes = classes(&columns);
    let by_mac = has_several_macs(digests);
    let table = |direction: Direction| {
        let sections: Vec<Option<&Section>> =
            columns.iter().map(|column| column.section(digests, direction)).collect();
        let path_limited = path_limited(&sections, measure);
        let telling: Vec<Class> =
            classes.iter().map(|class| class.without(&path_limited)).collect();
        sections.iter().any(Option::is_some).then(|| PivotTable {
            direction,
            rows: rows(digests, &columns, &telling, &sections, measure, by_mac),
            path_limited,
        })
    };
    Pivot {
        measure,
        tables: directions.iter().filter_map(|&direction| table(direction)).collect(),
        differences: differences(digests, &columns),
        classes,
        columns,
    }
}

/// The columns come sorted by class.
fn classes(columns: &[HostColumn]) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for (index, column) in columns.iter().enumerate() {
        match classes.last_mut().filter(|class| class.aes == column.aes) {
            Some(class) => class.columns.push(index),
            None => classes.push(Class { aes: column.aes, columns: vec![index] }),
        }
    }
    classes
}

impl Class {
    fn without(&self, columns: &[usize]) -> Class {
        let kept = self.columns.iter().copied().filter(|column| !columns.contains(column));
        Class { aes: self.aes, columns: kept.collect() }
    }
}

/// Columns where the path is the bottleneck of every cipher that was measured.
fn path_limited(sections: &[Option<&Section>], measure: Measure) -> Vec<usize> {
    let of_path = |section: &Section| {
        let rows = section.rows.iter().filter(|row| row.rate_mb_per_s.is_some());
        let mut kinds =
            rows.map(|row| row.bottleneck.as_ref().map(|bottleneck| bottleneck.kind)).peekable();
        kinds.peek().is_some()
            && kinds.all(|limit| limit.is_some_and(|limit| limit.is_of_the_path()))
    };
    let bottleneck =
        |(at, section): (usize, &Option<&Section>)| section.filter(|s| of_path(s)).map(|_| at);
    match measure.by {
        By::Throughput => sections.iter().enumerate().filter_map(bottleneck).collect(),
        _ => Vec::new(),
    }
}

/// Whether a survey has one cipher with several MACs. Otherwise a cipher has one row, whatever MAC
/// each host negotiates (a warning names those that differ).
fn has_several_macs(digests: &[Digest]) -> bool {
    let sections = digests.iter().flat_map(|digest| &digest.summary.tables);
    sections.flat_map(|table| &table.sections).any(|section| {
        let names: Vec<&Cipher> = section.rows.iter().map(|row| &row.cipher).collect();
        names.iter().collect::<BTreeSet<_>>().len() < names.len()
    })
}

fn rows(
    digests: &[Digest],
    columns: &[HostColumn],
    classes: &[Class],
    sections: &[Option<&Section>],
    measure: Measure,
    by_mac: bool,
) -> Vec<CipherRow> {
    let name = |row: &Row| (row.cipher.clone(), row.mac.clone().filter(|_| by_mac));
    let rows: Vec<BTreeMap<Name, &Row>> = sections
        .iter()
        .map(|section| {
            let rows = section.iter().flat_map(|section| &section.rows);
            rows.map(|row| (name(row), row)).collect()
        })
        .collect();
    let names: BTreeSet<Name> = rows.iter().flat_map(|rows| rows.keys().cloned()).collect();
    let entry = |at: usize, name: &Name| {
        let found = match rows[at].get(name) {
            Some(row) if row.unranked == Some(Unranked::AesNotDisabled) => {
                Err("it uses AES instructions although they are disabled".into())
            }
            Some(row) => measure.of(row).ok_or_else(|| missing(row)),
            None => Err(absent(&digests[columns[at].survey], &columns[at], &name.0)),
        };
        match found {
            Ok(value) => Entry::Measured(value),
            Err(missing) => Entry::Missing { missing },
        }
    };
    let line = |name: Name| {
        let unranked = |row: &&Row| row.unranked == Some(Unranked::NoCipher);
        CipherRow {
            cells: (0..columns.len()).map(|at| entry(at, &name)).collect(),
            times_best: Vec::new(),
            no_cipher: rows.iter().filter_map(|rows| rows.get(&name)).any(unranked),
            cipher: name.0,
            mac: name.1,
        }
    };
    let mut lines: Vec<CipherRow> = names.into_iter().map(line).collect();
    for class in classes {
        let times = times_best(&lines, class, measure);
        for (line, times) in lines.iter_mut().zip(times) {
            line.times_best.push(times);
        }
    }
    sort(&mut lines, measure);
    lines
}

/// Each row's figure as a multiple of that of the class's best.
fn times_best(lines: &[CipherRow], class: &Class, measure: Measure) -> Vec<Option<f64>> {
    let logarithms: Vec<Vec<Option<f64>>> = lines
        .iter()
        .map(|line| {
            let of = |&column: &usize| Some(line.cells[column].measured()?.value.ln());
            class.columns.iter().map(of).map(|value| value.filter(|v| v.is_finite())).collect()
        })
        .collect();
    let measured = |line: usize| logarithms[line].iter().flatten().count();
    // A cipher that few of the hosts have cannot be the class's best. Where the figure does not
    // rank, nothing is.
    let choices = || (0..lines.len()).filter(|&line| measure.ranks() && !lines[line].no_cipher);
    let most = choices().map(measured).max().unwrap_or(0);
    if most == 0 {
        return vec![None; lines.len()];
    }
    let times = |line: usize, other: usize| -> Option<f64> {
        let both = logarithms[line].iter().zip(&logarithms[other]);
        let differences: Vec<f64> =
            both.filter_map(|(own, other)| Some((*own)? - (*other)?)).collect();
        let many = differences.len() as f64;
        (many > 0.0).then(|| differences.iter().sum::<f64>() / many)
    };
    let alternatives: Vec<usize> = choices().filter(|&line| 2 * measured(line) >= most).collect();
    // The better of two is the one that is better on the hosts that have both.
    let beats = |line: usize, other: usize| {
        times(line, other).is_some_and(|times| measure.is_better(times, 0.0))
    };
    let best = alternatives.iter().copied().reduce(|best, next| match beats(next, best) {
        true => next,
        false => best,
    });
    let of_best = |line: usize| times(line, best?).map(f64::exp);
    (0..lines.len()).map(of_best).collect()
}

/// The best of the first class first, then that of the next.
fn sort(lines: &mut [CipherRow], measure: Measure) {
    let rank = |times: &Option<f64>| match times {
        Some(times) if measure.more_is_better() => -times,
        Some(times) => *times,
        None => f64::INFINITY,
    };
    lines.sort_by(|a, b| {
        let by_class = a.times_best.iter().zip(&b.times_best);
        let order = by_class.map(|(a, b)| rank(a).total_cmp(&rank(b)));
        let order = order.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
        a.no_cipher.cmp(&b.no_cipher).then(order).then_with(|| a.cipher.cmp(&b.cipher))
    });
}

/// Why a survey has no row of a cipher.
fn absent(digest: &Digest, column: &HostColumn, cipher: &Cipher) -> String {
    let pairing = &digest.header.pairings[column.pairing];
    let skipped = pairing.skipped.iter().find(|skip| skip.cipher == *cipher && skip.mac.is_none());
    let failed = digest.summary.failures.iter().find(|failure| {
        (&failure.target, &failure.cipher) == (&pairing.target, cipher)
            && failure.client_program == pairing.client.program
    });
    match (skipped, failed) {
        (Some(skip), _) => skip.reason.clone(),
        (None, Some(failure)) => format!("failed: {}", failure.reason),
        (None, None) => NOT_ASKED.into(),
    }
}

#[cfg(test)]
#[path = "pivot_tests.rs"]
mod tests;
