//! What a row of a survey's summary has: the figures of one cipher (and MAC). To add a figure, add a
//! row to a list here.

use super::explanations;
use super::line::Line;
use super::place;
use super::{Column, Group, Kind, Look, Value, When, chosen, column};
use crate::analysis::bottleneck::load::Load;
use crate::analysis::end::End;
use crate::analysis::phrases::per_cent;
use crate::analysis::rows::compare::{Compared, Ratio};
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::cost;
use crate::analysis::rows::upper_bound::UpperBound;
use crate::analysis::rows::whole::EndTimes;
use crate::model::units::printable;

/// Units of the figures that bars and charts show too.
pub const RATE: &str = "MB/s";
pub const COST: &str = "CPU-s per GB";
pub const EFFICIENCY: &str = "MB per CPU-s";

/// The order of a table's columns.
const TABLE: [Group; 10] = [
    Group::Name,
    Group::Count,
    Group::Speed,
    Group::Cost,
    Group::Efficiency,
    Group::Core,
    Group::CipherShare,
    Group::Seconds,
    Group::Mark,
    Group::Bottleneck,
];

/// On a page, behind the names.
const PAGE: [Group; 5] = [Group::Mark, Group::Speed, Group::Cost, Group::Efficiency, Group::Count];

/// The columns of a table for a terminal, or Markdown. `wide`: all of them.
pub fn of_table<'a>(lines: &[Line<'a>], wide: bool) -> Vec<Column<Line<'a>>> {
    chosen(list(), lines, &TABLE, wide, |look| look.in_table)
}

/// The columns of a section's table on a page, behind the names.
pub fn of_page<'a>(lines: &[Line<'a>]) -> Vec<Column<Line<'a>>> {
    chosen(list(), lines, &PAGE, false, |look| look.in_page)
}

/// The column of this key.
pub fn find<'a>(key: &str) -> Option<Column<Line<'a>>> {
    list().into_iter().find(|column| column.key == key)
}

/// Sentences with the figures of a row, each behind the title of its figure.
pub fn explanations<'a>(line: &Line<'a>) -> Vec<(String, String)> {
    let explained = chosen(list(), &[*line], &TABLE, true, |_| When::Always);
    let sentence = |column: &Column<Line<'a>>| Some((column.label(), column.explanation(line)?));
    explained.iter().filter_map(sentence).collect()
}

/// All columns, in the order of CSV.
pub fn columns<'a>() -> Vec<Column<Line<'a>>> {
    let mut columns = place::columns(Line::place);
    columns.extend(list());
    columns
}

/// The list, in the order of CSV.
fn list<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = names_and_rates();
    for end in [End::Client, End::Server] {
        list.extend(of_end(end));
        let half = |half: Look<Line<'a>>| Some(half.table(When::Wide));
        list.extend(compared(name_of(end), move |row| cost(row, end)?.compared, half));
    }
    list.extend(of_both_ends());
    list.extend(whole_file());
    list.extend(bottleneck());
    list.extend(upper_bound_and_marks());
    list
}

#[rustfmt::skip]
fn names_and_rates<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = vec![
        of("cipher", |at| at.row.cipher.as_str().to_owned())
            .shown(look(Group::Name, "cipher").kind(Kind::Text).page(When::Never).text(name)),
        of("mac", |at| at.row.mac.as_ref().map(|mac| mac.as_str().to_owned()))
            .shown(look(Group::Name, "MAC").kind(Kind::Text).wide().text(|at| mac(at.row))),
        of("aes_state", |at| (at.table.sections.len() > 1).then(|| at.section.aes.to_string()))
            .not_in_csv()
            .shown(look(Group::Name, "AES").kind(Kind::Text).table(When::Known).page(When::Never)),
        of("measured", |at| at.row.measured)
            .shown(look(Group::Count, "n").table(When::Wide).legend("n: samples.")),
        of("failed", |at| at.row.failed),
        of("rate_mb_per_s", |at| at.row.rate_mb_per_s)
            .shown(look(Group::Speed, RATE).explained(explanations::rate)),
        of("median_rate_mb_per_s", |at| at.row.median_rate_mb_per_s),
    ];
    list.extend(compared("speed", |row| row.speed, |half| Some(
        half.group(Group::Speed).page_key("rate_half_percent").dispensable(4)
            .explained(explanations::interval),
    )));
    list.push(
        of("upper_bound_share", share_of_known)
            .not_in_csv()
            .shown(look(Group::Speed, "of\nupper\nbound")
                .table(When::WideOrKnown).page(When::Known).dispensable(1)
                .text(share).explained(explanations::share)),
    );
    list
}

#[rustfmt::skip]
fn of_both_ends<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = vec![
        of("helpers_cpu_s_per_gb", |at| at.row.helpers_cpu_s_per_gb)
            .shown(look(Group::Cost, "helpers\nCPU-s\nper GB").table(When::Wide).page(When::Known)),
        of("mb_per_cpu_s", |at| at.row.mb_per_cpu_s)
            .shown(look(Group::Efficiency, "MB per\nCPU-s").dispensable(2)
                .text(|at| doubted(at.row.mb_per_cpu_s, at.row.coarse()))
                .legend("MB per CPU-s: of both ends together.")
                .explained(explanations::efficiency)),
    ];
    list.extend(compared("cost", |row| row.cost, |_| None));
    list.push(of("setup_s", |at| at.row.setup_s));
    list
}

#[rustfmt::skip]
fn bottleneck<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = vec![
        of("bottleneck", |at| Some(Value::named(at.row.bottleneck.as_ref()?.kind)))
            .shown(look(Group::Bottleneck, "bottleneck").kind(Kind::Text)
                .table(When::Never).page(When::Never)
                .explained(explanations::bottleneck)),
        of("bottleneck_evidence", |at| Some(at.row.bottleneck.as_ref()?.evidence.clone())),
    ];
    list.extend(load("client", |row| Some(row.bottleneck.as_ref()?.client)));
    list.extend(load("server", |row| Some(row.bottleneck.as_ref()?.server)));
    list
}

#[rustfmt::skip]
fn upper_bound_and_marks<'a>() -> [Column<Line<'a>>; 5] {
    [
        of("upper_bound_mb_per_s", |at| Some(at.section.upper_bound.as_ref()?.mb_per_s)),
        of("upper_bound_basis", |at| Some(Value::named(at.section.upper_bound.as_ref()?.basis))),
        of("is_default", |at| at.row.is_default),
        of("unranked", |at| at.row.unranked.map(Value::named)),
        of("marks", |at| Value::names(&at.row.marks))
            .shown(look(Group::Mark, "marks").kind(Kind::Mark).text(|at| marks(at.row))
                .legend("default: what ssh negotiates by default.")
                .explained(explanations::marks)),
    ]
}

/// Against the leader by one figure; `shown` makes a column for people of half its interval.
fn compared<'a>(
    figure: &str,
    compared: impl Fn(&Row) -> Option<Compared> + Copy + 'static,
    shown: impl FnOnce(Look<Line<'a>>) -> Option<Look<Line<'a>>>,
) -> [Column<Line<'a>>; 7] {
    let key = |template: &str| template.replace("FIGURE", figure);
    let times = move |pick: fn(Ratio) -> f64| {
        move |at: &Line| compared(at.row).and_then(|one| one.times_leader).map(pick)
    };
    let half = look(Group::Cost, "±")
        .legend("±: half the 95 % interval.")
        .text(move |at| half(compared(at.row)));
    let half_percent = of(key("FIGURE_half_percent"), move |at| compared(at.row)?.half_percent);
    [
        of(key("FIGURE_label"), move |at| Some(Value::named(compared(at.row)?.label))),
        match shown(half) {
            Some(look) => half_percent.shown(look),
            None => half_percent,
        },
        of(key("FIGURE_times_leader"), times(|times| times.ratio)),
        of(key("FIGURE_times_leader_low"), times(|times| times.low)),
        of(key("FIGURE_times_leader_high"), times(|times| times.high)),
        of(key("FIGURE_left_after"), move |at| compared(at.row)?.left_after),
        of(key("FIGURE_disturbed"), move |at| Some(compared(at.row)?.disturbed)),
    ]
}

/// What one end spent.
#[rustfmt::skip]
fn of_end<'a>(end: End) -> [Column<Line<'a>>; 9] {
    let own = |template: &str, value: fn(&Cost) -> Value| {
        of(template.replace("END", name_of(end)), move |at| cost(at.row, end).map(value))
    };
    let title = |rest: &str| format!("{}\n{rest}", name_of(end));
    let percent = move |value: fn(&Cost) -> Option<f64>| {
        move |at: &Line| match cost(at.row, end).and_then(value) {
            Some(percent) => format!("{percent:.0}"),
            None => "-".into(),
        }
    };
    [
        own("END_cpu_s_per_gb", |cost| cost.cpu_s_per_gb.into())
            .shown(look(Group::Cost, title("CPU-s\nper GB"))
                .text(move |at| {
                    let cost = cost(at.row, end);
                    doubted(cost.map(|cost| cost.cpu_s_per_gb), cost.is_some_and(|cost| cost.coarse))
                })
                .legend("CPU-s: CPU-seconds of the ssh processes.")
                .explained(move |at| explanations::cost(at, end))),
        own("END_samples", |cost| cost.samples.into()),
        own("END_core_percent", |cost| cost.core_percent.into())
            .shown(look(Group::Core, title("% core")).wide().text(percent(|cost| cost.core_percent))
                .legend("% core: of one core, during the transfer.")),
        own("END_core_half_percent", |cost| cost.core_half_percent.into()),
        own("END_cipher_percent", |cost| cost.cipher_percent.into())
            .shown(look(Group::CipherShare, title("cipher\n%")).table(When::WideAndKnown)
                .page(When::Never).text(percent(|cost| cost.cipher_percent))
                .legend("cipher %: of that end's CPU, by its cipher core.")),
        own("END_sources", |cost| Value::names(&cost.sources)),
        own("END_resolution_s", |cost| cost.resolution_s.into()),
        own("END_coarse", |cost| cost.coarse.into()),
        own("END_with_helpers", |cost| cost.with_helpers.into()),
    ]
}

/// What the command for the whole file takes.
#[rustfmt::skip]
fn whole_file<'a>() -> Vec<Column<Line<'a>>> {
    let mut list = vec![
        of("whole_file_scaled", |at| at.row.whole_file.scaled),
        of("whole_file_real_s", |at| at.row.whole_file.real_s)
            .shown(look(Group::Seconds, "real s").table(When::Never).page(When::Never)),
        of("whole_file_takes", takes)
            .not_in_csv()
            .shown(look(Group::Seconds, "FILE\ntakes s").table(When::WideOrKnown).page(When::Known)
                .dispensable(3).text(|at| figure(at.row.whole_file.real_s))
                .legend("FILE takes: the whole file by one command, connecting included.")
                .explained(explanations::takes)),
        of("whole_file_real_low_s", |at| at.row.whole_file.real_low_s),
        of("whole_file_real_high_s", |at| at.row.whole_file.real_high_s),
    ];
    list.extend(cpu_of_file(End::Client, |row| row.whole_file.client));
    list.extend(cpu_of_file(End::Server, |row| row.whole_file.server));
    list
}

/// Real seconds, where the user named a file and one machine is not compared with itself.
fn takes(at: &Line) -> Option<f64> {
    at.survey.header.file.name.as_ref().filter(|_| at.table.sections.len() == 1)?;
    at.row.whole_file.real_s
}

/// CPU of one end for the whole file.
fn cpu_of_file<'a>(end: End, times: fn(&Row) -> Option<EndTimes>) -> [Column<Line<'a>>; 2] {
    let own = |template: &str, title: &str, seconds: fn(EndTimes) -> f64| {
        let name = name_of(end);
        let value = move |at: &Line| times(at.row).map(seconds);
        of(template.replace("END", name), value).shown(
            look(Group::Seconds, format!("{name}\n{title}"))
                .wide()
                .page_key(template.replace("END", name).replace("whole_file_", ""))
                .legend("user, sys: CPU-seconds for the whole file, connecting included."),
        )
    };
    [
        own("whole_file_END_user_s", "user s", |times| times.user_s),
        own("whole_file_END_system_s", "sys s", |times| times.system_s),
    ]
}

/// Shares of the transfer's real time, of one end.
fn load<'a>(end: &str, load: fn(&Row) -> Option<Load>) -> [Column<Line<'a>>; 9] {
    let own = |template: &str, share: fn(Load) -> Option<f64>| {
        of(template.replace("END", end), move |at| load(at.row).and_then(share))
    };
    [
        own("END_busy_share", |load| load.busy),
        own("END_delayed_share", |load| load.delayed),
        own("END_throttled_share", |load| load.throttled),
        own("END_helpers_share", |load| load.helpers),
        own("END_host_busy_share", |load| load.host_busy),
        own("END_other_work_share", |load| load.other_work),
        own("END_stolen_share", |load| load.stolen),
        own("END_disk_wait_share", |load| load.disk_wait),
        own("END_disk_busy_share", |load| load.disk_busy),
    ]
}

fn of<'a, V: Into<Value>>(
    key: impl Into<String>,
    value: impl Fn(&Line<'a>) -> V + 'static,
) -> Column<Line<'a>> {
    column(key, value)
}

fn look<'a>(group: Group, title: impl Into<String>) -> Look<Line<'a>> {
    super::look(group, title)
}

fn name_of(end: End) -> &'static str {
    match end {
        End::Client => "client",
        End::Server => "server",
    }
}

/// The cipher, over its MAC where that is needed to tell it from other rows and has no column.
fn name(at: &Line) -> String {
    let cipher = printable(at.row.cipher.as_str());
    match mac(at.row) {
        mac if at.names_mac && !mac.is_empty() => format!("{cipher}\n{mac}"),
        _ => cipher,
    }
}

fn mac(row: &Row) -> String {
    row.mac.as_ref().map(|mac| printable(mac.as_str())).unwrap_or_default()
}

fn figure(value: Option<f64>) -> String {
    Value::from(value).rounded()
}

/// With a question mark where it is near the resolution of its clock.
fn doubted(value: Option<f64>, coarse: bool) -> String {
    let doubt = if value.is_some() && coarse { "?" } else { "" };
    figure(value) + doubt
}

/// Half the 95 % interval; empty where there is none.
fn half(compared: Option<Compared>) -> String {
    let half = compared.and_then(|compared| compared.half_percent);
    half.map(|percent| per_cent(percent).replace(' ', "")).unwrap_or_default()
}

/// What it is of the upper bound.
fn share_of_upper_bound(at: &Line) -> Option<f64> {
    at.section.upper_bound.as_ref()?.share(at.row.rate_mb_per_s?)
}

/// Of a mere lower bound the share says no more than the rate does.
fn share_of_known(at: &Line) -> Option<f64> {
    let is_known = at.section.upper_bound.as_ref().is_some_and(UpperBound::is_known);
    share_of_upper_bound(at).filter(|_| is_known)
}

/// At most so much, where the bound is a lower one.
fn share(at: &Line) -> String {
    let bound = if share_of_known(at).is_some() { "" } else { "≤" };
    let share = share_of_upper_bound(at);
    share.map_or("-".into(), |share| format!("{bound}{:.0}%", 100.0 * share))
}

fn marks(row: &Row) -> String {
    let mut marks: Vec<String> = row.marks.iter().map(ToString::to_string).collect();
    match (row.failed, row.measured) {
        (0, _) => {}
        (_, 0) => marks.push("failed".into()),
        (failed, measured) => marks.push(format!("{failed} of {} failed", failed + measured)),
    }
    marks.join(", ")
}
