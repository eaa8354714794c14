//! Bars from left to right, in groups below their names: each in parts behind each other, with an
//! interval, a mark, and its value right behind it.

use maud::{Markup, html};

use super::name::name;
use super::scale::{Scale, percent};

/// Pixels down.
const BAR: f64 = 12.0;
const PITCH: f64 = 16.0;
const GAP: f64 = 12.0;
const AXIS: f64 = 22.0;
/// A line so many times beyond the longest bar is told and not drawn: bars would shrink to nothing.
const BEYOND: f64 = 2.5;
/// … as is what of an interval lies so many times beyond: of two rounds it may reach anywhere.
const INTERVAL_BEYOND: f64 = 1.5;

/// A chart of bars.
pub struct Bars {
    pub groups: Vec<Group>,
    /// Across all groups.
    pub lines: Vec<Line>,
    pub unit: &'static str,
    /// The scale reaches at least so far.
    pub least: f64,
    /// Per cent of the width at the scale's end; values need the rest.
    pub reach: f64,
}

/// The bars of one name.
pub struct Group {
    /// Harmless text, of any length.
    pub name: String,
    /// Behind the name, said more quietly.
    pub note: String,
    pub bars: Vec<Bar>,
}

#[derive(Default)]
pub struct Bar {
    /// Before it; empty where colour and order tell.
    pub label: &'static str,
    /// Classes with their lengths, from the left.
    pub parts: Vec<(&'static str, f64)>,
    /// What is left up to this is drawn empty.
    pub track: Option<f64>,
    pub interval: Option<(f64, f64)>,
    /// A point on the same scale.
    pub mark: Option<f64>,
    /// Behind the bar.
    pub value: String,
}

/// A value that all bars are to be held against.
pub struct Line {
    pub class: &'static str,
    pub value: f64,
    pub text: String,
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|(_, length)| length).sum()
    }

    /// Where all but its interval ends.
    fn solid(&self) -> f64 {
        [self.track, self.mark].into_iter().flatten().fold(self.length(), f64::max)
    }

    /// Where nothing of it is drawn any more.
    fn end(&self) -> f64 {
        self.interval.map_or(self.solid(), |(_, high)| high.max(self.solid()))
    }
}

impl Bars {
    /// The height in pixels, and the marks.
    pub fn draw(&self) -> (f64, Markup) {
        let longest = self.longest();
        let drawn = |line: &&Line| line.value.is_finite() && line.value <= BEYOND * longest;
        let end = self.lines.iter().filter(drawn).map(|line| line.value).fold(longest, f64::max);
        let labelled = self.bars().any(|bar| !bar.label.is_empty());
        let from = if labelled { 14.0 } else { 0.0 };
        let scale = Scale { end: end.max(self.least), from, reach: self.reach };

        let top = PITCH * self.lines.len() as f64;
        let mut y = top + 4.0;
        let mut groups = Vec::new();
        for group in &self.groups {
            let (height, marks) = group.draw(&scale, y);
            groups.push(marks);
            y += height;
        }
        let bottom = y - GAP + 4.0;
        let marks = html! {
            (scale.across(top, bottom, self.unit))
            @for (index, line) in self.lines.iter().enumerate() {
                (line.draw(&scale, PITCH * index as f64, bottom))
            }
            // Above the lines, so that what they cross can be read.
            @for group in groups { (group) }
        };
        (bottom + AXIS, marks)
    }

    fn bars(&self) -> impl Iterator<Item = &Bar> {
        self.groups.iter().flat_map(|group| &group.bars)
    }

    fn longest(&self) -> f64 {
        let longest = |of: fn(&Bar) -> f64| {
            self.bars().map(of).filter(|end| end.is_finite()).fold(0.0, f64::max)
        };
        longest(Bar::end).min(INTERVAL_BEYOND * longest(Bar::solid))
    }
}

impl Group {
    fn draw(&self, scale: &Scale, top: f64) -> (f64, Markup) {
        let (height, name) = name(&self.name, &self.note, top);
        let below = top + height;
        let marks = html! {
            (name)
            @for (index, bar) in self.bars.iter().enumerate() {
                (bar.draw(scale, below + PITCH * index as f64))
            }
        };
        (below - top + PITCH * self.bars.len() as f64 + GAP, marks)
    }
}

impl Bar {
    fn draw(&self, scale: &Scale, top: f64) -> Markup {
        let middle = top + BAR / 2.0;
        let baseline = top + BAR - 2.0;
        let mut left = 0.0;
        let parts = self.parts.iter().map(|(class, length)| {
            let (from, to) = (scale.at(left), scale.at(left + length));
            left += length;
            (class, from, to - from)
        });
        html! {
            @if !self.label.is_empty() {
                text class="end" x="0" y=(baseline) { (self.label) }
            }
            @if let Some(track) = self.track {
                rect class="idle" x=(percent(scale.from)) y=(top)
                    width=(percent(scale.at(track) - scale.from)) height=(BAR) {}
            }
            @for (class, from, width) in parts {
                rect class=(class) x=(percent(from)) y=(top) width=(percent(width)) height=(BAR) {}
            }
            @if let Some(interval) = self.interval { (whisker(interval, scale, middle)) }
            @if let Some(mark) = self.mark {
                @let x = percent(scale.at(mark));
                line class="mark" x1=(x) x2=(x) y1=(top - 1.5) y2=(top + BAR + 1.5) {}
            }
            text class="value" x=(percent(scale.at(self.end()))) dx="6" y=(baseline) {
                (self.value)
            }
        }
    }
}

/// From end to end; one that reaches beyond the scale has an arrow there.
fn whisker((low, high): (f64, f64), scale: &Scale, middle: f64) -> Markup {
    let beyond = high > scale.end;
    let cap = |x: &str| html! { line x1=(x) x2=(x) y1=(middle - 4.0) y2=(middle + 4.0) {} };
    let (low, high) = (percent(scale.at(low)), percent(scale.at(high)));
    html! {
        g class="whisker" {
            line x1=(low) x2=(high) y1=(middle) y2=(middle) {}
            (cap(&low))
            @if beyond {
                svg x=(high) y=(middle) overflow="visible" { path d="M-5 -4L0 0L-5 4" {} }
            } @else { (cap(&high)) }
        }
    }
}

impl Line {
    fn draw(&self, scale: &Scale, top: f64, bottom: f64) -> Markup {
        let beyond = self.value > scale.end;
        let at = scale.at(self.value);
        let x = percent(at);
        // On the side that has room.
        let left = at > 40.0;
        html! {
            @if !beyond {
                line class={ "bound " (self.class) } x1=(x) x2=(x) y1=(top) y2=(bottom) {}
            }
            text class="value" x=(if beyond { "100%" } else { &x }) y=(top + 11.0)
                dx=(if beyond { "0" } else if left { "-5" } else { "5" })
                text-anchor=(if beyond || left { "end" } else { "start" })
                { (self.text) @if beyond { ", beyond the scale" } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(lines: Vec<Line>) -> String {
        let bar = |length| Bar {
            parts: vec![("up", length)],
            interval: Some((0.8 * length, 1.25 * length)),
            value: "v".into(),
            ..Bar::default()
        };
        let group = |name: &str, length| Group {
            name: name.into(),
            note: String::new(),
            bars: vec![bar(length), Bar { value: "not measured".into(), ..Bar::default() }],
        };
        let groups = vec![group("a", 80.0), group(&"long".repeat(20), 40.0)];
        Bars { groups, lines, unit: "MB/s", least: 0.0, reach: 66.0 }.draw().1.into_string()
    }

    #[test]
    fn the_longest_interval_ends_where_values_have_room() {
        let svg = bars(vec![]);
        assert!(
            svg.contains(r#"<rect class="up" x="0%" y="23" width="52.8%" height="12">"#),
            "{svg}"
        );
        assert!(svg.contains(r#"<text class="value" x="66%" dx="6" y="33">v</text>"#), "{svg}");
        assert!(svg.contains("not measured"));
        assert_eq!(svg.matches("<text class=\"name\"").count(), 4, "a long name is folded: {svg}");
    }

    #[test]
    fn an_interval_that_reaches_anywhere_shrinks_no_bar() {
        let bar =
            Bar { parts: vec![("up", 10.0)], interval: Some((0.1, 1000.0)), ..Bar::default() };
        let groups = vec![Group { name: "a".into(), note: String::new(), bars: vec![bar] }];
        let bars = Bars { groups, lines: vec![], unit: "", least: 0.0, reach: 60.0 };
        let svg = bars.draw().1.into_string();
        assert!(svg.contains(r#"width="40%""#) && svg.contains("<path"), "{svg}");
    }

    #[test]
    fn a_line_far_beyond_the_bars_is_told_and_not_drawn() {
        let line = |value| vec![Line { class: "up", value, text: "wall".into() }];
        assert!(bars(line(120.0)).contains("class=\"bound up\""));
        let beyond = bars(line(900.0));
        assert!(!beyond.contains("class=\"bound") && beyond.contains("wall, beyond the scale"));
    }
}
