//! The progress of a number of equal steps.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::bar::REDRAWS_PER_S;
use super::tell;
use crate::model::units::printable;

/// A bar where standard error is a terminal, else nothing but messages.
#[derive(Debug)]
pub struct Steps {
    bar: Option<ProgressBar>,
    quiet: bool,
}

impl Steps {
    pub fn new(quiet: bool) -> Steps {
        let bar = (!quiet && std::io::stderr().is_terminal()).then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S);
            let bar = ProgressBar::with_draw_target(None, target);
            let style = ProgressStyle::with_template("{bar:20} {pos}/{len}  {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar
        });
        Steps { bar, quiet }
    }

    /// A line for the user.
    pub fn say(&self, line: &str) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }

    /// Sets the number of steps.
    pub fn set_total(&self, steps: usize) {
        if let Some(bar) = &self.bar {
            bar.set_length(steps as u64);
        }
    }

    /// One more step is done.
    pub fn next(&self, what: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(printable(what));
            bar.inc(1);
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
