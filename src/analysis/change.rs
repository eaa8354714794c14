//! The same host at two dates, or before and after a change: what differs, and whether that is real.

use std::collections::BTreeMap;

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, Normal};

use super::compare::{Compared, Times};
use super::figures::Row;
use super::finding::End;
use super::intervals::ALPHA;
use super::pivot::Digest;
use super::pivot::alike::{Unlike, unlike};
use super::pivot::column::{Column, columns};
use super::pivot::measure::Ends;
use super::statistics::median;
use super::table::{Section, cost};
use crate::model::{Cipher, Direction, Mac, Method};

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
    /// Real changes for the worse by more than a fraction: the cipher, where, and which figure. Of
    /// no fraction nothing is worse.
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
        sections
            .flat_map(|section| section.rows.iter().flat_map(move |row| of(section, row)))
            .collect()
    }
}

/// Compares two surveys, the old one first, in these directions.
pub fn change(digests: &[Digest; 2], directions: &[Direction]) -> Change {
    let columns = columns(digests, Ends::Both);
    let of = |survey: usize| columns.iter().filter(move |column| column.survey == survey);
    let (olds, news): (Vec<&Column>, Vec<&Column>) = (of(0).collect(), of(1).collect());
    let titles = titles(&digests[1..]);
    let (mut only_old, mut only_new) = (Vec::new(), Vec::new());
    let mut sections = Vec::new();
    let mut met: Vec<&Column> = Vec::new();
    for own in &news {
        let Some(&before) = partner(digests, own, &olds, &news) else {
            only_new.push(own.label());
            continue;
        };
        met.push(before);
        for &direction in directions {
            let both = before.section(digests, direction).zip(own.section(digests, direction));
            let Some((before, after)) = both else { continue };
            let title = titles.get(&(own.pairing, own.method)).map_or("", String::as_str);
            sections.push(changes(format!("{direction}{title}"), direction, before, after));
            only_new.extend(alone(after, before));
            only_old.extend(alone(before, after));
        }
    }
    let gone = olds.iter().filter(|column| !met.contains(column));
    only_old.extend(gone.map(|column| column.label()));
    for names in [&mut only_old, &mut only_new] {
        names.sort_unstable();
        names.dedup();
    }
    decide(&mut sections);
    Change { unlike: unlike(digests, &columns), sections, only_old, only_new }
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

/// Ciphers that the one has and the other has not.
fn alone(section: &Section, other: &Section) -> Vec<String> {
    let known = |row: &&Row| other.rows.iter().any(|other| other.cipher == row.cipher);
    section.rows.iter().filter(|row| !known(row)).map(|row| row.cipher.to_string()).collect()
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

fn changes(title: String, direction: Direction, old: &Section, new: &Section) -> Changes {
    let same = |a: &Row, b: &Row| (&a.cipher, &a.mac) == (&b.cipher, &b.mac);
    let unique = |section: &Section, row: &Row| {
        section.rows.iter().filter(|other| other.cipher == row.cipher).count() == 1
    };
    let before = |row: &Row| {
        let before = old.rows.iter().find(|before| same(before, row));
        // Where a cipher has one row on either side another MAC is a change too.
        before.or_else(|| {
            let by_name = old.rows.iter().find(|before| before.cipher == row.cipher);
            by_name.filter(|before| unique(old, before) && unique(new, row))
        })
    };
    let rows: Vec<ChangedRow> =
        new.rows.iter().filter_map(|row| Some(changed_row(before(row)?, row))).collect();
    let ratios: Vec<f64> = rows.iter().filter_map(|row| Some(row.throughput?.ratio)).collect();
    Changes { title, direction, rows, throughput_median: median(&ratios) }
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

/// The surveys are independent, so their errors are added as such.
fn changed(
    (old, new): (f64, f64),
    before: Option<Compared>,
    after: Option<Compared>,
    more_is_better: bool,
) -> Option<Changed> {
    let ratio = Some(new / old).filter(|ratio| ratio.is_finite() && *ratio > 0.0)?;
    let half = |compared: Option<Compared>| Some((compared?.half_percent? / 100.0).ln_1p());
    let half = half(before).zip(half(after)).map(|(before, after)| before.hypot(after));
    let interval = half.filter(|half| half.is_finite()).map(|half| Times {
        ratio,
        low: ratio * (-half).exp(),
        high: ratio * half.exp(),
    });
    Some(Changed { old, new, ratio, interval, real: false, worse: (ratio < 1.0) == more_is_better })
}

/// Holm's step-down over all figures (S. Holm, Scand. J. Stat. 6 (1979)): of forty comparisons two
/// would be called real by accident, were each judged alone. A half-width of few rounds, which is
/// wide, is taken for a normal one: that errs towards "not real".
fn decide(sections: &mut [Changes]) {
    let mut figures: Vec<&mut Changed> = sections
        .iter_mut()
        .flat_map(|section| &mut section.rows)
        .flat_map(|row| row.figures_mut().into_iter().flatten())
        .filter(|changed| changed.interval.is_some())
        .collect();
    let probability = |changed: &Changed| {
        let half = changed
            .interval
            .map_or(f64::INFINITY, |interval| (interval.high / interval.ratio).ln());
        let normal = Normal::standard();
        let error = half / normal.inverse_cdf(1.0 - ALPHA / 2.0);
        let distance = changed.ratio.ln().abs() / error;
        2.0 * normal.cdf(-distance)
    };
    figures.sort_by(|a, b| probability(a).total_cmp(&probability(b)));
    let many = figures.len();
    for (rank, changed) in figures.into_iter().enumerate() {
        changed.real = probability(changed) <= ALPHA / (many - rank) as f64;
        if !changed.real {
            break;
        }
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
