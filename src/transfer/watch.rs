//! Waits for the remote command's report while its transfer runs.

use std::process::ChildStdin;
use std::time::{Duration, Instant};

use crate::host::session::{Event, Report};
use crate::local::child::{Child, Reaped};
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::local::proc::{WaitTimes, io_bytes};
use crate::local::standstill::Standstill;
use crate::local::stderr::{StderrReader, without_report};
use crate::ssh::Failure;
use crate::ssh::log::SESSION_UP;
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::{Flow, STALLED_AFTER};

/// A login that takes longer has failed; and so has a remote command that does not end in time.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);
const END_TIMEOUT: Duration = Duration::from_secs(120);

/// Reads the standard error of a client: its log, and the remote command's report.
pub struct Watch<'a> {
    pub stderr: StderrReader,
    pub standstill: &'a Standstill,
    pub report: Report,
    /// When the remote command reported that it has finished.
    pub finished: Option<Instant>,
    pub mark: &'a str,
    /// There is no report; the client's log shows when the session is up.
    pub ready_by_log: bool,
}

impl Watch<'_> {
    /// Reads one line, waiting for it at most for `time`; the event that it reports, and when.
    fn read_line(&mut self, time: Duration) -> Option<(Instant, Event)> {
        self.standstill.poll();
        let (at, line) = self.stderr.next(time)?;
        if self.ready_by_log && line.starts_with(SESSION_UP) {
            return Some((at, Event::Ready));
        }
        let event = self.report.take(&line, self.mark)?;
        if event == Event::Finished {
            self.finished = Some(at);
        }
        Some((at, event))
    }

    /// Waits until the remote command is ready to move data; when that was.
    pub fn wait_until_ready(
        &mut self,
        child: &mut Child,
        interrupt: &Interrupt,
    ) -> Result<Instant, TransferError> {
        let deadline = Instant::now() + LOGIN_TIMEOUT;
        loop {
            match self.read_line(POLL_INTERVAL) {
                Some((at, Event::Ready)) => return Ok(at),
                Some(_) => {}
                None if interrupt.is_raised() => return Err(TransferError::Interrupted),
                None if self.stderr.has_ended() => return Err(self.ended_early(child)),
                None if Instant::now() > deadline => {
                    return Err(TransferError::Other(format!(
                        "the remote command was not ready after {} s",
                        LOGIN_TIMEOUT.as_secs()
                    )));
                }
                None => {}
            }
        }
    }

    /// Waits until the client has ended or the remote command has finished, as long as bytes move.
    pub fn wait_until_finished(
        &mut self,
        child: &mut Child,
        interrupt: &Interrupt,
        progress: &mut dyn FnMut(u64),
        moved: &mut dyn FnMut(u32) -> u64,
    ) -> Result<(), TransferError> {
        let (mut last, mut last_moved) = (0, Instant::now());
        while self.finished.is_none() && !self.stderr.has_ended() {
            self.read_line(POLL_INTERVAL);
            if interrupt.is_raised() {
                return Err(TransferError::Interrupted);
            }
            let now = moved(child.pid);
            progress(now);
            if now != last {
                (last, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(TransferError::Other(stalled()));
            }
        }
        Ok(())
    }

    /// Waits until the remote command has sent everything; marks what the client has read.
    pub fn drain(
        &mut self,
        pid: u32,
        mut stdin: Option<ChildStdin>,
        stop_after: Option<f64>,
        interrupt: &Interrupt,
        progress: &mut dyn FnMut(u64),
    ) -> Result<Flow, TransferError> {
        let read = || io_bytes(pid).map_or(0, |(read, _)| read);
        let (started, before) = (Instant::now(), read());
        let mut last_moved = started;
        let mut flow = Flow::default();
        while self.finished.is_none() && !self.stderr.has_ended() {
            let left = stop_after
                .map(Duration::from_secs_f64)
                .filter(|_| stdin.is_some())
                .map(|stop| stop.saturating_sub(started.elapsed()));
            self.read_line(left.unwrap_or(POLL_INTERVAL).min(POLL_INTERVAL));
            if interrupt.is_raised() {
                return Err(TransferError::Interrupted);
            }
            let now = read().saturating_sub(before);
            // What arrives after the end was asked for is no steady flow.
            if stdin.is_some() && now >= flow.bytes {
                flow.marks.push((started.elapsed().as_secs_f64(), now));
                progress(now);
            }
            if left.is_some_and(|left| left.is_zero()) {
                stdin = None;
            }
            if now > flow.bytes {
                (flow.bytes, last_moved) = (now, Instant::now());
            } else if last_moved.elapsed() > STALLED_AFTER {
                return Err(TransferError::Other(stalled()));
            }
        }
        Ok(flow)
    }

    /// Waits until the remote command has reported its end and the client has ended.
    pub fn wait_for_end(
        &mut self,
        child: &mut Child,
        waits: &mut WaitTimes,
        interrupt: &Interrupt,
    ) -> Result<Reaped, TransferError> {
        let deadline = Instant::now() + END_TIMEOUT;
        let in_time = |late: &str| match Instant::now() > deadline {
            _ if interrupt.is_raised() => Err(TransferError::Interrupted),
            true => Err(TransferError::Other(late.into())),
            false => Ok(()),
        };
        while !self.ready_by_log && self.finished.is_none() && !self.stderr.has_ended() {
            self.read_line(POLL_INTERVAL);
            waits.poll();
            in_time("the remote command did not report its end")?;
        }
        let reaped = loop {
            self.standstill.poll();
            match child.wait(POLL_INTERVAL).map_err(failed("the client"))? {
                Some(reaped) => break reaped,
                None => in_time("the client did not end")?,
            }
        };
        if !self.ready_by_log && self.finished.is_none() && reaped.status.success() {
            return Err(TransferError::Other(
                "the connection ended before the remote command had finished".into(),
            ));
        }
        Ok(reaped)
    }

    /// Why the client has ended too early.
    fn ended_early(&mut self, child: &mut Child) -> TransferError {
        let deadline = Instant::now() + Duration::from_secs(2);
        let mut waited = child.wait(POLL_INTERVAL);
        while matches!(waited, Ok(None)) && Instant::now() < deadline {
            self.standstill.poll();
            waited = child.wait(POLL_INTERVAL);
        }
        match waited {
            Ok(Some(reaped)) if reaped.status.success() => {
                TransferError::Other("the client ended before the remote command was ready".into())
            }
            Ok(Some(reaped)) => {
                TransferError::of_client(&reaped, &without_report(self.stderr.log(), self.mark), "")
            }
            _ => TransferError::Client(Failure::read(self.stderr.log(), "")),
        }
    }
}

/// Why a transfer in which nothing moves has failed.
pub fn stalled() -> String {
    format!("no byte moved for {} s", STALLED_AFTER.as_secs())
}
