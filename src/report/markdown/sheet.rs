//! A sheet: comparisons and cipher cores.

use super::page::{Lines, Page, inert};
use crate::report::compare::sheet::Sheet;
use crate::report::grid::{Cell, Grid};

/// The same as for a terminal, in the same order.
pub fn page(sheet: &Sheet) -> String {
    let mut page = Page::default();
    page.heading(1, &sheet.title);
    page.list(sheet.facts.iter().map(|(label, text)| (label.as_str(), text.clone())));
    for table in &sheet.tables {
        page.heading(2, &table.grid.title);
        page.table(&lines(&table.grid));
    }
    page.paragraph(&sheet.legend);
    page.section(sheet.notes_title, sheet.notes.iter().map(|note| ("note:", note.clone())));
    page.section("Warnings", sheet.warnings.iter().map(|text| ("warning:", text.clone())));
    let conclusions = sheet.conclusions.iter();
    page.section("Conclusions", conclusions.map(|(scope, said)| (scope.as_str(), said.clone())));
    page.finish()
}

pub fn lines(grid: &Grid) -> Lines {
    let heading = |lines: &Vec<String>| lines.iter().map(|line| inert(line)).collect::<Vec<_>>();
    let row = |(name, cells): &(String, Vec<Cell>)| {
        let cells = cells.iter().map(|cell| inert(&cell.whole()));
        std::iter::once(inert(name)).chain(cells).collect()
    };
    Lines {
        headings: grid.headings.iter().map(|one| heading(&one.lines).join("<br>")).collect(),
        figures: (0..grid.headings.len()).map(|column| column > 0).collect(),
        rows: grid.rows.iter().map(row).collect(),
    }
}
