//! The report to paste into an issue or a page, in the Markdown of GitHub
//! (<https://github.github.com/gfm/>).

use std::io::{self, Write};

use super::advised::{Advised, Use};
use super::cells::{self, Kind};
use super::{Report, heading, words};
use crate::analysis::rows::table::Table;
use crate::ssh::paste::Paste;
use page::{Lines, Page, code, inert};

pub mod page;

/// The same as for a terminal, in the same order. `wide`: all columns.
pub fn write(report: &Report, wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let Report { survey, summary, advised, journal, .. } = report;
    let mut page = Page::default();
    page.heading(1, &heading::title(survey));
    page.list(heading::facts(survey, summary));
    for table in &summary.tables {
        page.heading(2, &table.title);
        page.table(&lines(table, wide));
        page.paragraph(&words::footnote(table));
        for section in &table.sections {
            for text in words::below(section, table.sections.len() > 1) {
                page.paragraph(&text);
            }
        }
    }
    page.paragraph(&words::legend(summary, wide));
    page.section(
        "Not measured",
        words::skipped(summary)
            .map(|text| ("skipped:", text))
            .chain(words::failures(summary).map(|text| ("failed:", text))),
    );
    page.section("Warnings", words::warnings(summary).map(|text| ("warning:", text)));
    page.section(
        "Conclusions",
        words::conclusions(summary).map(|(scope, said)| (scope, said.to_owned())),
    );
    for one in advised.iter() {
        recommendation(one, &mut page);
    }
    if let Some(path) = journal {
        page.block(&format!("Journal: {}", code(&path.to_string_lossy())));
    }
    out.write_all(page.finish().as_bytes())
}

fn recommendation(advised: &Advised, page: &mut Page) {
    let Advised { recommendation: one, uses, .. } = advised;
    page.heading(2, &format!("Recommended for {}", one.scope));
    let goals = one.advice.iter().map(|a| (a.goal.words(), format!(": {}.", a.text)));
    let caveats = one.caveats.iter().map(|caveat| ("caveat:", format!("{caveat}.")));
    page.list(goals.chain(caveats));
    for Use { choice, goals, paste } in uses {
        let goals: Vec<&str> = goals.iter().map(|goal| goal.words()).collect();
        page.paragraph(&format!("To use {choice} ({}):", goals.join(", ")));
        let Paste { ssh_config, scp, sftp, sshfs, rsync } = paste;
        let commands = ["", scp, sftp, sshfs, rsync].map(str::to_owned);
        page.fenced(ssh_config.iter().cloned().chain(commands));
    }
}

/// The columns of the terminal's table. One a line: the heading, then the rows.
fn lines(table: &Table, wide: bool) -> Lines {
    let columns = cells::columns(table, wide);
    let cell = |text: String| text.lines().map(inert).collect::<Vec<_>>().join("<br>");
    let rows = table.sections.iter().flat_map(|section| {
        let row = |row| columns.iter().map(|column| cell(column.text(section, row))).collect();
        section.rows.iter().map(row).collect::<Vec<_>>()
    });
    Lines {
        headings: columns.iter().map(|column| column.heading.replace('\n', " ")).collect(),
        figures: columns.iter().map(|column| column.kind == Kind::Figure).collect(),
        rows: rows.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{self, rounds, survey};
    use crate::report::{Format, Style};

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
