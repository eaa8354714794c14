//! Throughput against what a CPU-second buys: what is good at both is at the top right.

use super::figures::{side_by_side, value};
use super::panel::{Panel, Way};
use super::points::{HEIGHT, Point, Points, front};
use super::scale::finite;
use super::{Chart, Drawing};
use crate::report::columns::rows::{EFFICIENCY, RATE};
use crate::report::grid::{Cell, Grid};

pub fn chart(panel: &Panel) -> Chart {
    Chart {
        id: "efficiency",
        title: "Throughput against efficiency",
        caption: vec![
            "Higher is faster, further right moves more bytes for the same CPU of both ends. \
             Filled and joined: nothing is better at both (by the estimates; their intervals are \
             above)."
                .to_owned(),
        ],
        key: Vec::new(),
        drawings: panel.ways.iter().map(|way| drawing(panel, way)).collect(),
        names: panel.names().map(|(name, _)| name).collect(),
        grid: grid(panel),
    }
}

/// Points of the choices that have both figures, by their number in the panel.
fn points(panel: &Panel, way: &Way) -> Vec<Point> {
    let of = |(number, choice)| {
        let row = way.row(choice)?;
        let (x, y) = (finite(row.mb_per_cpu_s?)?, finite(row.rate_mb_per_s?)?);
        Some(Point { number, x, y, class: way.class(), ranked: row.unranked.is_none() })
    };
    (1..).zip(&panel.choices).filter_map(of).collect()
}

fn drawing(panel: &Panel, way: &Way) -> Drawing {
    let points = points(panel, way);
    let name = |point: &Point| panel.choices[point.number - 1].to_string();
    let best: Vec<String> = front(&points).into_iter().map(name).collect();
    let description = match points.is_empty() {
        true => "Nothing was measured at both ends.".to_owned(),
        false => format!("Nothing is better at both than {}.", best.join(", ")),
    };
    let (x_unit, y_unit) = (EFFICIENCY, RATE);
    Drawing {
        title: way.direction().to_string(),
        description,
        height: HEIGHT,
        marks: Points { points, x_unit, y_unit }.draw(),
    }
}

fn grid(panel: &Panel) -> Grid {
    const KEYS: [&str; 2] = ["mb_per_cpu_s", "rate_mb_per_s"];
    let figures = [(EFFICIENCY, KEYS[0]), (RATE, KEYS[1]), ("best at both", "")];
    let title = format!("Throughput and efficiency, {}", panel.title);
    let mut grid = side_by_side(panel, title, figures, |way, choice| {
        let row = way.row(choice);
        let [efficiency, rate] =
            KEYS.map(|key| Cell::figure(row.and_then(|row| value(&way.line(row), key))));
        let points = points(panel, way);
        let is_best =
            front(&points).into_iter().any(|best| panel.choices[best.number - 1] == *choice);
        [efficiency, rate, Cell::text(if is_best { "yes" } else { "" })]
    });
    for (number, (name, _)) in (1..).zip(&mut grid.rows) {
        *name = format!("{number} {name}");
    }
    grid
}
