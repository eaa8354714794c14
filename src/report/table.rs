//! The report for a terminal.

use std::io::{self, Write};
use std::path::Path;

use super::advice::{self, Advised};
use super::page::{Ink, Page};
use super::{Style, grid, heading};
use crate::analysis::Summary;
use crate::analysis::apart::Apart;
use crate::analysis::limit::Limited;
use crate::analysis::standing::Choice;
use crate::analysis::table::{Section, Table};
use crate::model::units::{printable, significant};
use crate::model::{Source, Survey};

/// What was surveyed; a table for each target, method and direction; what is missing and
/// why; what to mind; the conclusions.
pub fn write(
    survey: &Survey,
    summary: &Summary,
    advised: &[Advised],
    style: &Style,
    journal: Option<&Path>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut page = Page::new(style);
    heading::write(survey, summary, &mut page);
    for table in &summary.tables {
        page.blank();
        page.title(&table.title);
        page.lines(grid::lines(table, style));
        page.paragraph(&footnote(table));
        for section in &table.sections {
            let several = table.sections.len() > 1;
            let said = limits_in_words(section, several).into_iter();
            for text in said.chain(ceiling_in_words(section, several)) {
                page.paragraph(&text);
            }
        }
    }
    legend(summary, style, &mut page);
    left_out(summary, &mut page);
    warnings(summary, &mut page);
    conclusions(summary, &mut page);
    advice::closing(advised, &mut page);
    if let Some(path) = journal {
        page.blank();
        // Not wrapped, so that it can be copied.
        page.lines([format!("Journal: {}", printable(&path.to_string_lossy()))].into_iter());
    }
    out.write_all(page.finish().as_bytes())
}

/// The handshake, and where the server's figures come from.
fn footnote(table: &Table) -> String {
    let mut sources: Vec<&str> = Vec::new();
    let rows = table.sections.iter().flat_map(|section| &section.rows);
    for &source in rows.filter_map(|row| row.server.as_ref()).flat_map(|cost| &cost.sources) {
        let words = match source {
            Source::Wait4 => "by wait4",
            Source::Inside => "from inside the session",
            Source::Reaper => "by the growth of the process that reaps it",
            Source::Sampled => "sampled while it ran",
            Source::Host => "from the counters of the whole host",
        };
        if !sources.contains(&words) {
            sources.push(words);
        }
    }
    let handshake = table.handshake_s.map(|seconds| {
        format!("Handshake {} s (median), in none of the figures.", significant(seconds))
    });
    let server = match sources.is_empty() {
        true => None,
        false => Some(format!("Server CPU {}.", sources.join(" and "))),
    };
    handshake.into_iter().chain(server).collect::<Vec<_>>().join(" ")
}

/// What limited the rows of a section, rows of the same limit together; the evidence is that of
/// the first of them.
fn limits_in_words(section: &Section, several: bool) -> Option<String> {
    let mut groups: Vec<(&Limited, Vec<String>)> = Vec::new();
    for row in &section.rows {
        let Some(limited) = &row.limit else { continue };
        let name = Choice::of(row, &section.rows).to_string();
        match groups.iter_mut().find(|(other, _)| other.limit == limited.limit) {
            Some((_, names)) => names.push(name),
            None => groups.push((limited, vec![name])),
        }
    }
    let all = groups.len() == 1;
    let of = |(limited, names): &(&Limited, Vec<String>)| {
        let whom = match names.as_slice() {
            [only] => format!("{only} ({})", limited.evidence),
            [first, ..] if all => format!("all ({first}: {})", limited.evidence),
            [first, rest @ ..] => format!("{first} ({}), {}", limited.evidence, rest.join(", ")),
            [] => String::new(),
        };
        format!("{} for {whom}", limited.limit)
    };
    let said: Vec<String> = groups.iter().map(of).collect();
    (!said.is_empty()).then(|| format!("Limit{}: {}.", scope(section, several), said.join("; ")))
}

/// What the path carries, and how that is known.
fn ceiling_in_words(section: &Section, several: bool) -> Option<String> {
    let text = &section.ceiling.as_ref()?.text;
    Some(format!("Ceiling{}: {text}.", scope(section, several)))
}

/// Tells one section of a table from the others.
fn scope(section: &Section, several: bool) -> String {
    if several { format!(", AES {}", section.aes) } else { String::new() }
}

fn legend(summary: &Summary, style: &Style, page: &mut Page) {
    if summary.tables.is_empty() {
        return;
    }
    let rows = || summary.tables.iter().flat_map(|t| &t.sections).flat_map(|s| &s.rows);
    let mut text = String::from(
        "±: half the 95 % interval. CPU-s: CPU-seconds of the ssh processes; MB per CPU-s: of \
         both ends together. default: what ssh negotiates unasked.",
    );
    if rows().any(|row| row.apart == Some(Apart::NoCipher)) {
        text += " no cipher: what everything but the cipher costs, never a choice.";
    }
    if rows().any(|row| row.apart == Some(Apart::NotMasked)) {
        text += " unmasked: russh's CTR and CBC use AES instructions all the same, so these rows \
                 are not compared.";
    }
    if rows().any(|row| row.coarse()) {
        text += " ?: near the resolution of its clock.";
    }
    if rows().any(|row| row.client.is_none() || row.server.is_none()) {
        text += " -: not measured.";
    }
    if style.wide {
        text += " n: trials. % core: share of one core while transferring. real, user, sys: of \
                 the whole file, handshake apart; ~ scaled from the bytes measured.";
    }
    page.blank();
    page.paragraph(&text);
}

fn left_out(summary: &Summary, page: &mut Page) {
    if !summary.skipped.is_empty() || !summary.failures.is_empty() {
        page.blank();
    }
    let several = |targets: Vec<&String>| targets.windows(2).any(|pair| pair[0] != pair[1]);
    let tables = summary.tables.iter().map(|table| &table.target);
    let skipped = summary.skipped.iter().map(|skipped| &skipped.target);
    let failed = summary.failures.iter().map(|failure| &failure.target);
    let several = several(tables.chain(skipped).chain(failed).collect());
    let place = |target: &str| if several { format!("{target}: ") } else { String::new() };
    for skipped in &summary.skipped {
        let names = skipped.names.join(", ");
        let text = format!("{}{names}: {}", place(&skipped.target), skipped.reason);
        page.labelled("skipped: ", Ink::Bold, &text, "  ");
    }
    for failure in &summary.failures {
        let mac = failure.mac.as_ref().map(|mac| format!(" with {mac}")).unwrap_or_default();
        let trials = if failure.trials == 1 { "trial" } else { "trials" };
        let mut text = format!(
            "{}{}{mac} in {} {trials}: {}",
            place(&failure.target),
            failure.cipher,
            failure.trials,
            failure.reason
        );
        if let Some(remedy) = &failure.remedy {
            text += &format!("; {remedy}");
        }
        page.labelled("failed: ", Ink::Red, &text, "  ");
    }
}

fn warnings(summary: &Summary, page: &mut Page) {
    if !summary.warnings.is_empty() {
        page.blank();
    }
    for warning in &summary.warnings {
        let text = format!("{}; {}.", warning.text, warning.remedy);
        page.labelled("warning: ", Ink::Yellow, &text, "  ");
    }
}

fn conclusions(summary: &Summary, page: &mut Page) {
    let sections = || summary.tables.iter().flat_map(|table| &table.sections);
    if sections().any(|section| section.conclusion.is_some()) {
        page.blank();
    }
    for conclusion in sections().filter_map(|section| section.conclusion.as_ref()) {
        let scope = conclusion.scope.as_str();
        let said = conclusion.text.strip_prefix(scope).unwrap_or(&conclusion.text);
        page.labelled(scope, Ink::Bold, said, "  ");
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
