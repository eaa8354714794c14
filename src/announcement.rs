//! What a survey will do to both ends, said before it begins. Pure.

use std::time::Duration;

use crate::analysis::race::LOOKS;
use crate::method::makes_files;
use crate::model::units;
use crate::model::{Direction, Sink};
use crate::plan::{Contender, PILOT_LARGEST, PILOT_SMALL, groups};

/// What a survey will do to both ends, said before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    pub trials: usize,
    pub rounds: u32,
    pub connections: usize,
    /// Upper bounds of what is written to storage in the whole survey.
    pub far_written: u64,
    pub near_written: u64,
    /// Seconds of one round, and of what comes before the rounds.
    pub round_s: f64,
    pub pilot_s: f64,
    pub directories: Vec<String>,
}

/// Connections of the pilot (`run::pilot`): for each pairing, for each masked one besides, and
/// for each method and direction of a pairing where files are made.
const PILOT_PER_PAIRING: usize = 3;
const PILOT_PER_MASKED: usize = 2;
const PILOT_PER_FILES: usize = 6;
const PILOT_PER_PIPE_DOWNLOAD: usize = 1;

impl Announcement {
    /// `sizes`: the largest file that a trial may move; `handshakes`: seconds by pairing.
    pub fn new(
        contenders: &[Contender],
        rounds: u32,
        sink: Sink,
        largest: u64,
        lanes: &[LanePlan],
    ) -> Announcement {
        let files = |direction| {
            let many = contenders
                .iter()
                .filter(|c| c.direction == direction && makes_files(c.method, sink))
                .count() as u64;
            many * u64::from(rounds) * largest
        };
        let uploads = files(Direction::Upload);
        let downloads = files(Direction::Download);
        let groups = groups(contenders);
        // Before downloads their source is written over there once a size at most; sizes are
        // powers of two, so all of them are less than twice the largest. Again after each of the
        // two rounds that may change them.
        let staged = if downloads > 0 { 6 * largest * lanes.len() as u64 } else { 0 };
        let pilots_written = if uploads + downloads > 0 {
            (PILOT_LARGEST + 2 * PILOT_SMALL).min(3 * largest) * groups.len() as u64
                + PILOT_LARGEST.min(largest) * contenders.len() as u64
        } else {
            0
        };
        let round_s = round_seconds(contenders, lanes);
        let pilot = |pairing: usize, lane: &LanePlan| {
            let first_time = |method, direction| {
                let others = |c: &&Contender| (c.pairing, c.method) == (pairing, method);
                let first = contenders.iter().filter(others).map(|c| c.direction).min();
                let same = contenders.iter().filter(others).filter(|c| c.direction == direction);
                if first == Some(direction) { same.count() } else { 0 }
            };
            let of_groups: usize = groups
                .iter()
                .filter(|(p, ..)| *p == pairing)
                .map(|(_, method, direction)| match (makes_files(*method, sink), direction) {
                    (true, _) => PILOT_PER_FILES + first_time(*method, *direction),
                    (false, Direction::Download) => PILOT_PER_PIPE_DOWNLOAD,
                    (false, Direction::Upload) => 0,
                })
                .sum();
            PILOT_PER_PAIRING + if lane.masked { PILOT_PER_MASKED } else { 0 } + of_groups
        };
        let pilots: Vec<usize> =
            lanes.iter().enumerate().map(|(pairing, lane)| pilot(pairing, lane)).collect();
        let pilot_s: f64 = lanes
            .iter()
            .zip(&pilots)
            .map(|(lane, &many)| many as f64 * (lane.handshake_s + OVERHEAD_S + 0.2))
            .sum();
        let staging = if downloads > 0 { 3 * lanes.len() } else { 0 };
        Announcement {
            trials: contenders.len() * rounds as usize,
            rounds,
            connections: lanes.len()
                + pilots.iter().sum::<usize>()
                + staging
                + contenders.len() * rounds as usize,
            far_written: uploads + staged + pilots_written,
            near_written: downloads + pilots_written,
            round_s,
            pilot_s,
            directories: lanes.iter().map(|lane| lane.directory.clone()).collect(),
        }
    }
}

/// Seconds between two trials: counters on both ends, staging, the program's own work.
const OVERHEAD_S: f64 = 0.15;

/// What the announcement needs to know of a pairing.
#[derive(Clone, Debug, PartialEq)]
pub struct LanePlan {
    pub handshake_s: f64,
    pub trial_s: f64,
    pub directory: String,
    pub masked: bool,
}

/// Seconds of one round of these contenders.
pub fn round_seconds(contenders: &[Contender], lanes: &[LanePlan]) -> f64 {
    let of = |lane: &LanePlan| lane.handshake_s + lane.trial_s + OVERHEAD_S;
    contenders.iter().map(|contender| of(&lanes[contender.pairing])).sum()
}

impl Announcement {
    /// The plan in a line or two. `fixed`: the rounds that were asked for; else they go on until
    /// the choice is decided or the budget is spent.
    pub fn lines(&self, fixed: Option<u32>, budget: Option<Duration>) -> Vec<String> {
        let each = self.trials / self.rounds.max(1) as usize;
        let whole_s = self.round_s * f64::from(self.rounds) + self.pilot_s;
        let budget_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
        let time = units::duration(whole_s.min(budget_s));
        let connections = format!("{} connections one after another", self.connections);
        let plan = match fixed {
            Some(rounds) => format!(
                "plan: {} trials in {rounds} round{}, {connections}, about {time}",
                self.trials,
                if rounds == 1 { "" } else { "s" },
            ),
            None => format!(
                "plan: rounds of {each} trials until the choice is decided, in {time} and \
                 {connections} at most",
            ),
        };
        let mut lines = vec![format!("{plan}; {}", self.written())];
        let least = fixed.unwrap_or(LOOKS[0]);
        let needed_s = self.pilot_s + self.round_s * f64::from(least);
        if needed_s > budget_s {
            let fit = ((budget_s - self.pilot_s) / (self.round_s / each as f64)).max(0.0) as usize;
            lines.push(format!(
                "the budget of {} holds about {fit} trials; {least} rounds take {} and {} trials \
                 (--budget TIME, --quick or --ciphers A,B change that)",
                units::duration(budget_s),
                units::duration(needed_s),
                each * least as usize,
            ));
        }
        lines
    }

    /// Bytes that are written to storage.
    pub fn written(&self) -> String {
        if self.far_written + self.near_written == 0 {
            return "no file is written on either end".into();
        }
        format!(
            "writes at most {} there (in {}) and {} here",
            units::size(self.far_written),
            units::printable(&self.directories.join(", ")),
            units::size(self.near_written)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Method};

    fn announce(rounds: u32, handshake_s: f64) -> Announcement {
        let contender = |cipher: &str| Contender {
            pairing: 0,
            method: Method::Pipe,
            direction: Direction::Upload,
            cipher: Cipher::from(cipher),
            mac: None,
        };
        let lane = LanePlan { handshake_s, trial_s: 2.0, directory: "/srv".into(), masked: false };
        Announcement::new(&["a", "b"].map(contender), rounds, Sink::Null, 1 << 20, &[lane])
    }

    #[test]
    fn fixed_rounds_are_announced_as_such() {
        let lines = announce(3, 0.35).lines(Some(3), None);
        assert_eq!(
            lines,
            ["plan: 6 trials in 3 rounds, 10 connections one after another, about 17 s; no file \
              is written on either end"]
        );
    }

    #[test]
    fn a_budget_that_holds_too_few_rounds_says_what_it_holds() {
        let budget = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(announce(9, 0.35).lines(None, budget(30)).len(), 1);
        let lines = announce(1, 0.35).lines(None, budget(9));
        assert!(
            lines[1].starts_with("the budget of 9 s holds about 2 trials; 2 rounds take"),
            "{lines:?}"
        );
    }
}
