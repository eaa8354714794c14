//! What each cipher costs both ends together, against the cheapest.

use super::bars::{Bar, Bars, Group};
use super::figures::side_by_side;
use super::panel::{Panel, Way};
use super::scale::finite;
use super::{Chart, Drawing};
use crate::analysis::rows::compare::{Compared, Ratio};
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::Section;
use crate::model::units::significant;
use crate::report::grid::{Cell, Grid};
use crate::stats::race::Label;

pub fn chart(panel: &Panel) -> Chart {
    Chart {
        id: "cost",
        title: "CPU cost against the cheapest",
        caption: vec![
            "CPU of both ends for the same bytes, as a multiple of the cheapest cipher's; shorter \
             is cheaper. The thin line is the 95 % interval of that ratio, with an \
             arrow where it goes on beyond the scale."
                .to_owned(),
        ],
        key: vec![("client", "client".to_owned()), ("server", "server".to_owned())],
        drawings: panel.ways.iter().map(|way| drawing(panel, way)).collect(),
        names: Vec::new(),
        grid: grid(panel),
    }
}

/// A row's cost as a multiple of the cheapest one's.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relative {
    pub ratio: f64,
    /// Absent for the cheapest itself, and where too little was measured.
    pub interval: Option<(f64, f64)>,
    /// The client's part of it.
    pub client: f64,
}

/// By the comparison in common rounds where there is one, else by the costs themselves.
pub fn relative(row: &Row, section: &Section) -> Option<Relative> {
    let cost = row.cost_of_both()?;
    let client = row.client.as_ref()?.cpu_s_per_gb / cost;
    let least = || {
        let ranked = section.rows.iter().filter(|row| row.unranked.is_none());
        ranked.filter_map(Row::cost_of_both).reduce(f64::min)
    };
    let compared = row.cost.and_then(|cost| cost.times_leader);
    let ratio = match (compared, row.cost) {
        (Some(Ratio { ratio, .. }), _) => ratio,
        (None, Some(Compared { label: Label::Lead, .. })) => 1.0,
        (None, _) => cost / least()?,
    };
    let interval = compared.map(|Ratio { low, high, .. }| (low, high));
    Some(Relative { ratio: finite(ratio)?, interval, client: finite(ratio * client)? })
}

fn drawing(panel: &Panel, way: &Way) -> Drawing {
    let own = |row: &Row| relative(row, way.section);
    let bar = |row: Option<&Row>| match row.and_then(own) {
        Some(Relative { ratio, interval, client }) => Bar {
            parts: vec![("client", client), ("server", ratio - client)],
            interval,
            value: format!("{}×", significant(ratio)),
            ..Bar::default()
        },
        None => Bar { value: "not measured".into(), ..Bar::default() },
    };
    let group =
        |(name, choice)| Group { name, note: panel.note(choice), bars: vec![bar(way.row(choice))] };
    let groups = panel.names().map(group).collect();
    let (height, marks) =
        Bars { groups, lines: Vec::new(), unit: "× cheapest", least: 1.0, reach: 74.0 }.draw();
    let said = |row: &Row| Some(format!("{} {}", row.cipher, significant(own(row)?.ratio)));
    let said: Vec<String> = way.section.rows.iter().filter_map(said).collect();
    Drawing {
        title: way.direction().to_string(),
        description: format!("Times the cheapest: {}.", said.join(", ")),
        height,
        marks,
    }
}

fn grid(panel: &Panel) -> Grid {
    let figures = [("×", "cost_ratio"), ("from", "cost_low"), ("to", "cost_high")];
    let title = format!("CPU of both ends against the cheapest, {}", panel.title);
    side_by_side(panel, title, figures, |way, choice| {
        let own = way.row(choice).and_then(|row| relative(row, way.section));
        let (low, high) = own.and_then(|own| own.interval).unzip();
        [own.map(|own| own.ratio), low, high].map(Cell::figure)
    })
}
