//! Throughput against what a CPU-second buys: what is good at both is at the top right.

use super::panel::{Panel, Way};
use super::points::{HEIGHT, Point, Points, front};
use super::scale::finite;
use super::{Cell, Chart, Column, Drawing, Grid};

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
    let (x_unit, y_unit) = ("MB per CPU-s", "MB/s");
    Drawing {
        title: way.direction().to_string(),
        description,
        height: HEIGHT,
        marks: Points { points, x_unit, y_unit }.draw(),
    }
}

fn grid(panel: &Panel) -> Grid {
    let mut columns = vec![Column::text("cipher")];
    for way in &panel.ways {
        let direction = way.direction();
        for (what, key) in [("MB per CPU-s", "mb_per_cpu_s"), ("MB/s", "rate_mb_per_s")] {
            columns
                .push(Column::figure(format!("{direction} {what}"), format!("{direction}_{key}")));
        }
        columns.push(Column::text(&format!("{direction} best at both")));
    }
    let fronts: Vec<Vec<usize>> = panel
        .ways
        .iter()
        .map(|way| front(&points(panel, way)).iter().map(|point| point.number).collect())
        .collect();
    let row = |(number, (name, choice))| {
        let cells = |(way, front): (&Way, &Vec<usize>)| {
            let row = way.row(choice);
            [
                Cell::figure(row.and_then(|row| row.mb_per_cpu_s)),
                Cell::figure(row.and_then(|row| row.rate_mb_per_s)),
                Cell::text(if front.contains(&number) { "yes" } else { "" }),
            ]
        };
        (format!("{number} {name}"), panel.ways.iter().zip(&fronts).flat_map(cells).collect())
    };
    Grid {
        caption: format!("Throughput and efficiency, {}", panel.title),
        columns,
        rows: (1..).zip(panel.names()).map(row).collect(),
    }
}
