//! The report to paste into an issue or a page, in the Markdown of GitHub
//! (<https://github.github.com/gfm/>).

use std::io::{self, Write};

use super::advised::{Advised, Use};
use super::cells::{Kind, columns};
use super::{Report, heading, words};
use crate::analysis::table::Table;
use crate::client::paste::Paste;
use crate::model::units::{is_obeyed, printable};

/// The same as for a terminal, in the same order. `wide`: all columns.
pub fn write(report: &Report, wide: bool, out: &mut dyn Write) -> io::Result<()> {
    let Report { survey, summary, advised, journal } = report;
    let mut page = Page::default();
    page.heading(1, &heading::title(survey));
    page.list(heading::facts(survey, summary));
    for table in &summary.tables {
        page.heading(2, &table.title);
        page.table(table, wide);
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
    out.write_all(page.0.as_bytes())
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

/// Blocks with an empty line between them.
#[derive(Default)]
struct Page(String);

impl Page {
    /// A block that is Markdown already.
    fn block(&mut self, markdown: &str) {
        if markdown.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0 += markdown;
        self.0.push('\n');
    }

    fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {}", "#".repeat(level), inert(text)));
    }

    /// A paragraph of our own words, so that it begins with none that would make it anything else.
    fn paragraph(&mut self, text: &str) {
        self.block(&inert(text));
    }

    fn list<'a>(&mut self, items: impl IntoIterator<Item = (&'a str, String)>) {
        let item = |(label, text): (&str, String)| {
            let gap = if text.starts_with([',', ':', ' ']) { "" } else { " " };
            format!("- **{}**{gap}{}", inert(label), inert(&text))
        };
        self.block(&items.into_iter().map(item).collect::<Vec<_>>().join("\n"));
    }

    /// A list below its heading; nothing where there is nothing in it.
    fn section<'a>(&mut self, heading: &str, items: impl Iterator<Item = (&'a str, String)>) {
        let mut items = items.peekable();
        if items.peek().is_some() {
            self.heading(2, heading);
            self.list(items);
        }
    }

    fn table(&mut self, table: &Table, wide: bool) {
        let columns = columns(table, wide);
        let line = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
        let mut lines = vec![
            line(columns.iter().map(|column| column.heading.replace('\n', " ")).collect()),
            line(
                columns
                    .iter()
                    .map(|column| if column.kind == Kind::Figure { "---:" } else { "---" }.into())
                    .collect(),
            ),
        ];
        for section in &table.sections {
            for row in &section.rows {
                let cell = |text: String| text.lines().map(inert).collect::<Vec<_>>().join("<br>");
                let cells = columns.iter().map(|column| cell(column.text(section, row)));
                lines.push(line(cells.collect()));
            }
        }
        self.block(&lines.join("\n"));
    }

    /// Lines to copy. The fence is longer than any run of backticks in them.
    fn fenced(&mut self, lines: impl Iterator<Item = String>) {
        let text = lines.map(|line| printable(&line)).collect::<Vec<_>>().join("\n");
        let runs = text.split(|c| c != '`').map(str::len);
        let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
        self.block(&format!("{fence}\n{text}\n{fence}"));
    }
}

/// Text that nothing in it turns into anything but text. What GitHub makes a link or a mention of
/// however it is escaped (`NAME@HOST`, an address, `#1`), a formula or an emoji becomes code.
fn inert(text: &str) -> String {
    text.split_inclusive(char::is_whitespace).map(inert_word).collect()
}

fn inert_word(word: &str) -> String {
    let body = word.trim_end();
    let body = body.trim_start_matches(EDGES).trim_end_matches(EDGES);
    let lower = word.to_lowercase();
    let is_obeyed = word.contains(['@', '#', '$'])
        || lower.contains("://")
        || lower.contains("www.")
        || word.matches(':').count() > 1;
    match is_obeyed && !body.is_empty() {
        true => {
            let (before, after) = word.split_once(body).unwrap_or_default();
            format!("{}{}{}", escaped(before), code(body), escaped(after))
        }
        false => escaped(word),
    }
}

/// Punctuation of the sentence around a word.
const EDGES: [char; 8] = ['(', ')', ',', ';', '.', ':', '"', '\''];

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            // An escaped one would still end a cell for some.
            '|' => escaped += "&#124;",
            '\\' | '`' | '*' | '_' | '[' | ']' | '#' | '~' | '$' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

/// A code span. Nothing in one can be escaped, so what would end it, or the cell that it is in, and
/// what some take for the start of HTML, is shown by its number as control characters are.
fn code(text: &str) -> String {
    let shown = |c: char| match is_obeyed(c) || matches!(c, '`' | '|' | '<') {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    format!("`{}`", text.chars().map(shown).collect::<String>())
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
        let mut trials = rounds("chacha20-poly1305@openssh.com", [20.0, 20.1, 20.2]);
        trials.extend(rounds("aes128-ctr", [36.0, 36.2, 36.4]));
        trials.push(testing::failed(testing::trial("3des-cbc", 1, 1.0), "no reply", None));
        insta::assert_snapshot!(shown(&survey(trials)));
    }

    #[test]
    fn nothing_from_outside_is_obeyed() {
        assert_eq!(inert("<b>&amp; a|b"), "&lt;b&gt;&amp;amp; a&#124;b");
        assert_eq!(inert("**a** _b_ ~~c~~ \\"), "\\*\\*a\\*\\* \\_b\\_ \\~\\~c\\~\\~ \\\\");
        assert_eq!(inert("[x](y) ![z]"), "\\[x\\](y) !\\[z\\]");
        assert_eq!(inert("\u{1b}[2J\u{202e}"), "\\\\u{1b}\\[2J\\\\u{202e}");
        assert_eq!(inert("(aes128-gcm@openssh.com), #7."), "(`aes128-gcm@openssh.com`), `#7`.");
        assert_eq!(inert("see https://example.org/."), "see `https://example.org/`.");
        assert_eq!(inert("`x`@y <a|@b"), "`\\u{60}x\\u{60}@y` `\\u{3c}a\\u{7c}@b`");
        assert_eq!(inert("@"), "`@`");
    }

    #[test]
    fn a_fence_holds_whatever_is_in_it() {
        let mut page = Page::default();
        page.fenced(["Host a````b".to_owned(), "```".to_owned()].into_iter());
        assert_eq!(page.0, "`````\nHost a````b\n```\n`````\n");
    }
}
