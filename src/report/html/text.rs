//! Text from anywhere, made harmless for a page: the templates escape what means something to
//! HTML, here goes what means something to a reader's eyes.

use maud::{Markup, html};

use crate::model::units::printable;

/// Control and direction characters are shown as escapes; a number stays with its sign, and a word
/// that has a hyphen, as most names of ciphers do, breaks at it only where it is too long for a line.
pub fn prose(text: &str) -> Markup {
    let text = printable(text).replace(" %", "\u{a0}%");
    html! {
        @for (index, word) in text.split(' ').enumerate() {
            @if index > 0 { " " }
            @match word.contains('-') && word.len() > 1 {
                true => span.w { (word) },
                false => (word),
            }
        }
    }
}

/// A title whose last part, behind a comma, is whole on a line: a date.
pub fn title(text: &str) -> Markup {
    html! {
        @match text.rsplit_once(", ") {
            Some((name, date)) => { (prose(name)) ", " span.w { (printable(date)) } },
            None => (prose(text)),
        }
    }
}

/// The name of a cipher, which may break before its domain.
pub fn name(text: &str) -> Markup {
    let text = printable(text);
    html! {
        bdi {
            @for (index, part) in text.split('@').enumerate() {
                @if index > 0 { wbr; "@" }
                (part)
            }
        }
    }
}
