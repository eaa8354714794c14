//! The samples in order of time, a strip for each cipher: what drifts, and what stands out.

use maud::{Markup, html};

use super::name::name;
use super::panel::Panel;
use super::scale::{Scale, finite, percent};
use super::{Chart, Drawing};
use crate::analysis::rows::ranking::Choice;
use crate::analysis::samples::series::steady_rate;
use crate::analysis::samples::startup::Startups;
use crate::model::record::{Outcome, Phase, Sample};
use crate::model::units::MB;
use crate::model::{Direction, Survey};
use crate::report::grid::{Cell, Grid, Heading};
use crate::stats::statistics::median;

/// Pixels down.
const STRIP: f64 = 36.0;
const GAP: f64 = 10.0;
const AXIS: f64 = 22.0;
/// A strip reaches at least so many times above and below its middle.
const LEAST_RANGE: f64 = 1.1;
const LARGEST_RANGE: f64 = 2.0;

/// One sample of a strip.
struct Dot {
    /// Since the survey began.
    seconds: f64,
    direction: Direction,
    /// MB/s; absent where it failed.
    rate: Option<f64>,
    /// The rate as a multiple of the median of its cipher and direction.
    times: Option<f64>,
}

pub fn chart(panel: &Panel, survey: &Survey) -> Chart {
    let strips = strips(panel, survey);
    let range = range(&strips);
    let mut key: Vec<(&'static str, String)> =
        panel.ways.iter().map(|way| (way.class(), way.direction().to_string())).collect();
    if strips.iter().flatten().any(|dot| dot.rate.is_none()) {
        key.push(("failed", "failed".into()));
    }
    Chart {
        id: "drift",
        title: "Samples in order of time",
        caption: vec![format!(
            "Each sample's steady rate against the median of its cipher and direction, which is the \
             line in the middle; a strip reaches from 1/{range:.2} to {range:.2} times that, and \
             what lies beyond is at its edge. Minutes and seconds since the survey began."
        )],
        key,
        drawings: vec![drawing(panel, &strips, range)],
        names: Vec::new(),
        grid: grid(panel, &strips),
    }
}

/// The samples of each choice.
fn strips(panel: &Panel, survey: &Survey) -> Vec<Vec<Dot>> {
    let startups = Startups::of(&survey.samples);
    let began = survey.header.started.parse::<jiff::Timestamp>().ok();
    let seconds = |sample: &Sample| {
        let started = sample.started.parse::<jiff::Timestamp>().ok();
        let since = started.zip(began).map(|(at, began)| at.duration_since(began).as_secs_f64());
        finite(since.unwrap_or(sample.at_s)).unwrap_or(0.0).max(0.0)
    };
    let own = |sample: &&Sample| {
        (sample.phase, sample.pairing, sample.method) == (Phase::Round, panel.pairing, panel.method)
    };
    let mut strips: Vec<Vec<Dot>> = panel.choices.iter().map(|_| Vec::new()).collect();
    for sample in survey.samples.iter().filter(own) {
        let Some(strip) = panel.choices.iter().position(|choice| is_of(sample, choice)) else {
            continue;
        };
        let measured = sample.outcome == Outcome::Measured;
        let rate = steady_rate(sample, &startups).map(|rate| rate / MB).and_then(finite);
        strips[strip].push(Dot {
            seconds: seconds(sample),
            direction: sample.direction,
            rate: rate.filter(|rate| measured && *rate > 0.0),
            times: None,
        });
    }
    for strip in &mut strips {
        for direction in [Direction::Upload, Direction::Download] {
            let middle = median(&rates(strip, direction));
            for dot in strip.iter_mut().filter(|dot| dot.direction == direction) {
                dot.times = dot.rate.zip(middle).map(|(rate, middle)| rate / middle);
            }
        }
    }
    strips
}

/// The MAC tells choices of one cipher apart: what was asked for, else what was negotiated.
fn is_of(sample: &Sample, choice: &Choice) -> bool {
    let negotiated = || {
        let names = sample.negotiated.as_ref()?;
        match sample.direction {
            Direction::Upload => &names.client_to_server,
            Direction::Download => &names.server_to_client,
        }
        .explicit_mac()
    };
    let mac = || sample.mac.clone().or_else(negotiated);
    sample.cipher == choice.cipher && (!choice.ambiguous || mac() == choice.mac)
}

fn rates(strip: &[Dot], direction: Direction) -> Vec<f64> {
    strip.iter().filter(|dot| dot.direction == direction).filter_map(|dot| dot.rate).collect()
}

/// How many times above and below its middle a strip reaches: nearly all samples are within.
fn range(strips: &[Vec<Dot>]) -> f64 {
    let mut off: Vec<f64> = strips.iter().flatten().filter_map(|dot| dot.times).collect();
    off.iter_mut().for_each(|times| *times = times.max(times.recip()));
    off.sort_by(f64::total_cmp);
    let most = off.get((off.len() * 49) / 50).copied().unwrap_or(1.0);
    (most * 1.02).clamp(LEAST_RANGE, LARGEST_RANGE)
}

fn drawing(panel: &Panel, strips: &[Vec<Dot>], range: f64) -> Drawing {
    let last = strips.iter().flatten().map(|dot| dot.seconds).fold(0.0, f64::max);
    let scale = Scale { end: last.max(1.0), from: 1.5, reach: 98.0 };
    let mut bottom = -GAP;
    let mut drawn = Vec::new();
    for ((own, _), strip) in panel.names().zip(strips) {
        let (height, name) = name(&own, "", bottom + GAP);
        let top = bottom + GAP + height;
        let middle = top + STRIP / 2.0;
        drawn.push(html! {
            (name)
            rect class="strip" x="0" width="100%" y=(top) height=(STRIP) {}
            line class="middle" x1="0" x2="100%" y1=(middle) y2=(middle) {}
            @for dot in strip { (dot.draw(&scale, middle, range)) }
        });
        bottom = top + STRIP;
    }
    let marks = html! {
        @for strip in drawn { (strip) }
        @for tick in ticks(scale.end) {
            @let x = percent(scale.at(tick));
            line class="rule" x1=(x) x2=(x) y1=(bottom) y2=(bottom + 4.0) {}
            text class="tick" x=(x) y=(bottom + 17.0)
                text-anchor=(if tick == 0.0 { "start" } else { "middle" }) { (clock(tick)) }
        }
    };
    let all = strips.iter().flatten().count();
    let failed = strips.iter().flatten().filter(|dot| dot.rate.is_none()).count();
    Drawing {
        title: String::new(),
        description: format!("{all} samples over {}, {failed} of them failed.", clock(last)),
        height: bottom + AXIS,
        marks,
    }
}

impl Dot {
    fn draw(&self, scale: &Scale, middle: f64, range: f64) -> Markup {
        let x = percent(scale.at(self.seconds));
        let room = STRIP / 2.0 - 4.0;
        let Some(times) = self.times else {
            return html! {
                svg x=(x) y=(middle) overflow="visible" {
                    path class="failed" d="M-4 -4L4 4M-4 4L4 -4" {}
                }
            };
        };
        let off = (times.ln() / range.ln()).clamp(-1.0, 1.0);
        // Half pixels show no more.
        let y = ((middle - room * off) * 2.0).round() / 2.0;
        match self.direction {
            Direction::Upload => html! { circle class="up" cx=(x) cy=(y) r="3" {} },
            Direction::Download => html! {
                svg x=(x) y=(y) overflow="visible" {
                    rect class="down" x="-2.7" y="-2.7" width="5.4" height="5.4" {}
                }
            },
        }
    }
}

/// At most four round times from zero on, in seconds.
fn ticks(end_s: f64) -> impl Iterator<Item = f64> {
    const STEPS_S: [f64; 12] =
        [1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0];
    let fits = |step: &f64| end_s / step <= 4.0;
    let step = STEPS_S.into_iter().find(fits).unwrap_or((end_s / 14400.0).ceil() * 3600.0);
    // The last one would stand in the middle of the chart's edge.
    (0..).map(move |n| f64::from(n) * step).take_while(move |tick| *tick <= 0.95 * end_s)
}

/// `0:30`, `1:02:03`.
fn clock(seconds: f64) -> String {
    let whole = seconds.max(0.0) as u64;
    let (hours, minutes, seconds) = (whole / 3600, whole / 60 % 60, whole % 60);
    match hours {
        0 => format!("{minutes}:{seconds:02}"),
        _ => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

fn grid(panel: &Panel, strips: &[Vec<Dot>]) -> Grid {
    let headings = vec![
        Heading::text("cipher"),
        Heading::text("direction"),
        Heading::figure("measured", "measured"),
        Heading::figure("failed", "failed"),
        Heading::figure("slowest MB/s", "slowest_mb_per_s"),
        Heading::figure("median MB/s", "median_mb_per_s"),
        Heading::figure("fastest MB/s", "fastest_mb_per_s"),
    ];
    let mut rows = Vec::new();
    for way in &panel.ways {
        for ((name, _), strip) in panel.names().zip(strips) {
            let all = strip.iter().filter(|dot| dot.direction == way.direction()).count();
            let rates = rates(strip, way.direction());
            let count = |count: usize| Cell::number(Some(count as f64), |count| count.to_string());
            let cells = vec![
                Cell::text(way.direction().to_string()),
                count(rates.len()),
                count(all - rates.len()),
                Cell::figure(rates.iter().copied().reduce(f64::min)),
                Cell::figure(median(&rates)),
                Cell::figure(rates.iter().copied().reduce(f64::max)),
            ];
            rows.push((name, cells));
        }
    }
    Grid { title: format!("Samples, {}", panel.title), headings, rows }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_few_and_round() {
        let shown = |end: f64| ticks(end).map(clock).collect::<Vec<_>>();
        assert_eq!(shown(110.0), ["0:00", "0:30", "1:00", "1:30"]);
        assert_eq!(shown(3.5), ["0:00", "0:01", "0:02", "0:03"]);
        assert_eq!(shown(90_000.0), ["0:00", "7:00:00", "14:00:00", "21:00:00"]);
        assert_eq!(clock(3723.0), "1:02:03");
    }

    #[test]
    fn a_strip_holds_nearly_all_samples() {
        let dot = |times: f64| Dot {
            seconds: 1.0,
            direction: Direction::Upload,
            rate: Some(times),
            times: Some(times),
        };
        let calm: Vec<Dot> = (0..100).map(|n| dot(1.0 + f64::from(n % 3) / 100.0)).collect();
        assert_eq!(range(&[calm]), LEAST_RANGE);
        assert_eq!(range(&[vec![dot(0.2), dot(1.0)]]), LARGEST_RANGE);
    }
}
