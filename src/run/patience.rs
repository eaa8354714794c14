//! Trying again: a server that refuses connections and a link that is down are waited for.

use std::time::Duration;

use super::broken::Broken;
use super::executor::{Real, blank, failed};
use super::interrupt::Interrupt;
use super::lane::Lane;
use super::monitor::MonitorError;
use super::survey::Stopped;
use crate::client::FailureKind;
use crate::model::record::{Outcome, Phase, Trial};
use crate::model::units;
use crate::plan::PlannedTrial;
use crate::ui::Events;

/// Seconds to wait, one after the other, while the server refuses connections: together longer
/// than any PerSourcePenalty of a single offence and than a rate rule's window.
const BACKOFF_S: [u64; 7] = [2, 5, 10, 20, 40, 60, 60];

impl Real {
    /// Runs a trial, waiting and trying again where that may help.
    pub fn run_in(
        &mut self,
        phase: Phase,
        planned: &PlannedTrial,
        events: &mut dyn Events,
    ) -> Result<Trial, Stopped> {
        let mut trial = blank(phase, planned);
        if let Some(doubt) = &self.lanes[planned.contender.pairing].mask_doubt {
            trial.outcome = failed(doubt.clone(), Some("name the pairs to measure with --aes"));
            return Ok(trial);
        }
        let mut waited = BACKOFF_S.iter();
        loop {
            self.check_interrupt()?;
            let Some(reason) = self.try_once(planned, &mut trial, events)? else { break };
            let Some(&seconds) = waited.next() else { return Err(Stopped::Lost(reason)) };
            events.say(&format!(
                "{}; waiting {} before the next try",
                units::printable(&reason),
                units::duration(seconds as f64)
            ));
            self.interrupt.sleep(Duration::from_secs(seconds));
            self.backoff_s += seconds as f64;
            // Nothing of the try that broke is to stay in the record.
            trial = Trial { backoff_s: trial.backoff_s + seconds as f64, ..blank(phase, planned) };
        }
        trial.at_s = self.started.elapsed().as_secs_f64();
        Ok(trial)
    }

    /// Why another try is worth waiting for; absent where the trial is over, one way or the other.
    fn try_once(
        &mut self,
        planned: &PlannedTrial,
        trial: &mut Trial,
        events: &mut dyn Events,
    ) -> Result<Option<String>, Stopped> {
        let interrupt = self.interrupt.clone();
        let pairing = planned.contender.pairing;
        for needed in [self.holder(pairing), pairing] {
            if let Some(reason) = self.lanes[needed].watched(&interrupt)? {
                return Ok(Some(reason));
            }
        }
        let broken = match self.attempt(planned, trial, events) {
            Ok(()) if trial.outcome == Outcome::Measured => return Ok(None),
            Ok(()) => None,
            Err(broken) => Some(broken),
        };
        // Whatever fails after an interrupt fails because of it.
        self.check_interrupt()?;
        // Asked before what the trial made is removed, which may have taken the last room; not of a
        // host that refused us, which is asked for nothing more.
        let refused = matches!(&broken, Some(Broken::Client(failure)) if failure.is_refusal());
        let unwritable = if refused { None } else { self.unwritable(planned) };
        // With the monitor goes our directory over there: no trial in it fails by its own fault.
        let broken = self.discard(planned).err().or(broken);
        match broken {
            None => {}
            Some(Broken::Interrupted) => return Err(Stopped::Interrupted),
            Some(Broken::Unwatched(reason)) => return Ok(Some(reason)),
            Some(Broken::Client(failure)) if failure.is_refusal() => {
                return Ok(Some(failure.reason));
            }
            Some(Broken::Client(failure)) => {
                trial.outcome = failed(failure.reason, failure.remedy.as_deref());
            }
            Some(Broken::Other(reason)) => trial.outcome = failed(reason, None),
        }
        if let (Outcome::Failed { reason, remedy }, Some((why, what_to_do))) =
            (&mut trial.outcome, unwritable)
        {
            *reason = format!("{why} ({reason})");
            *remedy = Some(what_to_do);
        }
        Ok(None)
    }
}

impl Lane {
    /// Connects the monitor again where it has ended; the reason where that fails for now and
    /// waiting may help. The host was met before, so its name was right and its link was up.
    fn watched(&mut self, interrupt: &Interrupt) -> Result<Option<String>, Stopped> {
        let Err(error) = self.ensure_monitor(interrupt) else { return Ok(None) };
        match error.downcast_ref::<MonitorError>() {
            Some(MonitorError::Interrupted) => Err(Stopped::Interrupted),
            Some(MonitorError::Connect(failure, _)) if may_pass(failure.kind) => {
                Ok(Some(failure.reason.clone()))
            }
            Some(
                MonitorError::Gone { .. } | MonitorError::Silent { .. } | MonitorError::Deaf { .. },
            ) => Ok(Some(error.to_string())),
            _ => Err(Stopped::Lost(format!("{error:#}"))),
        }
    }

    /// Where somebody has removed our directory, the monitor is ended, so that the next one claims
    /// it again.
    pub(super) fn check_directory(&mut self) -> anyhow::Result<()> {
        if self.holds_directory()? {
            return Ok(());
        }
        self.monitor.end();
        let reason = "our directory over there was removed or changed".into();
        Err(MonitorError::Gone { host: self.host(), reason }.into())
    }

    /// A prefix that somebody has removed or cut is of no use; nor are others, perhaps.
    pub(super) fn check_prefix(&mut self, bytes: u64) -> anyhow::Result<()> {
        if !self.directory.holds_prefix(&mut self.monitor, bytes)? {
            self.staged.clear();
        }
        Ok(())
    }
}

fn may_pass(kind: FailureKind) -> bool {
    matches!(
        kind,
        FailureKind::Refused
            | FailureKind::Dropped
            | FailureKind::Unreachable
            | FailureKind::UnknownHost
            | FailureKind::Broken
    )
}
