//! Runs rounds over SSH: generations of connections that stay open, and runs of programs.

use std::time::Duration;

use crate::model::record::Sample;
use crate::model::{Configuration, Entry};
use crate::stats::statistics::median;
use crate::survey::context::Context;
use crate::survey::ended::{Ended, Recorder};
use crate::survey::events::Events;
use crate::survey::feed_time::{Before, FeedTime, Spread};
use crate::survey::rounds::Executor;
use crate::survey::runs::confirmation;
use crate::survey::runs::rounds::{self as runs, RunState, Runs};
use crate::survey::slices::aes_check;
use crate::survey::slices::generation;
use crate::survey::slices::state::SliceState;

/// Takes the samples of a survey.
#[derive(Debug)]
pub struct SshExecutor {
    pub context: Context,
    slices: SliceState,
    runs: RunState,
    feed_time: FeedTime,
    spread: Spread,
}

impl SshExecutor {
    pub fn new(
        context: Context,
        slices: SliceState,
        runs: RunState,
        feed_time: FeedTime,
    ) -> SshExecutor {
        let spread = Spread::default();
        SshExecutor { context, slices, runs, feed_time, spread }
    }

    /// Before the first round: how busy the remote hosts are by themselves, and whether AES is disabled where
    /// it should be.
    fn begin(
        &mut self,
        entries: &[Entry],
        recorder: &mut Recorder,
        events: &mut dyn Events,
    ) -> Result<(), Ended> {
        for pairing in 0..self.context.targets.len() {
            let interrupt = self.context.interrupt.clone();
            let idle = self.context.targets[pairing].measure_idle(&interrupt);
            idle.map_err(|error| Ended::Stopped(error.into()))?;
            aes_check::check(&mut self.context, &mut self.slices, pairing, recorder, events)?;
        }
        let stay = entries.iter().filter(|entry| entry.configuration.method.stays_open());
        let connections = connections(&stay.cloned().collect::<Vec<_>>());
        let before = self.before();
        self.slices.feed_s = self.feed_time.seconds(connections, before, Spread::default());
        Ok(())
    }

    /// Copies with the default and with the recommended cipher, after the rounds.
    pub fn confirm(
        &mut self,
        plan: &confirmation::Plan,
        most: Duration,
        recorder: &mut Recorder,
        events: &mut dyn Events,
    ) -> Result<(), Ended> {
        let Self { context, runs, .. } = self;
        let moved = &mut runs.moved;
        // A server that counts logins has had enough of them.
        let mut runs = Runs { context, recorder, events, moved, retries: false };
        confirmation::run(&mut runs, plan, most)
    }

    /// What a connection takes before it is fed, as seen so far.
    fn before(&self) -> Before {
        let SliceState { opened_s, start_up_s, .. } = &self.slices;
        let control = self.context.targets.iter().map(|target| target.control.setup_s);
        let usual = Before::usual(control.fold(0.0, f64::max), &self.slices.paces);
        Before {
            setup_s: median(opened_s).unwrap_or(usual.setup_s),
            start_up_s: median(start_up_s).unwrap_or(usual.start_up_s),
        }
    }
}

impl Executor for SshExecutor {
    fn spent(&self) -> Duration {
        match self.feed_time.counts_all {
            true => {
                let backoff = Duration::from_secs_f64(self.context.backoff_s);
                self.context.started.elapsed().saturating_sub(backoff)
            }
            false => self.context.transfers,
        }
    }

    fn moved(&self) -> u64 {
        self.slices.moved + self.runs.moved
    }

    fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        recorder: &mut Recorder,
        events: &mut dyn Events,
    ) -> (Vec<Sample>, Result<(), Ended>) {
        if round == 1
            && let Err(error) = self.begin(entries, recorder, events)
        {
            return (Vec::new(), Err(error));
        }
        let (open, programs): (Vec<Entry>, Vec<Entry>) =
            entries.iter().cloned().partition(|entry| entry.configuration.method.stays_open());
        let Self { context, slices, runs, .. } = self;
        // A connection moves as much as two runs, one each way.
        let many = 2 * connections(&open) + programs.len();
        let share = self.feed_time.share(slices.moved + runs.moved, round, many);
        slices.most_bytes = share.map(|share| 2 * share);
        runs.sizer.bound(share);
        let (mut samples, mut ran) =
            generation::run(context, slices, round, &open, recorder, events);
        if ran.is_ok() && !programs.is_empty() {
            let (more, ended) = runs::run(context, runs, round, &programs, recorder, events);
            samples.extend(more);
            ran = ended;
        }
        self.spread.add(&samples);
        let (before, spread) = (self.before(), self.spread.clone());
        self.slices.feed_s = self.feed_time.seconds(connections(&open), before, spread);
        (samples, ran)
    }
}

/// How many connections some entries need at once.
fn connections(entries: &[Entry]) -> usize {
    let mut configurations: Vec<&Configuration> = Vec::new();
    for entry in entries {
        if !configurations.contains(&&entry.configuration) {
            configurations.push(&entry.configuration);
        }
    }
    configurations.len()
}
