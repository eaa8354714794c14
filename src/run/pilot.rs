//! Before the rounds: what empty transfers take, whether the sources of the server's CPU agree,
//! whether a mask shows, and a first rate to size files by. Recorded, not analysed.

use std::time::Duration;

use anyhow::Result;

use super::executor::Real;
use super::journal::Journal;
use super::survey::{Executor, Stopped};
use crate::analysis::masks::{CHACHA, GCM};
use crate::analysis::startup::flow_s;
use crate::analysis::statistics::median;
use crate::method::makes_files;
use crate::model::record::{Asked, Line, Outcome, Phase, Trial};
use crate::model::{Cipher, Direction, Method, Source};
use crate::plan::{Contender, PILOT_LARGEST, PILOT_SHARE, PILOT_SMALL, PlannedTrial, groups};
use crate::sizing::{Sizer, UNTRIED, on_grid};
use crate::ui::Events;

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
const MASK_LOOKS: usize = 3;

/// Runs the pilot of all lanes; its trials. Of the budget it takes at most a half, but for what no
/// survey can do without: then fewer empty transfers are made, and ciphers remain untried.
pub fn run(
    executor: &mut Real,
    contenders: &[Contender],
    sizer: &mut Sizer,
    budget: Option<Duration>,
    journal: &mut dyn Journal,
    events: &mut dyn Events,
) -> Result<Result<Vec<Trial>, Stopped>> {
    let whole_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
    let mut pilot = Pilot {
        seen: vec![f64::INFINITY; executor.lanes.len()],
        executor,
        journal,
        events,
        largest: sizer.largest(),
        ends_s: PILOT_SHARE * whole_s,
        turn_ends_s: 0.0,
        trials: Vec::new(),
        rates: Vec::new(),
    };
    for pairing in 0..pilot.executor.lanes.len() {
        if let Err(stopped) = pilot.sources(pairing)? {
            return Ok(Err(stopped));
        }
        if let Err(stopped) = pilot.masks(pairing)? {
            return Ok(Err(stopped));
        }
    }
    let groups = groups(contenders);
    for (done, &(pairing, method, direction)) in groups.iter().enumerate() {
        pilot.take_turn(groups.len() - done);
        let group: Vec<&Contender> = contenders
            .iter()
            .filter(|c| (c.pairing, c.method, c.direction) == (pairing, method, direction))
            .collect();
        if let Err(stopped) = pilot.group(&group, sizer)? {
            return Ok(Err(stopped));
        }
    }
    Ok(Ok(pilot.trials))
}

struct Pilot<'a> {
    executor: &'a mut Real,
    journal: &'a mut dyn Journal,
    events: &'a mut dyn Events,
    /// The largest file that a trial may move.
    largest: u64,
    /// When the pilot is to be over, and the present group with its part of it.
    ends_s: f64,
    turn_ends_s: f64,
    /// Bytes a second that each pairing has been seen to move.
    seen: Vec<f64>,
    trials: Vec<Trial>,
    /// Contenders with their rates and with that of the default in the same direction.
    rates: Vec<(Contender, f64, Option<f64>)>,
}

impl Pilot<'_> {
    /// Finds the process that reaps the server's sessions and whether it sees their CPU: an
    /// ordinary user's is never waited for before OpenSSH 9.8.
    fn sources(&mut self, pairing: usize) -> Result<Result<(), Stopped>> {
        let interrupt = self.executor.interrupt.clone();
        let lane = &mut self.executor.lanes[pairing];
        match lane.measure_idle(&interrupt).map_err(Into::into).and_then(|()| lane.glimpse()) {
            Ok(bytes_per_s) => self.seen[pairing] = bytes_per_s,
            Err(error) => return Ok(Err(error.into())),
        }
        // Without a shell nothing of the server can be read, and no pipe be had.
        if !lane.has_shell() {
            return Ok(Ok(()));
        }
        // Once to learn the session's chain of processes, once for what the reaper sees of an
        // empty transfer, once for what it sees of a real one.
        for asked in [Asked::Bytes(0), Asked::Bytes(0), self.short(pairing)] {
            let contender = self.unasked(pairing, Method::Pipe, Direction::Upload);
            let key = (contender.method, contender.direction);
            let trial = match self.run(contender, asked)? {
                Ok(trial) => trial,
                Err(stopped) => return Ok(Err(stopped)),
            };
            if let (Some(bytes @ 1..), Some(real_s)) = (trial.bytes, trial.real_s) {
                self.seen[pairing] = bytes as f64 / real_s.max(1e-3);
            }
            let lane = &mut self.executor.lanes[pairing];
            match (lane.processes.reaper, asked) {
                (None, _) => {
                    if let Some(chain) = lane.last_chain.take() {
                        lane.find_reaper(&chain);
                    }
                }
                (Some(_), Asked::Bytes(0)) => {
                    if let Some(growth) = lane.last_reaper_s {
                        lane.empty_reaper_s.insert(key, growth);
                    }
                }
                (Some(_), _) => {
                    let inside = trial.server.filter(|spent| spent.source == Source::Inside);
                    let reaper =
                        trial.server_checks.iter().find(|check| check.source == Source::Reaper);
                    if let (Some(inside), Some(reaper)) = (inside, reaper) {
                        lane.processes.reaper_is_blind = reaper.total_s < 0.5 * inside.bulk.total_s;
                    }
                }
            }
        }
        Ok(Ok(()))
    }

    /// A mask is believed only when the figures show it. One look can be spoilt by other work, so
    /// it is doubted only when none of a few shows it.
    fn masks(&mut self, pairing: usize) -> Result<Result<(), Stopped>> {
        let spec = &self.executor.lanes[pairing].spec;
        let (client, server) = (spec.setting.mask.is_some(), spec.server.mask.is_some());
        if !client && !server {
            return Ok(Ok(()));
        }
        let mut doubt = None;
        for _ in 0..MASK_LOOKS {
            let mut costs: Vec<(f64, f64)> = Vec::new();
            for name in [GCM, CHACHA] {
                let cipher = Cipher::from(name);
                let contender =
                    Contender { cipher, ..self.unasked(pairing, Method::Pipe, Direction::Upload) };
                match self.run(contender, Asked::Seconds(SHORT_S))? {
                    Ok(trial) => costs.extend(cost(&trial)),
                    Err(stopped) => return Ok(Err(stopped)),
                }
            }
            doubt = mask_doubt(&costs, client, server);
            if doubt.is_none() {
                break;
            }
        }
        if let Some(doubt) = &doubt {
            self.events.say(&format!("warning: {doubt}"));
        }
        self.executor.lanes[pairing].mask_doubt = doubt;
        Ok(Ok(()))
    }

    /// What a transfer takes that moves nothing, and a first rate.
    fn group(&mut self, group: &[&Contender], sizer: &mut Sizer) -> Result<Result<(), Stopped>> {
        let Some(first) = group.first() else { return Ok(Ok(())) };
        let (pairing, method, direction) = (first.pairing, first.method, first.direction);
        if !makes_files(method, self.executor.sink) {
            // Timestamps on the way tell a pipe's start-up; one download is counted byte by byte.
            let contender = self.unasked(pairing, method, direction);
            if direction == Direction::Upload || !self.has_time_for(&contender, SHORT_S) {
                return Ok(Ok(()));
            }
            return Ok(self.run(contender, self.short(pairing))?.map(|_| ()));
        }
        let unasked = self.unasked(pairing, method, direction);
        let (mut reals, mut growths) = (Vec::new(), Vec::new());
        for many in 0..EMPTY {
            if many > 0 && !self.has_time_for(&unasked, 0.0) {
                break;
            }
            match self.run(unasked.clone(), Asked::Bytes(0))? {
                Ok(trial) => reals.extend(trial.real_s),
                Err(stopped) => return Ok(Err(stopped)),
            }
            growths.extend(self.executor.lanes[pairing].last_reaper_s);
        }
        if let Some(growth) = median(&growths) {
            self.executor.lanes[pairing].empty_reaper_s.insert((method, direction), growth);
        }
        if !sizer.needs_rates() {
            return Ok(Ok(()));
        }
        let trial_s = sizer.seconds(pairing);
        let empty_s = median(&reals).unwrap_or(0.0);
        let (default, startup_s) = match self.default_rate(&unasked, trial_s, empty_s)? {
            Ok(found) => found,
            Err(stopped) => return Ok(Err(stopped)),
        };
        if let Some(rate) = default {
            self.seen[pairing] = rate;
        }
        let share = default.map_or(0.0, |rate| rate * trial_s * SMALL_SHARE);
        let small = self.fitting(pairing, share, trial_s);
        for contender in group {
            // Ciphers differ by a factor of ten and more: one guess for all would make the first
            // round many times too long. Their ratio is alike both ways.
            let twin = self.rates.iter().find(|(of, ..)| {
                (of.pairing, of.method, &of.cipher, &of.mac)
                    == (pairing, method, &contender.cipher, &contender.mac)
            });
            let rate = match (twin, default) {
                _ if **contender == unasked => default,
                (Some((_, rate, Some(theirs))), Some(ours)) => Some(rate * ours / theirs),
                _ if !self.has_time_for(contender, small as f64 / self.seen[pairing]) => None,
                _ => match self.lasts((*contender).clone(), small)? {
                    Ok(real_s) => real_s.map(|real_s| small as f64 / flow_s(real_s, startup_s)),
                    Err(stopped) => return Ok(Err(stopped)),
                },
            };
            if let Some(rate) = rate {
                self.rates.push(((*contender).clone(), rate, default));
            }
            // An untried one is taken for no faster than what the path was seen to carry.
            let untried = self.seen[pairing].min(UNTRIED as f64 / trial_s);
            sizer.start_with((*contender).clone(), rate.unwrap_or(untried));
        }
        Ok(Ok(()))
    }

    /// Bytes a second of the default, and the seconds of its start-up. Where a small transfer is
    /// over too soon to tell them from each other, a larger one does.
    fn default_rate(
        &mut self,
        unasked: &Contender,
        trial_s: f64,
        empty_s: f64,
    ) -> Result<Result<(Option<f64>, f64), Stopped>> {
        let pairing = unasked.pairing;
        let small = self.fitting(pairing, 0.0, trial_s);
        if !self.has_time_for(unasked, small as f64 / self.seen[pairing]) {
            return Ok(Ok((None, empty_s)));
        }
        let small_s = match self.lasts(unasked.clone(), small)? {
            Ok(Some(real_s)) => real_s,
            Ok(None) => return Ok(Ok((None, empty_s))),
            Err(stopped) => return Ok(Err(stopped)),
        };
        let by_one = small as f64 / flow_s(small_s, empty_s);
        let large = self.fitting(pairing, by_one * trial_s, trial_s);
        if large == small || !self.has_time_for(unasked, (large + small) as f64 / by_one) {
            return Ok(Ok((Some(by_one), empty_s)));
        }
        // Small ones again, since all figures will have the start-up taken off by them.
        let mut lasted = [0.0; 2];
        for (real_s, bytes) in lasted.iter_mut().zip([large, small]) {
            match self.lasts(unasked.clone(), bytes)? {
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
    fn lasts(&mut self, contender: Contender, bytes: u64) -> Result<Result<Option<f64>, Stopped>> {
        let measured = |trial: Trial| {
            trial.real_s.filter(|real_s| trial.outcome == Outcome::Measured && *real_s > 0.0)
        };
        Ok(self.run(contender, Asked::Bytes(bytes))?.map(measured))
    }

    /// The pilot's size that is nearest to so many bytes. On a slow path the smallest is what lasts
    /// as long as a trial.
    fn fitting(&self, pairing: usize, bytes: f64, trial_s: f64) -> u64 {
        let least = on_grid(self.seen[pairing] * trial_s).clamp(LEAST, PILOT_SMALL);
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
    fn has_time_for(&self, contender: &Contender, flow_s: f64) -> bool {
        // What is downloaded is put there first, by as long a transfer.
        let transfers = if contender.fetches_prefix(self.executor.sink) { 2.0 } else { 1.0 };
        let handshake_s = self.executor.lanes[contender.pairing].monitor.handshake_s;
        let seconds = transfers * (handshake_s + AROUND_S + flow_s);
        self.executor.elapsed().as_secs_f64() + seconds <= self.turn_ends_s
    }

    /// What ssh would negotiate unasked.
    fn unasked(&self, pairing: usize, method: Method, direction: Direction) -> Contender {
        let cipher = self.executor.lanes[pairing].unasked.client_to_server.cipher.clone();
        Contender { pairing, method, direction, cipher, mac: None }
    }

    fn run(&mut self, contender: Contender, asked: Asked) -> Result<Result<Trial, Stopped>> {
        let planned = PlannedTrial { round: 0, contender, asked };
        let result = self.executor.run_in(Phase::Pilot, &planned, self.events);
        if let Ok(trial) = &result {
            self.journal.append(&Line::Trial(Box::new(trial.clone())))?;
            self.trials.push(trial.clone());
        }
        Ok(result)
    }
}

/// Why the masks of these ends can't be believed, by the costs of [`GCM`] and of [`CHACHA`].
fn mask_doubt(costs: &[(f64, f64)], client: bool, server: bool) -> Option<String> {
    let [aes, plain] = costs else {
        return Some(format!(
            "the mask of AES instructions can't be checked: {GCM} and {CHACHA} could not both be \
             measured"
        ));
    };
    [("client", client, aes.0, plain.0), ("server", server, aes.1, plain.1)]
        .into_iter()
        .find(|(_, masked, aes, plain)| *masked && aes <= plain)
        .map(|(end, _, aes, plain)| {
            format!(
                "the mask of AES instructions does not show at the {end}: {GCM} costs {aes:.2} \
                 CPU-s/GB there, no more than {CHACHA} with {plain:.2}"
            )
        })
}

/// CPU seconds a GB at the client and at the server.
fn cost(trial: &Trial) -> Option<(f64, f64)> {
    let gb = trial.bytes? as f64 / 1e9;
    Some((trial.client?.bulk.total_s / gb, trial.server?.bulk.total_s / gb))
}
