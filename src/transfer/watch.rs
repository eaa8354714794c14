//! Waiting for what a session says while its transfer runs.

use std::process::ChildStdin;
use std::time::{Duration, Instant};

use crate::host::session::{Event, Report};
use crate::local::child::{Child, Reaped};
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::proc::{Waiting, io_bytes};
use crate::local::standstill::Pulse;
use crate::local::stderr::{Listener, without};
use crate::ssh::Failure;
use crate::ssh::log::SESSION_UP;
use crate::transfer::broken::{Broken, other};
use crate::transfer::flow::{Flow, STALLED_AFTER};

/// A login that takes longer has failed; a far part that does not end either.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
const LAST_WORD_TIMEOUT: Duration = Duration::from_secs(120);

/// Waits for what the session says.
pub struct Watch<'a> {
    pub listener: Listener,
    pub pulse: &'a Pulse,
    pub report: Report,
    pub finished: Option<Instant>,
    pub mark: &'a str,
    pub ready_by_log: bool,
}

impl Watch<'_> {
    /// Takes one line in, if one comes in time; the event and when it was.
    pub fn turn(&mut self, time: Duration) -> Option<(Instant, Event)> {
        self.pulse.look();
        let (at, line) = self.listener.next(time)?;
        if self.ready_by_log && line.starts_with(SESSION_UP) {
            return Some((at, Event::Ready));
        }
        let event = self.report.take(&line, self.mark)?;
        if event == Event::Finished {
            self.finished = Some(at);
        }
        Some((at, event))
    }

    /// Until the far part is ready to move data; when that was.
    pub fn ready(&mut self, child: &mut Child, interrupt: &Interrupt) -> Result<Instant, Broken> {
        let deadline = Instant::now() + LOGIN_TIMEOUT;
        loop {
            match self.turn(POLL_INTERVAL) {
                Some((at, Event::Ready)) => return Ok(at),
                Some(_) => {}
                None if interrupt.is_raised() => return Err(Broken::Interrupted),
                None if self.listener.has_ended() => return Err(self.ended(child)),
                None if Instant::now() > deadline => {
                    return Err(Broken::Other(format!(
                        "the far part was not ready after {} s",
                        LOGIN_TIMEOUT.as_secs()
                    )));
                }
                None => {}
            }
        }
    }

    /// Until the client or the far part is done, as long as something moves.
    pub fn until_finished(
        &mut self,
        child: &mut Child,
        interrupt: &Interrupt,
        live: &mut dyn FnMut(u64),
        moved: &mut dyn FnMut(u32) -> u64,
    ) -> Result<(), Broken> {
        let (mut last, mut last_moved) = (0, Instant::now());
        while self.finished.is_none() && !self.listener.has_ended() {
            self.turn(POLL_INTERVAL);
            if interrupt.is_raised() {
                return Err(Broken::Interrupted);
            }
            let now = moved(child.pid);
            live(now);
            if now != last {
                (last, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(Broken::Other(stalled()));
            }
        }
        Ok(())
    }

    /// Until the far part has sent all, with marks of what the client has read by then.
    pub fn drained(
        &mut self,
        pid: u32,
        mut stdin: Option<ChildStdin>,
        stop_after: Option<f64>,
        interrupt: &Interrupt,
        live: &mut dyn FnMut(u64),
    ) -> Result<Flow, Broken> {
        let read = || io_bytes(pid).map_or(0, |(read, _)| read);
        let (started, before) = (Instant::now(), read());
        let mut last_moved = started;
        let mut flow = Flow::default();
        while self.finished.is_none() && !self.listener.has_ended() {
            let left = stop_after
                .map(Duration::from_secs_f64)
                .filter(|_| stdin.is_some())
                .map(|stop| stop.saturating_sub(started.elapsed()));
            self.turn(left.unwrap_or(POLL_INTERVAL).min(POLL_INTERVAL));
            if interrupt.is_raised() {
                return Err(Broken::Interrupted);
            }
            let now = read().saturating_sub(before);
            // What comes after the word to stop is no steady flow.
            if stdin.is_some() && now >= flow.bytes {
                flow.marks.push((started.elapsed().as_secs_f64(), now));
                live(now);
            }
            if left.is_some_and(|left| left.is_zero()) {
                stdin = None;
            }
            if now > flow.bytes {
                (flow.bytes, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(Broken::Other(stalled()));
            }
        }
        Ok(flow)
    }

    /// Until the far part has spoken its last word and the client has ended.
    pub fn last_word(
        &mut self,
        child: &mut Child,
        waiting: &mut Waiting,
        interrupt: &Interrupt,
    ) -> Result<Reaped, Broken> {
        let deadline = Instant::now() + LAST_WORD_TIMEOUT;
        let in_time = |late: &str| match Instant::now() > deadline {
            _ if interrupt.is_raised() => Err(Broken::Interrupted),
            true => Err(Broken::Other(late.into())),
            false => Ok(()),
        };
        while !self.ready_by_log && self.finished.is_none() && !self.listener.has_ended() {
            self.turn(POLL_INTERVAL);
            waiting.look();
            in_time("the far part did not say its last word")?;
        }
        let reaped = loop {
            self.pulse.look();
            match child.wait(POLL_INTERVAL).map_err(other("the client"))? {
                Some(reaped) => break reaped,
                None => in_time("the client did not end")?,
            }
        };
        if !self.ready_by_log && self.finished.is_none() && reaped.status.success() {
            return Err(Broken::Other("the session ended before its far part was done".into()));
        }
        Ok(reaped)
    }

    /// Why the client has ended before its time.
    fn ended(&mut self, child: &mut Child) -> Broken {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut waited = child.wait(POLL_INTERVAL);
        while matches!(waited, Ok(None)) && Instant::now() < deadline {
            self.pulse.look();
            waited = child.wait(POLL_INTERVAL);
        }
        match waited {
            Ok(Some(reaped)) if reaped.status.success() => {
                Broken::Other("the client ended before the far part was ready".into())
            }
            Ok(Some(reaped)) => {
                Broken::of_client(&reaped, &without(self.listener.log(), self.mark), "")
            }
            _ => Broken::Client(Failure::read(self.listener.log(), "")),
        }
    }
}

/// Why a transfer in which nothing moves is given up.
pub fn stalled() -> String {
    format!("no byte moved for {} s", STALLED_AFTER.as_secs())
}
