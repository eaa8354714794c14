//! The chunks of FILE that the samples of a round need, put in place while no clock runs.

use std::path::PathBuf;

use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, Scratch};
use crate::model::Configuration;
use crate::model::record::Asked;
use crate::model::{Direction, Method, Sink};
use crate::remote::target::Target;
use crate::survey::plan::PlannedSample;
use crate::survey::rounds::Stopped;
use crate::transfer::error::{TransferError, failed};
use crate::transfer::flow::Until;
use crate::transfer::pipe::RemoteCommand;
use crate::transfer::route::Route;
use crate::transfer::sample::{TransferContext, transfer};

/// The files of a survey on this machine.
#[derive(Debug)]
pub struct Files {
    pub payload: Payload,
    pub scratch: Scratch,
    pub sink: Sink,
    /// The program that scp runs as its ssh ([`crate::transfer::shim`]).
    pub shim: PathBuf,
}

impl Files {
    /// Puts the chunks of a round in place, the largest first, since smaller ones are cut from it, and
    /// removes those that are not needed any more. What fails now is tried again by the sample that
    /// needs it, and reported there.
    pub fn put_in_place(
        &self,
        targets: &mut [Target],
        round: &[PlannedSample],
        interrupt: &Interrupt,
    ) -> Result<(), Stopped> {
        let local = sizes(round, Configuration::sends_chunk);
        self.payload.keep_only(&self.scratch, &local);
        for bytes in local {
            Stopped::if_raised(interrupt)?;
            let _ = self.payload.chunk(&self.scratch, bytes, interrupt);
        }
        for pairing in 0..targets.len() {
            let remote = sizes(round, |configuration| {
                holder(targets, configuration.pairing) == pairing
                    && configuration.fetches_chunk(self.sink)
            });
            let target = &mut targets[pairing];
            if target.staged.iter().any(|staged| !remote.contains(staged)) {
                // A lost control connection is noticed, and opened again, by the next sample.
                if target.directory.keep_only(&mut target.control, &remote).is_ok() {
                    target.staged.retain(|staged| remote.contains(staged));
                }
            }
            for bytes in remote {
                Stopped::if_raised(interrupt)?;
                let _ = self.stage(target, bytes, interrupt);
            }
        }
        Ok(())
    }

    /// Puts in place what one sample needs and is not there yet; returns the chunk that it sends.
    pub fn put_one_in_place(
        &self,
        targets: &mut [Target],
        planned: &PlannedSample,
        interrupt: &Interrupt,
    ) -> Result<Option<PathBuf>, TransferError> {
        let Asked::Bytes(bytes) = planned.asked else { return Ok(None) };
        let configuration = &planned.configuration;
        if configuration.fetches_chunk(self.sink) {
            let holder = holder(targets, configuration.pairing);
            self.stage(&mut targets[holder], bytes, interrupt)?;
        }
        if !configuration.sends_chunk() {
            return Ok(None);
        }
        Ok(Some(self.payload.chunk(&self.scratch, bytes, interrupt)?))
    }

    /// Puts the chunk of so many bytes on the remote host.
    fn stage(
        &self,
        target: &mut Target,
        bytes: u64,
        interrupt: &Interrupt,
    ) -> Result<(), TransferError> {
        if target.staged.contains(&bytes) {
            return Ok(());
        }
        let larger = target.staged.iter().copied().filter(|&staged| staged > bytes).min();
        if !target.has_shell() {
            let from = self.payload.reader().map_err(failed("FILE can't be read"))?;
            target.directory.put(&mut target.control, from, bytes)?;
        } else if let Some(from) = larger {
            target.directory.cut(&mut target.control, from, bytes)?;
        } else {
            self.upload(target, bytes, interrupt)?;
        }
        target.staged.push(bytes);
        Ok(())
    }

    /// Writes a chunk to the remote host's disk, by `pipe` with the default cipher.
    fn upload(
        &self,
        target: &mut Target,
        bytes: u64,
        interrupt: &Interrupt,
    ) -> Result<(), TransferError> {
        let configuration = Configuration {
            pairing: target.index,
            method: Method::Pipe,
            direction: Direction::Upload,
            cipher: target.by_default.client_to_server.cipher.clone(),
            mac: None,
        };
        let path = target.directory.chunk(bytes);
        let route = Route::FeedPipe {
            file: &self.payload.file,
            length: bytes,
            until: Until::Bytes(bytes),
            remote: RemoteCommand::Write(&path),
        };
        let (context, _) = TransferContext::of(target, &self.shim);
        let done = transfer(&context, &configuration, &route, interrupt, &mut || {}, &mut |_| {})?;
        if done.report.bytes != Some(bytes) {
            return Err(TransferError::Other(format!(
                "a chunk of {bytes} bytes for downloads could not be stored on {}",
                target.host()
            )));
        }
        target.directory.flush(&mut target.control, &path, bytes)?;
        Ok(())
    }
}

/// The pairing in whose directory the chunks for another one are: that of the first client on the same
/// host, so that several clients store no more there than one.
pub fn holder(targets: &[Target], pairing: usize) -> usize {
    let own = &targets[pairing].spec;
    let first = |target: &Target| target.spec.client_index == 0 && target.spec.label == own.label;
    match own.client_index {
        0 => pairing,
        _ => targets.iter().position(first).unwrap_or(pairing),
    }
}

/// The sizes that some samples of a round need, the largest first.
fn sizes(round: &[PlannedSample], of: impl Fn(&Configuration) -> bool) -> Vec<u64> {
    let mut sizes: Vec<u64> = round
        .iter()
        .filter(|planned| of(&planned.configuration))
        .filter_map(|planned| match planned.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        })
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes
}
