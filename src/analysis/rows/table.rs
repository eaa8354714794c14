//! Tables and their sections.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::end::End;
use crate::analysis::rows::conclusion::Conclusion;
use crate::analysis::rows::row::{Cost, Row};
use crate::analysis::rows::storage::Storage;
use crate::analysis::rows::upper_bound::UpperBound;
use crate::analysis::samples::connections::{Beyond, KeyReexchange};
use crate::model::{AesEnds, Direction, Method};

/// What is compared with each other: one target, pair of programs, method and direction.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Table {
    /// Names what differs among the tables of the survey: `upload`, `upload to pi1 by scp`.
    pub title: String,
    pub target: String,
    pub client_program: String,
    pub method: Method,
    pub direction: Direction,
    /// Median over all measured samples.
    pub setup_s: Option<f64>,
    /// Median of the transfer time of those of them that were a run of a program.
    pub bulk_s: Option<f64>,
    /// What the first slices of a fresh connection took longer; in no figure.
    pub start_up: Option<Beyond>,
    /// What key re-exchanges took; in no figure.
    pub key_exchanges: Vec<KeyReexchange>,
    pub sections: Vec<Section>,
}

/// The rows of one pairing; a table has several where one machine was measured in several AES
/// states.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct Section {
    /// Index in the header.
    pub pairing: usize,
    /// Which ends use AES instructions: `both`, `client`, `server`, `neither`, or, where an end is
    /// not known, `client yes, server ?`.
    #[schemars(with = "String")]
    pub aes: AesEnds,
    /// Fastest first; those without a rate last.
    pub rows: Vec<Row>,
    /// What the path carries without a cipher; absent where nothing was measured.
    pub upper_bound: Option<UpperBound>,
    /// What storage allows; absent where it was not timed.
    pub storage: Option<Storage>,
    /// Absent where nothing was measured.
    pub conclusion: Option<Conclusion>,
}

/// The CPU cost of one end.
pub fn cost(row: &Row, end: End) -> Option<&Cost> {
    match end {
        End::Client => row.client.as_ref(),
        End::Server => row.server.as_ref(),
    }
}

/// The rows of all tables.
pub fn rows(tables: &[Table]) -> impl Iterator<Item = &Row> {
    tables.iter().flat_map(|table| &table.sections).flat_map(|section| &section.rows)
}
