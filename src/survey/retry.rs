//! Trying again: a server that refuses connections and a link that is down are waited for.

use std::time::Duration;

use crate::local::interrupt::Interrupt;
use crate::model::record::{Outcome, Phase, Sample};
use crate::model::units;
use crate::remote::control::ControlError;
use crate::remote::target::Target;
use crate::ssh::FailureKind;
use crate::survey::events::Events;
use crate::survey::executor::{SshExecutor, blank, failed};
use crate::survey::plan::PlannedSample;
use crate::survey::rounds::Stopped;
use crate::transfer::broken::Broken;

/// Seconds to wait, one after the other, while the server refuses connections: together longer
/// than any PerSourcePenalty of a single offence and than a rate rule's window.
const BACKOFF_S: [u64; 7] = [2, 5, 10, 20, 40, 60, 60];

impl SshExecutor {
    /// Runs a trial, waiting and trying again where that may help.
    pub fn run_in(
        &mut self,
        phase: Phase,
        planned: &PlannedSample,
        events: &mut dyn Events,
    ) -> Result<Sample, Stopped> {
        let mut sample = blank(phase, planned);
        if let Some(doubt) = &self.targets[planned.configuration.pairing].aes_doubt {
            sample.outcome = failed(doubt.clone(), Some("name the pairs to measure with --aes"));
            return Ok(sample);
        }
        let mut waited = BACKOFF_S.iter();
        loop {
            self.check_interrupt()?;
            let Some(reason) = self.try_once(planned, &mut sample, events)? else { break };
            let Some(&seconds) = waited.next() else { return Err(Stopped::Lost(reason)) };
            events.say(&format!(
                "{}; waiting {} before the next try",
                units::printable(&reason),
                units::duration(seconds as f64)
            ));
            self.interrupt.sleep(Duration::from_secs(seconds));
            self.backoff_s += seconds as f64;
            // Nothing of the try that broke is to stay in the record.
            sample =
                Sample { backoff_s: sample.backoff_s + seconds as f64, ..blank(phase, planned) };
        }
        sample.at_s = self.started.elapsed().as_secs_f64();
        Ok(sample)
    }

    /// Why another try is worth waiting for; absent where the trial is over, one way or the other.
    fn try_once(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        events: &mut dyn Events,
    ) -> Result<Option<String>, Stopped> {
        let interrupt = self.interrupt.clone();
        let pairing = planned.configuration.pairing;
        for needed in [self.holder(pairing), pairing] {
            if let Some(reason) = self.targets[needed].watched(&interrupt)? {
                return Ok(Some(reason));
            }
        }
        let broken = match self.attempt(planned, sample, events) {
            Ok(()) if sample.outcome == Outcome::Measured => return Ok(None),
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
                sample.outcome = failed(failure.reason, failure.remedy.as_deref());
            }
            Some(Broken::Other(reason)) => sample.outcome = failed(reason, None),
        }
        if let (Outcome::Failed { reason, remedy }, Some((why, what_to_do))) =
            (&mut sample.outcome, unwritable)
        {
            *reason = format!("{why} ({reason})");
            *remedy = Some(what_to_do);
        }
        Ok(None)
    }
}

impl Target {
    /// Connects the monitor again where it has ended; the reason where that fails for now and
    /// waiting may help. The host was met before, so its name was right and its link was up.
    fn watched(&mut self, interrupt: &Interrupt) -> Result<Option<String>, Stopped> {
        let Err(error) = self.ensure_control(interrupt) else { return Ok(None) };
        match error.downcast_ref::<ControlError>() {
            Some(ControlError::Interrupted) => Err(Stopped::Interrupted),
            Some(ControlError::Connect(failure, _)) if may_pass(failure.kind) => {
                Ok(Some(failure.reason.clone()))
            }
            Some(
                ControlError::Gone { .. } | ControlError::Silent { .. } | ControlError::Deaf { .. },
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
        self.control.end();
        let reason = "our directory over there was removed or changed".into();
        Err(ControlError::Gone { host: self.host(), reason }.into())
    }

    /// A prefix that somebody has removed or cut is of no use; nor are others, perhaps.
    pub(super) fn check_chunk(&mut self, bytes: u64) -> anyhow::Result<()> {
        if !self.directory.holds_chunk(&mut self.control, bytes)? {
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
