//! What any format prints.

use std::io;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use super::columns::line::Line;
use super::columns::records::Records;
use super::columns::{rows, samples};
use super::compare::sheet::Sheet;
use super::survey::advice::{Advised, advised};
use crate::analysis::advice::recommend::recommend;
use crate::analysis::{Summary, summarise};
use crate::model::Survey;
use crate::model::record::{Connection, Footer, Header, Sample};

/// Something to print in every format.
pub trait Printable {
    /// For people.
    fn content(&self) -> Content<'_>;

    /// For spreadsheets and data frames. `summary`: a line per row of the summary, where there is one.
    fn records(&self, summary: bool) -> Records<'_>;

    /// One JSON document with everything.
    fn json(&self) -> io::Result<String>;
}

pub enum Content<'a> {
    Survey(&'a Report<'a>),
    Sheet(Box<Sheet>),
}

/// A survey, what it shows, and what to do about it.
pub struct Report<'a> {
    pub survey: &'a Survey,
    pub summary: Summary,
    pub advised: Vec<Advised>,
    /// Where the survey can be read again.
    pub journal: Option<&'a Path>,
    /// The name of a CSV file with every sample beside the page.
    pub samples_file: Option<String>,
}

impl<'a> Report<'a> {
    pub fn of(survey: &'a Survey, journal: Option<&'a Path>) -> Report<'a> {
        let advised = advised(survey, recommend(survey, false));
        Report { survey, summary: summarise(survey), advised, journal, samples_file: None }
    }
}

/// What `--format json` writes (docs/report.schema.json). Header, connections, samples and end are as the
/// journal has them; units are in the names of keys; a figure that is not known is null or absent.
#[derive(JsonSchema, Serialize)]
pub struct Document<'a> {
    /// One per pairing and method.
    advice: &'a [Advised],
    header: &'a Header,
    connections: &'a [Connection],
    samples: &'a [Sample],
    /// Null: the journal was cut off.
    end: Option<&'a Footer>,
    summary: &'a Summary,
}

impl Printable for Report<'_> {
    fn content(&self) -> Content<'_> {
        Content::Survey(self)
    }

    /// A line per sample, those of the calibration too, in the order in which they ended; or a line per
    /// cipher (and MAC), pairing, method and direction, in the order of the tables.
    fn records(&self, summary: bool) -> Records<'_> {
        if summary {
            let tables = self.summary.tables.iter();
            let lines = tables.flat_map(|table| Line::all(self.survey, table, true));
            return Records::of(rows::columns(), lines);
        }
        Records::of(samples::columns(), samples::Line::all(self.survey))
    }

    fn json(&self) -> io::Result<String> {
        let document = Document {
            advice: &self.advised,
            header: &self.survey.header,
            connections: &self.survey.connections,
            samples: &self.survey.samples,
            end: self.survey.footer.as_ref(),
            summary: &self.summary,
        };
        Ok(serde_json::to_string_pretty(&document)?)
    }
}
