//! A comparison of surveys to print: hosts side by side, or a change.

use std::io;

use serde::Serialize;

use super::columns::records::Records;
use super::document::{Content, Printable};
use crate::analysis::comparison::change::Change;
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::pivot::Pivot;
use crate::model::record::Header;

mod change;
mod columns;
mod hosts;
pub(super) mod sheet;

/// Surveys, and what they show beside each other.
pub struct Comparison {
    pub digests: Vec<Digest>,
    pub shown: Shown,
}

pub enum Shown {
    Hosts(Pivot),
    /// Of two surveys.
    Change(Change),
}

/// One document: what was compared, with the surveys' headers.
#[derive(Serialize)]
struct Document<'a, T> {
    surveys: Vec<Named<'a>>,
    comparison: &'a T,
}

#[derive(Serialize)]
struct Named<'a> {
    journal: &'a str,
    header: &'a Header,
}

impl Printable for Comparison {
    fn content(&self) -> Content<'_> {
        Content::Sheet(Box::new(match &self.shown {
            Shown::Hosts(pivot) => hosts::sheet(pivot, &self.digests),
            Shown::Change(change) => change::sheet(change, &self.digests),
        }))
    }

    /// A line per figure.
    fn records(&self, _summary: bool) -> Records<'_> {
        match &self.shown {
            Shown::Hosts(pivot) => columns::of_hosts(pivot, &self.digests),
            Shown::Change(change) => columns::of_change(change),
        }
    }

    fn json(&self) -> io::Result<String> {
        match &self.shown {
            Shown::Hosts(pivot) => self.document(pivot),
            Shown::Change(change) => self.document(change),
        }
    }
}

impl Comparison {
    fn document<T: Serialize>(&self, comparison: &T) -> io::Result<String> {
        let named = self.digests.iter();
        let named = named.map(|one| Named { journal: &one.name, header: &one.header });
        let surveys = named.collect();
        Ok(serde_json::to_string_pretty(&Document { surveys, comparison })?)
    }
}

#[cfg(test)]
mod tests;
