//! Runs planned samples over SSH, with retries.

use std::time::{Duration, Instant};

use crate::local::interrupt::Interrupt;
use crate::model::record::{Outcome, Phase, Sample};
use crate::model::units;
use crate::remote::target::Target;
use crate::survey::events::Events;
use crate::survey::plan::PlannedSample;
use crate::survey::retry::{BACKOFF_S, reconnect};
use crate::survey::rounds::{Executor, Stopped};
use crate::survey::sampler::{Observed, Sampler};
use crate::survey::staging::{Files, holder};
use crate::survey::verdict::{Judge, failed};
use crate::transfer::error::TransferError;

/// Takes the samples of a survey.
#[derive(Debug)]
pub struct SshExecutor {
    pub sampler: Sampler,
    started: Instant,
    backoff_s: f64,
}

/// What an attempt has led to.
enum Tried {
    /// The sample is measured or has failed.
    Done(Observed),
    /// A retry may help; the reason why it is needed.
    Again(String),
}

impl SshExecutor {
    /// `full`: every download is compared with FILE. `started`: when the survey began.
    pub fn new(
        targets: Vec<Target>,
        files: Files,
        full: bool,
        interrupt: Interrupt,
        started: Instant,
    ) -> SshExecutor {
        let sampler =
            Sampler { targets, files, judge: Judge::new(full), interrupt, own_cpu_s: 0.0 };
        SshExecutor { sampler, started, backoff_s: 0.0 }
    }

    /// Takes a sample, with retries where they may help.
    pub fn sample(
        &mut self,
        phase: Phase,
        planned: &PlannedSample,
        events: &mut dyn Events,
    ) -> Result<(Sample, Observed), Stopped> {
        let mut sample = blank(phase, planned);
        if let Some(doubt) = &self.sampler.targets[planned.configuration.pairing].aes_doubt {
            sample.outcome = failed(doubt.clone(), Some("leave this AES state out of --aes"));
            return Ok((sample, Observed::default()));
        }
        let mut waits = BACKOFF_S.iter();
        let observed = loop {
            Stopped::if_raised(&self.sampler.interrupt)?;
            let reason = match self.try_once(planned, &mut sample, events)? {
                Tried::Done(observed) => break observed,
                Tried::Again(reason) => reason,
            };
            let Some(&seconds) = waits.next() else { return Err(Stopped::Lost(reason)) };
            events.say(&format!(
                "{}; waiting {} before the next try",
                units::printable(&reason),
                units::duration(seconds as f64)
            ));
            self.sampler.interrupt.sleep(Duration::from_secs(seconds));
            self.backoff_s += seconds as f64;
            // The record is to hold nothing of the failed attempt.
            sample =
                Sample { backoff_s: sample.backoff_s + seconds as f64, ..blank(phase, planned) };
        };
        sample.at_s = self.started.elapsed().as_secs_f64();
        Ok((sample, observed))
    }

    fn try_once(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        events: &mut dyn Events,
    ) -> Result<Tried, Stopped> {
        let sampler = &mut self.sampler;
        let pairing = planned.configuration.pairing;
        for needed in [holder(&sampler.targets, pairing), pairing] {
            let target = &mut sampler.targets[needed];
            if let Some(reason) = reconnect(target, &sampler.interrupt)? {
                return Ok(Tried::Again(reason));
            }
        }
        let (observed, error) = match sampler.attempt(planned, sample, events) {
            Ok(observed) if sample.outcome == Outcome::Measured => {
                return Ok(Tried::Done(observed));
            }
            Ok(observed) => (observed, None),
            Err(error) => (Observed::default(), Some(error)),
        };
        // What fails after an interrupt fails because of it.
        Stopped::if_raised(&sampler.interrupt)?;
        // Checked before the sample's file is removed, which may have filled the disk. Not on a host
        // that refused the connection: it is left alone.
        let refused =
            matches!(&error, Some(TransferError::Client(failure)) if failure.is_refusal());
        let unwritable = if refused { None } else { sampler.unwritable(planned) };
        // The remote directory is removed with the control connection: then a sample in it has not
        // failed by itself.
        let error = sampler.discard(planned).err().or(error);
        match error {
            None => {}
            Some(TransferError::Interrupted) => return Err(Stopped::Interrupted),
            Some(TransferError::ControlLost(reason)) => return Ok(Tried::Again(reason)),
            Some(TransferError::Client(failure)) if failure.is_refusal() => {
                return Ok(Tried::Again(failure.reason));
            }
            Some(TransferError::Client(failure)) => {
                sample.outcome = failed(failure.reason, failure.remedy.as_deref());
            }
            Some(TransferError::Other(reason)) => sample.outcome = failed(reason, None),
        }
        if let (Outcome::Failed { reason, remedy }, Some((why, what_to_do))) =
            (&mut sample.outcome, unwritable)
        {
            *reason = format!("{why} ({reason})");
            *remedy = Some(what_to_do);
        }
        Ok(Tried::Done(observed))
    }

    /// Seconds spent waiting for retries.
    pub fn backoff_s(&self) -> f64 {
        self.backoff_s
    }

    /// CPU seconds of this program during transfers.
    pub fn own_cpu_s(&self) -> f64 {
        self.sampler.own_cpu_s
    }

    /// Removes everything on both ends.
    pub fn close(self) {
        for target in self.sampler.targets {
            target.close();
        }
    }
}

impl Executor for SshExecutor {
    fn elapsed(&self) -> Duration {
        let backoff = Duration::from_secs_f64(self.backoff_s);
        self.started.elapsed().saturating_sub(backoff)
    }

    fn prepare(&mut self, round: &[PlannedSample]) -> Result<(), Stopped> {
        let Sampler { targets, files, interrupt, .. } = &mut self.sampler;
        files.put_in_place(targets, round, interrupt)
    }

    fn run(&mut self, planned: &PlannedSample, events: &mut dyn Events) -> Result<Sample, Stopped> {
        self.sample(Phase::Round, planned, events).map(|(sample, _)| sample)
    }
}

/// The record of a sample before it is taken.
fn blank(phase: Phase, planned: &PlannedSample) -> Sample {
    let configuration = &planned.configuration;
    Sample {
        phase,
        round: planned.round,
        pairing: configuration.pairing,
        method: configuration.method,
        direction: configuration.direction,
        cipher: configuration.cipher.clone(),
        mac: configuration.mac.clone(),
        asked: planned.asked,
        connection: None,
        slices: None,
        wire: None,
        started: jiff::Timestamp::now().to_string(),
        outcome: failed("not run".into(), None),
        negotiated: None,
        bytes: None,
        setup_s: None,
        real_s: None,
        steady: None,
        client: None,
        server: None,
        server_missing: None,
        server_checks: Vec::new(),
        local_host: None,
        remote_host: None,
        sha256: None,
        backoff_s: 0.0,
        at_s: 0.0,
    }
}
