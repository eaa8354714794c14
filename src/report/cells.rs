//! The columns of a table and the text of their cells, for all forms of report that show one.

use crate::analysis::phrases::per_cent;
use crate::analysis::rows::compare::Compared;
use crate::analysis::rows::row::{Cost, EndTimes, Row};
use crate::analysis::rows::table::{Section, Table};
use crate::analysis::rows::upper_bound::UpperBound;
use crate::model::units::{printable, significant};

/// One column: its heading over up to three lines, and how a row fills it.
pub struct Column {
    pub heading: &'static str,
    pub kind: Kind,
    text: Filler,
}

/// Headings that others know a column by.
pub const CIPHER: &str = "cipher";
pub const RATE: &str = "MB/s";
pub const HALF_INTERVAL: &str = "±";
pub const OF_UPPER_BOUND: &str = "of\nceiling";
pub const CLIENT_COST: &str = "client\nCPU-s\nper GB";
pub const SERVER_COST: &str = "server\nCPU-s\nper GB";
pub const MB_PER_CPU_S: &str = "MB per\nCPU-s";

type Filler = Box<dyn Fn(&Section, &Row) -> String>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Name,
    Figure,
    /// The last one.
    Mark,
}

fn column(
    heading: &'static str,
    kind: Kind,
    text: impl Fn(&Section, &Row) -> String + 'static,
) -> Column {
    Column { heading, kind, text: Box::new(text) }
}

fn of_row(heading: &'static str, text: impl Fn(&Row) -> String + 'static) -> Column {
    column(heading, Kind::Figure, move |_, row| text(row))
}

impl Column {
    /// What it shows of a row, over several lines perhaps. Text from outside in it has its control
    /// characters escaped, and no more.
    pub fn text(&self, section: &Section, row: &Row) -> String {
        (self.text)(section, row)
    }
}

/// The columns of a table. `wide`: all of them.
pub fn columns(table: &Table, wide: bool) -> Vec<Column> {
    let aes_disabled = table.sections.len() > 1;
    // Of a lower bound alone the shares say no more than the rates.
    let known =
        table.sections.iter().flat_map(|section| &section.upper_bound).any(UpperBound::is_known);
    let mac_below = several_macs(table) && !wide;
    let mut costs = table
        .sections
        .iter()
        .flat_map(|section| &section.rows)
        .flat_map(|row| [&row.client, &row.server].into_iter().flatten());
    let explained = wide && costs.any(|cost| cost.cipher_percent.is_some());
    let columns = [
        (true, column(CIPHER, Kind::Name, move |_, row| cipher(row, mac_below))),
        (wide, column("MAC", Kind::Name, |_, row| mac(row).unwrap_or_default())),
        (aes_disabled, column("AES", Kind::Name, |section, _| section.aes.to_string())),
        (wide, of_row("n", |row| row.measured.to_string())),
        (true, of_row(RATE, |row| figure(row.rate_mb_per_s))),
        (true, of_row(HALF_INTERVAL, |row| half(row.speed))),
        (wide || known, column(OF_UPPER_BOUND, Kind::Figure, share)),
        (true, of_row(CLIENT_COST, |row| cost(row.client.as_ref()))),
        (
            wide,
            of_row(HALF_INTERVAL, |row| half(row.client.as_ref().and_then(|cost| cost.compared))),
        ),
        (true, of_row(SERVER_COST, |row| cost(row.server.as_ref()))),
        (
            wide,
            of_row(HALF_INTERVAL, |row| half(row.server.as_ref().and_then(|cost| cost.compared))),
        ),
        (wide, of_row("helpers\nCPU-s\nper GB", |row| figure(row.helpers_cpu_s_per_gb))),
        (true, of_row(MB_PER_CPU_S, mb_per_cpu_s)),
        (wide, of_row("client\n% core", |row| core(row.client.as_ref()))),
        (wide, of_row("server\n% core", |row| core(row.server.as_ref()))),
        (explained, of_row("client\ncipher\n%", |row| cipher_share(row.client.as_ref()))),
        (explained, of_row("server\ncipher\n%", |row| cipher_share(row.server.as_ref()))),
        (wide, of_row("client\nreal s", |row| whole_file(row, row.whole_file.client, real))),
        (wide, of_row("client\nuser s", |row| whole_file(row, row.whole_file.client, user))),
        (wide, of_row("client\nsys s", |row| whole_file(row, row.whole_file.client, system))),
        (wide, of_row("server\nreal s", |row| whole_file(row, row.whole_file.server, real))),
        (wide, of_row("server\nuser s", |row| whole_file(row, row.whole_file.server, user))),
        (wide, of_row("server\nsys s", |row| whole_file(row, row.whole_file.server, system))),
        (true, column("", Kind::Mark, |_, row| marks(row))),
    ];
    columns.into_iter().filter_map(|(shown, column)| shown.then_some(column)).collect()
}

pub fn several_macs(table: &Table) -> bool {
    table.sections.iter().any(|section| {
        let same = |row: &Row| section.rows.iter().filter(|r| r.cipher == row.cipher).count();
        section.rows.iter().any(|row| same(row) > 1)
    })
}

pub fn cipher(row: &Row, mac_below: bool) -> String {
    let cipher = printable(row.cipher.as_str());
    match mac(row).filter(|_| mac_below) {
        Some(mac) => format!("{cipher}\n{mac}"),
        None => cipher,
    }
}

pub fn mac(row: &Row) -> Option<String> {
    row.mac.as_ref().map(|mac| printable(mac.as_str()))
}

pub fn figure(value: Option<f64>) -> String {
    value.map_or("-".into(), significant)
}

/// Of the ceiling; at most so much where that is a lower bound.
pub fn share(section: &Section, row: &Row) -> String {
    let upper_bound = section.upper_bound.as_ref();
    let share =
        upper_bound.zip(row.rate_mb_per_s).and_then(|(upper_bound, rate)| upper_bound.share(rate));
    let bound = if upper_bound.is_some_and(UpperBound::is_known) { "" } else { "≤" };
    share.map_or("-".into(), |share| format!("{bound}{:.0}%", 100.0 * share))
}

/// Half the 95 % interval.
pub fn half(compared: Option<Compared>) -> String {
    let half = compared.and_then(|compared| compared.half_percent);
    half.map(|percent| per_cent(percent).replace(' ', "")).unwrap_or_default()
}

pub fn cost(cost: Option<&Cost>) -> String {
    let doubt = if cost.is_some_and(|cost| cost.coarse) { "?" } else { "" };
    figure(cost.map(|cost| cost.cpu_s_per_gb)) + doubt
}

pub fn mb_per_cpu_s(row: &Row) -> String {
    let doubt = if row.mb_per_cpu_s.is_some() && row.coarse() { "?" } else { "" };
    figure(row.mb_per_cpu_s) + doubt
}

pub fn core(cost: Option<&Cost>) -> String {
    let percent = cost.and_then(|cost| cost.core_percent);
    percent.map_or("-".into(), |percent| format!("{percent:.0}"))
}

/// What the cipher is of its end's CPU.
pub fn cipher_share(cost: Option<&Cost>) -> String {
    let percent = cost.and_then(|cost| cost.cipher_percent);
    percent.map_or("-".into(), |percent| format!("{percent:.0}"))
}

/// One of the seconds of one end for the whole file.
pub fn whole_file(row: &Row, end: Option<EndTimes>, part: fn(EndTimes) -> Option<f64>) -> String {
    match end.and_then(part) {
        Some(seconds) if row.whole_file.scaled => format!("~{}", significant(seconds)),
        seconds => figure(seconds),
    }
}

pub fn real(times: EndTimes) -> Option<f64> {
    times.real_s
}

pub fn user(times: EndTimes) -> Option<f64> {
    Some(times.user_s)
}

pub fn system(times: EndTimes) -> Option<f64> {
    Some(times.system_s)
}

pub fn marks(row: &Row) -> String {
    let mut marks: Vec<String> = row.marks.iter().map(ToString::to_string).collect();
    match (row.failed, row.measured) {
        (0, _) => {}
        (_, 0) => marks.push("failed".into()),
        (failed, measured) => marks.push(format!("{failed} of {} failed", failed + measured)),
    }
    marks.join(", ")
}
