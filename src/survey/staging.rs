//! Prefixes of FILE where the trials of a round need them, put there outside any clock.

use std::path::PathBuf;

use crate::local::temporary::{Payload, Scratch};
use crate::model::Configuration;
use crate::model::record::Asked;
use crate::model::{Direction, Method, Sink};
use crate::remote::target::Target;
use crate::survey::executor::SshExecutor;
use crate::survey::plan::PlannedSample;
use crate::survey::rounds::Stopped;
use crate::transfer::broken::{Broken, other};
use crate::transfer::flow::Until;
use crate::transfer::pipe::RemoteCommand;
use crate::transfer::route::Route;
use crate::transfer::sample::transfer;

/// What a survey has on this machine.
#[derive(Debug)]
pub struct Files {
    pub payload: Payload,
    pub scratch: Scratch,
    pub sink: Sink,
    /// scp runs it as its ssh ([`crate::transfer::shim`]).
    pub shim: PathBuf,
}

impl SshExecutor {
    /// Prefixes for a round, the largest first, since the smaller ones are cut from it; those of
    /// no further use are removed on both ends. What can't be put in place now is tried again by
    /// the trial that needs it, and its failure told there.
    pub fn put_in_place(&mut self, round: &[PlannedSample]) -> Result<(), Stopped> {
        let local = sizes(round, Configuration::sends_chunk);
        self.files.payload.keep_only(&self.files.scratch, &local);
        for bytes in local {
            self.check_interrupt()?;
            let _ = self.files.payload.chunk(&self.files.scratch, bytes, &self.interrupt);
        }
        let sink = self.files.sink;
        for pairing in 0..self.targets.len() {
            let remote =
                sizes(round, |c| self.holder(c.pairing) == pairing && c.fetches_chunk(sink));
            let target = &mut self.targets[pairing];
            if target.staged.iter().any(|staged| !remote.contains(staged)) {
                // A monitor that has ended is noticed, and mended, by the next trial.
                if target.directory.keep_only(&mut target.control, &remote).is_ok() {
                    target.staged.retain(|staged| remote.contains(staged));
                }
            }
            for bytes in remote {
                self.check_interrupt()?;
                let _ = self.stage(pairing, bytes);
            }
        }
        Ok(())
    }

    /// What one trial needs, where it is not there yet; the prefix that it sends by its name.
    pub(super) fn put_one_in_place(
        &mut self,
        planned: &PlannedSample,
    ) -> Result<Option<PathBuf>, Broken> {
        let Asked::Bytes(bytes) = planned.asked else { return Ok(None) };
        let configuration = &planned.configuration;
        if configuration.fetches_chunk(self.files.sink) {
            self.stage(self.holder(configuration.pairing), bytes)?;
        }
        if !configuration.sends_chunk() {
            return Ok(None);
        }
        Ok(Some(self.files.payload.chunk(&self.files.scratch, bytes, &self.interrupt)?))
    }

    /// The pairing in whose directory another's prefixes of FILE lie: that of the first client on
    /// the same target, so that several clients store no more there than one.
    pub(super) fn holder(&self, pairing: usize) -> usize {
        let own = &self.targets[pairing].spec;
        let first =
            |target: &Target| target.spec.client_index == 0 && target.spec.label == own.label;
        match own.client_index {
            0 => pairing,
            _ => self.targets.iter().position(first).unwrap_or(pairing),
        }
    }

    /// Has the prefix of FILE of so many bytes on the far host.
    fn stage(&mut self, pairing: usize, bytes: u64) -> Result<(), Broken> {
        let target = &mut self.targets[pairing];
        if target.staged.contains(&bytes) {
            return Ok(());
        }
        if !target.has_shell() {
            let from = self.files.payload.reader().map_err(other("FILE can't be read"))?;
            target.directory.put(&mut target.control, from, bytes)?;
            target.staged.push(bytes);
            return Ok(());
        }
        let larger = target.staged.iter().copied().filter(|&staged| staged > bytes).min();
        match larger {
            Some(from) => target.directory.cut(&mut target.control, from, bytes)?,
            None => {
                let configuration = Configuration {
                    pairing,
                    method: Method::Pipe,
                    direction: Direction::Upload,
                    cipher: target.by_default.client_to_server.cipher.clone(),
                    mac: None,
                };
                let name = target.directory.chunk(bytes);
                let route = Route::FeedPipe {
                    file: &self.files.payload.file,
                    length: bytes,
                    until: Until::Bytes(bytes),
                    remote: RemoteCommand::Write(&name),
                };
                let (way, _) = target.parts(&self.files.shim);
                let done = transfer(
                    &way,
                    &configuration,
                    &route,
                    &self.interrupt,
                    &mut || {},
                    &mut |_| {},
                )?;
                if done.report.bytes != Some(bytes) {
                    return Err(Broken::Other(format!(
                        "{bytes} bytes for downloads could not be put on the far host"
                    )));
                }
                target.directory.flush(&mut target.control, &name, bytes)?;
            }
        }
        target.staged.push(bytes);
        Ok(())
    }
}

/// The sizes that some trials of a round need, the largest first.
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
