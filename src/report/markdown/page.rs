//! Markdown of GitHub, block by block, with all text from outside inert.

use crate::model::units::{is_obeyed, printable};

/// Blocks with an empty line between them.
#[derive(Default)]
pub struct Page(String);

/// A table whose cells are Markdown already.
pub struct Lines {
    pub headings: Vec<String>,
    /// Which columns hold figures, aligned on the right.
    pub figures: Vec<bool>,
    pub rows: Vec<Vec<String>>,
}

impl Page {
    pub fn finish(self) -> String {
        self.0
    }

    /// A block that is Markdown already.
    pub fn block(&mut self, markdown: &str) {
        if markdown.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push('\n');
        }
        self.0 += markdown;
        self.0.push('\n');
    }

    pub fn heading(&mut self, level: usize, text: &str) {
        self.block(&format!("{} {}", "#".repeat(level), inert(text)));
    }

    /// A paragraph of our own words, so that it begins with none that would make it anything else.
    pub fn paragraph(&mut self, text: &str) {
        self.block(&inert(text));
    }

    pub fn list<'a>(&mut self, items: impl IntoIterator<Item = (&'a str, String)>) {
        let item = |(label, text): (&str, String)| {
            let gap = if text.starts_with([',', ':', ' ']) { "" } else { " " };
            format!("- **{}**{gap}{}", inert(label), inert(&text))
        };
        self.block(&items.into_iter().map(item).collect::<Vec<_>>().join("\n"));
    }

    /// A list below its heading; nothing where there is nothing in it.
    pub fn section<'a>(&mut self, heading: &str, items: impl Iterator<Item = (&'a str, String)>) {
        let mut items = items.peekable();
        if items.peek().is_some() {
            self.heading(2, heading);
            self.list(items);
        }
    }

    pub fn table(&mut self, lines: &Lines) {
        let line = |cells: &[String]| format!("| {} |", cells.join(" | "));
        let rule = |&figure: &bool| if figure { "---:" } else { "---" }.to_owned();
        let rule: Vec<String> = lines.figures.iter().map(rule).collect();
        let head = [line(&lines.headings), line(&rule)];
        let all: Vec<String> =
            head.into_iter().chain(lines.rows.iter().map(|row| line(row))).collect();
        self.block(&all.join("\n"));
    }

    /// Lines to copy. The fence is longer than any run of backticks in them.
    pub fn fenced(&mut self, lines: impl Iterator<Item = String>) {
        let text = lines.map(|line| printable(&line)).collect::<Vec<_>>().join("\n");
        let runs = text.split(|c| c != '`').map(str::len);
        let fence = "`".repeat(runs.max().unwrap_or(0).max(2) + 1);
        self.block(&format!("{fence}\n{text}\n{fence}"));
    }
}

/// Text that nothing in it turns into anything but text. What GitHub makes a link or a mention of
/// however it is escaped (`NAME@HOST`, an address, `#1`), a formula or an emoji becomes code.
pub fn inert(text: &str) -> String {
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
pub fn code(text: &str) -> String {
    let shown = |c: char| match is_obeyed(c) || matches!(c, '`' | '|' | '<') {
        true => c.escape_unicode().to_string(),
        false => c.to_string(),
    };
    format!("`{}`", text.chars().map(shown).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

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
