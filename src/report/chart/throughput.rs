//! How fast each cipher is, both ways, with what it might be, with the upper bound of the path.

use super::bars::{Bar, Bars, Group, Line};
use super::figures::side_by_side;
use super::panel::{Panel, Way};
use super::scale::finite;
use super::{Chart, Drawing};
use crate::analysis::phrases::per_cent;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::upper_bound::{Basis, UpperBound};
use crate::model::units::significant;
use crate::report::columns::rows::RATE;
use crate::report::grid::{Cell, Grid};

pub fn chart(panel: &Panel) -> Chart {
    let group = |(name, choice)| Group {
        name,
        note: panel.note(choice),
        bars: panel.ways.iter().map(|way| bar(way, way.row(choice))).collect(),
    };
    let lines = panel.ways.iter().filter_map(line).collect();
    let groups = panel.names().map(group).collect();
    let (height, marks) = Bars { groups, lines, unit: RATE, least: 0.0, reach: 66.0 }.draw();
    let mut caption = vec![
        "Steady rate in MB/s, start-up taken out; longer is faster. The thin line across a bar's \
         end is its 95 % interval, with an arrow where \
         that goes on beyond the scale."
            .to_owned(),
    ];
    caption.extend(panel.ways.iter().filter_map(upper_bound));
    Chart {
        id: "throughput",
        title: "Throughput",
        caption,
        key: panel
            .ways
            .iter()
            .map(|way| (way.class(), format!("{} {}", way.arrow(), way.direction())))
            .collect(),
        drawings: vec![Drawing {
            title: String::new(),
            description: description(panel),
            height,
            marks,
        }],
        names: Vec::new(),
        grid: grid(panel),
    }
}

/// The interval of a rate is one of ratios: as many times below as above.
pub fn interval(row: &Row) -> Option<(f64, f64)> {
    let rate = row.rate_mb_per_s?;
    let times = 1.0 + row.speed?.half_percent? / 100.0;
    Some((finite(rate / times)?, finite(rate * times)?))
}

fn bar(way: &Way, row: Option<&Row>) -> Bar {
    let Some((row, rate)) = row.and_then(|row| Some((row, finite(row.rate_mb_per_s?)?))) else {
        return Bar { value: format!("{} not measured", way.arrow()), ..Bar::default() };
    };
    let half = row.speed.and_then(|speed| speed.half_percent).and_then(finite);
    let half = half.map(|half| format!(" ±{}", per_cent(half))).unwrap_or_default();
    Bar {
        parts: vec![(way.class(), rate)],
        interval: interval(row),
        value: format!("{} {}{half}", way.arrow(), significant(rate)),
        ..Bar::default()
    }
}

/// A lower bound is no line: the path may carry any amount more.
fn line(way: &Way) -> Option<Line> {
    let upper_bound =
        way.section.upper_bound.as_ref().filter(|upper_bound| upper_bound.is_known())?;
    let what = match upper_bound.basis {
        Basis::PlainTcp => "plain TCP",
        Basis::NoCipher => "no cipher",
        Basis::FastestCipher | Basis::AtLeast => "upper bound",
    };
    let text = format!("{} {what} {} MB/s", way.arrow(), significant(upper_bound.mb_per_s));
    Some(Line { class: way.class(), value: upper_bound.mb_per_s, text })
}

fn upper_bound(way: &Way) -> Option<String> {
    let UpperBound { text, .. } = way.section.upper_bound.as_ref()?;
    let so = match way.section.upper_bound.as_ref().is_some_and(UpperBound::is_known) {
        true => "the dashed line",
        false => "a lower bound, so no line",
    };
    Some(format!("Upper bound, {}: {text} ({so}).", way.direction()))
}

fn description(panel: &Panel) -> String {
    let said = |way: &Way| {
        let ranked: Vec<String> = way
            .section
            .rows
            .iter()
            .filter_map(|row| Some(format!("{} {}", row.cipher, significant(row.rate_mb_per_s?))))
            .collect();
        format!("{} in MB/s: {}.", way.direction(), ranked.join(", "))
    };
    panel.ways.iter().map(said).collect::<Vec<_>>().join(" ")
}

fn grid(panel: &Panel) -> Grid {
    let figures =
        [(RATE, "rate_mb_per_s"), ("from", "rate_low_mb_per_s"), ("to", "rate_high_mb_per_s")];
    let title = format!("Throughput with 95 % intervals, {}", panel.title);
    side_by_side(panel, title, figures, |way, choice| {
        let row = way.row(choice);
        let (low, high) = row.and_then(interval).unzip();
        [row.and_then(|row| row.rate_mb_per_s), low, high].map(Cell::figure)
    })
}
