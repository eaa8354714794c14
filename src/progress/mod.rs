//! What a survey shows while it runs, on standard error.

pub mod bar;
pub mod steps;

use crate::model::units::printable_lines;

/// Prints a message. Control characters in it, from a journal, a file name or the remote host, are
/// escaped.
pub fn tell(message: &str) {
    eprintln!("{}", printable_lines(message));
}
