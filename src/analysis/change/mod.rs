//! The same host at two dates, or before and after a change: what differs, and whether that is real.

use std::collections::BTreeMap;

mod decide;

use serde::Serialize;

use super::compare::{Compared, Times};
use super::figures::Row;
use super::finding::End;
use super::pivot::alike::{Unlike, unlike_in_time};
use super::pivot::column::{Column, columns};
use super::pivot::measure::Ends;
use super::pivot::{Digest, missing};
use super::ranking::Choice;
use super::table::{Section, cost};
use crate::model::{Cipher, Direction, Mac, Method};
use crate::stats::statistics::median;
use decide::{Error, decide};

/// Two surveys, the second against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// One for each section that both have, in the order of the second.
    pub sections: Vec<Changes>,
    /// In what the surveys can't be compared alike.
    pub unlike: Vec<Unlike>,
    /// Ciphers, and whole pairings, that only one of the surveys has: nothing is said of them.
    pub only_old: Vec<String>,
    pub only_new: Vec<String>,
    /// Figures that one of the surveys lacks, with the reason.
    pub gaps: Vec<String>,
    /// Ciphers that were measured in the old survey and failed in all trials of the new one.
    pub broken: Vec<String>,
}

/// What both surveys have of one target, method, direction and AES state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changes {
    pub title: String,
    pub direction: Direction,
    pub rows: Vec<ChangedRow>,
    /// Median over the ciphers: what changed for all alike is of the host or the path, of no cipher.
    pub throughput_median: Option<f64>,
}

/// One cipher (and MAC) in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ChangedRow {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    pub throughput: Option<Changed>,
    pub client_cost: Option<Changed>,
    pub server_cost: Option<Changed>,
}

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Changed {
    pub old: f64,
    pub new: f64,
    /// The new as a multiple of the old; its 95 % interval absent where a survey has none.
    pub ratio: f64,
    pub interval: Option<Times>,
    #[serde(skip)]
    error: Option<Error>,
    /// It is no accident, all figures that were compared taken together (Holm, 5 %).
    pub real: bool,
    /// Slower, or dearer.
    pub worse: bool,
}

impl Changed {
    /// How much worse, as a fraction; 0.1 is a rate that fell, or a cost that rose, by 10 %.
    fn worse_by(&self) -> f64 {
        if self.worse { (self.ratio - 1.0).abs() } else { 0.0 }
    }
}

impl ChangedRow {
    pub fn figures(&self) -> [Option<&Changed>; 3] {
        [self.throughput.as_ref(), self.client_cost.as_ref(), self.server_cost.as_ref()]
    }

    fn figures_mut(&mut self) -> [Option<&mut Changed>; 3] {
        [self.throughput.as_mut(), self.client_cost.as_mut(), self.server_cost.as_mut()]
    }
}

impl Change {
    /// Real changes for the worse by more than a fraction: the cipher, where, and which figure; and
    /// what works no more. Of no fraction nothing is worse.
    pub fn worse_than(&self, fraction: Option<f64>) -> Vec<String> {
        let Some(fraction) = fraction else { return Vec::new() };
        let named = ["throughput", "client CPU", "server CPU"];
        let of = |section: &Changes, row: &ChangedRow| -> Vec<String> {
            let figures = named.into_iter().zip(row.figures());
            let worse = figures.filter(|(_, changed)| {
                changed.is_some_and(|changed| changed.real && changed.worse_by() > fraction)
            });
            worse.map(|(name, _)| format!("{}: {name} of {}", section.title, row.cipher)).collect()
        };
        let sections = self.sections.iter();
        let worse =
            sections.flat_map(|section| section.rows.iter().flat_map(move |row| of(section, row)));
        worse.chain(self.broken.iter().map(|name| format!("{name}: fails"))).collect()
    }
}

/// Compares two surveys, the old one first, in these directions.
pub fn change(digests: &[Digest; 2], directions: &[Direction]) -> Change {
    let columns = columns(digests, Ends::Both);
    let of = |survey: usize| columns.iter().filter(move |column| column.survey == survey);
    let (olds, news): (Vec<&Column>, Vec<&Column>) = (of(0).collect(), of(1).collect());
    let titles = titles(&digests[1..]);
    let mut change = Change {
        sections: Vec::new(),
        unlike: unlike_in_time(digests, &columns),
        only_old: Vec::new(),
        only_new: Vec::new(),
        gaps: Vec::new(),
        broken: Vec::new(),
    };
    let mut met: Vec<&Column> = Vec::new();
    for own in &news {
        let Some(&before) = partner(digests, own, &olds, &news) else {
            change.only_new.push(own.label());
            continue;
        };
        met.push(before);
        for &direction in directions {
            let title = titles.get(&(own.pairing, own.method)).map_or("", String::as_str);
            let title = format!("{direction}{title}");
            match (before.section(digests, direction), own.section(digests, direction)) {
                (Some(before), Some(after)) => change.take(title, direction, before, after),
                (Some(_), None) => change.only_old.push(title),
                (None, Some(_)) => change.only_new.push(title),
                (None, None) => {}
            }
        }
    }
    let gone = olds.iter().filter(|column| !met.contains(column));
    change.only_old.extend(gone.map(|column| column.label()));
    decide(&mut change.sections);
    change
}

impl Change {
    /// Compares one section, and notes what it can't compare.
    fn take(&mut self, title: String, direction: Direction, old: &Section, new: &Section) {
        let alone = |own: &Section, other: &Section| {
            let rows = own.rows.iter().filter(|row| counterpart(row, own, other).is_none());
            let names: Vec<String> =
                rows.map(|row| Choice::of(row, &own.rows).to_string()).collect();
            (!names.is_empty()).then(|| format!("{title}: {}", names.join(", ")))
        };
        self.only_old.extend(alone(old, new));
        self.only_new.extend(alone(new, old));
        let mut rows = Vec::new();
        for row in &new.rows {
            if let Some(before) = counterpart(row, new, old) {
                self.note(&title, before, row, new);
                rows.push(changed_row(before, row));
            }
        }
        let ratios: Vec<f64> = rows.iter().filter_map(|row| Some(row.throughput?.ratio)).collect();
        let throughput_median = median(&ratios);
        self.sections.push(Changes { title, direction, rows, throughput_median });
    }

    /// Why figures of a row are absent.
    fn note(&mut self, title: &str, old: &Row, new: &Row, section: &Section) {
        let name = format!("{title}: {}", Choice::of(new, &section.rows));
        if old.measured > 0 && new.measured == 0 && new.failed > 0 {
            self.broken.push(name.clone());
        }
        let mut gap = |which: &str, why: String| self.gaps.push(format!("{name}, {which}: {why}"));
        for (which, row) in [("old", old), ("new", new)] {
            if row.rate_mb_per_s.is_none() || row.client.is_none() || row.server.is_none() {
                gap(which, missing(row));
            } else if row.coarse() {
                gap(which, "its CPU is near the resolution of its clock".into());
            }
        }
    }
}

/// What tells each pairing and method of the new survey from its others: `, AES on/off`.
fn titles(new: &[Digest]) -> BTreeMap<(usize, Method), String> {
    let columns = columns(new, Ends::Both);
    let several = columns.iter().any(|column| column.target != columns[0].target);
    let title = |column: &Column| {
        let target = several.then_some(&column.target);
        target.into_iter().chain(&column.details).map(|word| format!(", {word}")).collect()
    };
    columns.iter().map(|column| ((column.pairing, column.method), title(column))).collect()
}

/// The column of the old survey that a new one continues: alike in all that tells the columns of
/// either survey apart. Where each has only one they are compared, whatever they are called.
fn partner<'a>(
    digests: &[Digest],
    own: &Column,
    olds: &'a [&'a Column],
    news: &[&Column],
) -> Option<&'a &'a Column> {
    let pairing = |column: &Column| &digests[column.survey].header.pairings[column.pairing];
    let target = |column: &Column| column.target.clone();
    let client = |column: &Column| pairing(column).client.program.clone();
    let server = |column: &Column| pairing(column).server.program.clone();
    let method = |column: &Column| column.method.to_string();
    let aes = |column: &Column| super::summary::aes_states(pairing(column));
    let tells: [&dyn Fn(&Column) -> String; 5] = [&target, &client, &server, &method, &aes];
    let varies = |columns: &[&Column], tell: &dyn Fn(&Column) -> String| {
        columns.iter().any(|column| tell(column) != tell(columns[0]))
    };
    let deciding = tells.iter().filter(|tell| varies(olds, *tell) || varies(news, *tell));
    let deciding: Vec<_> = deciding.collect();
    olds.iter().find(|old| deciding.iter().all(|tell| tell(old) == tell(own)))
}

/// The row of another section that is of the same cipher and MAC; where a cipher has one row on either
/// side, another MAC is a change too.
fn counterpart<'a>(row: &Row, own: &Section, other: &'a Section) -> Option<&'a Row> {
    let alike = |section: &Section| section.rows.iter().filter(|r| r.cipher == row.cipher).count();
    let unique = alike(own) == 1 && alike(other) == 1;
    other.rows.iter().find(|r| r.cipher == row.cipher && (unique || r.mac == row.mac))
}

fn changed_row(old: &Row, new: &Row) -> ChangedRow {
    let of_end = |end: End| {
        let (before, after) = (cost(old, end)?, cost(new, end)?);
        // What was read near a clock's resolution tells of no change.
        let fine = !before.coarse && !after.coarse;
        let figures = (before.cpu_s_per_gb, after.cpu_s_per_gb);
        fine.then(|| changed(figures, before.compared, after.compared, false)).flatten()
    };
    let rates = old.rate_mb_per_s.zip(new.rate_mb_per_s);
    ChangedRow {
        cipher: new.cipher.clone(),
        mac: new.mac.clone(),
        throughput: rates.and_then(|rates| changed(rates, old.speed, new.speed, true)),
        client_cost: of_end(End::Client),
        server_cost: of_end(End::Server),
    }
}

fn changed(
    (old, new): (f64, f64),
    before: Option<Compared>,
    after: Option<Compared>,
    more_is_better: bool,
) -> Option<Changed> {
    let ratio = Some(new / old).filter(|ratio| ratio.is_finite() && *ratio > 0.0)?;
    let error = Error::of(before, after);
    let interval = error.map(|error| error.interval(ratio));
    let worse = if more_is_better { ratio < 1.0 } else { ratio > 1.0 };
    Some(Changed { old, new, ratio, interval, error, real: false, worse })
}

#[cfg(test)]
mod tests;
