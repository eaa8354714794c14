//! Prefixes of FILE where the trials of a round need them, put there outside any clock.

use std::path::PathBuf;

use super::broken::{Broken, other};
use super::executor::Real;
use super::flow::Until;
use super::lane::Lane;
use super::route::Route;
use super::survey::Stopped;
use super::trial::transfer;
use crate::method::pipe::FarPart;
use crate::model::record::Asked;
use crate::model::{Direction, Method};
use crate::plan::{Contender, PlannedTrial};

impl Real {
    /// Prefixes for a round, the largest first, since the smaller ones are cut from it; those of
    /// no further use are removed on both ends. What can't be put in place now is tried again by
    /// the trial that needs it, and its failure told there.
    pub fn put_in_place(&mut self, round: &[PlannedTrial]) -> Result<(), Stopped> {
        let near = sizes(round, Contender::sends_prefix);
        self.payload.keep_only(&self.scratch, &near);
        for bytes in near {
            self.check_interrupt()?;
            let _ = self.payload.prefix(&self.scratch, bytes, &self.interrupt);
        }
        let sink = self.sink;
        for pairing in 0..self.lanes.len() {
            let far = sizes(round, |c| self.holder(c.pairing) == pairing && c.fetches_prefix(sink));
            let lane = &mut self.lanes[pairing];
            if lane.staged.iter().any(|staged| !far.contains(staged)) {
                // A monitor that has ended is noticed, and mended, by the next trial.
                if lane.directory.keep_only(&mut lane.monitor, &far).is_ok() {
                    lane.staged.retain(|staged| far.contains(staged));
                }
            }
            for bytes in far {
                self.check_interrupt()?;
                let _ = self.stage(pairing, bytes);
            }
        }
        Ok(())
    }

    /// What one trial needs, where it is not there yet; the prefix that it sends by its name.
    pub(super) fn put_one_in_place(
        &mut self,
        planned: &PlannedTrial,
    ) -> Result<Option<PathBuf>, Broken> {
        let Asked::Bytes(bytes) = planned.asked else { return Ok(None) };
        let contender = &planned.contender;
        if contender.fetches_prefix(self.sink) {
            self.stage(self.holder(contender.pairing), bytes)?;
        }
        if !contender.sends_prefix() {
            return Ok(None);
        }
        Ok(Some(self.payload.prefix(&self.scratch, bytes, &self.interrupt)?))
    }

    /// The pairing in whose directory another's prefixes of FILE lie: that of the first client on
    /// the same target, so that several clients store no more there than one.
    pub(super) fn holder(&self, pairing: usize) -> usize {
        let own = &self.lanes[pairing].spec;
        let first = |lane: &Lane| lane.spec.place == 0 && lane.spec.label == own.label;
        match own.place {
            0 => pairing,
            _ => self.lanes.iter().position(first).unwrap_or(pairing),
        }
    }

    /// Has the prefix of FILE of so many bytes on the far host.
    fn stage(&mut self, pairing: usize, bytes: u64) -> Result<(), Broken> {
        let lane = &mut self.lanes[pairing];
        if lane.staged.contains(&bytes) {
            return Ok(());
        }
        if !lane.has_shell() {
            let from = self.payload.reader().map_err(other("FILE can't be read"))?;
            lane.directory.put(&mut lane.monitor, from, bytes)?;
            lane.staged.push(bytes);
            return Ok(());
        }
        let larger = lane.staged.iter().copied().filter(|&staged| staged > bytes).min();
        match larger {
            Some(from) => lane.directory.cut(&mut lane.monitor, from, bytes)?,
            None => {
                let contender = Contender {
                    pairing,
                    method: Method::Pipe,
                    direction: Direction::Upload,
                    cipher: lane.unasked.client_to_server.cipher.clone(),
                    mac: None,
                };
                let name = lane.directory.prefix(bytes);
                let route = Route::FeedPipe {
                    file: &self.payload.file,
                    length: bytes,
                    until: Until::Bytes(bytes),
                    far: FarPart::Write(&name),
                };
                let (way, _) = lane.parts();
                let done =
                    transfer(&way, &contender, &route, &self.interrupt, &mut || {}, &mut |_| {})?;
                if done.report.bytes != Some(bytes) {
                    return Err(Broken::Other(format!(
                        "{bytes} bytes for downloads could not be put on the far host"
                    )));
                }
                lane.directory.flush(&mut lane.monitor, &name, bytes)?;
            }
        }
        lane.staged.push(bytes);
        Ok(())
    }
}

/// The sizes that some trials of a round need, the largest first.
fn sizes(round: &[PlannedTrial], of: impl Fn(&Contender) -> bool) -> Vec<u64> {
    let mut sizes: Vec<u64> = round
        .iter()
        .filter(|planned| of(&planned.contender))
        .filter_map(|planned| match planned.asked {
            Asked::Bytes(bytes) => Some(bytes),
            Asked::Seconds(_) => None,
        })
        .collect();
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes.dedup();
    sizes
}
