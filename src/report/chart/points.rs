//! Numbered points in a plane, those that nothing beats in both ways joined by a line.

use maud::{Markup, html};

use super::scale::{NARROWEST, Scale, percent, round, spread_out};

/// Pixels down.
const TOP: f64 = 26.0;
const BOTTOM: f64 = 250.0;
pub const HEIGHT: f64 = BOTTOM + 38.0;
/// Pixels: room for a number of two digits beside its point.
const NUMBER: f64 = 26.0;
const LINE: f64 = 14.0;

pub struct Point {
    /// Its number.
    pub number: usize,
    pub x: f64,
    pub y: f64,
    pub class: &'static str,
    /// It takes part in who beats whom.
    pub ranked: bool,
}

pub struct Points {
    pub points: Vec<Point>,
    pub x_unit: &'static str,
    pub y_unit: &'static str,
}

/// The points that no other one is at least as good as in both and better in one, from the left.
pub fn front(points: &[Point]) -> Vec<&Point> {
    let ranked = || points.iter().filter(|point| point.ranked);
    let beats = |a: &Point, b: &Point| a.x >= b.x && a.y >= b.y && (a.x > b.x || a.y > b.y);
    let mut front: Vec<&Point> =
        ranked().filter(|own| !ranked().any(|other| beats(other, own))).collect();
    front.sort_by(|a, b| a.x.total_cmp(&b.x));
    front
}

impl Points {
    pub fn draw(&self) -> Markup {
        let largest = |of: fn(&Point) -> f64| self.points.iter().map(of).fold(0.0, f64::max);
        let x = Scale { end: 1.04 * largest(|point| point.x), from: 14.0, reach: 90.0 };
        let y = Scale { end: 1.04 * largest(|point| point.y), from: BOTTOM, reach: TOP };
        let front = front(&self.points);
        let labels = self.labels(&x, &y);
        let is_in_front = |point: &Point| front.iter().any(|other| std::ptr::eq(*other, point));
        let mut drawn: Vec<(&Point, f64)> = self.points.iter().zip(labels).collect();
        drawn.sort_by_key(|(point, _)| is_in_front(point));
        html! {
            (x.across(TOP, BOTTOM, ""))
            text class="tick" x="100%" y=(BOTTOM + 32.0) text-anchor="end" { (self.x_unit) }
            @for tick in y.ticks(4) {
                @let at = y.at(tick);
                line class="rule" x1=(percent(x.from)) x2=(percent(x.reach)) y1=(at) y2=(at) {}
                // The zero below stands for both.
                @if tick > 0.0 {
                    text class="tick" x=(percent(x.from)) dx="-6" y=(at + 4.0) text-anchor="end"
                        { (round(tick)) }
                }
            }
            text class="tick" x="0" y="12" { (self.y_unit) }
            @for pair in front.windows(2) {
                line class="front" x1=(percent(x.at(pair[0].x))) y1=(y.at(pair[0].y))
                    x2=(percent(x.at(pair[1].x))) y2=(y.at(pair[1].y)) {}
            }
            // The front is above what is behind it.
            @for (point, label) in drawn {
                @let (at, own) = (percent(x.at(point.x)), y.at(point.y));
                // A frame at the point, so that what is beside it is in pixels both ways.
                svg x=(at) y=(own) overflow="visible" {
                    @if (label - own).abs() > 5.0 {
                        line class="leader" x1="4" y1="0" x2="9" y2=(label - own) {}
                    }
                    circle class={ (point.class) @if !is_in_front(point) { " behind" } } r="4.5" {}
                    text class="number" x="9" y=(label - own + 4.0) { (point.number) }
                }
            }
        }
    }

    /// How far down each number stands: beside its point unless another one needs the place, on
    /// the narrowest chart; a wider one only moves them further from each other.
    fn labels(&self, x: &Scale, y: &Scale) -> Vec<f64> {
        let across = |point: &Point| x.at(point.x) / 100.0 * NARROWEST;
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by(|&a, &b| self.points[a].x.total_cmp(&self.points[b].x));
        let are_close =
            |&a: &usize, &b: &usize| across(&self.points[b]) - across(&self.points[a]) < NUMBER;
        let mut labels = vec![0.0; self.points.len()];
        for neighbours in order.chunk_by(are_close) {
            let wanted: Vec<f64> = neighbours.iter().map(|&k| y.at(self.points[k].y)).collect();
            let placed = spread_out(&wanted, LINE, (TOP, BOTTOM - LINE / 2.0));
            for (&k, place) in neighbours.iter().zip(placed) {
                labels[k] = place;
            }
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(places: &[(f64, f64)]) -> Points {
        let point = |(number, &(x, y))| Point { number, x, y, class: "up", ranked: number != 9 };
        let points = (1..).zip(places).map(point).collect();
        Points { points, x_unit: "x", y_unit: "y" }
    }

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let all = points(&[(1.0, 9.0), (5.0, 5.0), (4.0, 4.0), (9.0, 1.0), (5.0, 4.9)]);
        let numbers: Vec<usize> = front(&all.points).iter().map(|point| point.number).collect();
        assert_eq!(numbers, [1, 2, 4]);
        let twice = points(&[(2.0, 2.0), (2.0, 2.0)]);
        assert_eq!(front(&twice.points).len(), 2, "equal ones are both in it");
    }

    #[test]
    fn numbers_of_near_points_are_a_line_apart() {
        let all = points(&[(5.0, 5.0), (5.0, 5.0), (5.1, 5.1), (1.0, 5.0)]);
        let x = Scale { end: 10.0, from: 0.0, reach: 100.0 };
        let y = Scale { end: 10.0, from: BOTTOM, reach: TOP };
        let labels = all.labels(&x, &y);
        for (a, b) in [(0, 1), (0, 2), (1, 2)] {
            assert!((labels[a] - labels[b]).abs() >= LINE - 1e-9, "{labels:?}");
        }
        assert_eq!(labels[3], y.at(5.0), "far across: beside its point");
    }
}
