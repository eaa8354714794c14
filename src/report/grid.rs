//! A table of figures as it is shown.

/// A name per row, and a cell for each further column.
#[derive(Clone, Default)]
pub struct Grid {
    pub title: String,
    /// The first stands over the names.
    pub headings: Vec<Heading>,
    pub rows: Vec<(String, Vec<Cell>)>,
}

/// Over a column, from top to bottom.
#[derive(Clone)]
pub struct Heading {
    pub lines: Vec<String>,
    /// Columns of one group belong together: they are shown side by side where there is room.
    pub group: usize,
    /// Names its figures for a program, unique in its grid; empty over text.
    pub key: String,
}

/// One figure as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// Unrounded; absent: not measured, or a text.
    pub value: Option<f64>,
    pub shown: String,
    /// `±3%` or `0.95–1.05`; empty where there is no telling.
    pub interval: String,
    /// How it compares within its column: `*`, `=`, `(=)`.
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

impl Heading {
    pub fn figure(text: impl Into<String>, key: impl Into<String>) -> Heading {
        Heading { lines: vec![text.into()], group: 0, key: key.into() }
    }

    pub fn text(text: impl Into<String>) -> Heading {
        Heading::figure(text, "")
    }

    pub fn is_figure(&self) -> bool {
        !self.key.is_empty()
    }
}

impl Cell {
    pub fn missing() -> Cell {
        Cell::text("-")
    }

    pub fn text(shown: impl Into<String>) -> Cell {
        Cell { shown: shown.into(), ..Cell::default() }
    }

    /// By what writes it, where there is a number.
    pub fn number(value: Option<f64>, write: impl Fn(f64) -> String) -> Cell {
        let value = value.filter(|value| value.is_finite());
        value.map_or_else(Cell::missing, |number| Cell { value, ..Cell::text(write(number)) })
    }

    /// Three significant digits, as everywhere.
    pub fn figure(value: Option<f64>) -> Cell {
        Cell::number(value, crate::model::units::significant)
    }

    /// Per cent without a sign, as whole numbers.
    pub fn percent(value: Option<f64>) -> Cell {
        Cell::number(value, |percent| format!("{percent:.0}"))
    }

    /// All in one, with single spaces.
    pub fn whole(&self) -> String {
        let parts = [self.shown.as_str(), &self.interval, self.mark];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
    }
}
