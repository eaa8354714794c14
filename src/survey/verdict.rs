//! Whether a transfer counts, and the part of it that is steady.

use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;

use crate::local::temporary::sha256;
use crate::model::Direction;
use crate::model::record::{Asked, Digests, Outcome, Phase, Sample, Steady};
use crate::survey::executor::{DOWNLOADED, MADE, SshExecutor, failed};
use crate::survey::plan::PlannedSample;
use crate::transfer::proof::{self, Shown};
use crate::transfer::route::counts_each_byte;
use crate::transfer::sample::Transferred;

impl SshExecutor {
    /// Counts the bytes at their destination, removes what was made, and proves the trial.
    pub(super) fn judge(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        done: &Transferred,
    ) -> Result<()> {
        let configuration = &planned.configuration;
        let asked = match planned.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        };
        let files = configuration.method.makes_files(self.files.sink);
        let downloaded = self.files.scratch.join(DOWNLOADED);
        let flowed = done.flow.as_ref().map(|flow| flow.bytes);
        let (sent, received) = match (configuration.direction, files) {
            (Direction::Upload, true) => {
                let target = &mut self.targets[configuration.pairing];
                let size = target.directory.take_made(
                    &mut target.control,
                    MADE,
                    asked.unwrap_or_default(),
                )?;
                (flowed, size)
            }
            (Direction::Upload, false) => (flowed, done.report.bytes),
            (Direction::Download, true) => {
                (done.report.bytes, Some(fs::metadata(&downloaded)?.len()))
            }
            (Direction::Download, false) if counts_each_byte(sample.phase) => {
                (done.report.bytes, flowed)
            }
            (Direction::Download, false) => {
                let sent = done.report.bytes;
                (sent, proof::arrived(sent, done.transcript.received))
            }
        };
        let framed = configuration.direction == Direction::Download
            && !files
            && !counts_each_byte(sample.phase);
        sample.bytes = received;
        let shown = Shown { transcript: &done.transcript, sent, received, asked };
        let proved = proof::check(configuration, &shown);
        // Each in the pilot and with --full; else one of each cipher in the rounds, where files are
        // of full size.
        let key = (configuration.pairing, configuration.method, configuration.cipher.clone());
        let to_compare = sample.phase == Phase::Pilot || self.full || !self.compared.contains(&key);
        if configuration.fetches_chunk(self.files.sink) {
            if proved.is_ok() && to_compare {
                sample.sha256 = Some(self.compare(&downloaded, received.unwrap_or_default())?);
            }
            fs::remove_file(&downloaded)?;
        }
        match proved {
            Ok(negotiated) => sample.negotiated = Some(negotiated),
            Err(reason) => {
                sample.negotiated = done.transcript.negotiated.clone();
                let said = done.said.as_ref().map(|said| format!(" (last said: {said})"));
                sample.outcome = failed(reason + &said.unwrap_or_default(), None);
                return Ok(());
            }
        }
        if sample.sha256.as_ref().is_some_and(|digests| digests.sent != digests.received) {
            sample.outcome = failed("what was downloaded is not what FILE holds".into(), None);
            return Ok(());
        }
        if sample.phase == Phase::Round && sample.sha256.is_some() {
            self.compared.insert(key);
        }
        sample.steady = steady(done, received.unwrap_or_default(), framed);
        sample.outcome = Outcome::Measured;
        Ok(())
    }

    /// What arrived, and FILE's same prefix.
    fn compare(&mut self, downloaded: &Path, bytes: u64) -> Result<Digests> {
        let received = sha256(File::open(downloaded)?, &self.interrupt)?;
        let sent = match self.digests.get(&bytes) {
            Some(known) => known.clone(),
            None => {
                let sent = self.files.payload.sha256(bytes, &self.interrupt)?;
                self.digests.insert(bytes, sent.clone());
                sent
            }
        };
        Ok(Digests { sent, received })
    }
}

/// The steady part of a pipe's transfer begins after half a second, and not before the windows
/// and buffers on the way (2 MiB of OpenSSH's channel, 1 MiB of our pipe) have been filled.
const STEADY_AFTER_S: f64 = 0.5;
const STEADY_AFTER_BYTES: u64 = 4 << 20;
/// A shorter stretch tells nothing.
const STEADY_LEAST_S: f64 = 0.3;

/// Absent without timestamps on the way: two sizes tell the start-up then.
fn steady(done: &Transferred, bytes: u64, framed: bool) -> Option<Steady> {
    let flow = done.flow.as_ref()?;
    let from = flow
        .marks
        .iter()
        .find(|(at, sent)| *at >= STEADY_AFTER_S && *sent >= STEADY_AFTER_BYTES)?;
    let to = flow.marks.last()?;
    // What the client has read holds the framing as well.
    let share = match done.transcript.received {
        Some(received) if framed => bytes as f64 / received.max(1) as f64,
        _ => 1.0,
    };
    (to.0 - from.0 >= STEADY_LEAST_S).then(|| Steady {
        bytes: ((to.1 - from.1) as f64 * share) as u64,
        seconds: to.0 - from.0,
        skipped_s: from.0,
    })
}
