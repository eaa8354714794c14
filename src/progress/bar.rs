//! A progress bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tell;
use crate::model::Entry;
use crate::model::record::{Outcome, Sample};
use crate::model::units::{self, MB, printable};
use crate::survey::events::Events;

/// The progress of a survey: a bar where standard error is a terminal, else plain lines.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    round: u32,
    rounds: u32,
    /// The rounds are over, and FILE is copied.
    copying: bool,
    /// What the current run of a program is, and when it began to move bytes.
    moving: Option<Instant>,
}

/// Redrawing costs CPU, which the samples need.
pub const REDRAWS_PER_S: u8 = 4;

impl Progress {
    pub fn new() -> Progress {
        let bar = std::io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S);
            let bar = ProgressBar::with_draw_target(None, target);
            let style = ProgressStyle::with_template("{bar:20} {wide_msg}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.set_message("calibration");
            bar
        });
        Progress { bar, round: 0, rounds: 0, copying: false, moving: None }
    }

    /// Redraws the bar. A narrow terminal cuts off the end, so the least important comes last.
    fn show(&self, what: &str) {
        let Some(bar) = &self.bar else { return };
        bar.set_message(match self.copying {
            true => format!("copies  {what}"),
            false => format!("round {} of about {}  {what}", self.round, self.rounds),
        });
    }
}

impl Default for Progress {
    fn default() -> Self {
        Progress::new()
    }
}

impl Events for Progress {
    fn say(&mut self, line: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| tell(line)),
            None => tell(line),
        }
    }

    fn round_begins(&mut self, round: u32, entries: usize, rounds_left: u32) {
        (self.round, self.rounds) = (round, round + rounds_left - 1);
        self.moving = None;
        match &self.bar {
            Some(bar) => {
                bar.set_length(u64::from(self.rounds));
                bar.set_position(u64::from(round - 1));
                self.show(&format!("{entries} samples"));
            }
            None => eprintln!("round {round} of about {}: {entries} samples", self.rounds),
        }
    }

    fn slice_ends(&mut self, entry: &Entry, bytes: u64, seconds: f64) {
        if self.bar.is_some() {
            let configuration = &entry.configuration;
            self.show(&format!(
                "{} MB/s  {} by {} with {}",
                units::significant(bytes as f64 / MB / seconds.max(1e-6)),
                entry.direction,
                configuration.method,
                printable(configuration.cipher.as_str())
            ));
        }
    }

    fn progress(&mut self, bytes: u64) {
        let seconds = self.moving.get_or_insert_with(Instant::now).elapsed();
        if self.bar.is_some() && seconds > Duration::from_millis(200) {
            let rate = bytes as f64 / MB / seconds.as_secs_f64();
            self.show(&format!("{} MB/s", units::significant(rate)));
        }
    }

    fn sample_ends(&mut self, sample: &Sample) {
        self.moving = None;
        if let Some(bar) = self.bar.as_ref().filter(|_| self.copying) {
            bar.inc(1);
        }
        if let Outcome::Failed { reason, .. } = &sample.outcome {
            self.say(&format!(
                "warning: {} by {} with {} failed: {}",
                sample.direction,
                sample.method,
                printable(sample.cipher.as_str()),
                printable(reason)
            ));
        }
    }

    fn round_ends(&mut self, round: u32, news: &str) {
        // A line that stays: there are few interim analyses, and the bar would cut their news off.
        self.say(&printable(&format!("after round {round}, {news}")));
    }

    fn copies_begin(&mut self, line: &str, copies: u32) {
        self.say(line);
        self.copying = true;
        if let Some(bar) = &self.bar {
            bar.set_length(u64::from(copies));
            bar.set_position(0);
        }
        self.show("");
    }

    fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
