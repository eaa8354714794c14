//! What generations know of the ones before.

use crate::survey::context::Context;
use crate::survey::slices::accounts::HostsBefore;
use crate::survey::slices::at_once::AtOnce;
use crate::survey::slices::failures::Failures;
use crate::survey::slices::feed::{Feeding, Pace};
use crate::survey::slices::sizes::Sizes;

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
    /// How many connections each server takes at once, in the place of its first target.
    at_once: Vec<AtOnce>,
    /// The first target of the same server, one per target.
    servers: Vec<usize>,
    /// One per target.
    pub told_of_dd: Vec<bool>,
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
    /// `servers`: for each target the first one of the same server, whose limits they share.
    pub fn new(seed: u64, paces: Vec<Pace>, servers: Vec<usize>) -> SliceState {
        SliceState {
            sizes: Sizes::default(),
            seed,
            hosts: vec![HostsBefore::default(); paces.len()],
            told_of_dd: vec![false; paces.len()],
            at_once: vec![AtOnce::default(); paces.len()],
            servers,
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

    /// How many connections the server of a target takes at once.
    pub fn at_once(&mut self, pairing: usize) -> &mut AtOnce {
        &mut self.at_once[self.servers[pairing]]
    }

    /// Whether two targets are of one server.
    pub fn same_server(&self, one: usize, other: usize) -> bool {
        self.servers[one] == self.servers[other]
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
            pace: self.paces[pairing],
            whole: self.whole,
            most: self.most_bytes,
            moved: &mut self.moved,
        })
    }
}
