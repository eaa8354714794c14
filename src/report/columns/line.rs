//! A row of a survey's summary with all that its columns need.

use super::place::Place;
use crate::analysis::rows::ranking::Choice;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::table::{Section, Table};
use crate::model::Survey;

/// A row, and what it is part of.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    pub survey: &'a Survey,
    pub table: &'a Table,
    pub section: &'a Section,
    pub row: &'a Row,
    /// Its MAC is to be told beside its cipher, since some cipher of the table has several.
    pub names_mac: bool,
}

impl<'a> Line<'a> {
    /// The rows of a table. `wide`: a column of its own tells the MAC.
    pub fn all(survey: &'a Survey, table: &'a Table, wide: bool) -> Vec<Line<'a>> {
        let names_mac = !wide && has_several_macs(table);
        let line = |line: Line<'a>| Line { names_mac, ..line };
        let lines = |section| Line::of_section(survey, table, section).map(line);
        table.sections.iter().flat_map(lines).collect()
    }

    pub fn of_section(
        survey: &'a Survey,
        table: &'a Table,
        section: &'a Section,
    ) -> impl Iterator<Item = Line<'a>> {
        let line = move |row| Line { survey, table, section, row, names_mac: false };
        section.rows.iter().map(line)
    }

    pub fn place(&self) -> Place<'_> {
        Place::of(self.survey, self.section.pairing, self.table.method, self.table.direction)
    }

    /// The cipher, with its MAC where several rows have that cipher.
    pub fn name(&self) -> String {
        Choice::of(self.row, &self.section.rows).to_string()
    }
}

fn has_several_macs(table: &Table) -> bool {
    table.sections.iter().any(|section| {
        let same = |row: &Row| section.rows.iter().filter(|r| r.cipher == row.cipher).count();
        section.rows.iter().any(|row| same(row) > 1)
    })
}
