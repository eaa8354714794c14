//! Whether a transfer counts, and the steady part of it.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::path::Path;

use anyhow::Result;

use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, sha256};
use crate::model::record::{Asked, Digests, Outcome, Phase, Sample, Steady};
use crate::model::{Cipher, Direction, Method};
use crate::remote::target::Target;
use crate::survey::plan::PlannedSample;
use crate::survey::staging::Files;
use crate::transfer::proof::{self, Evidence};
use crate::transfer::route::counts_each_byte;
use crate::transfer::sample::Transferred;

/// The file that an upload makes on the remote host.
pub const UPLOADED: &str = "upload";
/// The file that a download makes on this machine.
pub const DOWNLOADED: &str = "download";

/// Judges transfers, and compares downloads with FILE.
#[derive(Debug)]
pub struct Judge {
    /// `--full`: every download is compared.
    full: bool,
    /// Pairings, methods and ciphers of which a download of the rounds was compared.
    compared: HashSet<(usize, Method, Cipher)>,
    /// SHA-256 of FILE's chunks, by size.
    digests: HashMap<u64, String>,
}

impl Judge {
    pub fn new(full: bool) -> Judge {
        Judge { full, compared: HashSet::new(), digests: HashMap::new() }
    }

    /// Counts the bytes at their destination, removes the file that was made, and proves the sample.
    pub fn judge(
        &mut self,
        planned: &PlannedSample,
        sample: &mut Sample,
        done: &Transferred,
        target: &mut Target,
        files: &Files,
        interrupt: &Interrupt,
    ) -> Result<()> {
        let configuration = &planned.configuration;
        let (sent, received) = bytes(planned, sample.phase, done, target, files)?;
        sample.bytes = received;
        let asked = match planned.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        };
        let evidence = Evidence { transcript: &done.transcript, sent, received, asked };
        let proved = proof::check(configuration, &evidence);
        let received = received.unwrap_or_default();
        if configuration.fetches_chunk(files.sink) {
            let downloaded = files.scratch.join(DOWNLOADED);
            if proved.is_ok() && self.is_due(sample) {
                let digests = self.compare(&downloaded, received, &files.payload, interrupt)?;
                sample.sha256 = Some(digests);
            }
            fs::remove_file(&downloaded)?;
        }
        match proved {
            Ok(negotiated) => sample.negotiated = Some(negotiated),
            Err(reason) => {
                sample.negotiated = done.transcript.negotiated.clone();
                let message = done.last_message.as_ref();
                let message = message.map(|text| format!(" (last message: {text})"));
                sample.outcome = failed(reason + &message.unwrap_or_default(), None);
                return Ok(());
            }
        }
        if sample.sha256.as_ref().is_some_and(|digests| digests.sent != digests.received) {
            sample.outcome = failed("the downloaded data differs from FILE".into(), None);
            return Ok(());
        }
        if sample.phase == Phase::Round && sample.sha256.is_some() {
            self.compared.insert(key(sample));
        }
        let framed = is_framed(planned, sample.phase, files);
        sample.steady = steady(done, received, framed);
        sample.outcome = Outcome::Measured;
        Ok(())
    }

    /// Whether a download is to be compared: each in the pilot and with `--full`, else one of each cipher
    /// in the rounds, where files have their full size.
    fn is_due(&self, sample: &Sample) -> bool {
        sample.phase == Phase::Calibration || self.full || !self.compared.contains(&key(sample))
    }

    /// SHA-256 of what was downloaded, and of FILE's chunk of that size.
    fn compare(
        &mut self,
        downloaded: &Path,
        bytes: u64,
        payload: &Payload,
        interrupt: &Interrupt,
    ) -> Result<Digests> {
        let received = sha256(File::open(downloaded)?, interrupt)?;
        let sent = match self.digests.get(&bytes) {
            Some(known) => known.clone(),
            None => {
                let sent = payload.sha256(bytes, interrupt)?;
                self.digests.insert(bytes, sent.clone());
                sent
            }
        };
        Ok(Digests { sent, received })
    }
}

/// The outcome of a sample that failed.
pub fn failed(reason: String, remedy: Option<&str>) -> Outcome {
    Outcome::Failed { reason, remedy: remedy.map(str::to_owned) }
}

fn key(sample: &Sample) -> (usize, Method, Cipher) {
    (sample.pairing, sample.method, sample.cipher.clone())
}

/// Bytes that were sent and that arrived. A file that was uploaded is removed.
fn bytes(
    planned: &PlannedSample,
    phase: Phase,
    done: &Transferred,
    target: &mut Target,
    files: &Files,
) -> Result<(Option<u64>, Option<u64>)> {
    let configuration = &planned.configuration;
    let flowed = done.flow.as_ref().map(|flow| flow.bytes);
    let reported = done.report.bytes;
    Ok(match (configuration.direction, configuration.method.makes_files(files.sink)) {
        (Direction::Upload, true) => {
            let size = match planned.asked {
                Asked::Bytes(bytes) => bytes,
                Asked::Seconds(_) => 0,
            };
            (flowed, target.directory.take_size(&mut target.control, UPLOADED, size)?)
        }
        (Direction::Upload, false) => (flowed, reported),
        (Direction::Download, true) => {
            (reported, Some(fs::metadata(files.scratch.join(DOWNLOADED))?.len()))
        }
        (Direction::Download, false) if counts_each_byte(phase) => (reported, flowed),
        (Direction::Download, false) => {
            (reported, proof::arrived(reported, done.transcript.received))
        }
    })
}

/// Whether the bytes were counted by the client with the framing of their packets.
fn is_framed(planned: &PlannedSample, phase: Phase, files: &Files) -> bool {
    planned.configuration.direction == Direction::Download
        && !planned.configuration.method.makes_files(files.sink)
        && !counts_each_byte(phase)
}

/// The steady part of a transfer by `pipe` begins after half a second, and after the windows and buffers
/// on the path (2 MiB of OpenSSH's channel, 1 MiB of this program's pipe) have been filled.
const STEADY_AFTER_S: f64 = 0.5;
const STEADY_AFTER_BYTES: u64 = 4 << 20;
/// A shorter part says nothing.
const STEADY_LEAST_S: f64 = 0.3;

/// Absent where no times were taken on the way: there two sizes tell the start-up.
fn steady(done: &Transferred, bytes: u64, framed: bool) -> Option<Steady> {
    let flow = done.flow.as_ref()?;
    let from = flow
        .marks
        .iter()
        .find(|(at, sent)| *at >= STEADY_AFTER_S && *sent >= STEADY_AFTER_BYTES)?;
    let to = flow.marks.last()?;
    // The client's count includes the framing.
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
