//! A survey on one screen: what to use and how sure that is, the lines to paste, one table, and what is to be known
//! besides. All else is in the details.

use super::page::{Ink, Page};
use super::sheet;
use crate::model::units::printable;
use crate::report::document::Report;
use crate::report::format::Style;
use crate::report::survey::brief::Brief;
use crate::report::survey::{heading, notes};
use crate::ssh::catalog::without_domain;

/// Lines of the screen that a survey of one host is to fit.
const SCREEN: usize = 40;
/// Notes are told as far as there is room for them, and no more than so many.
const MOST_NOTES: usize = 3;

pub fn page(report: &Report, style: &Style) -> String {
    let mut page = Page::new(style);
    let briefs = Brief::all(report);
    if briefs.is_empty() {
        page.title(&format!("{}: nothing was measured.", heading::targets(report.survey)));
    }
    for brief in &briefs {
        page.title(&format!("{}.", without_domain(&brief.headline())));
    }
    for brief in &briefs {
        if briefs.len() > 1 {
            page.blank();
            page.title(brief.name());
        }
        answer(brief, &mut page);
    }
    for brief in &briefs {
        page.blank();
        let grid = brief.grid();
        if !grid.title.is_empty() {
            page.title(&grid.title);
        }
        sheet::tables(&grid, style, &mut page);
    }
    if !briefs.is_empty() {
        page.paragraph(&Brief::legend(&briefs));
    }
    let mut remedies: Vec<&str> = Vec::new();
    for brief in &briefs {
        for (label, text) in brief.bottlenecks() {
            page.labelled(&format!("{label}: "), Ink::Bold, &without_domain(&text), "  ");
        }
        remedies.extend(brief.remedies());
    }
    remedies.sort_unstable();
    remedies.dedup();
    if !remedies.is_empty() {
        page.labelled("what helps: ", Ink::Bold, &format!("{}.", remedies.join("; ")), "  ");
    }
    let mut closing = Page::new(style);
    for line in heading::ends(report.survey, &report.summary) {
        closing.labelled("", Ink::Bold, &line, "  ");
    }
    if let Some(path) = report.journal {
        // Not wrapped, so that it can be copied.
        closing.lines([format!("Journal: {}", printable(&path.to_string_lossy()))].into_iter());
    }
    add_notes(report, closing.height(), style, &mut page);
    page.blank();
    page.finish() + &closing.finish()
}

/// How sure that is, and the lines that do so, each whole so that they can be copied.
fn answer(brief: &Brief, page: &mut Page) {
    for (label, text) in brief.grounds() {
        let text = format!("{}.", without_domain(&text));
        page.labelled(&format!("  {label}: "), Ink::Bold, &text, "    ");
    }
    let lines = brief.paste();
    if !lines.is_empty() {
        page.labelled("  at the top of ~/.ssh/config:", Ink::Bold, "", "");
        page.lines(lines.iter().map(|line| format!("    {}", printable(line))));
    }
}

/// As many as there is room for; the others are counted.
fn add_notes(report: &Report, below: usize, style: &Style, page: &mut Page) {
    let all = notes::all(report);
    let rendered: Vec<Page> = all
        .iter()
        .map(|(label, text)| {
            let mut own = Page::new(style);
            let ink = if *label == "failed" { Ink::Red } else { Ink::Yellow };
            own.labelled(&format!("{label}: "), ink, &without_domain(text), "  ");
            own
        })
        .collect();
    // Below them: a line that counts the rest, an empty one, and the closing lines.
    let mut room = SCREEN.saturating_sub(page.height() + below + 2);
    let mut told = 0;
    for own in rendered.iter().take(MOST_NOTES) {
        // What matters most is told in any case.
        if told > 0 && own.height() > room {
            break;
        }
        room = room.saturating_sub(own.height());
        page.append(own);
        told += 1;
    }
    match all.len() - told {
        0 => {}
        1 => page.paragraph("1 more note: --details"),
        more => page.paragraph(&format!("{more} more notes: --details")),
    }
}
