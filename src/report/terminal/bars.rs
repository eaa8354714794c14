//! Throughput and CPU of the rows of a table as bars.

use textwrap::core::display_width;
use textwrap::{Options, WordSplitter};

use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::table::{Section, Table};
use crate::model::units::{printable, significant};
use crate::report::columns::rows::{COST, RATE};
use crate::report::format::Style;

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
    let is_short = |name: &str| display_width(name) <= style.width() / 2;
    let short = rows.iter().map(|(name, _)| name.as_str()).filter(|name| is_short(name));
    let names = short.map(display_width).max().unwrap_or(0);
    let room = style.width().saturating_sub(names + 1 + FIGURE).max(10);
    let row = |name: &str, bar: Option<(String, f64)>| -> Vec<String> {
        // What is too long has lines of its own above its bar: its end tells it from others.
        let (mut lines, label) = match is_short(name) {
            true => (Vec::new(), name),
            false => (folded(name, style.width()), ""),
        };
        let gap = " ".repeat(names.saturating_sub(display_width(label)));
        lines.push(match bar {
            Some((bar, figure)) => format!("{label}{gap} {bar} {}", significant(figure)),
            None => format!("{label}{gap} -"),
        });
        lines
    };
    let Glyphs { likely, whisker, end, .. } = glyphs;
    let mut lines = vec![format!("{RATE} ({likely}{whisker}{end} 95 % interval)")];
    let largest = rows.iter().filter_map(|(_, row)| row.rate_mb_per_s).fold(0.0, f64::max);
    for (name, own) in &rows {
        lines.extend(row(name, rate_bar(own, largest, room, glyphs)));
    }
    lines.push(String::new());
    let costs: Vec<Costs> = rows.iter().map(|(_, row)| Costs::of(row)).collect();
    lines.push(format!("{COST} ({})", ends(&costs, glyphs)));
    let largest = costs.iter().filter_map(Costs::sum).fold(0.0, f64::max);
    for ((name, _), costs) in rows.iter().zip(&costs) {
        lines.extend(row(name, costs.bar(largest, room, glyphs)));
    }
    lines.push(String::new());
    lines
}

/// A name in lines of so many columns, broken within words only where they are longer.
fn folded(name: &str, width: usize) -> Vec<String> {
    let options = Options::new(width).word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(name, options).into_iter().map(String::from).collect()
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

/// CPU-seconds per GB of each end, as far as it was measured.
struct Costs {
    client: Option<f64>,
    server: Option<f64>,
}

impl Costs {
    fn of(row: &Row) -> Costs {
        let of = |cost: &Option<Cost>| cost.as_ref().map(|cost| cost.cpu_s_per_gb);
        Costs { client: of(&row.client), server: of(&row.server) }
    }

    /// Of what is known.
    fn sum(&self) -> Option<f64> {
        [self.client, self.server].into_iter().flatten().reduce(|client, server| client + server)
    }

    fn bar(&self, largest: f64, room: usize, glyphs: &Glyphs) -> Option<(String, f64)> {
        let sum = self.sum()?;
        let whole = length(sum, largest, room);
        let client = self.client.map_or(0, |client| length(client, largest, room).min(whole));
        Some((glyphs.client.repeat(client) + &glyphs.server.repeat(whole - client), sum))
    }
}

/// What the parts of the bars are, and of what there is a part alone.
fn ends(costs: &[Costs], Glyphs { client, server, .. }: &Glyphs) -> String {
    let any = |is: fn(&Costs) -> bool| costs.iter().any(is);
    match (any(|own| own.client.is_some()), any(|own| own.server.is_some())) {
        (true, false) => format!("{client} client alone: the server's is unknown"),
        (false, true) => format!("{server} server alone: the client's is unknown"),
        _ if any(|own| own.client.is_some() != own.server.is_some()) => {
            format!("{client} client, {server} server; of some one end alone")
        }
        _ => format!("{client} client, {server} server"),
    }
}
