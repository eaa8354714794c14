//! The CPU that each end uses during the transfer, in per cent of one core, by user and system.

use super::bars::{Bar, Bars, Group};
use super::figures::{heading, one_below_the_other, value};
use super::panel::{ENDS, Panel, Way};
use super::scale::finite;
use super::{Chart, Drawing};
use crate::analysis::end::End;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::cost;
use crate::report::grid::{Cell, Grid, Heading};

pub fn chart(panel: &Panel) -> Chart {
    Chart {
        id: "cores",
        title: "CPU at both ends",
        caption: vec![
            "CPU of the SSH process at each end during the transfer, in per cent of one core; the \
             rest of the core is idle. An end that needs the whole core is the bottleneck."
                .to_owned(),
        ],
        key: vec![
            ("user", "user".to_owned()),
            ("system", "system".to_owned()),
            ("idle", "idle".to_owned()),
        ],
        drawings: panel.ways.iter().map(|way| drawing(panel, way)).collect(),
        names: Vec::new(),
        grid: grid(panel),
    }
}

/// In per cent of one core.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Work {
    pub user: f64,
    pub system: f64,
}

/// The total is fine-grained and its split a sample of the kernel's, so the split is of the total.
pub fn work(row: &Row, end: End) -> Option<Work> {
    let cost = cost(row, end)?;
    let user = cost.user_share.unwrap_or(1.0);
    let percent = finite(cost.core_percent?)?;
    Some(Work { user: percent * user, system: percent * (1.0 - user) })
}

fn drawing(panel: &Panel, way: &Way) -> Drawing {
    let bar = |row: Option<&Row>, end: End| {
        let label = label(end);
        match row.and_then(|row| work(row, end)) {
            Some(Work { user, system }) => Bar {
                label,
                parts: vec![("user", user), ("system", system)],
                track: Some(100.0),
                value: format!("{:.0} %", user + system),
                ..Bar::default()
            },
            None => Bar { label, value: "not measured".into(), ..Bar::default() },
        }
    };
    let group = |(name, choice)| Group {
        name,
        note: panel.note(choice),
        bars: ENDS.map(|end| bar(way.row(choice), end)).into(),
    };
    let groups = panel.names().map(group).collect();
    let (height, marks) =
        Bars { groups, lines: Vec::new(), unit: "% of a core", least: 100.0, reach: 70.0 }.draw();
    let said = |row: &Row| {
        let percent =
            |end| work(row, end).map_or("-".into(), |w| format!("{:.0}", w.user + w.system));
        format!("{} {} and {}", row.cipher, percent(End::Client), percent(End::Server))
    };
    let said: Vec<String> = way.section.rows.iter().map(said).collect();
    Drawing {
        title: way.direction().to_string(),
        description: format!("Per cent of a core at client and server: {}.", said.join(", ")),
        height,
        marks,
    }
}

pub fn label(end: End) -> &'static str {
    match end {
        End::Client => "client",
        End::Server => "server",
    }
}

fn grid(panel: &Panel) -> Grid {
    let headings = ENDS.iter().flat_map(|end| {
        [
            Heading::figure(format!("{end} user %"), format!("{end}_user_percent")),
            Heading::figure(format!("{end} system %"), format!("{end}_system_percent")),
            heading(&format!("{end}_core_percent")),
        ]
    });
    let title = format!("CPU at both ends, in per cent of one core, {}", panel.title);
    one_below_the_other(panel, title, headings, |way, row| {
        let percents = |end| {
            let work = work(row, end);
            let all = value(&way.line(row), &format!("{end}_core_percent"));
            [work.map(|work| work.user), work.map(|work| work.system), all].map(Cell::percent)
        };
        ENDS.into_iter().flat_map(percents).collect()
    })
}
