//! A comparison laid out: what all forms of it print.

use crate::report::chart::slopes::Slopes;

/// The kind of a page that compares surveys.
pub const SURVEYS: &str = "SSH cipher surveys compared";

/// Tables with what is said above and below them. Text from outside is in it as it came: each form
/// makes it harmless in its own way.
#[derive(Default)]
pub struct Sheet {
    /// What kind of page it is.
    pub kind: &'static str,
    pub title: String,
    /// What is compared, each behind its label.
    pub facts: Vec<(String, String)>,
    pub grids: Vec<Grid>,
    /// What the signs mean.
    pub legend: String,
    /// What is missing, and why; of cores, what is to be known.
    pub notes: Vec<String>,
    /// In what the surveys can't be compared alike.
    pub warnings: Vec<String>,
    /// What follows, each behind its scope.
    pub conclusions: Vec<(String, String)>,
}

pub struct Grid {
    pub title: String,
    /// The first column holds names, the others figures.
    pub headings: Vec<Heading>,
    /// As many cells as there are columns of figures.
    pub rows: Vec<(String, Vec<Cell>)>,
    /// The same from class to class, where there are several.
    pub slopes: Option<Slopes>,
}

/// Over a column, from top to bottom.
pub struct Heading {
    pub lines: Vec<String>,
    /// Columns of one group belong together: they are shown side by side where there is room.
    pub group: usize,
    /// Names its figures for a program, unique in its grid; empty over names.
    pub key: String,
}

/// One figure as it is shown.
#[derive(Clone, Default)]
pub struct Cell {
    /// Unrounded; absent: not measured.
    pub value: Option<f64>,
    pub shown: String,
    /// `±3%` or `0.95–1.05`; empty where there is no telling.
    pub interval: String,
    /// How it stands in its column: `*`, `=`, `(=)`.
    pub mark: &'static str,
    pub tone: Tone,
}

/// What a colour may help to see; the text says it too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Good,
    Bad,
}

impl Cell {
    pub fn missing() -> Cell {
        Cell { shown: "-".into(), ..Cell::default() }
    }

    /// All in one, with single spaces.
    pub fn text(&self) -> String {
        let parts = [self.shown.as_str(), &self.interval, self.mark];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
