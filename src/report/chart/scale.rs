//! Where a value lies in a chart, its axis, and labels that make room for each other.

use maud::{Markup, html};

use crate::model::units::significant;

/// The narrowest that a chart is drawn, in pixels: a screen of 360 less its margins.
pub const NARROWEST: f64 = 300.0;

/// A number that has a place in a chart. Journals are read as they are, and what is worked out of
/// no bytes or no time is none.
pub fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// From zero at `from` to `end` at `reach`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    pub end: f64,
    /// Per cent of the width, or pixels where it goes down.
    pub from: f64,
    pub reach: f64,
}

impl Scale {
    /// What is no number or negative lies at zero, what is beyond the end at the end.
    pub fn at(&self, value: f64) -> f64 {
        let share = value / self.end;
        let share = if share.is_nan() { 0.0 } else { share.clamp(0.0, 1.0) };
        self.from + share * (self.reach - self.from)
    }

    /// Round values from zero to the end: 1, 2 or 5 times a power of ten apart.
    pub fn ticks(&self, at_most: u32) -> Vec<f64> {
        // Of the very least numbers the steps would be none.
        if !(self.end.is_normal() && self.end > 0.0) {
            return vec![0.0];
        }
        let least = self.end / f64::from(at_most);
        let power = 10_f64.powf(least.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|round| round * power);
        let step = step.into_iter().find(|step| *step >= least * 0.999).unwrap_or(10.0 * power);
        let within = |tick: &f64| tick.is_finite() && *tick <= self.end * 1.001;
        (0..).map(|n| f64::from(n) * step).take_while(within).collect()
    }

    /// Lines from `top` to `bottom` (pixels) at round values, which stand below them, and the unit
    /// behind them.
    pub fn across(&self, top: f64, bottom: f64, unit: &str) -> Markup {
        html! {
            @for tick in self.ticks(5) {
                @let x = percent(self.at(tick));
                line class="rule" x1=(x) x2=(x) y1=(top) y2=(bottom) {}
                text class="tick" x=(x) y=(bottom + 15.0)
                    text-anchor=(if tick == 0.0 && self.from == 0.0 { "start" } else { "middle" })
                    { (round(tick)) }
            }
            @if !unit.is_empty() {
                text class="tick" x="100%" y=(bottom + 15.0) text-anchor="end" { (unit) }
            }
        }
    }
}

/// `12.34%`, no longer than it has to be.
pub fn percent(value: f64) -> String {
    let text = format!("{value:.2}");
    format!("{}%", text.trim_end_matches('0').trim_end_matches('.'))
}

/// A round value without needless zeros: `0`, `0.5`, `200`.
pub fn round(value: f64) -> String {
    let text = significant(value);
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

/// Places as near as possible to those wanted (least squares), at least `gap` apart and within
/// bounds where there is room. In the order of the arguments.
pub fn spread_out(wanted: &[f64], gap: f64, (low, high): (f64, f64)) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));
    // Less the room that those before it need, places only have to be in order: labels that are not
    // are pooled at their mean (pool adjacent violators).
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &index) in order.iter().enumerate() {
        let mut pool = (wanted[index] - gap * rank as f64, 1);
        while let Some(&(mean, size)) = pools.last().filter(|last| last.0 > pool.0) {
            pools.pop();
            let together = size + pool.1;
            let sum = mean * size as f64 + pool.0 * pool.1 as f64;
            pool = (sum / together as f64, together);
        }
        pools.push(pool);
    }
    let high = high - gap * wanted.len().saturating_sub(1) as f64;
    let places = pools.iter().flat_map(|&(mean, size)| std::iter::repeat_n(mean, size));
    let mut placed = vec![0.0; wanted.len()];
    for (rank, (index, place)) in order.into_iter().zip(places).enumerate() {
        placed[index] = place.min(high).max(low) + gap * rank as f64;
    }
    placed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        let ticks = |end| Scale { end, from: 0.0, reach: 70.0 }.ticks(5);
        assert_eq!(ticks(458.0), [0.0, 100.0, 200.0, 300.0, 400.0]);
        assert_eq!(ticks(100.0), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        assert_eq!(ticks(2.3), [0.0, 0.5, 1.0, 1.5, 2.0]);
        assert_eq!(ticks(0.0), [0.0]);
        assert_eq!(ticks(f64::NAN), [0.0]);
        assert_eq!(ticks(f64::from_bits(1)), [0.0]);
        assert!(ticks(f64::MAX).len() > 1 && ticks(f64::MIN_POSITIVE).len() > 1);
        assert_eq!([0.0, 0.5, 2.0, 200.0, 1500.0].map(round), ["0", "0.5", "2", "200", "1500"]);
    }

    #[test]
    fn values_stay_within_the_scale() {
        let scale = Scale { end: 200.0, from: 10.0, reach: 70.0 };
        assert_eq!(
            [0.0, 100.0, 200.0, 900.0, -1.0].map(|v| scale.at(v)),
            [10., 40., 70., 70., 10.]
        );
        assert_eq!(
            [f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(|v| scale.at(v)),
            [10., 70., 10.]
        );
        assert_eq!([12.345, 30.0, 7.10].map(percent), ["12.35%", "30%", "7.1%"]);
    }

    #[test]
    fn labels_move_apart_as_little_as_needed() {
        assert_eq!(spread_out(&[10.0, 50.0], 14.0, (0.0, 100.0)), [10.0, 50.0]);
        assert_eq!(spread_out(&[50.0, 50.0], 14.0, (0.0, 100.0)), [43.0, 57.0]);
        assert_eq!(spread_out(&[2.0, 4.0], 14.0, (0.0, 100.0)), [0.0, 14.0]);
        assert_eq!(spread_out(&[99.0, 98.0], 14.0, (0.0, 100.0)), [100.0, 86.0]);
        assert_eq!(spread_out(&[], 14.0, (0.0, 1.0)), [0.0; 0]);
    }
}
