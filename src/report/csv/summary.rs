//! One line a row of the summary, nothing rounded.

use super::{Cell, Column, Part, Place, column};
use crate::analysis::bottleneck::load::Load;
use crate::analysis::end::End;
use crate::analysis::rows::compare::{Compared, Ratio};
use crate::analysis::rows::row::{Cost, EndTimes, Row};
use crate::analysis::rows::table::{Section, cost};
use crate::report::Report;

pub struct Line<'a> {
    row: &'a Row,
    section: &'a Section,
}

pub fn rows<'r>(report: &'r Report<'r>) -> impl Iterator<Item = (Place<'r>, Line<'r>)> {
    report.summary.tables.iter().flat_map(move |table| {
        table.sections.iter().flat_map(move |section| {
            let place = Place::of(report.survey, section.pairing, table.method, table.direction);
            section.rows.iter().map(move |row| (place, Line { row, section }))
        })
    })
}

pub fn columns<'a>() -> Vec<Column<Line<'a>>> {
    let mut columns = vec![
        of("cipher", |row| row.cipher.as_str().to_owned()),
        of("mac", |row| row.mac.as_ref().map(|mac| mac.as_str().to_owned())),
        of("measured", |row| row.measured),
        of("failed", |row| row.failed),
        of("rate_mb_per_s", |row| row.rate_mb_per_s),
        of("median_rate_mb_per_s", |row| row.median_rate_mb_per_s),
    ];
    columns.extend(compared("speed", |row| row.speed));
    columns.extend(of_end("client", End::Client));
    columns.extend(compared("client", |row| cost(row, End::Client)?.compared));
    columns.extend(of_end("server", End::Server));
    columns.extend(compared("server", |row| cost(row, End::Server)?.compared));
    columns.extend([
        of("helpers_cpu_s_per_gb", |row| row.helpers_cpu_s_per_gb),
        of("mb_per_cpu_s", |row| row.mb_per_cpu_s),
    ]);
    columns.extend(compared("cost", |row| row.cost));
    columns.push(of("handshake_s", |row| row.setup_s));
    columns.push(of("whole_file_scaled", |row| row.whole_file.scaled));
    columns.extend(whole_file("client", |row| row.whole_file.client));
    columns.extend(whole_file("server", |row| row.whole_file.server));
    columns.extend([
        of("limit", |row| row.bottleneck.as_ref().map_or(Cell::Absent, |l| Cell::named(l.kind))),
        of("limit_evidence", |row| Some(row.bottleneck.as_ref()?.evidence.clone())),
    ]);
    columns.extend(load("client", |row| Some(row.bottleneck.as_ref()?.client)));
    columns.extend(load("server", |row| Some(row.bottleneck.as_ref()?.server)));
    columns.extend([
        column("ceiling_mb_per_s", |line: &Line| Some(line.section.upper_bound.as_ref()?.mb_per_s)),
        column("ceiling_basis", |line: &Line| {
            line.section.upper_bound.as_ref().map_or(Cell::Absent, |c| Cell::named(c.basis))
        }),
        of("unasked", |row| row.is_default),
        of("apart", |row| row.unranked.map_or(Cell::Absent, Cell::named)),
        of("marks", |row| Cell::names(&row.marks)),
    ]);
    columns
}

fn of<'a, C: Into<Cell> + 'static>(name: &str, cell: fn(&Row) -> C) -> Column<Line<'a>> {
    column(name, move |line: &Line| cell(line.row))
}

/// Against the leader by one figure.
fn compared<'a>(
    figure: &str,
    of: fn(&Row) -> Option<Compared>,
) -> impl Iterator<Item = Column<Line<'a>>> {
    let times = |pick: fn(Ratio) -> f64| {
        move |line: &Line| of(line.row).and_then(|compared| compared.times_leader).map(pick)
    };
    [
        column(format!("{figure}_label"), move |line: &Line| {
            of(line.row).map_or(Cell::Absent, |compared| Cell::named(compared.label))
        }),
        column(format!("{figure}_half_percent"), move |line: &Line| of(line.row)?.half_percent),
        column(format!("{figure}_times_leader"), times(|times| times.ratio)),
        column(format!("{figure}_times_leader_low"), times(|times| times.low)),
        column(format!("{figure}_times_leader_high"), times(|times| times.high)),
        column(format!("{figure}_left_after"), move |line: &Line| of(line.row)?.left_after),
        column(format!("{figure}_disturbed"), move |line: &Line| Some(of(line.row)?.disturbed)),
    ]
    .into_iter()
}

/// What one end spent.
fn of_end<'a>(name: &str, end: End) -> impl Iterator<Item = Column<Line<'a>>> {
    let figures: [Part<Cost, Cell>; 9] = [
        ("cpu_s_per_gb", |cost| cost.cpu_s_per_gb.into()),
        ("trials", |cost| cost.samples.into()),
        ("core_percent", |cost| cost.core_percent.into()),
        ("core_half_percent", |cost| cost.core_half_percent.into()),
        ("cipher_percent", |cost| cost.cipher_percent.into()),
        ("sources", |cost| Cell::names(&cost.sources)),
        ("resolution_s", |cost| cost.resolution_s.into()),
        ("coarse", |cost| cost.coarse.into()),
        ("with_helpers", |cost| cost.with_helpers.into()),
    ];
    figures.into_iter().map(move |(figure, cell)| {
        column(format!("{name}_{figure}"), move |line: &Line| {
            cost(line.row, end).map_or(Cell::Absent, cell)
        })
    })
}

fn whole_file<'a>(
    end: &str,
    times: fn(&Row) -> Option<EndTimes>,
) -> impl Iterator<Item = Column<Line<'a>>> {
    [
        column(format!("whole_file_{end}_real_s"), move |line: &Line| times(line.row)?.real_s),
        column(format!("whole_file_{end}_user_s"), move |line: &Line| {
            Some(times(line.row)?.user_s)
        }),
        column(format!("whole_file_{end}_system_s"), move |line: &Line| {
            Some(times(line.row)?.system_s)
        }),
    ]
    .into_iter()
}

/// Shares of the bulk's real time.
fn load<'a>(end: &str, load: fn(&Row) -> Option<Load>) -> impl Iterator<Item = Column<Line<'a>>> {
    let shares: [Part<Load, Option<f64>>; 8] = [
        ("busy", |load| load.busy),
        ("delayed", |load| load.delayed),
        ("throttled", |load| load.throttled),
        ("helpers", |load| load.helpers),
        ("host_busy", |load| load.host_busy),
        ("stolen", |load| load.stolen),
        ("disk_wait", |load| load.disk_wait),
        ("disk_busy", |load| load.disk_busy),
    ];
    shares.into_iter().map(move |(name, share)| {
        column(format!("{end}_{name}_share"), move |line: &Line| share(&load(line.row)?))
    })
}
