//! What generations know of the ones before.

use crate::survey::context::Context;
use crate::survey::slices::accounts::HostsBefore;
use crate::survey::slices::at_once::AtOnce;
use crate::survey::slices::failures::Failures;
use crate::survey::slices::feed::{Feeding, Pace};
use crate::survey::slices::sizes::Sizes;

/// Rounds that have to fit into the bytes that may be moved.
const LEAST_ROUNDS: u32 = 3;

/// What generations know of the ones before.
#[derive(Debug)]
pub struct SliceState {
    pub sizes: Sizes,
    pub seed: u64,
    hosts: Vec<HostsBefore>,
    /// Seconds of a slice, one per target.
    pub paces: Vec<Pace>,
    /// Seconds for which each connection is fed in the next round, both directions together.
    pub feed_s: f64,
    pub failures: Failures,
    /// How many connections each target takes at once.
    pub at_once: Vec<AtOnce>,
    /// Seconds that opening a connection took, each.
    pub opened_s: Vec<f64>,
    /// Seconds that the first slices of a connection took, each.
    pub start_up_s: Vec<f64>,
    /// `--full`: each sample is one slice of so many bytes.
    pub whole: Option<u64>,
    /// The most bytes that a connection may move in this round.
    pub most_bytes: Option<u64>,
    /// Bytes that slices have moved so far, those that are in no sample included.
    pub moved: u64,
}

impl SliceState {
    pub fn new(seed: u64, paces: Vec<Pace>) -> SliceState {
        SliceState {
            sizes: Sizes::default(),
            seed,
            hosts: vec![HostsBefore::default(); paces.len()],
            at_once: vec![AtOnce::default(); paces.len()],
            paces,
            feed_s: 0.0,
            failures: Failures::default(),
            opened_s: Vec::new(),
            start_up_s: Vec::new(),
            whole: None,
            most_bytes: None,
            moved: 0,
        }
    }

    /// Gives each of so many connections its share of the bytes that may be moved in all, so that a few rounds
    /// fit into them.
    pub fn share_bytes(&mut self, most: Option<u64>, round: u32, connections: usize) {
        let rounds = u64::from(LEAST_ROUNDS.saturating_sub(round - 1).max(1));
        let share =
            |most: u64| most.saturating_sub(self.moved) / rounds / connections.max(1) as u64;
        self.most_bytes = most.map(share);
    }

    /// Does something that needs to feed connections of a target.
    pub fn with<T>(
        &mut self,
        context: &mut Context,
        pairing: usize,
        work: impl FnOnce(&mut Feeding) -> T,
    ) -> T {
        let Context { targets, files, interrupt, .. } = context;
        work(&mut Feeding {
            target: &mut targets[pairing],
            files,
            hosts: &mut self.hosts[pairing],
            sizes: &mut self.sizes,
            interrupt,
            observer: &mut (),
            pace: self.paces[pairing],
            whole: self.whole,
            most: self.most_bytes,
            moved: &mut self.moved,
        })
    }
}
