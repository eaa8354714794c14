//! A name on lines of its own above what is drawn of it.

use maud::{Markup, html};

/// Pixels down, and columns that the narrowest chart holds in a line.
const LINE: f64 = 19.0;
const COLUMNS: usize = 38;

/// Its height in pixels, and its lines from `top` on; `note` is said more quietly behind it. The
/// name is harmless text of any length.
pub fn name(name: &str, note: &str, top: f64) -> (f64, Markup) {
    let lines = textwrap::wrap(name, COLUMNS);
    let marks = html! {
        @for (index, line) in lines.iter().enumerate() {
            text class="name" x="0" y=(top + 13.0 + LINE * index as f64) {
                (line)
                @if index + 1 == lines.len() && !note.is_empty() {
                    tspan class="note" dx="8" { (note) }
                }
            }
        }
    };
    (LINE * lines.len() as f64, marks)
}
