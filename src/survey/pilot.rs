//! Before the rounds: what empty transfers take, whether the sources of the server's CPU agree,
//! whether a mask shows, and a first rate to size files by. Recorded, not analysed.

use std::time::Duration;

use anyhow::Result;

use crate::analysis::samples::startup::flow_s;
use crate::analysis::warnings::aes::{CHACHA, GCM};
use crate::model::Configuration;
use crate::model::record::{Asked, Outcome, Phase, Record, Sample};
use crate::model::{Cipher, Direction, Method, Source};
use crate::stats::statistics::median;
use crate::survey::events::Events;
use crate::survey::executor::SshExecutor;
use crate::survey::journal::Journal;
use crate::survey::plan::{PILOT_LARGEST, PILOT_SHARE, PILOT_SMALL, PlannedSample, groups};
use crate::survey::rounds::{Executor, Stopped};
use crate::survey::sizing::{Sizer, UNTRIED, on_grid};

/// Empty transfers a pairing, method and direction, where there is time for them.
const EMPTY: usize = 3;

/// Seconds of a transfer beside its handshake and its flow.
const AROUND_S: f64 = 0.3;

/// Seconds of a timed transfer of the pilot.
const SHORT_S: f64 = 0.5;

/// The share of a trial that other ciphers are tried for.
const SMALL_SHARE: f64 = 0.125;

/// Even on the slowest path a transfer moves so much.
const LEAST: u64 = 128 << 10;

/// Times that a mask which does not show is looked at.
const AES_CHECKS: usize = 3;

/// Runs the pilot of all lanes; its trials. Of the budget it takes at most a half, but for what no
/// survey can do without: then fewer empty transfers are made, and ciphers remain untried.
pub fn run(
    executor: &mut SshExecutor,
    configurations: &[Configuration],
    sizer: &mut Sizer,
    budget: Option<Duration>,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
) -> Result<Result<Vec<Sample>, Stopped>> {
    let whole_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
    let mut pilot = Pilot {
        seen: vec![f64::INFINITY; executor.targets.len()],
        executor,
        journal,
        events,
        largest: sizer.largest(),
        ends_s: PILOT_SHARE * whole_s,
        turn_ends_s: 0.0,
        samples: Vec::new(),
        rates: Vec::new(),
    };
    for pairing in 0..pilot.executor.targets.len() {
        if let Err(stopped) = pilot.sources(pairing)? {
            return Ok(Err(stopped));
        }
        if let Err(stopped) = pilot.aes_disabled_by(pairing)? {
            return Ok(Err(stopped));
        }
    }
    let groups = groups(configurations);
    for (done, &(pairing, method, direction)) in groups.iter().enumerate() {
        pilot.take_turn(groups.len() - done);
        let group: Vec<&Configuration> = configurations
            .iter()
            .filter(|c| (c.pairing, c.method, c.direction) == (pairing, method, direction))
            .collect();
        if let Err(stopped) = pilot.group(&group, sizer)? {
            return Ok(Err(stopped));
        }
    }
    Ok(Ok(pilot.samples))
}

struct Pilot<'a> {
    executor: &'a mut SshExecutor,
    journal: &'a mut dyn Journal,
    events: &'a mut dyn Events,
    /// The largest file that a trial may move.
    largest: u64,
    /// When the pilot is to be over, and the present group with its part of it.
    ends_s: f64,
    turn_ends_s: f64,
    /// Bytes a second that each pairing has been seen to move.
    seen: Vec<f64>,
    samples: Vec<Sample>,
    /// Contenders with their rates and with that of the default in the same direction.
    rates: Vec<(Configuration, f64, Option<f64>)>,
}

impl Pilot<'_> {
    /// Finds the process that reaps the server's sessions and whether it sees their CPU: an
    /// ordinary user's is never waited for before OpenSSH 9.8.
    fn sources(&mut self, pairing: usize) -> Result<Result<(), Stopped>> {
        let interrupt = self.executor.interrupt.clone();
        let target = &mut self.executor.targets[pairing];
        match target.measure_idle(&interrupt).map_err(Into::into).and_then(|()| target.glimpse()) {
            Ok(bytes_per_s) => self.seen[pairing] = bytes_per_s,
            Err(error) => return Ok(Err(error.into())),
        }
        // Without a shell nothing of the server can be read, and no pipe be had.
        if !target.has_shell() {
            return Ok(Ok(()));
        }
        // Once to learn the session's chain of processes, once for what the reaper sees of an
        // empty transfer, once for what it sees of a real one.
        for asked in [Asked::Bytes(0), Asked::Bytes(0), self.short(pairing)] {
            let configuration = self.by_default(pairing, Method::Pipe, Direction::Upload);
            let key = (configuration.method, configuration.direction);
            let sample = match self.run(configuration, asked)? {
                Ok(sample) => sample,
                Err(stopped) => return Ok(Err(stopped)),
            };
            if let (Some(bytes @ 1..), Some(real_s)) = (sample.bytes, sample.real_s) {
                self.seen[pairing] = bytes as f64 / real_s.max(1e-3);
            }
            let target = &mut self.executor.targets[pairing];
            match (target.processes.reaper, asked) {
                (None, _) => {
                    if let Some(chain) = target.last_chain.take() {
                        target.find_reaper(&chain);
                    }
                }
                (Some(_), Asked::Bytes(0)) => {
                    if let Some(growth) = target.last_reaper_s {
                        target.empty_reaper_s.insert(key, growth);
                    }
                }
                (Some(_), _) => {
                    let inside = sample.server.filter(|spent| spent.source == Source::Inside);
                    let reaper =
                        sample.server_checks.iter().find(|check| check.source == Source::Reaper);
                    if let (Some(inside), Some(reaper)) = (inside, reaper) {
                        target.processes.reaper_is_blind =
                            reaper.total_s < 0.5 * inside.bulk.total_s;
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    /// A mask is believed only when the figures show it. One look can be spoilt by other work, so
    /// it is doubted only when none of a few shows it.
    fn aes_disabled_by(&mut self, pairing: usize) -> Result<Result<(), Stopped>> {
        let spec = &self.executor.targets[pairing].spec;
        let (client, server) =
            (spec.setting.aes_disabled_by.is_some(), spec.server.aes_disabled_by.is_some());
        if !client && !server {
            return Ok(Ok(()));
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
                match self.run(configuration, Asked::Seconds(SHORT_S))? {
                    Ok(sample) => costs.extend(cost(&sample)),
                    Err(stopped) => return Ok(Err(stopped)),
                }
            }
            doubt = aes_doubt(&costs, client, server);
            if doubt.is_none() {
                break;
            }
        }
        if let Some(doubt) = &doubt {
            self.events.say(&format!("warning: {doubt}"));
        }
        self.executor.targets[pairing].aes_doubt = doubt;
        Ok(Ok(()))
    }

    /// What a transfer takes that moves nothing, and a first rate.
    fn group(
        &mut self,
        group: &[&Configuration],
        sizer: &mut Sizer,
    ) -> Result<Result<(), Stopped>> {
        let Some(first) = group.first() else { return Ok(Ok(())) };
        let (pairing, method, direction) = (first.pairing, first.method, first.direction);
        if !method.makes_files(self.executor.files.sink) {
            // Timestamps on the way tell a pipe's start-up; one download is counted byte by byte.
            let configuration = self.by_default(pairing, method, direction);
            if direction == Direction::Upload || !self.has_time_for(&configuration, SHORT_S) {
                return Ok(Ok(()));
            }
            return Ok(self.run(configuration, self.short(pairing))?.map(|_| ()));
        }
        let by_default = self.by_default(pairing, method, direction);
        let (mut reals, mut growths) = (Vec::new(), Vec::new());
        for many in 0..EMPTY {
            if many > 0 && !self.has_time_for(&by_default, 0.0) {
                break;
            }
            match self.run(by_default.clone(), Asked::Bytes(0))? {
                Ok(sample) => reals.extend(sample.real_s),
                Err(stopped) => return Ok(Err(stopped)),
            }
            growths.extend(self.executor.targets[pairing].last_reaper_s);
        }
        if let Some(growth) = median(&growths) {
            self.executor.targets[pairing].empty_reaper_s.insert((method, direction), growth);
        }
        if !sizer.needs_rates() {
            return Ok(Ok(()));
        }
        let sample_s = sizer.seconds(pairing);
        let empty_s = median(&reals).unwrap_or(0.0);
        let (default, startup_s) = match self.default_rate(&by_default, sample_s, empty_s)? {
            Ok(found) => found,
            Err(stopped) => return Ok(Err(stopped)),
        };
        if let Some(rate) = default {
            self.seen[pairing] = rate;
        }
        let share = default.map_or(0.0, |rate| rate * sample_s * SMALL_SHARE);
        let small = self.fitting(pairing, share, sample_s);
        for configuration in group {
            // Ciphers differ by a factor of ten and more: one guess for all would make the first
            // round many times too long. Their ratio is alike both ways.
            let twin = self.rates.iter().find(|(of, ..)| {
                (of.pairing, of.method, &of.cipher, &of.mac)
                    == (pairing, method, &configuration.cipher, &configuration.mac)
            });
            let rate = match (twin, default) {
                _ if **configuration == by_default => default,
                (Some((_, rate, Some(theirs))), Some(ours)) => Some(rate * ours / theirs),
                _ if !self.has_time_for(configuration, small as f64 / self.seen[pairing]) => None,
                _ => match self.lasts((*configuration).clone(), small)? {
                    Ok(real_s) => real_s.map(|real_s| small as f64 / flow_s(real_s, startup_s)),
                    Err(stopped) => return Ok(Err(stopped)),
                },
            };
            if let Some(rate) = rate {
                self.rates.push(((*configuration).clone(), rate, default));
            }
            // An untried one is taken for no faster than what the path was seen to carry.
            let untried = self.seen[pairing].min(UNTRIED as f64 / sample_s);
            sizer.start_with((*configuration).clone(), rate.unwrap_or(untried));
        }
        Ok(Ok(()))
    }

    /// Bytes a second of the default, and the seconds of its start-up. Where a small transfer is
    /// over too soon to tell them from each other, a larger one does.
    fn default_rate(
        &mut self,
        by_default: &Configuration,
        sample_s: f64,
        empty_s: f64,
    ) -> Result<Result<(Option<f64>, f64), Stopped>> {
        let pairing = by_default.pairing;
        let small = self.fitting(pairing, 0.0, sample_s);
        if !self.has_time_for(by_default, small as f64 / self.seen[pairing]) {
            return Ok(Ok((None, empty_s)));
        }
        let small_s = match self.lasts(by_default.clone(), small)? {
            Ok(Some(real_s)) => real_s,
            Ok(None) => return Ok(Ok((None, empty_s))),
            Err(stopped) => return Ok(Err(stopped)),
        };
        let by_one = small as f64 / flow_s(small_s, empty_s);
        let large = self.fitting(pairing, by_one * sample_s, sample_s);
        if large == small || !self.has_time_for(by_default, (large + small) as f64 / by_one) {
            return Ok(Ok((Some(by_one), empty_s)));
        }
        // Small ones again, since all figures will have the start-up taken off by them.
        let mut lasted = [0.0; 2];
        for (real_s, bytes) in lasted.iter_mut().zip([large, small]) {
            match self.lasts(by_default.clone(), bytes)? {
                Ok(Some(found)) => *real_s = found,
                Ok(None) => return Ok(Ok((Some(by_one), empty_s))),
                Err(stopped) => return Ok(Err(stopped)),
            }
        }
        let small_s = 0.5 * (small_s + lasted[1]);
        let rate = (large - small) as f64 / flow_s(lasted[0], small_s);
        Ok(Ok((Some(rate), (small_s - small as f64 / rate).max(empty_s))))
    }

    /// Seconds of the bulk of a transfer of so many bytes; absent where it failed.
    fn lasts(
        &mut self,
        configuration: Configuration,
        bytes: u64,
    ) -> Result<Result<Option<f64>, Stopped>> {
        let measured = |sample: Sample| {
            sample.real_s.filter(|real_s| sample.outcome == Outcome::Measured && *real_s > 0.0)
        };
        Ok(self.run(configuration, Asked::Bytes(bytes))?.map(measured))
    }

    /// The pilot's size that is nearest to so many bytes. On a slow path the smallest is what lasts
    /// as long as a trial.
    fn fitting(&self, pairing: usize, bytes: f64, sample_s: f64) -> u64 {
        let least = on_grid(self.seen[pairing] * sample_s).clamp(LEAST, PILOT_SMALL);
        on_grid(bytes).clamp(least, PILOT_LARGEST).min(self.largest)
    }

    /// A short transfer by pipe. On a slow path it has a size: what is fed in half a second fills
    /// buffers that take many times longer to empty.
    fn short(&self, pairing: usize) -> Asked {
        match on_grid(self.seen[pairing] * SHORT_S) {
            few if few < PILOT_SMALL => Asked::Bytes(few.max(LEAST)),
            _ => Asked::Seconds(SHORT_S),
        }
    }

    /// The next of so many groups has its part of the time that is left.
    fn take_turn(&mut self, groups: usize) {
        let now_s = self.executor.elapsed().as_secs_f64();
        self.turn_ends_s = now_s + (self.ends_s - now_s).max(0.0) / groups as f64;
    }

    /// Whether there is time for a transfer that flows for so many seconds.
    fn has_time_for(&self, configuration: &Configuration, flow_s: f64) -> bool {
        // What is downloaded is put there first, by as long a transfer.
        let transfers =
            if configuration.fetches_chunk(self.executor.files.sink) { 2.0 } else { 1.0 };
        let setup_s = self.executor.targets[configuration.pairing].control.setup_s;
        let seconds = transfers * (setup_s + AROUND_S + flow_s);
        self.executor.elapsed().as_secs_f64() + seconds <= self.turn_ends_s
    }

    /// What ssh would negotiate unasked.
    fn by_default(&self, pairing: usize, method: Method, direction: Direction) -> Configuration {
        let cipher = self.executor.targets[pairing].by_default.client_to_server.cipher.clone();
        Configuration { pairing, method, direction, cipher, mac: None }
    }

    fn run(
        &mut self,
        configuration: Configuration,
        asked: Asked,
    ) -> Result<Result<Sample, Stopped>> {
        let planned = PlannedSample { round: 0, configuration, asked };
        let result = self.executor.run_in(Phase::Pilot, &planned, self.events);
        if let Ok(sample) = &result {
            self.journal.append(&Record::Sample(Box::new(sample.clone())))?;
            self.samples.push(sample.clone());
        }
        Ok(result)
    }
}

/// Why the masks of these ends can't be believed, by the costs of [`GCM`] and of [`CHACHA`].
fn aes_doubt(costs: &[(f64, f64)], client: bool, server: bool) -> Option<String> {
    let [aes, plain] = costs else {
        return Some(format!(
            "the mask of AES instructions can't be checked: {GCM} and {CHACHA} could not both be \
             measured"
        ));
    };
    [("client", client, aes.0, plain.0), ("server", server, aes.1, plain.1)]
        .into_iter()
        .find(|(_, aes_disabled, aes, plain)| *aes_disabled && aes <= plain)
        .map(|(end, _, aes, plain)| {
            format!(
                "the mask of AES instructions does not show at the {end}: {GCM} costs {aes:.2} \
                 CPU-s/GB there, no more than {CHACHA} with {plain:.2}"
            )
        })
}

/// CPU seconds a GB at the client and at the server.
fn cost(sample: &Sample) -> Option<(f64, f64)> {
    let gb = sample.bytes? as f64 / 1e9;
    Some((sample.client?.bulk.total_s / gb, sample.server?.bulk.total_s / gb))
}
