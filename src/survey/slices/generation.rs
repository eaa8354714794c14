//! A generation: one fresh connection per configuration, all open side by side, fed in shuffled, interleaved
//! slices, then closed. It gives one sample per configuration and direction.

use std::time::{Duration, Instant};

use crate::model::record::{Outcome, Record, Sample};
use crate::model::{Configuration, Direction, Entry, units};
use crate::survey::context::Context;
use crate::survey::ended::{Ended, Recorder, Stopped, record};
use crate::survey::events::Events;
use crate::survey::plan::shuffled;
use crate::survey::slices::failures::{Reason, clean_up, explained};
use crate::survey::slices::feed::{Feeding, MOST_FED, most_of_slice};
use crate::survey::slices::live::{CLOSE_TIME, Live, Login};
use crate::survey::slices::member::{Member, members};
use crate::survey::slices::opening::{Opening, begin, no_more_at_once, open, tell_of_dd};
use crate::survey::slices::samples::{OfMember, samples};
use crate::survey::slices::slice::Slice;
use crate::survey::slices::state::SliceState;
use crate::transfer::error::TransferError;

/// A slice during which the control connection was lost is repeated so often.
const MOST_REPEATS: u32 = 2;

/// How long the client of a connection that has failed may take to end.
const BROKEN_TIME: Duration = Duration::from_millis(500);

/// Runs generations for all entries of a round; returns their samples, recorded already.
pub fn run(
    context: &mut Context,
    state: &mut SliceState,
    round: u32,
    entries: &[Entry],
    recorder: &mut Recorder,
    events: &mut dyn Events,
) -> (Vec<Sample>, Result<(), Ended>) {
    let mut waiting = members(entries, state.seed, round);
    let mut done = Vec::new();
    while !waiting.is_empty() {
        let mut generation =
            Generation { context, state, round, recorder, events, members: Vec::new() };
        let ran = generation.open(&mut waiting).and_then(|()| generation.feed());
        let closed = generation.close(ran.is_err());
        match closed {
            Ok(samples) => done.extend(samples),
            Err(error) => return (done, Err(error)),
        }
        if let Err(error) = ran {
            return (done, Err(error));
        }
    }
    (done, Ok(()))
}

struct Generation<'a, 'r> {
    context: &'a mut Context,
    state: &'a mut SliceState,
    round: u32,
    recorder: &'a mut Recorder<'r>,
    events: &'a mut dyn Events,
    members: Vec<Member>,
}

impl Generation<'_, '_> {
    /// Opens connections, one after the other, for those that wait. Where a server takes no more at once, the
    /// rest goes on waiting, for the next generation of this round.
    fn open(&mut self, waiting: &mut Vec<Member>) -> Result<(), Ended> {
        let mut ahead = None;
        let mut left = std::mem::take(waiting).into_iter().peekable();
        while let Some(mut member) = left.next() {
            let pairing = member.configuration.pairing;
            let open_there = self.open_at(pairing);
            if self.state.at_once(pairing).is_reached(open_there, self.round) {
                waiting.push(member);
                continue;
            }
            let login = ahead.take().filter(|login: &Login| login.is_of(&member.configuration));
            match self.connect(&member.configuration, login, open_there)? {
                Opening::Open(live) => {
                    let told = &mut self.state.told_of_dd[pairing];
                    tell_of_dd(&self.context.targets[pairing].host(), told, &live, self.events);
                    member.live = Some(*live);
                    self.members.push(member);
                    let index = self.members.len() - 1;
                    ahead = left.peek().and_then(|next| self.log_in_ahead(&next.configuration));
                    self.start_up(index)?;
                }
                Opening::NoMoreAtOnce => {
                    if self.state.at_once(pairing).refused(open_there, self.round) {
                        let target = &self.context.targets[pairing];
                        self.events.say(&no_more_at_once(&target.host(), open_there));
                    }
                    waiting.push(member);
                }
                Opening::Failed(reason) => {
                    member.failed = Some(reason);
                    self.members.push(member);
                }
            }
        }
        Ok(())
    }

    /// Begins the next login beside the first slices of a connection, which are in no sample. Those of the first
    /// round tell how large slices are, and how long the start-up takes: nothing goes on beside them. Nor is a
    /// server hurried that has refused a connection.
    fn log_in_ahead(&mut self, configuration: &Configuration) -> Option<Login> {
        let pairing = configuration.pairing;
        let (state, target) = (&mut *self.state, &self.context.targets[pairing]);
        let hurries = self.round > 1
            && state.whole.is_none()
            && !state.at_once(pairing).has_refused()
            && state.failures.left_out(configuration).is_none()
            && target.aes_doubt.is_none();
        // What fails here fails again in its turn, and is told then.
        hurries.then(|| begin(self.context, configuration).ok()).flatten()
    }

    fn open_at(&self, pairing: usize) -> usize {
        let there = |member: &Member| self.state.same_server(member.configuration.pairing, pairing);
        let open = |member: &&Member| member.live.is_some() && there(member);
        self.members.iter().filter(open).count()
    }

    fn connect(
        &mut self,
        configuration: &Configuration,
        login: Option<Login>,
        open_there: usize,
    ) -> Result<Opening, Ended> {
        if let Some(reason) = self.state.failures.left_out(configuration) {
            return Ok(Opening::Failed(reason));
        }
        if let Some(doubt) = self.context.targets[configuration.pairing].aes_doubt.clone() {
            let remedy = "leave this AES state out of --aes".to_owned();
            return Ok(Opening::Failed((doubt, Some(remedy))));
        }
        let refusals = self.state.at_once(configuration.pairing).refusals(open_there);
        let mut opening = open(self.context, configuration, login, refusals, self.events)?;
        if let Opening::Failed(reason) = opening {
            let reason = explained(self.context, configuration, reason, self.events);
            // Once more where it has failed because the survey's directory was removed.
            opening = match self.context.targets[configuration.pairing].control.is_alive() {
                true => Opening::Failed(reason),
                false => open(self.context, configuration, None, refusals, self.events)?,
            };
        }
        match &opening {
            Opening::Open(live) => {
                let refused = live.backoff_s > 0.0;
                self.state.at_once(configuration.pairing).opened(open_there, refused);
                self.state.opened_s.push(live.opened_s);
            }
            Opening::NoMoreAtOnce => {}
            Opening::Failed(reason) => self.state.failures.count(configuration, reason),
        }
        Ok(opening)
    }

    /// The first slices of a fresh connection: where its sizes are not known yet they are found.
    fn start_up(&mut self, index: usize) -> Result<(), Ended> {
        if self.state.whole.is_some() {
            return Ok(());
        }
        let began = Instant::now();
        let member = &self.members[index];
        let pace = self.state.paces[member.configuration.pairing];
        for direction in member.directions.clone() {
            let entry = self.members[index].configuration.clone().toward(direction);
            if self.state.sizes.rate(&entry).is_none() {
                self.attempt(index, |feeding, live| feeding.calibrate(live, &entry))?;
                continue;
            }
            let start_up = pace.start_up(direction, self.is_short_of_bytes(&entry));
            let (mut slices, mut fed_s) = (0, 0.0);
            while let Some(part) = start_up.next(slices, fed_s) {
                let one =
                    self.attempt(index, |feeding, live| feeding.warm_up(live, &entry, part))?;
                let Some(real_s) = one else { break };
                (slices, fed_s) = (slices + 1, fed_s + real_s);
            }
        }
        self.state.start_up_s.push(began.elapsed().as_secs_f64());
        Ok(())
    }

    /// Feeds all connections in turn, each for its time.
    fn feed(&mut self) -> Result<(), Ended> {
        let mut pass = 0;
        loop {
            let due = self.due(pass);
            if due.is_empty() {
                return Ok(());
            }
            let stream = self.round.wrapping_mul(1000).wrapping_add(pass + 1);
            for (index, direction) in shuffled(&due, self.state.seed, stream) {
                let entry = self.members[index].configuration.clone().toward(direction);
                if self.members[index].live.is_none() {
                    continue;
                }
                let slice = self.attempt(index, |feeding, live| {
                    let slice = feeding.slice(live, &entry)?;
                    feeding.learn(&entry, &slice);
                    Ok(slice)
                })?;
                let (Some(slice), Some(live)) = (slice, &mut self.members[index].live) else {
                    continue;
                };
                self.events.slice_ends(&entry, slice.bytes, slice.real_s());
                live.slices.push(slice);
            }
            pass += 1;
        }
    }

    /// The members and directions whose turn comes in a pass. A connection that was opened again has later ones.
    fn due(&self, pass: u32) -> Vec<(usize, Direction)> {
        let of = |(index, member): (usize, &Member)| {
            let pace = self.state.paces[member.configuration.pairing];
            let passes = match self.state.whole {
                Some(_) => 1,
                None => pace.passes(self.state.feed_s, member.directions.len()),
            };
            // A slice that was stopped does not count; that of a whole file is not repeated.
            let counts = |slice: &&Slice| slice.suspended.is_none() || self.state.whole.is_some();
            let had = |direction: Direction| {
                let slices = member.live.iter().flat_map(|live| &live.slices).filter(counts);
                slices.filter(|slice| slice.direction == direction).count() as u32
            };
            let going = member.live.is_some() && pass < 2 * passes && self.has_bytes_left(member);
            let most = if self.is_fed(member) { pace.least_passes() } else { passes };
            let wants = |direction: &Direction| going && had(*direction) < most.min(passes);
            let directions: Vec<Direction> =
                member.directions.iter().copied().filter(wants).collect();
            directions.into_iter().map(move |direction| (index, direction))
        };
        self.members.iter().enumerate().flat_map(of).collect()
    }

    /// Whether a connection was fed for much longer than it should, as where no slice is as short as asked for.
    fn is_fed(&self, member: &Member) -> bool {
        let slices = member.live.iter().flat_map(|live| &live.slices);
        let slices = slices.filter(|slice| slice.suspended.is_none());
        slices.map(Slice::real_s).sum::<f64>() > MOST_FED * self.state.feed_s
    }

    /// Whether an entry's slices are shorter than they should be, since few bytes may be moved.
    fn is_short_of_bytes(&self, entry: &Entry) -> bool {
        let pace = self.state.paces[entry.configuration.pairing];
        let wanted = self.state.sizes.rate(entry).unwrap_or(0.0) * pace.slice_s;
        self.state.most_bytes.is_some_and(|most| most_of_slice(most) < wanted)
    }

    /// Whether a connection may still move bytes in this round; a slice in each direction it may always.
    fn has_bytes_left(&self, member: &Member) -> bool {
        let Some((most, live)) = self.state.most_bytes.zip(member.live.as_ref()) else {
            return true;
        };
        let moved: u64 = live.slices.iter().chain(&live.start_up).map(|slice| slice.bytes).sum();
        live.slices.len() < member.directions.len() || moved < most
    }

    /// Does something with an open connection. Where the control connection is lost meanwhile, it is opened
    /// again and the same is done once more. Where it fails otherwise, the connection is closed and opened
    /// again, once a round; absent: it failed.
    fn attempt<T>(
        &mut self,
        index: usize,
        work: impl Fn(&mut Feeding, &mut Live) -> Result<T, TransferError>,
    ) -> Result<Option<T>, Ended> {
        let pairing = self.members[index].configuration.pairing;
        let mut repeats = 0;
        loop {
            Stopped::if_raised(&self.context.interrupt)?;
            if let Some(reason) = self.context.targets[pairing].lost() {
                self.control_lost(index, &reason)?;
            }
            let Some(live) = &mut self.members[index].live else { return Ok(None) };
            let state = &mut *self.state;
            let worked = self.context.transferring(|context| {
                state.with(context, pairing, |feeding| work(feeding, live))
            });
            let error = match worked {
                Ok(done) => return Ok(Some(done)),
                Err(error) => error,
            };
            // What fails after an interrupt fails because of it.
            Stopped::if_raised(&self.context.interrupt)?;
            let reason = match error {
                TransferError::Interrupted => return Err(Stopped::Interrupted.into()),
                TransferError::ControlLost(reason) if repeats < MOST_REPEATS => {
                    self.control_lost(index, &reason)?;
                    repeats += 1;
                    continue;
                }
                TransferError::Client(failure) => (failure.reason, failure.remedy),
                TransferError::ControlLost(reason) | TransferError::Other(reason) => (reason, None),
            };
            self.broken(index, reason)?;
            return Ok(None);
        }
    }

    /// The control connection is opened again, and the survey's directory with it.
    fn control_lost(&mut self, index: usize, reason: &str) -> Result<(), Ended> {
        let pairing = self.members[index].configuration.pairing;
        self.events.say(&units::printable(reason));
        self.context.ensure_control(pairing, self.events)?;
        Ok(())
    }

    /// A connection has failed: it is closed, and opened again if it was not before.
    fn broken(&mut self, index: usize, reason: Reason) -> Result<(), Ended> {
        let configuration = self.members[index].configuration.clone();
        let pairing = configuration.pairing;
        let reason = explained(self.context, &configuration, reason, self.events);
        if let Some(live) = self.members[index].live.take() {
            let (reason, remedy) = reason.clone();
            self.record_closed(live, Outcome::Failed { reason, remedy }, BROKEN_TIME)?;
        }
        clean_up(self.context, pairing);
        self.state.failures.count(&configuration, &reason);
        if std::mem::replace(&mut self.members[index].reopened, true) {
            self.members[index].failed = Some(reason);
            return Ok(());
        }
        self.events.say(&units::printable(&format!(
            "{} with {}: {}; the connection is opened again",
            configuration.method, configuration.cipher, reason.0
        )));
        self.context.ensure_control(pairing, self.events)?;
        let open_there = self.open_at(pairing);
        match self.connect(&configuration, None, open_there)? {
            Opening::Open(live) => {
                self.members[index].live = Some(*live);
                self.start_up(index)?;
            }
            // The connection that has failed took a place of its own.
            Opening::NoMoreAtOnce => self.members[index].failed = Some(reason),
            Opening::Failed(reason) => self.members[index].failed = Some(reason),
        }
        Ok(())
    }

    /// Closes a connection; its line in the journal, recorded.
    fn record_closed(
        &mut self,
        live: Live,
        outcome: Outcome,
        time: Duration,
    ) -> Result<Outcome, Ended> {
        let ticks = self.context.targets[live.configuration.pairing].remote.ticks_per_s;
        let line = live.close(self.round, outcome, ticks, time);
        let outcome = line.outcome.clone();
        record(self.recorder, Record::Connection(Box::new(line)))?;
        Ok(outcome)
    }

    /// Closes all connections, and records them and their samples. `early`: what has no slice is no failure.
    fn close(&mut self, early: bool) -> Result<Vec<Sample>, Ended> {
        // Behind a dead link no client ends in order, and there are many.
        let time = if early { BROKEN_TIME } else { CLOSE_TIME };
        let mut all = Vec::new();
        for mut member in std::mem::take(&mut self.members) {
            let of = OfMember {
                round: self.round,
                configuration: &member.configuration,
                directions: &member.directions,
                failed: member.failed.as_ref(),
                feed_s: self.state.feed_s,
            };
            let mut own = samples(self.context, &self.state.sizes, &of, member.live.as_mut());
            if early {
                own.retain(|sample| sample.outcome == Outcome::Measured);
            }
            let closed = member.live.map(|live| self.record_closed(live, Outcome::Measured, time));
            // What a connection shows at its end is true of its samples too.
            if let Some(failed @ Outcome::Failed { .. }) = closed.transpose()? {
                own.iter_mut().for_each(|sample| sample.outcome = failed.clone());
            }
            if own.iter().any(|sample| sample.outcome == Outcome::Measured) {
                self.state.failures.forget(&member.configuration);
            }
            for sample in own {
                record(self.recorder, Record::Sample(Box::new(sample.clone())))?;
                self.events.sample_ends(&sample);
                all.push(sample);
            }
        }
        Ok(all)
    }
}
