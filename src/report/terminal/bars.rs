//! Throughput and CPU of the rows of a table as bars.

use crate::analysis::figures::Row;
use crate::analysis::standing::Choice;
use crate::analysis::table::{Section, Table};
use crate::model::units::{printable, significant};
use crate::report::Style;

/// What bars are made of.
struct Glyphs {
    /// To the lower end of the interval, and from there to the figure.
    sure: &'static str,
    likely: &'static str,
    /// From the figure to the upper end, and what ends it; what has no room goes on.
    whisker: &'static str,
    end: &'static str,
    on: &'static str,
    client: &'static str,
    server: &'static str,
}

const UNICODE: Glyphs =
    Glyphs {
        sure: "█", likely: "▓", whisker: "─", end: "┤", on: "→", client: "█", server: "░"
    };
const ASCII: Glyphs =
    Glyphs { sure: "#", likely: "=", whisker: "-", end: "|", on: ">", client: "#", server: ":" };

/// Room for a figure behind a bar.
const FIGURE: usize = 8;

/// All sections below each other: first their throughput, then their CPU.
pub fn lines(table: &Table, style: &Style) -> Vec<String> {
    let glyphs = if style.ascii { &ASCII } else { &UNICODE };
    let rows: Vec<(String, &Row)> = table
        .sections
        .iter()
        .flat_map(|section| {
            let several = table.sections.len() > 1;
            section.rows.iter().map(move |row| (name(section, row, several), row))
        })
        .map(|(name, row)| (style.text(&name).into_owned(), row))
        .collect();
    let longest = rows.iter().map(|(name, _)| textwrap::core::display_width(name)).max();
    let names = longest.unwrap_or(0).min(style.width() / 2);
    let room = style.width().saturating_sub(names + 1 + FIGURE).max(10);
    let line = |name: &str, bar: Option<(String, f64)>| {
        let gap = " ".repeat(names.saturating_sub(textwrap::core::display_width(name)));
        match bar {
            Some((bar, figure)) => format!("{name}{gap} {bar} {}", significant(figure)),
            None => format!("{name}{gap} -"),
        }
    };
    let Glyphs { likely, whisker, end, client, server, .. } = glyphs;
    let mut lines = vec![format!("MB/s ({likely}{whisker}{end} 95 % interval)")];
    let largest = rows.iter().filter_map(|(_, row)| row.rate_mb_per_s).fold(0.0, f64::max);
    for (name, row) in &rows {
        lines.push(line(name, rate_bar(row, largest, room, glyphs)));
    }
    lines.push(String::new());
    lines.push(format!("CPU-s per GB ({client} client, {server} server)"));
    let largest = rows.iter().filter_map(|(_, row)| row.cost_of_both()).fold(0.0, f64::max);
    for (name, row) in &rows {
        lines.push(line(name, cost_bar(row, largest, room, glyphs)));
    }
    lines.push(String::new());
    lines
}

fn name(section: &Section, row: &Row, several: bool) -> String {
    let name = printable(&Choice::of(row, &section.rows).to_string());
    if several { format!("{name} {}", section.aes) } else { name }
}

/// A share of the room, at least one character for what is more than nothing.
fn length(value: f64, largest: f64, room: usize) -> usize {
    let share = if largest > 0.0 { value / largest } else { 0.0 };
    let length = (share * room as f64).round() as usize;
    if value > 0.0 { length.max(1) } else { 0 }
}

/// The largest rate takes two thirds of the room, so that its whisker has some.
fn rate_bar(row: &Row, largest: f64, room: usize, glyphs: &Glyphs) -> Option<(String, f64)> {
    let rate = row.rate_mb_per_s?;
    let scale = 1.5 * largest;
    let times = row.speed.and_then(|speed| speed.half_percent).map_or(1.0, |h| 1.0 + h / 100.0);
    let low = length(rate / times, scale, room);
    let at = length(rate, scale, room).max(low);
    let high = length(rate * times, scale, room);
    let mut bar = glyphs.sure.repeat(low) + &glyphs.likely.repeat(at - low);
    if high > at {
        let (shown, end) = if high > room { (room, glyphs.on) } else { (high, glyphs.end) };
        bar += &glyphs.whisker.repeat(shown.saturating_sub(at + 1));
        bar += end;
    }
    Some((bar, rate))
}

fn cost_bar(row: &Row, largest: f64, room: usize, glyphs: &Glyphs) -> Option<(String, f64)> {
    let both = row.cost_of_both()?;
    let whole = length(both, largest, room);
    let client = length(row.client.as_ref()?.cpu_s_per_gb, largest, room).min(whole);
    Some((glyphs.client.repeat(client) + &glyphs.server.repeat(whole - client), both))
}
