//! The pilot, before the rounds: how long empty transfers take, whether the sources of the server's CPU
//! agree, whether AES is disabled where it should be, and first rates to size files by. Its samples are
//! recorded, not analysed.

use std::time::Duration;

use anyhow::Result;

use crate::analysis::samples::startup::flow_s;
use crate::analysis::warnings::aes::{CHACHA, GCM};
use crate::model::Configuration;
use crate::model::record::{Asked, Outcome, Phase, Record, Sample};
use crate::model::{Cipher, Direction, Method, Source};
use crate::remote::target::Target;
use crate::stats::statistics::median;
use crate::survey::aes_proof::{aes_doubt, cost};
use crate::survey::events::Events;
use crate::survey::executor::SshExecutor;
use crate::survey::journal::Journal;
use crate::survey::plan::{PILOT_LARGEST, PILOT_SHARE, PILOT_SMALL, PlannedSample, groups};
use crate::survey::rounds::{Executor, Stopped};
use crate::survey::sampler::Observed;
use crate::survey::sizing::{Sizer, UNTRIED, power_of_two};

/// Empty transfers per pairing, method and direction, where there is time for them.
const EMPTY: usize = 3;

/// Seconds of a transfer besides its setup and the bytes.
const AROUND_S: f64 = 0.3;

/// Seconds of a timed transfer of the pilot.
const SHORT_S: f64 = 0.5;

/// The share of a sample's time for which ciphers other than the default are measured.
const SMALL_SHARE: f64 = 0.125;

/// The least bytes of a transfer, on the slowest path too.
const LEAST: u64 = 128 << 10;

/// How often AES is measured that should be disabled and does not look like it.
const AES_CHECKS: usize = 3;

/// Runs the pilot of all targets; returns its samples. It takes at most half of the budget, apart from what
/// no survey can do without: then fewer empty transfers are made, and some ciphers are not measured.
///
/// # Errors
/// The journal can't be written.
pub fn run(
    executor: &mut SshExecutor,
    configurations: &[Configuration],
    sizer: &mut Sizer,
    budget: Option<Duration>,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
) -> Result<Result<Vec<Sample>, Stopped>> {
    let budget_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
    let mut pilot = Pilot {
        seen: vec![f64::INFINITY; executor.sampler.targets.len()],
        executor,
        journal,
        events,
        largest: sizer.largest(),
        ends_s: PILOT_SHARE * budget_s,
        turn_ends_s: 0.0,
        samples: Vec::new(),
        rates: Vec::new(),
    };
    match pilot.run_all(configurations, sizer) {
        Ok(()) => Ok(Ok(pilot.samples)),
        Err(Ended::Stopped(stopped)) => Ok(Err(stopped)),
        Err(Ended::Journal(error)) => Err(error),
    }
}

/// Why the pilot ended early.
enum Ended {
    Stopped(Stopped),
    Journal(anyhow::Error),
}

impl From<Stopped> for Ended {
    fn from(stopped: Stopped) -> Ended {
        Ended::Stopped(stopped)
    }
}

struct Pilot<'a> {
    executor: &'a mut SshExecutor,
    journal: &'a mut dyn Journal,
    events: &'a mut dyn Events,
    /// The largest file that a sample may move.
    largest: u64,
    /// When the pilot is to end, and the current group's part of it.
    ends_s: f64,
    turn_ends_s: f64,
    /// The latest known rate of each pairing, in bytes per second.
    seen: Vec<f64>,
    samples: Vec<Sample>,
    /// Configurations with their rates, and the rate of the default cipher in the same direction.
    rates: Vec<(Configuration, f64, Option<f64>)>,
}

impl Pilot<'_> {
    fn run_all(
        &mut self,
        configurations: &[Configuration],
        sizer: &mut Sizer,
    ) -> Result<(), Ended> {
        for pairing in 0..self.executor.sampler.targets.len() {
            self.check_sources(pairing)?;
            self.check_aes(pairing)?;
        }
        let groups = groups(configurations);
        for (done, &(pairing, method, direction)) in groups.iter().enumerate() {
            self.take_turn(groups.len() - done);
            let group: Vec<&Configuration> = configurations
                .iter()
                .filter(|c| (c.pairing, c.method, c.direction) == (pairing, method, direction))
                .collect();
            self.measure_group(&group, sizer)?;
        }
        Ok(())
    }

    /// Finds the process that reaps the server's sessions, and whether its counters include their CPU:
    /// before OpenSSH 9.8 they do not for an ordinary user, whose session process nobody waits for.
    fn check_sources(&mut self, pairing: usize) -> Result<(), Ended> {
        let interrupt = self.executor.sampler.interrupt.clone();
        let target = self.target(pairing);
        let rate =
            target.measure_idle(&interrupt).map_err(Into::into).and_then(|()| target.rough_rate());
        self.seen[pairing] = rate.map_err(Stopped::from)?;
        // Without a shell nothing of the server can be read, and there is no pipe.
        if !self.target(pairing).has_shell() {
            return Ok(());
        }
        // The first transfer shows the chain of server processes, the second what the reaper counts of
        // an empty transfer, the third what it counts of a real one.
        for asked in [Asked::Bytes(0), Asked::Bytes(0), self.short(pairing)] {
            let configuration = self.by_default(pairing, Method::Pipe, Direction::Upload);
            let key = (configuration.method, configuration.direction);
            let (sample, observed) = self.sample(configuration, asked)?;
            if let (Some(bytes @ 1..), Some(real_s)) = (sample.bytes, sample.real_s) {
                self.seen[pairing] = bytes as f64 / real_s.max(1e-3);
            }
            let target = self.target(pairing);
            match (target.processes.reaper, asked) {
                (None, _) => target.processes.find_reaper(&observed.chain),
                (Some(_), Asked::Bytes(0)) => {
                    if let Some(growth) = observed.reaper_growth_s {
                        target.empty_reaper_s.insert(key, growth);
                    }
                }
                (Some(_), _) => {
                    let inside = sample.server.filter(|spent| spent.source == Source::Process);
                    let reaper =
                        sample.server_checks.iter().find(|check| check.source == Source::Listener);
                    if let (Some(inside), Some(reaper)) = (inside, reaper) {
                        target.processes.reaper_is_blind =
                            reaper.total_s < 0.5 * inside.bulk.total_s;
                    }
                }
            }
        }
        Ok(())
    }

    /// AES counts as disabled only where the figures show it. Other work can spoil a measurement, so
    /// there is doubt only when none of a few shows it.
    fn check_aes(&mut self, pairing: usize) -> Result<(), Ended> {
        let spec = &self.target(pairing).spec;
        let (client, server) =
            (spec.setting.aes_disabled_by.is_some(), spec.server.aes_disabled_by.is_some());
        if !client && !server {
            return Ok(());
        }
        let mut doubt = None;
        for _ in 0..AES_CHECKS {
            let mut costs: Vec<(f64, f64)> = Vec::new();
            for name in [GCM, CHACHA] {
                let cipher = Cipher::from(name);
                let configuration = Configuration {
                    cipher,
                    ..self.by_default(pairing, Method::Pipe, Direction::Upload)
                };
                let (sample, _) = self.sample(configuration, Asked::Seconds(SHORT_S))?;
                costs.extend(cost(&sample));
            }
            doubt = aes_doubt(&costs, client, server);
            if doubt.is_none() {
                break;
            }
        }
        if let Some(doubt) = &doubt {
            self.events.say(&format!("warning: {doubt}"));
        }
        self.target(pairing).aes_doubt = doubt;
        Ok(())
    }

    /// Measures empty transfers, and first rates, of one pairing, method and direction.
    fn measure_group(&mut self, group: &[&Configuration], sizer: &mut Sizer) -> Result<(), Ended> {
        let Some(first) = group.first() else { return Ok(()) };
        let (pairing, method, direction) = (first.pairing, first.method, first.direction);
        let by_default = self.by_default(pairing, method, direction);
        if !method.makes_files(self.executor.sampler.files.sink) {
            // The times of the bytes show a pipe's start-up. One download is counted byte by byte.
            if direction == Direction::Download && self.has_time_for(&by_default, SHORT_S) {
                self.sample(by_default, self.short(pairing))?;
            }
            return Ok(());
        }
        let empty_s = self.empty_transfers(&by_default)?;
        if sizer.needs_rates() {
            self.measure_rates(group, &by_default, empty_s, sizer)?;
        }
        Ok(())
    }

    /// Seconds of an empty transfer; 0 where none was measured.
    fn empty_transfers(&mut self, by_default: &Configuration) -> Result<f64, Ended> {
        let (mut reals, mut growths) = (Vec::new(), Vec::new());
        for many in 0..EMPTY {
            if many > 0 && !self.has_time_for(by_default, 0.0) {
                break;
            }
            let (sample, observed) = self.sample(by_default.clone(), Asked::Bytes(0))?;
            reals.extend(sample.real_s);
            growths.extend(observed.reaper_growth_s);
        }
        if let Some(growth) = median(&growths) {
            let key = (by_default.method, by_default.direction);
            self.target(by_default.pairing).empty_reaper_s.insert(key, growth);
        }
        Ok(median(&reals).unwrap_or(0.0))
    }

    /// Measures the rate of the default cipher, then of the others, as far as there is time.
    fn measure_rates(
        &mut self,
        group: &[&Configuration],
        by_default: &Configuration,
        empty_s: f64,
        sizer: &mut Sizer,
    ) -> Result<(), Ended> {
        let (pairing, method) = (by_default.pairing, by_default.method);
        let sample_s = sizer.seconds(pairing);
        let (default, startup_s) = self.default_rate(by_default, sample_s, empty_s)?;
        if let Some(rate) = default {
            self.seen[pairing] = rate;
        }
        let share = default.map_or(0.0, |rate| rate * sample_s * SMALL_SHARE);
        let small = self.fitting(pairing, share, sample_s);
        for configuration in group {
            // Ciphers differ by a factor of ten and more: one guess for all would make the first round
            // many times too long. Their ratio is about the same in both directions.
            let other_direction = self.rates.iter().find(|(of, ..)| {
                (of.pairing, of.method, &of.cipher, &of.mac)
                    == (pairing, method, &configuration.cipher, &configuration.mac)
            });
            let rate = match (other_direction, default) {
                _ if *configuration == by_default => default,
                (Some((_, rate, Some(other))), Some(this)) => Some(rate * this / other),
                _ if !self.has_time_for(configuration, small as f64 / self.seen[pairing]) => None,
                _ => {
                    let real_s = self.duration((*configuration).clone(), small)?;
                    real_s.map(|real_s| small as f64 / flow_s(real_s, startup_s))
                }
            };
            if let Some(rate) = rate {
                self.rates.push(((*configuration).clone(), rate, default));
            }
            // One that was not measured is taken for no faster than the latest known rate.
            let unmeasured = self.seen[pairing].min(UNTRIED as f64 / sample_s);
            sizer.start_with((*configuration).clone(), rate.unwrap_or(unmeasured));
        }
        Ok(())
    }

    /// Bytes per second of the default cipher, and the seconds of its start-up. Where a small transfer is
    /// too short to separate the two, a larger one follows.
    fn default_rate(
        &mut self,
        by_default: &Configuration,
        sample_s: f64,
        empty_s: f64,
    ) -> Result<(Option<f64>, f64), Ended> {
        let pairing = by_default.pairing;
        let small = self.fitting(pairing, 0.0, sample_s);
        if !self.has_time_for(by_default, small as f64 / self.seen[pairing]) {
            return Ok((None, empty_s));
        }
        let Some(small_s) = self.duration(by_default.clone(), small)? else {
            return Ok((None, empty_s));
        };
        let by_one = small as f64 / flow_s(small_s, empty_s);
        let large = self.fitting(pairing, by_one * sample_s, sample_s);
        if large == small || !self.has_time_for(by_default, (large + small) as f64 / by_one) {
            return Ok((Some(by_one), empty_s));
        }
        // A small one again, since the start-up in all figures follows from it.
        let mut durations = [0.0; 2];
        for (real_s, bytes) in durations.iter_mut().zip([large, small]) {
            match self.duration(by_default.clone(), bytes)? {
                Some(found) => *real_s = found,
                None => return Ok((Some(by_one), empty_s)),
            }
        }
        let small_s = 0.5 * (small_s + durations[1]);
        let rate = (large - small) as f64 / flow_s(durations[0], small_s);
        Ok((Some(rate), (small_s - small as f64 / rate).max(empty_s)))
    }

    /// Seconds of a transfer of so many bytes, without setup; absent where it failed.
    fn duration(&mut self, configuration: Configuration, bytes: u64) -> Result<Option<f64>, Ended> {
        let (sample, _) = self.sample(configuration, Asked::Bytes(bytes))?;
        let measured = sample.outcome == Outcome::Measured;
        Ok(sample.real_s.filter(|real_s| measured && *real_s > 0.0))
    }

    /// The pilot's size that is nearest to so many bytes. On a slow path the smallest is what takes as long
    /// as a sample.
    fn fitting(&self, pairing: usize, bytes: f64, sample_s: f64) -> u64 {
        let least = power_of_two(self.seen[pairing] * sample_s).clamp(LEAST, PILOT_SMALL);
        power_of_two(bytes).clamp(least, PILOT_LARGEST).min(self.largest)
    }

    /// A short transfer by pipe. On a slow path it has a size: what is sent in half a second fills buffers
    /// that take many times longer to empty.
    fn short(&self, pairing: usize) -> Asked {
        match power_of_two(self.seen[pairing] * SHORT_S) {
            few if few < PILOT_SMALL => Asked::Bytes(few.max(LEAST)),
            _ => Asked::Seconds(SHORT_S),
        }
    }

    /// Gives the next of so many groups its part of the time that is left.
    fn take_turn(&mut self, groups: usize) {
        let now_s = self.executor.elapsed().as_secs_f64();
        self.turn_ends_s = now_s + (self.ends_s - now_s).max(0.0) / groups as f64;
    }

    /// Whether there is time for a transfer that moves bytes for so many seconds.
    fn has_time_for(&self, configuration: &Configuration, flow_s: f64) -> bool {
        // What is downloaded is first put on the remote host, by a transfer that takes as long.
        let transfers =
            if configuration.fetches_chunk(self.executor.sampler.files.sink) { 2.0 } else { 1.0 };
        let setup_s = self.executor.sampler.targets[configuration.pairing].control.setup_s;
        let seconds = transfers * (setup_s + AROUND_S + flow_s);
        self.executor.elapsed().as_secs_f64() + seconds <= self.turn_ends_s
    }

    /// A configuration with the default cipher.
    fn by_default(&self, pairing: usize, method: Method, direction: Direction) -> Configuration {
        let target = &self.executor.sampler.targets[pairing];
        let cipher = target.by_default.client_to_server.cipher.clone();
        Configuration { pairing, method, direction, cipher, mac: None }
    }

    fn target(&mut self, pairing: usize) -> &mut Target {
        &mut self.executor.sampler.targets[pairing]
    }

    /// Takes and records a sample.
    fn sample(
        &mut self,
        configuration: Configuration,
        asked: Asked,
    ) -> Result<(Sample, Observed), Ended> {
        let planned = PlannedSample { round: 0, configuration, asked };
        let (sample, observed) = self.executor.sample(Phase::Calibration, &planned, self.events)?;
        let record = Record::Sample(Box::new(sample.clone()));
        self.journal.append(&record).map_err(Ended::Journal)?;
        self.samples.push(sample.clone());
        Ok((sample, observed))
    }
}
