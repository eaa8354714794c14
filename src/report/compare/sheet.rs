//! Tables with what is said above and below them: comparisons of surveys, and cipher cores.

use crate::report::chart::slopes::Slopes;
use crate::report::grid::Grid;

/// Text from outside is in it as it came: each format makes it harmless in its own way.
#[derive(Default)]
pub struct Sheet {
    /// What kind of page it is.
    pub kind: &'static str,
    pub title: String,
    /// What the tables are of, each behind its label.
    pub facts: Vec<(String, String)>,
    pub tables: Vec<SheetTable>,
    /// What the signs mean.
    pub legend: String,
    /// The heading over the notes, where a format has one.
    pub notes_title: &'static str,
    /// What is missing and why, and what is to be known.
    pub notes: Vec<String>,
    /// Why figures may not be compared alike.
    pub warnings: Vec<String>,
    /// What follows, each behind its scope.
    pub conclusions: Vec<(String, String)>,
    /// Names of the journals that it was made from.
    pub journals: Vec<String>,
}

pub struct SheetTable {
    pub grid: Grid,
    /// The same from class to class, where there are several.
    pub slopes: Option<Slopes>,
}

impl From<Grid> for SheetTable {
    fn from(grid: Grid) -> SheetTable {
        SheetTable { grid, slopes: None }
    }
}
