//! What `time` would tell of the command for the whole file: real seconds, and user and system of each end.

use super::bars::{Bar, Bars, Group};
use super::cpu::label;
use super::figures::{heading, one_below_the_other, value};
use super::panel::{ENDS, Panel, Way, times};
use super::{Chart, Drawing};
use crate::analysis::end::End;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::whole::EndTimes;
use crate::model::units::{significant, size};
use crate::report::grid::{Cell, Grid};

/// `file_bytes`: of the whole file.
pub fn chart(panel: &Panel, file_bytes: u64) -> Chart {
    let rows = || panel.ways.iter().flat_map(|way| &way.section.rows);
    let scaled = rows().any(|row| row.whole_file.scaled);
    let how = if scaled {
        "~: put together from what was measured of parts of it."
    } else {
        "Each sample sent the whole file."
    };
    Chart {
        id: "seconds",
        title: "Seconds for the whole file",
        caption: vec![format!(
            "CPU seconds of each end, user and system, for {}, and real seconds as an upright \
             mark; shorter is better. Setup and start-up are in them. {how}",
            size(file_bytes)
        )],
        key: vec![
            ("user", "user".to_owned()),
            ("system", "system".to_owned()),
            ("mark", "real".to_owned()),
        ],
        drawings: panel.ways.iter().map(|way| drawing(panel, way)).collect(),
        names: Vec::new(),
        grid: grid(panel, scaled),
    }
}

fn cpu_s(times: EndTimes) -> f64 {
    times.user_s + times.system_s
}

fn drawing(panel: &Panel, way: &Way) -> Drawing {
    let bar = |row: Option<&Row>, end: End| {
        let Some((row, times)) = row.and_then(|row| Some((row, times(row, end)?))) else {
            return Bar { label: label(end), value: "not measured".into(), ..Bar::default() };
        };
        let about = if row.whole_file.scaled { "~" } else { "" };
        let real_s = row.whole_file.real_s;
        let real = real_s.map(|real| format!(" of {}", significant(real)));
        Bar {
            label: label(end),
            parts: vec![("user", times.user_s), ("system", times.system_s)],
            mark: real_s,
            value: format!("{about}{}{}", significant(cpu_s(times)), real.unwrap_or_default()),
            ..Bar::default()
        }
    };
    let group = |(name, choice)| Group {
        name,
        note: panel.note(choice),
        bars: ENDS.map(|end| bar(way.row(choice), end)).into(),
    };
    let groups = panel.names().map(group).collect();
    let (height, marks) =
        Bars { groups, lines: Vec::new(), unit: "seconds", least: 0.0, reach: 58.0 }.draw();
    let said = |row: &Row| {
        let of = |end| {
            let Some(times) = times(row, end) else { return "-".to_owned() };
            let real = row.whole_file.real_s.map_or("-".into(), significant);
            format!("{} of {real}", significant(cpu_s(times)))
        };
        format!("{} {} and {}", row.cipher, of(End::Client), of(End::Server))
    };
    let said: Vec<String> = way.section.rows.iter().map(said).collect();
    Drawing {
        title: way.direction().to_string(),
        description: format!(
            "CPU seconds of real seconds at client and server: {}.",
            said.join(", ")
        ),
        height,
        marks,
    }
}

fn grid(panel: &Panel, scaled: bool) -> Grid {
    let of_ends = ENDS
        .iter()
        .flat_map(|end| ["user", "system"].map(|kind| format!("whole_file_{end}_{kind}_s")));
    let keys: Vec<String> =
        std::iter::once("whole_file_real_s".to_owned()).chain(of_ends).collect();
    let how = if scaled { ", put together from what was measured of it" } else { "" };
    let title = format!("Seconds for the whole file{how}, {}", panel.title);
    one_below_the_other(panel, title, keys.iter().map(|key| heading(key)), |way, row| {
        keys.iter().map(|key| Cell::figure(value(&way.line(row), key))).collect()
    })
}
