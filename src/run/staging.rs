//! Prefixes of FILE where the trials of a round need them, put there outside any clock.

use anyhow::Result;

use super::executor::Real;
use super::flow::Until;
use super::route::Route;
use super::survey::Stopped;
use super::trial::{Broken, transfer};
use crate::method::makes_files;
use crate::method::pipe::FarPart;
use crate::model::record::Asked;
use crate::model::{Direction, Method};
use crate::plan::{Contender, PlannedTrial};

impl Real {
    /// Prefixes for the downloads of a round, the largest first, since the smaller ones are cut
    /// from it; those of no further use are removed on both ends.
    pub fn put_in_place(&mut self, round: &[PlannedTrial]) -> Result<(), Stopped> {
        let files = |pairing: Option<usize>, direction: Direction| {
            let mut sizes: Vec<u64> = round
                .iter()
                .map(|planned| (&planned.contender, planned.asked))
                .filter(|(c, _)| pairing.is_none_or(|pairing| c.pairing == pairing))
                .filter(|(c, _)| c.direction == direction && makes_files(c.method, self.sink))
                .filter_map(|(_, asked)| match asked {
                    Asked::Bytes(bytes) => Some(bytes),
                    Asked::Seconds(_) => None,
                })
                .collect();
            sizes.sort_unstable_by(|a, b| b.cmp(a));
            sizes.dedup();
            sizes
        };
        let near = files(None, Direction::Upload);
        let far: Vec<Vec<u64>> =
            (0..self.lanes.len()).map(|p| files(Some(p), Direction::Download)).collect();
        self.payload.keep_only(&self.scratch, &near);
        for (pairing, sizes) in far.into_iter().enumerate() {
            let lane = &mut self.lanes[pairing];
            if lane.staged.iter().any(|staged| !sizes.contains(staged)) {
                // A monitor that has ended is noticed, and mended, by the next trial.
                if lane.directory.keep_only(&mut lane.monitor, &sizes).is_ok() {
                    lane.staged.retain(|staged| sizes.contains(staged));
                }
            }
            for bytes in sizes {
                self.check_interrupt()?;
                // What can't be staged now is tried again by the trial that needs it, and its
                // failure told there.
                let _ = self.stage(pairing, bytes);
            }
        }
        Ok(())
    }

    /// Has the prefix of FILE of so many bytes on the far host.
    pub fn stage(&mut self, pairing: usize, bytes: u64) -> Result<()> {
        let lane = &mut self.lanes[pairing];
        if lane.staged.contains(&bytes) {
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
                    transfer(&way, &contender, &route, &self.interrupt, &mut || {}, &mut |_| {})
                        .map_err(|broken| anyhow::anyhow!("{}", in_words(&broken)))?;
                if done.report.bytes != Some(bytes) {
                    anyhow::bail!("{bytes} bytes for downloads could not be put on the far host");
                }
                lane.directory.flush(&mut lane.monitor, &name, bytes)?;
            }
        }
        lane.staged.push(bytes);
        Ok(())
    }
}

fn in_words(broken: &Broken) -> String {
    match broken {
        Broken::Interrupted => "interrupted".into(),
        Broken::Client(failure) => failure.reason.clone(),
        Broken::Other(reason) => reason.clone(),
    }
}
