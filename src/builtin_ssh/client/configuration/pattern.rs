//! Patterns of ssh_config(5): `*` and `?`, and lists of them with `!`.

use wildmatch::WildMatch;

/// Whether a pattern matches the whole text.
pub fn matches(pattern: &str, text: &str) -> bool {
    WildMatch::new(pattern).matches(text)
}

/// Whether a list of patterns, in any case, matches a name in lower case: one does, and none after a
/// `!`.
pub fn list_matches<'a>(patterns: impl IntoIterator<Item = &'a str>, text: &str) -> bool {
    let mut found = false;
    for pattern in patterns {
        match pattern.strip_prefix('!') {
            Some(pattern) if matches(&pattern.to_ascii_lowercase(), text) => return false,
            Some(_) => {}
            None => found |= matches(&pattern.to_ascii_lowercase(), text),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_ssh_config() {
        for (pattern, text) in [("*", ""), ("pi?", "pi1"), ("*.lan", "a.b.lan"), ("a*b*c", "aXbbc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("pi?", "pi"), ("*.lan", "lan"), ("a*b", "abc"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn a_negated_pattern_excludes_a_name() {
        assert!(list_matches(["*.lan", "!pi2.lan"], "pi1.lan"));
        assert!(!list_matches(["!pi2.lan", "*.lan"], "pi2.lan"));
        assert!(!list_matches(["!pi2.lan"], "pi1.lan"));
    }
}
