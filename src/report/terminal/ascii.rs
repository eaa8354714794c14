//! The same in ASCII.

use std::borrow::Cow;

/// What we write beyond ASCII, in its usual stand-in; what came from outside as an escape.
pub fn of(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        return text.into();
    }
    let mut ascii = String::new();
    for c in text.chars() {
        match c {
            '±' => ascii += "+-",
            '≤' => ascii += "<=",
            '×' => ascii.push('x'),
            '→' => ascii += "->",
            '–' => ascii.push('-'),
            '…' => ascii += "...",
            '▸' => ascii.push('>'),
            'δ' => ascii += "delta",
            '\u{a0}' => ascii.push(' '),
            c if c.is_ascii() => ascii.push(c),
            c => ascii.extend(c.escape_unicode()),
        }
    }
    ascii.into()
}

#[cfg(test)]
mod tests {
    #[test]
    fn signs_are_stood_in_for_and_the_rest_is_escaped() {
        assert_eq!(super::of("▸ 458 ±19 %, ≤5"), "> 458 +-19 %, <=5");
        assert_eq!(super::of("日"), "\\u{65e5}");
        assert!(matches!(super::of("plain"), std::borrow::Cow::Borrowed("plain")));
    }
}
