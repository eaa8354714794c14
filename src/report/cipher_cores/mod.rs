//! What cipher cores cost, to print.

use std::io;

use serde::Serialize;

use super::columns::records::Records;
use super::document::{Content, Printable};
use crate::analysis::cipher_cores::{AesSetting, CoreFigure, aes_settings, figures};
use crate::model::cipher_cores::{Cores, CoresHeader, CoresSample};
use crate::model::record::Footer;

mod columns;
mod place;
mod sheet;
mod tables;
#[cfg(test)]
mod tests;

/// Journals of cipher cores, each with its name; several are put side by side.
pub struct View {
    pub journals: Vec<(String, Cores)>,
}

/// One document for each journal.
#[derive(Serialize)]
struct Document<'a> {
    header: &'a CoresHeader,
    samples: &'a [CoresSample],
    end: &'a Option<Footer>,
    figures: Vec<CoreFigure>,
    aes_settings: Vec<AesSetting>,
}

impl Printable for View {
    fn content(&self) -> Content<'_> {
        Content::Sheet(Box::new(sheet::sheet(&self.journals)))
    }

    /// A line per figure.
    fn records(&self, _summary: bool) -> Records<'_> {
        columns::records(&self.journals)
    }

    /// A list of documents, where there are several journals.
    fn json(&self) -> io::Result<String> {
        let document = |(_, cores): &(String, Cores)| -> io::Result<String> {
            let figures = figures(&cores.samples);
            let Cores { header, samples, footer, .. } = cores;
            let aes_settings = aes_settings(&figures);
            let end = footer;
            let document = Document { header, samples, end, figures, aes_settings };
            Ok(serde_json::to_string_pretty(&document)?)
        };
        let documents: io::Result<Vec<String>> = self.journals.iter().map(document).collect();
        Ok(match &documents?[..] {
            [one] => one.clone(),
            several => format!("[{}]", several.join(",\n")),
        })
    }
}
