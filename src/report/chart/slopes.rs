//! One line per name from class to class: how a cipher's rank changes from one kind of host to
//! another.

use maud::{Markup, html};

use super::scale::{NARROWEST, Scale, percent, spread_out};
use super::{Chart, Drawing};
use crate::model::units::{printable, significant};
use crate::report::grid::{Cell, Grid, Heading};

/// Pixels down: a line of labels or of a class's name, and the least that a chart needs.
const LINE: f64 = 15.0;
const LEAST: f64 = 220.0;
/// Per cent across, of the first and the last class: labels stand outside.
const SIDES: (f64, f64) = (22.0, 78.0);
/// Pixels of a character in a class's name, at most.
const CHARACTER: f64 = 7.8;

/// What the figures are.
const UNIT: &str = "× best";

/// Figures of several names in two or three classes of hosts.
pub struct Slopes {
    /// Names of the classes, from the left.
    pub classes: Vec<String>,
    pub lines: Vec<Line>,
}

/// One name with a figure for each class.
pub struct Line {
    pub name: String,
    pub values: Vec<Option<f64>>,
    /// The intervals of the values, where they are known.
    pub low: Vec<Option<f64>>,
    pub high: Vec<Option<f64>>,
}

/// `title` names the figure on the page; the caption is the caller's.
pub fn chart(slopes: &Slopes, title: &'static str, caption: Vec<String>) -> Chart {
    Chart {
        id: "classes",
        title,
        caption,
        key: Vec::new(),
        drawings: vec![Drawing {
            title: String::new(),
            description: slopes.description(),
            height: slopes.bottom() + 8.0,
            marks: slopes.draw(),
        }],
        names: slopes.lines.iter().map(|line| printable(&line.name)).collect(),
        grid: slopes.grid(title),
    }
}

impl Slopes {
    fn bottom(&self) -> f64 {
        self.top() + LEAST.max(LINE * self.lines.len() as f64)
    }

    /// Below the names of the classes.
    fn top(&self) -> f64 {
        LINE * self.classes.iter().map(|name| self.folded(name).len()).max().unwrap_or(1) as f64
            + 19.0
    }

    /// A class's name in lines that leave room for the next one's.
    fn folded(&self, name: &str) -> Vec<String> {
        let pitch = (self.across(1) - self.across(0)) / 100.0 * NARROWEST;
        let columns = (pitch / CHARACTER) as usize;
        textwrap::wrap(&printable(name), columns).into_iter().map(String::from).collect()
    }

    /// Per cent across.
    fn across(&self, class: usize) -> f64 {
        let last = self.classes.len().saturating_sub(1).max(1) as f64;
        SIDES.0 + (SIDES.1 - SIDES.0) * class as f64 / last
    }

    fn draw(&self) -> Markup {
        let values = || self.lines.iter().flat_map(|line| &line.values).flatten();
        let high = self.lines.iter().flat_map(|line| &line.high).flatten();
        let end = values().chain(high).copied().filter(|v| v.is_finite()).fold(0.0, f64::max);
        let scale = Scale { end, from: self.bottom(), reach: self.top() + LINE / 2.0 };
        html! {
            @for (class, name) in self.classes.iter().enumerate() {
                @let x = percent(self.across(class));
                @for (index, text) in self.folded(name).iter().enumerate() {
                    text class="name" x=(x) y=(13.0 + LINE * index as f64) text-anchor="middle"
                        { (text) }
                }
                line class="rule" x1=(x) x2=(x) y1=(self.top() - 10.0) y2=(self.bottom()) {}
            }
            @for (index, line) in self.lines.iter().enumerate() {
                g class={ "slope slope-" (index % COLOURS) } { (self.line(line, &scale)) }
            }
            // On the right of the middle ones too: half the way to the next class holds a label.
            @for class in 0..self.classes.len() {
                (self.labels(class, &scale, if class == 0 { "end" } else { "start" }))
            }
        }
    }

    /// Between classes that both have a figure.
    fn line(&self, line: &Line, scale: &Scale) -> Markup {
        let at = |class: usize| Some((self.across(class), scale.at((*line.values.get(class)?)?)));
        let bound = |of: &[Option<f64>], class: usize| Some(scale.at((*of.get(class)?)?));
        let classes = 0..self.classes.len();
        html! {
            @for (from, to) in classes.clone().zip(1..).filter_map(|(a, b)| at(a).zip(at(b))) {
                line x1=(percent(from.0)) y1=(from.1) x2=(percent(to.0)) y2=(to.1) {}
            }
            @for (class, (x, y)) in classes.filter_map(|class| Some((class, at(class)?))) {
                @let x = percent(x);
                @if let Some((low, high)) = bound(&line.low, class).zip(bound(&line.high, class)) {
                    line class="interval" x1=(x) x2=(x) y1=(low) y2=(high) {}
                }
                circle cx=(x) cy=(y) r="3.5" {}
            }
        }
    }

    /// Numbers and values of the lines that reach a class, beside it and a line apart.
    fn labels(&self, class: usize, scale: &Scale, anchor: &str) -> Markup {
        let reaching: Vec<(usize, f64)> = (1..)
            .zip(&self.lines)
            .filter_map(|(number, line)| Some((number, (*line.values.get(class)?)?)))
            .collect();
        let wanted: Vec<f64> = reaching.iter().map(|(_, value)| scale.at(*value)).collect();
        let placed = spread_out(&wanted, LINE, (self.top(), self.bottom() - 2.0));
        let side = if anchor == "end" { -1.0 } else { 1.0 };
        html! {
            @for (((number, value), own), label) in reaching.iter().zip(wanted).zip(placed) {
                svg x=(percent(self.across(class))) y=(own) overflow="visible" {
                    line class="leader" x1=(5.0 * side) y1="0" x2=(16.0 * side) y2=(label - own) {}
                    text class="value" x=(19.0 * side) y=(label - own + 4.0) text-anchor=(anchor) {
                        @if side < 0.0 { (significant(*value)) " " }
                        tspan class="number" { (number) }
                        @if side > 0.0 { " " (significant(*value)) }
                    }
                }
            }
        }
    }

    fn description(&self) -> String {
        let of = |line: &Line| {
            let values: Vec<String> =
                line.values.iter().map(|value| value.map_or("-".into(), significant)).collect();
            format!("{} {}", line.name, values.join(" to "))
        };
        let lines: Vec<String> = self.lines.iter().map(of).collect();
        format!("{UNIT} from {}: {}.", self.classes.join(" to "), lines.join(", "))
    }

    fn grid(&self, title: &str) -> Grid {
        let class = |(number, name): (usize, &String)| {
            Heading::figure(format!("{} {UNIT}", printable(name)), format!("class_{number}"))
        };
        let headings = std::iter::once(Heading::text("cipher"))
            .chain((1..).zip(&self.classes).map(class))
            .collect();
        let row = |(number, line): (usize, &Line)| {
            let value = |class: usize| Cell::figure(line.values.get(class).copied().flatten());
            let cells = (0..self.classes.len()).map(value).collect();
            (format!("{number} {}", printable(&line.name)), cells)
        };
        let rows = (1..).zip(&self.lines).map(row).collect();
        Grid { title: title.to_owned(), headings, rows }
    }
}

/// So many colours are told apart; then they begin again.
pub const COLOURS: usize = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str, values: &[Option<f64>]) -> Line {
        let times = |by: f64| values.iter().map(|value| value.map(|v| by * v)).collect();
        Line { name: name.into(), values: values.into(), low: times(0.9), high: times(1.1) }
    }

    fn slopes() -> Slopes {
        Slopes {
            classes: vec!["AES".into(), "no AES".into()],
            lines: vec![
                line("aes128-gcm@openssh.com", &[Some(500.0), Some(20.0)]),
                line("<chacha>\u{1b}", &[Some(500.0), Some(36.0)]),
                line("only-here", &[Some(498.0), None]),
            ],
        }
    }

    /// The places of the labels down, at one side.
    fn labels(svg: &str, anchor: &str) -> Vec<f64> {
        let number = |text: &str| text.split('"').next().unwrap().parse::<f64>().unwrap();
        let frames = svg
            .split("<svg ")
            .skip(1)
            .filter(|frame| frame.contains(&format!("text-anchor=\"{anchor}\"")));
        frames
            .map(|frame| {
                let own = number(frame.split("y=\"").nth(1).unwrap());
                own + number(frame.split("<text").nth(1).unwrap().split("y=\"").nth(1).unwrap())
            })
            .collect()
    }

    #[test]
    fn labels_at_both_ends_do_not_overlap() {
        let svg = slopes().draw().into_string();
        for (anchor, many) in [("end", 3), ("start", 2)] {
            let mut places = labels(&svg, anchor);
            places.sort_by(f64::total_cmp);
            assert_eq!(places.len(), many, "{svg}");
            assert!(places.windows(2).all(|pair| pair[1] - pair[0] >= LINE - 1e-9), "{places:?}");
        }
    }

    #[test]
    fn the_class_in_the_middle_has_labels_too() {
        let classes = ["AES", "no AES", "unknown"].map(String::from).into();
        let values = [[1.0, 1.25, 2.0], [1.5, 1.0, 1.0]].map(|own| own.map(Some));
        let lines = values.iter().map(|own| line("a", own)).collect();
        let svg = Slopes { classes, lines }.draw().into_string();
        assert_eq!((labels(&svg, "end").len(), labels(&svg, "start").len()), (2, 4), "{svg}");
        assert!(svg.contains("</tspan> 1.25</text>"), "{svg}");
    }

    #[test]
    fn what_is_no_number_has_no_place() {
        let lines = vec![
            line("a", &[Some(f64::NAN), Some(1e308)]),
            line("b", &[Some(f64::INFINITY), Some(0.0)]),
        ];
        let svg =
            Slopes { classes: vec!["AES".into(), "no AES".into()], lines }.draw().into_string();
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn a_line_joins_only_classes_that_have_a_figure() {
        let svg = slopes().draw().into_string();
        let sloping = svg.matches(r#"<line x1="22%""#).count();
        assert_eq!((sloping, svg.matches("<circle").count()), (2, 5), "{svg}");
        assert_eq!(svg.matches("class=\"interval\"").count(), 5, "{svg}");
    }

    #[test]
    fn names_are_beside_the_drawing_and_harmless() {
        let chart = chart(&slopes(), "AES hosts against the others", vec![]);
        assert_eq!(chart.names[1], "<chacha>\\u{1b}");
        assert_eq!(chart.grid.rows[2].1[1].shown, "-");
        assert_eq!(chart.grid.rows[0].1[0].value, Some(500.0));
    }

    #[test]
    fn nothing_measured_is_drawn_without_a_panic() {
        let empty = Slopes { classes: vec![], lines: vec![] };
        assert!(!chart(&empty, "", vec![]).drawings[0].marks.0.contains("NaN"));
    }
}
