//! A configuration in a generation: its directions, and its connection while one is open.

use crate::model::{Configuration, Direction, Entry};
use crate::survey::plan::shuffled;
use crate::survey::slices::failures::Reason;
use crate::survey::slices::live::Live;

/// A configuration in a generation.
pub struct Member {
    pub configuration: Configuration,
    pub directions: Vec<Direction>,
    pub live: Option<Live>,
    /// Why it is out of this generation, and what to do about it.
    pub failed: Option<Reason>,
    pub reopened: bool,
}

/// The configurations of some entries, each with its directions, in the order of the round.
pub fn members(entries: &[Entry], seed: u64, round: u32) -> Vec<Member> {
    let mut members: Vec<Member> = Vec::new();
    for Entry { configuration, direction } in shuffled(entries, seed, round) {
        match members.iter_mut().find(|member| member.configuration == configuration) {
            Some(member) => member.directions.push(direction),
            None => members.push(Member {
                configuration,
                directions: vec![direction],
                live: None,
                failed: None,
                reopened: false,
            }),
        }
    }
    members
}
