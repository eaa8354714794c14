//! How the figures of a row are shown, in every form of report.

use crate::analysis::ceiling::Ceiling;
use crate::analysis::compare::Compared;
use crate::analysis::conclusion::per_cent;
use crate::analysis::figures::{Cost, EndTimes, Row};
use crate::analysis::table::{Section, Table};
use crate::model::units::{printable, significant};

pub(super) fn several_macs(table: &Table) -> bool {
    table.sections.iter().any(|section| {
        let same = |row: &Row| section.rows.iter().filter(|r| r.cipher == row.cipher).count();
        section.rows.iter().any(|row| same(row) > 1)
    })
}

pub(super) fn cipher(row: &Row, mac_below: bool) -> String {
    let cipher = printable(row.cipher.as_str());
    match mac(row).filter(|_| mac_below) {
        Some(mac) => format!("{cipher}\n{mac}"),
        None => cipher,
    }
}

pub(super) fn mac(row: &Row) -> Option<String> {
    row.mac.as_ref().map(|mac| printable(mac.as_str()))
}

pub(super) fn figure(value: Option<f64>) -> String {
    value.map_or("-".into(), significant)
}

/// Of the ceiling; at most so much where that is a lower bound.
pub(super) fn share(section: &Section, row: &Row) -> String {
    let ceiling = section.ceiling.as_ref();
    let share = ceiling.zip(row.rate_mb_per_s).and_then(|(ceiling, rate)| ceiling.share(rate));
    let bound = if ceiling.is_some_and(Ceiling::is_known) { "" } else { "≤" };
    share.map_or("-".into(), |share| format!("{bound}{:.0}%", 100.0 * share))
}

/// Half the 95 % interval.
pub(super) fn half(compared: Option<Compared>) -> String {
    let half = compared.and_then(|compared| compared.half_percent);
    half.map(|percent| per_cent(percent).replace(' ', "")).unwrap_or_default()
}

pub(super) fn cost(cost: Option<&Cost>) -> String {
    let doubt = if cost.is_some_and(|cost| cost.coarse) { "?" } else { "" };
    figure(cost.map(|cost| cost.cpu_s_per_gb)) + doubt
}

pub(super) fn mb_per_cpu_s(row: &Row) -> String {
    let doubt = if row.mb_per_cpu_s.is_some() && row.coarse() { "?" } else { "" };
    figure(row.mb_per_cpu_s) + doubt
}

pub(super) fn core(cost: Option<&Cost>) -> String {
    let percent = cost.and_then(|cost| cost.core_percent);
    percent.map_or("-".into(), |percent| format!("{percent:.0}"))
}

/// One of the seconds of one end for the whole file.
pub(super) fn whole_file(
    row: &Row,
    end: Option<EndTimes>,
    part: fn(EndTimes) -> Option<f64>,
) -> String {
    match end.and_then(part) {
        Some(seconds) if row.whole_file.scaled => format!("~{}", significant(seconds)),
        seconds => figure(seconds),
    }
}

pub(super) fn real(times: EndTimes) -> Option<f64> {
    times.real_s
}

pub(super) fn user(times: EndTimes) -> Option<f64> {
    Some(times.user_s)
}

pub(super) fn system(times: EndTimes) -> Option<f64> {
    Some(times.system_s)
}

pub(super) fn marks(row: &Row) -> String {
    let mut marks: Vec<String> = row.marks.iter().map(ToString::to_string).collect();
    match (row.failed, row.measured) {
        (0, _) => {}
        (_, 0) => marks.push("failed".into()),
        (failed, measured) => marks.push(format!("{failed} of {} failed", failed + measured)),
    }
    marks.join(", ")
}
