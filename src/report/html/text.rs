//! Text from anywhere, made harmless for a page: the templates escape what means something to
//! HTML, here goes what means something to a reader's eyes.

use maud::{Markup, html};

use crate::model::units::printable;

/// Control and direction characters are shown as escapes; a number stays with its sign.
pub fn prose(text: &str) -> Markup {
    html! { (printable(text).replace(" %", "\u{a0}%")) }
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
