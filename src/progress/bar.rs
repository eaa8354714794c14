//! A progress bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::tell;
use crate::model::record::{Outcome, Sample};
use crate::model::units::{self, MB, printable};
use crate::survey::events::Events;
use crate::survey::plan::PlannedSample;

/// The progress of a survey: a bar where standard error is a terminal, else plain lines.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    begun: Instant,
    what: String,
    left_s: f64,
    /// The rounds have begun; before them there is no end in sight.
    rounds: bool,
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
            bar.set_message("pilot");
            bar
        });
        Progress { bar, begun: Instant::now(), what: String::new(), left_s: 0.0, rounds: false }
    }

    /// Redraws the bar. A narrow terminal cuts off the end, so the least important comes last.
    fn show(&self, rate: &str) {
        let Some(bar) = &self.bar else { return };
        let left = units::duration(self.left_s - self.begun.elapsed().as_secs_f64());
        let (done, total) = (bar.position(), bar.length().unwrap_or_default());
        bar.set_message(format!("{done}/{total}  about {left} left{rate}  {}", self.what));
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

    fn sample_begins(&mut self, sample: &PlannedSample, done: usize, total: usize, left_s: f64) {
        let configuration = &sample.configuration;
        self.what = format!(
            "{} by {} with {}",
            configuration.direction,
            configuration.method,
            printable(configuration.cipher.as_str())
        );
        self.begun = Instant::now();
        self.left_s = left_s;
        self.rounds = true;
        match &self.bar {
            Some(bar) => {
                bar.set_length(total as u64);
                bar.set_position(done as u64);
                self.show("");
            }
            None => {
                // About ten lines per survey are enough in a log.
                if total > 0 && done.is_multiple_of(total.div_ceil(10)) {
                    eprintln!(
                        "{done} of {total} samples done, about {} left",
                        units::duration(left_s)
                    );
                }
            }
        }
    }

    fn progress(&mut self, bytes: u64) {
        let seconds = self.begun.elapsed();
        if self.rounds && seconds > Duration::from_millis(200) {
            self.show(&format!(
                "  {} MB/s",
                units::significant(bytes as f64 / MB / seconds.as_secs_f64())
            ));
        }
    }

    fn sample_ends(&mut self, sample: &Sample) {
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

    fn finish(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
