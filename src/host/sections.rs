//! Answers of the scripts in [`super::script`]: named sections, each begun by a line `@@name`.

use std::collections::BTreeMap;

/// Text of each section, without its last line ends.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sections(BTreeMap<String, String>);

impl Sections {
    pub fn parse(text: &str) -> Sections {
        let mut sections = BTreeMap::new();
        let mut current: Option<(String, String)> = None;
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("@@") {
                if let Some((name, body)) = current.take() {
                    sections.insert(name, body);
                }
                current = Some((name.trim().to_owned(), String::new()));
            } else if let Some((_, body)) = &mut current {
                body.push_str(line);
                body.push('\n');
            }
        }
        if let Some((name, body)) = current {
            sections.insert(name, body);
        }
        Sections(sections)
    }

    /// The section's text; absent where it is missing or blank.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|body| body.trim_end()).filter(|body| !body.trim().is_empty())
    }

    /// The section's first line.
    pub fn line(&self, name: &str) -> Option<&str> {
        self.text(name).and_then(|body| body.lines().map(str::trim).find(|line| !line.is_empty()))
    }

    pub fn number<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.line(name)?.parse().ok()
    }

    pub fn insert(&mut self, name: &str, text: String) {
        self.0.insert(name.to_owned(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_told_apart_and_noise_before_them_is_dropped() {
        let sections = Sections::parse("motd\n@@a\n 1 \n\n@@b\n@@c\nx\ny\n");
        assert_eq!(sections.line("a"), Some("1"));
        assert_eq!(sections.number::<u32>("a"), Some(1));
        assert_eq!(sections.text("b"), None);
        assert_eq!(sections.text("c"), Some("x\ny"));
        assert_eq!(sections.text("d"), None);
    }
}
