//! The report to paste into an issue or a page, in the Markdown of GitHub
//! (<https://github.github.com/gfm/>).

use std::io::{self, Write};

use super::columns::line::Line;
use super::columns::{Column, Kind, legends, rows};
use super::document::{Content, Printable, Report};
use super::format::Style;
use super::survey::advice::{Advised, Use};
use super::survey::brief::Brief;
use super::survey::{heading, notes};
use crate::ssh::paste::Paste;
use page::{Lines, Page, code, inert};

mod page;
mod sheet;

pub fn write(printed: &dyn Printable, style: &Style, out: &mut dyn Write) -> io::Result<()> {
    let page = match printed.content() {
        Content::Survey(report) => survey(report, style.wide),
        Content::Sheet(sheet) => sheet::page(&sheet),
    };
    out.write_all(page.as_bytes())
}

/// The answer first, then the same as a terminal's details, in the same order. `wide`: all columns.
fn survey(report: &Report, wide: bool) -> String {
    let Report { survey, summary, advised, journal, .. } = report;
    let mut page = Page::default();
    page.heading(1, &heading::title(survey));
    for brief in Brief::all(report) {
        answer(&brief, &mut page);
    }
    page.heading(2, "Details");
    page.list(heading::facts(survey, summary));
    let mut sentences = Vec::new();
    for table in &summary.tables {
        let lines = Line::all(survey, table, wide);
        let columns = rows::of_table(&lines, wide);
        page.heading(3, &table.title);
        page.table(&cells(&lines, &columns));
        sentences.extend(legends(&columns));
        page.paragraph(&notes::footnote(table));
        for section in &table.sections {
            for text in notes::of_section(section, table.sections.len() > 1) {
                page.paragraph(&text);
            }
        }
    }
    page.paragraph(&notes::legend(summary, sentences));
    page.section(
        "Not measured",
        notes::skipped(summary)
            .map(|text| ("skipped:", text))
            .chain(notes::failures(summary).map(|text| ("failed:", text))),
    );
    page.section("Warnings", notes::warnings(summary).map(|text| ("warning:", text)));
    page.section(
        "Conclusions",
        notes::conclusions(summary).map(|(scope, said)| (scope, said.to_owned())),
    );
    for one in advised.iter() {
        recommendation(one, &mut page);
    }
    if let Some(path) = journal {
        page.block(&format!("Journal: {}", code(&path.to_string_lossy())));
    }
    page.finish()
}

/// What to use, the lines that do so, and what it rests on.
fn answer(brief: &Brief, page: &mut Page) {
    page.block(&format!("**{}.**", inert(&brief.headline())));
    page.list(brief.grounds().into_iter().map(|(label, text)| (label, format!(": {text}."))));
    if !brief.paste().is_empty() {
        page.fenced(brief.paste().iter().cloned());
    }
    page.table(&sheet::lines(&brief.grid()));
    let found = brief.bottlenecks();
    let found = found.iter().map(|(label, text)| (label.as_str(), format!(": {text}.")));
    let helps = brief.remedies().into_iter().map(|text| ("what helps", format!(": {text}.")));
    page.list(found.chain(helps));
}

fn recommendation(advised: &Advised, page: &mut Page) {
    let Advised { recommendation: one, uses, .. } = advised;
    page.heading(2, &format!("Recommended for {}", one.scope));
    let goals = one.goals.iter().map(|a| (a.goal.words(), format!(": {}.", a.text)));
    let caveats = one.caveats.iter().map(|caveat| ("caveat:", format!("{caveat}.")));
    let copies = one.confirmation.iter().map(|copies| ("copies:", format!("{}.", copies.text)));
    page.list(goals.chain(copies).chain(caveats));
    for Use { choice, goals, paste } in uses {
        let goals: Vec<&str> = goals.iter().map(|goal| goal.words()).collect();
        page.paragraph(&format!("To use {choice} ({}):", goals.join(", ")));
        let Paste { ssh_config, scp, sftp, sshfs, rsync, .. } = paste;
        let commands = ["", scp, sftp, sshfs, rsync].map(str::to_owned);
        page.fenced(ssh_config.iter().cloned().chain(commands));
    }
}

/// The columns of the terminal's table, each title in one line.
fn cells<'a>(lines: &[Line<'a>], columns: &[Column<Line<'a>>]) -> Lines {
    let cell = |text: String| text.lines().map(inert).collect::<Vec<_>>().join("<br>");
    let title = |column: &Column<Line>| match column.kind() {
        Kind::Mark => String::new(),
        Kind::Text | Kind::Figure => column.label(),
    };
    let row = |line| columns.iter().map(|column| cell(column.text(line))).collect();
    Lines {
        headings: columns.iter().map(title).collect(),
        figures: columns.iter().map(|column| column.kind() == Kind::Figure).collect(),
        rows: lines.iter().map(row).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{self, rounds, survey};
    use crate::report::Format;

    fn shown(survey: &crate::model::Survey) -> String {
        let mut out = Vec::new();
        let report = Report::of(survey, Some(std::path::Path::new("/home/me/pi1.jsonl")));
        crate::report::write(&report, Format::Markdown, &Style::default(), &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_report_to_paste() {
        let mut samples = rounds("chacha20-poly1305@openssh.com", [20.0, 20.1, 20.2]);
        samples.extend(rounds("aes128-ctr", [36.0, 36.2, 36.4]));
        samples.push(testing::failed(testing::sample("3des-cbc", 1, 1.0), "no reply", None));
        insta::assert_snapshot!(shown(&survey(samples)));
    }
}
