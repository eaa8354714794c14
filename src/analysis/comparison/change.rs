//! The same host at two dates, or before and after a change: what changed, and whether that is real.

use std::collections::BTreeMap;

use serde::Serialize;

use super::differences::{Difference, differences_in_time};
use super::digest::Digest;
use super::host_column::{HostColumn, columns};
use super::measure::{Ends, missing};
use crate::analysis::end::End;
use crate::analysis::rows::compare::{Compared, Ratio};
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::{Section, cost};
use crate::model::{Cipher, Direction, Mac, Method};
use crate::stats::intervals::Half;
use crate::stats::significance::{RatioError, holm};
use crate::stats::statistics::median;

/// Two surveys, the second against the first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// One per section that both have, in the order of the second.
    pub sections: Vec<SectionChange>,
    /// Conditions that differ between the surveys.
    pub differences: Vec<Difference>,
    /// Ciphers, and whole pairings, that only one of the surveys has; they are not compared.
    pub only_old: Vec<String>,
    pub only_new: Vec<String>,
    /// Figures that one of the surveys lacks, with the reason.
    pub gaps: Vec<String>,
    /// Ciphers that were measured in the old survey and failed in all samples of the new one.
    pub broken: Vec<String>,
}

/// What both surveys have of one target, method, direction and AES state.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SectionChange {
    pub title: String,
    pub direction: Direction,
    pub rows: Vec<RowChange>,
    /// Median over the ciphers: what changed for all of them is due to the host or the path.
    pub throughput_median: Option<f64>,
}

/// One cipher (and MAC) in both.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowChange {
    pub cipher: Cipher,
    pub mac: Option<Mac>,
    pub throughput: Option<FigureChange>,
    pub client_cost: Option<FigureChange>,
    pub server_cost: Option<FigureChange>,
}

/// One figure.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FigureChange {
    pub old: f64,
    pub new: f64,
    /// The new as a multiple of the old, with its 95 % interval; absent where a survey has none.
    pub ratio: f64,
    pub interval: Option<Ratio>,
    #[serde(skip)]
    error: Option<RatioError>,
    /// It is significant at 5 %, all compared figures taken together (Holm).
    pub real: bool,
    /// Slower, or more expensive.
    pub worse: bool,
}

impl FigureChange {
    /// How much worse, as a fraction; 0.1 is a rate that fell, or a cost that rose, by 10 %.
    fn worse_by(&self) -> f64 {
        if self.worse { (self.ratio - 1.0).abs() } else { 0.0 }
    }
}

impl RowChange {
    pub fn figures(&self) -> [Option<&FigureChange>; 3] {
        [self.throughput.as_ref(), self.client_cost.as_ref(), self.server_cost.as_ref()]
    }

    fn figures_mut(&mut self) -> [Option<&mut FigureChange>; 3] {
        [self.throughput.as_mut(), self.client_cost.as_mut(), self.server_cost.as_mut()]
    }
}

impl Change {
    /// Real changes for the worse by more than a fraction (the section, the figure, the cipher), and
    /// ciphers that no longer work. Nothing where no fraction is given.
    pub fn worse_than(&self, fraction: Option<f64>) -> Vec<String> {
        let Some(fraction) = fraction else { return Vec::new() };
        let named = ["throughput", "client CPU", "server CPU"];
        let of = |section: &SectionChange, row: &RowChange| -> Vec<String> {
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
    let (olds, news): (Vec<&HostColumn>, Vec<&HostColumn>) = (of(0).collect(), of(1).collect());
    let titles = titles(&digests[1..]);
    let mut change = Change {
        sections: Vec::new(),
        differences: differences_in_time(digests, &columns),
        only_old: Vec::new(),
        only_new: Vec::new(),
        gaps: Vec::new(),
        broken: Vec::new(),
    };
    let mut met: Vec<&HostColumn> = Vec::new();
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
    mark_real(&mut change.sections);
    change
}

impl Change {
    /// Compares one section, and notes what cannot be compared.
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
                rows.push(row_change(before, row));
            }
        }
        let ratios: Vec<f64> = rows.iter().filter_map(|row| Some(row.throughput?.ratio)).collect();
        let throughput_median = median(&ratios);
        self.sections.push(SectionChange { title, direction, rows, throughput_median });
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
                gap(which, "its CPU is near the resolution of the clock".into());
            }
        }
    }
}

/// What tells each pairing and method of the new survey from its others: `, AES at the client only`.
fn titles(new: &[Digest]) -> BTreeMap<(usize, Method), String> {
    let columns = columns(new, Ends::Both);
    let several = columns.iter().any(|column| column.target != columns[0].target);
    let title = |column: &HostColumn| {
        let target = several.then_some(&column.target);
        target.into_iter().chain(&column.details).map(|word| format!(", {word}")).collect()
    };
    columns.iter().map(|column| ((column.pairing, column.method), title(column))).collect()
}

/// The column of the old survey to compare a new one with: equal in all that differs among the
/// columns of either survey. Where each survey has only one column they are compared, whatever
/// their names.
fn partner<'a>(
    digests: &[Digest],
    own: &HostColumn,
    olds: &'a [&'a HostColumn],
    news: &[&HostColumn],
) -> Option<&'a &'a HostColumn> {
    let pairing = |column: &HostColumn| &digests[column.survey].header.pairings[column.pairing];
    let target = |column: &HostColumn| column.target.clone();
    let client = |column: &HostColumn| pairing(column).client.program.clone();
    let server = |column: &HostColumn| pairing(column).server.program.clone();
    let method = |column: &HostColumn| column.method.to_string();
    let aes = |column: &HostColumn| pairing(column).aes().to_string();
    let tells: [&dyn Fn(&HostColumn) -> String; 5] = [&target, &client, &server, &method, &aes];
    let varies = |columns: &[&HostColumn], tell: &dyn Fn(&HostColumn) -> String| {
        columns.iter().any(|column| tell(column) != tell(columns[0]))
    };
    let deciding = tells.iter().filter(|tell| varies(olds, *tell) || varies(news, *tell));
    let deciding: Vec<_> = deciding.collect();
    olds.iter().find(|old| deciding.iter().all(|tell| tell(old) == tell(own)))
}

/// The row of another section with the same cipher and MAC; where the cipher has one row in each
/// section, its MAC may differ.
fn counterpart<'a>(row: &Row, own: &Section, other: &'a Section) -> Option<&'a Row> {
    let alike = |section: &Section| section.rows.iter().filter(|r| r.cipher == row.cipher).count();
    let unique = alike(own) == 1 && alike(other) == 1;
    other.rows.iter().find(|r| r.cipher == row.cipher && (unique || r.mac == row.mac))
}

fn row_change(old: &Row, new: &Row) -> RowChange {
    let of_end = |end: End| {
        let (before, after) = (cost(old, end)?, cost(new, end)?);
        // Coarse readings show no change.
        let fine = !before.coarse && !after.coarse;
        let figures = (before.cpu_s_per_gb, after.cpu_s_per_gb);
        fine.then(|| changed(figures, before.compared, after.compared, false)).flatten()
    };
    let rates = old.rate_mb_per_s.zip(new.rate_mb_per_s);
    RowChange {
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
) -> Option<FigureChange> {
    let ratio = Some(new / old).filter(|ratio| ratio.is_finite() && *ratio > 0.0)?;
    let error = interval_of(before).zip(interval_of(after)).and_then(|(a, b)| RatioError::of(a, b));
    let interval = error.map(|error| {
        let (low, high) = error.interval(ratio);
        Ratio { ratio, low, high }
    });
    let worse = if more_is_better { ratio < 1.0 } else { ratio > 1.0 };
    Some(FigureChange { old, new, ratio, interval, error, real: false, worse })
}

/// The interval of a figure as it is shown, which is wider for a leader than for the others.
fn interval_of(compared: Option<Compared>) -> Option<Half> {
    let compared = compared?;
    let half = (compared.half_percent? / 100.0).ln_1p();
    Some(Half { half, freedom: compared.freedom? })
}

/// Marks the changes that are significant, all figures of all sections taken together.
fn mark_real(sections: &mut [SectionChange]) {
    let rows = sections.iter_mut().flat_map(|section| &mut section.rows);
    let figures = rows.flat_map(|row| row.figures_mut().into_iter().flatten());
    let mut judged: Vec<(f64, &mut FigureChange)> = figures
        .filter_map(|changed| Some((changed.error?.probability(changed.ratio), changed)))
        .collect();
    let probabilities: Vec<f64> = judged.iter().map(|(probability, _)| *probability).collect();
    for ((_, changed), real) in judged.iter_mut().zip(holm(&probabilities)) {
        changed.real = real;
    }
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
