//! What a survey says while it runs. All of it goes to standard error.

pub mod bar;
pub mod steps;

use crate::model::units::printable_lines;

/// Tells one message. A terminal obeys nothing of what a journal, a file name or a far host put into
/// it.
pub fn tell(message: &str) {
    eprintln!("{}", printable_lines(message));
}
