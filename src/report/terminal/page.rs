//! Lines of prose for a terminal: escaped, wrapped, sparingly coloured.

use textwrap::{Options, WordSplitter};

use crate::model::units::printable;
use crate::report::format::Style;

/// Text that grows by paragraphs. Whatever comes in is made harmless to a terminal here.
pub struct Page {
    style: Style,
    text: String,
}

#[derive(Clone, Copy)]
pub enum Ink {
    Bold,
    Yellow,
    Red,
}

impl Page {
    pub fn new(style: &Style) -> Page {
        Page { style: *style, text: String::new() }
    }

    pub fn finish(self) -> String {
        self.text
    }

    /// Lines so far.
    pub fn height(&self) -> usize {
        self.text.lines().count()
    }

    pub fn append(&mut self, other: &Page) {
        self.text += &other.text;
    }

    pub fn blank(&mut self) {
        self.text.push('\n');
    }

    /// In bold, as many lines as it needs.
    pub fn title(&mut self, text: &str) {
        let text = printable(text);
        let whole = self.style.text(&text).replace(" %", "\u{a0}%");
        let options = Options::new(self.style.width()).word_splitter(WordSplitter::NoHyphenation);
        for line in textwrap::wrap(&whole, options) {
            self.text += &self.paint(&line.replace('\u{a0}', " "), Ink::Bold);
            self.text.push('\n');
        }
    }

    pub fn paragraph(&mut self, text: &str) {
        self.labelled("", Ink::Bold, text, "");
    }

    /// A paragraph behind a coloured label, its further lines behind the indent.
    pub fn labelled(&mut self, label: &str, ink: Ink, text: &str, indent: &str) {
        let label = printable(label);
        // A number stays with its sign.
        let label = self.style.text(&label);
        let text = printable(text);
        let whole = format!("{label}{}", self.style.text(&text)).replace(" %", "\u{a0}%");
        let options = Options::new(self.style.width())
            .subsequent_indent(indent)
            .word_splitter(WordSplitter::NoHyphenation);
        for (number, line) in textwrap::wrap(&whole, options).iter().enumerate() {
            let line = line.replace('\u{a0}', " ");
            match line.strip_prefix(&*label).filter(|_| number == 0) {
                Some(rest) => self.text += &(self.paint(&label, ink) + rest),
                None => self.text += &line,
            }
            self.text.push('\n');
        }
    }

    /// Paragraphs behind their labels, apart from what is above them.
    pub fn group<'a>(&mut self, paragraphs: impl Iterator<Item = (&'a str, Ink, String)>) {
        for (number, (label, ink, text)) in paragraphs.enumerate() {
            if number == 0 {
                self.blank();
            }
            self.labelled(label, ink, &text, "  ");
        }
    }

    /// Lines that are laid out already.
    pub fn lines(&mut self, lines: impl Iterator<Item = String>) {
        for line in lines {
            self.text += line.trim_end();
            self.text.push('\n');
        }
    }

    fn paint(&self, text: &str, ink: Ink) -> String {
        let code = match ink {
            Ink::Bold => 1,
            Ink::Yellow => 33,
            Ink::Red => 31,
        };
        match self.style.color && !text.is_empty() {
            true => format!("\x1b[{code}m{text}\x1b[0m"),
            false => text.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(style: Style) -> String {
        let mut page = Page::new(&style);
        page.labelled("warning: ", Ink::Yellow, &"aes128-gcm@openssh.com ".repeat(4), "  ");
        page.paragraph("from outside: \u{1b}[2J");
        page.paragraph(&format!("{} 80 %", "x".repeat(57)));
        page.finish()
    }

    #[test]
    fn prose_is_wrapped_between_words_and_harmless() {
        let text = page(Style { width: 60, ..Style::default() });
        insta::assert_snapshot!(text, @r"
        warning: aes128-gcm@openssh.com aes128-gcm@openssh.com
          aes128-gcm@openssh.com aes128-gcm@openssh.com
        from outside: \u{1b}[2J
        xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
        80 %
        ");
    }

    #[test]
    fn colour_is_only_added() {
        let plain = page(Style::default());
        let coloured = page(Style { color: true, ..Style::default() });
        assert!(coloured.starts_with("\x1b[33mwarning: \x1b[0m"), "{coloured:?}");
        let stripped = coloured.replace("\x1b[33m", "").replace("\x1b[0m", "");
        assert_eq!(stripped, plain);
    }
}
