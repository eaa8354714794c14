//! Patterns of ssh_config(5): `*` and `?`, and lists of them with `!`.

/// Whether a whole text fits a pattern.
pub fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut from) = (0, 0);
    // Where the last star was, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    while from < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, from));
                at += 1;
            }
            Some(&letter) if letter == '?' || letter == text[from] => {
                at += 1;
                from += 1;
            }
            _ => match star {
                Some((place, taken)) => {
                    star = Some((place, taken + 1));
                    at = place + 1;
                    from = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|letter| *letter == '*')
}

/// Whether a list of patterns names it: one fits, and none with a `!` does.
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
    fn stars_and_question_marks_stand_for_what_they_do_in_ssh_config() {
        for (pattern, text) in [("*", ""), ("pi?", "pi1"), ("*.lan", "a.b.lan"), ("a*b*c", "aXbbc")]
        {
            assert!(matches(pattern, text), "{pattern} {text}");
        }
        for (pattern, text) in [("pi?", "pi"), ("*.lan", "lan"), ("a*b", "abc"), ("", "a")] {
            assert!(!matches(pattern, text), "{pattern} {text}");
        }
    }

    #[test]
    fn what_is_excluded_is_never_named() {
        assert!(list_matches(["*.lan", "!pi2.lan"], "pi1.lan"));
        assert!(!list_matches(["!pi2.lan", "*.lan"], "pi2.lan"));
        assert!(!list_matches(["!pi2.lan"], "pi1.lan"));
    }
}
