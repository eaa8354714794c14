//! The lists of columns. What a line of any report has is one row of a list: its key, its value, and
//! how a reader sees it. Every format and chart follows from that row.

use super::grid::{Cell, Grid, Heading};
pub use value::Value;

mod explanations;
pub mod line;
pub mod place;
pub mod records;
pub mod rows;
pub mod samples;
mod value;

#[cfg(test)]
mod tests;

/// What lines made from a `T` have in common.
pub struct Column<T> {
    /// Its name in CSV and for programs that read a page; unique in its list. docs/record.md
    /// explains those of surveys.
    pub key: String,
    value: Box<dyn Fn(&T) -> Value>,
    /// It is in CSV.
    pub in_csv: bool,
    /// Absent: it is for programs alone.
    pub look: Option<Look<T>>,
}

/// How a reader sees a column.
pub struct Look<T> {
    /// With its unit, over up to three lines in a terminal.
    pub title: String,
    pub group: Group,
    pub kind: Kind,
    /// In the table of a terminal and of Markdown.
    pub in_table: When,
    /// On a page.
    pub in_page: When,
    /// Its key on a page, where that is not the one in CSV.
    pub page_key: Option<String>,
    /// A terminal of less than eighty columns may leave it out, the least number first.
    pub dispensable: Option<u8>,
    /// What the legend says of it; once, whatever the number of columns that say it.
    pub legend: &'static str,
    text: Option<Text<T>>,
    explanation: Option<Explanation<T>>,
}

/// What a cell of it shows.
type Text<T> = Box<dyn Fn(&T) -> String>;

/// A sentence with the column's figure, in words that go on after its title.
type Explanation<T> = Box<dyn Fn(&T) -> Option<String>>;

/// Columns that stand together. Each format has its own order of groups; within one the order is that
/// of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    Name,
    Count,
    Speed,
    Cost,
    Efficiency,
    Core,
    CipherShare,
    Seconds,
    Mark,
    Bottleneck,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// On the right.
    Figure,
    /// The last column of a table, without a title there.
    Mark,
}

/// When a column is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Never,
    Always,
    /// Where a line has a value for it.
    Known,
    /// In the wide form.
    Wide,
    WideOrKnown,
    WideAndKnown,
}

/// A column for programs; `shown` makes it one for readers too.
pub fn column<T, V: Into<Value>>(
    key: impl Into<String>,
    value: impl Fn(&T) -> V + 'static,
) -> Column<T> {
    let value = Box::new(move |line: &T| value(line).into());
    Column { key: key.into(), value, in_csv: true, look: None }
}

/// A figure that the table and the page always have.
pub fn look<T>(group: Group, title: impl Into<String>) -> Look<T> {
    Look {
        title: title.into(),
        group,
        kind: Kind::Figure,
        in_table: When::Always,
        in_page: When::Always,
        page_key: None,
        dispensable: None,
        legend: "",
        text: None,
        explanation: None,
    }
}

impl<T> Column<T> {
    pub fn shown(mut self, look: Look<T>) -> Column<T> {
        self.look = Some(look);
        self
    }

    pub fn not_in_csv(mut self) -> Column<T> {
        self.in_csv = false;
        self
    }

    pub fn value(&self, line: &T) -> Value {
        (self.value)(line)
    }

    /// As people read it, over several lines perhaps. Text from outside in it has its control
    /// characters escaped, and no more.
    pub fn text(&self, line: &T) -> String {
        match self.look.as_ref().and_then(|look| look.text.as_ref()) {
            Some(text) => text(line),
            None => self.value(line).rounded(),
        }
    }

    /// The value beside its text.
    pub fn cell(&self, line: &T) -> Cell {
        Cell { value: self.value(line).number(), shown: self.text(line), ..Cell::default() }
    }

    pub fn kind(&self) -> Kind {
        self.look.as_ref().map_or(Kind::Text, |look| look.kind)
    }

    /// Over up to three lines.
    pub fn title(&self) -> &str {
        self.look.as_ref().map_or(&self.key, |look| &look.title)
    }

    /// In one line.
    pub fn label(&self) -> String {
        self.title().replace('\n', " ")
    }

    /// On a page, where it may break before its last line and nowhere else.
    pub fn heading(&self) -> Heading {
        let text = match self.title().rsplit_once('\n') {
            Some((first, last)) => {
                format!("{} {}", first.replace(['\n', ' '], "\u{a0}"), last.replace(' ', "\u{a0}"))
            }
            None => self.title().replace(' ', "\u{a0}"),
        };
        let key = self.look.as_ref().and_then(|look| look.page_key.as_ref());
        let key = key.unwrap_or(&self.key);
        match self.kind() {
            Kind::Figure => Heading::figure(text, key),
            Kind::Text | Kind::Mark => Heading::text(text),
        }
    }

    /// A sentence with its figure; absent where the line has none, or nothing is to be said of it.
    pub fn explanation(&self, line: &T) -> Option<String> {
        self.look.as_ref()?.explanation.as_ref()?(line)
    }
}

impl<T> Look<T> {
    pub fn group(self, group: Group) -> Look<T> {
        Look { group, ..self }
    }

    pub fn kind(self, kind: Kind) -> Look<T> {
        Look { kind, ..self }
    }

    pub fn table(self, in_table: When) -> Look<T> {
        Look { in_table, ..self }
    }

    pub fn page(self, in_page: When) -> Look<T> {
        Look { in_page, ..self }
    }

    /// In the wide table alone.
    pub fn wide(self) -> Look<T> {
        self.table(When::Wide).page(When::Never)
    }

    pub fn page_key(self, key: impl Into<String>) -> Look<T> {
        Look { page_key: Some(key.into()), ..self }
    }

    pub fn dispensable(self, order: u8) -> Look<T> {
        Look { dispensable: Some(order), ..self }
    }

    pub fn legend(self, legend: &'static str) -> Look<T> {
        Look { legend, ..self }
    }

    pub fn text(self, text: impl Fn(&T) -> String + 'static) -> Look<T> {
        Look { text: Some(Box::new(text)), ..self }
    }

    pub fn explained(self, sentence: impl Fn(&T) -> Option<String> + 'static) -> Look<T> {
        Look { explanation: Some(Box::new(sentence)), ..self }
    }
}

impl When {
    fn is_now(self, wide: bool, is_known: impl FnOnce() -> bool) -> bool {
        match self {
            When::Never => false,
            When::Always => true,
            When::Known => is_known(),
            When::Wide => wide,
            When::WideOrKnown => wide || is_known(),
            When::WideAndKnown => wide && is_known(),
        }
    }
}

/// The columns of a list that these lines are shown by, in the order of the groups.
pub fn chosen<T>(
    list: Vec<Column<T>>,
    lines: &[T],
    order: &[Group],
    wide: bool,
    when: fn(&Look<T>) -> When,
) -> Vec<Column<T>> {
    let position = |column: &Column<T>| {
        let group = column.look.as_ref()?.group;
        order.iter().position(|&other| other == group)
    };
    let is_shown = |column: &Column<T>| {
        let is_known = || lines.iter().any(|line| column.value(line).is_known());
        column.look.as_ref().is_some_and(|look| when(look).is_now(wide, is_known))
            && position(column).is_some()
    };
    let mut chosen: Vec<Column<T>> = list.into_iter().filter(is_shown).collect();
    chosen.sort_by_key(position);
    chosen
}

/// A table of lines, each behind its name.
pub fn grid<T>(
    title: String,
    lines: &[T],
    columns: &[Column<T>],
    name: impl Fn(&T) -> String,
    cell: impl Fn(&Column<T>, &T) -> Cell,
) -> Grid {
    let cells = |line| columns.iter().map(|column| cell(column, line)).collect();
    let headings = columns.iter().map(Column::heading);
    Grid {
        title,
        headings: std::iter::once(Heading::text("cipher")).chain(headings).collect(),
        rows: lines.iter().map(|line| (name(line), cells(line))).collect(),
    }
}

/// What the legend says of columns.
pub fn legends<T>(columns: &[Column<T>]) -> impl Iterator<Item = &'static str> {
    let legends = columns.iter().filter_map(|column| Some(column.look.as_ref()?.legend));
    legends.filter(|legend| !legend.is_empty())
}

/// Each key once, and each as it may be in a file.
#[cfg(test)]
pub fn assert_unique<T>(list: &[Column<T>]) {
    let mut known = std::collections::HashSet::new();
    for Column { key, .. } in list {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(!key.is_empty() && key.chars().all(is_plain), "{key}");
        assert!(known.insert(key), "{key} is there twice");
    }
}
