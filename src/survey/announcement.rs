//! What a survey will do to both ends, said before it begins. Pure.

use std::time::Duration;

use crate::model::Configuration;
use crate::model::units;
use crate::model::{Direction, Method, Sink};
use crate::stats::race::INTERIM_ANALYSES;
use crate::survey::plan::{PILOT_LARGEST, PILOT_SHARE, PILOT_SMALL, groups};

/// What a survey will do to both ends, said before it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    pub samples: usize,
    pub rounds: u32,
    pub connections: usize,
    /// Upper bounds of what is written to storage in the whole survey.
    pub remote_written: u64,
    pub local_written: u64,
    /// Seconds of one round, and of what comes before the rounds.
    pub round_s: f64,
    pub pilot_s: f64,
    pub directories: Vec<String>,
}

/// Connections of the pilot (`run::pilot`): for each pairing, for each masked one besides, and
/// for each method and direction of a pairing where files are made.
const PILOT_PER_PAIRING: usize = 3;
/// More where a mask does not show at the first look.
const PILOT_PER_AES_DISABLED: usize = 2;
const PILOT_PER_FILES: usize = 6;
const PILOT_PER_PIPE_DOWNLOAD: usize = 1;

/// The data that trials move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// The largest file that a trial may move.
    pub largest: u64,
    /// Each trial moves exactly that.
    pub full: bool,
    /// It is made on this end first, for want of a FILE.
    pub made: bool,
}

impl Data {
    /// Bytes of one end's prefixes in the whole survey: each size is written once at most, and
    /// sizes are powers of two, so all of them are less than twice the largest; again after each of
    /// the two rounds that may change them.
    fn chunks(&self) -> u64 {
        if self.full { self.largest } else { 6 * self.largest }
    }

    /// Bytes of this end's files at once: random data, prefixes, and what a download makes.
    pub fn local_bytes(&self, configurations: &[Configuration], sink: Sink) -> u64 {
        let chunks = if self.full { self.largest } else { 2 * self.largest };
        let part = |needed: bool, bytes: u64| if needed { bytes } else { 0 };
        part(self.made, self.largest)
            + part(configurations.iter().any(Configuration::sends_chunk), chunks)
            + part(configurations.iter().any(|c| c.fetches_chunk(sink)), self.largest)
    }
}

impl Announcement {
    pub fn new(
        configurations: &[Configuration],
        rounds: u32,
        sink: Sink,
        data: &Data,
        targets: &[TargetPlan],
    ) -> Announcement {
        let largest = data.largest;
        let groups = groups(configurations);
        // Contenders that make files in a direction, and what the pilot moves for them.
        let files = |direction: Direction| {
            let makes = |c: &&Configuration| c.direction == direction && c.method.makes_files(sink);
            configurations.iter().filter(makes).count() as u64
        };
        let piloted = |direction: Direction| {
            let makes = |method: Method| method.makes_files(sink);
            let of = groups.iter().filter(|(_, m, d)| *d == direction && makes(*m)).count() as u64;
            let most = (PILOT_LARGEST + 2 * PILOT_SMALL).min(3 * largest) * of
                + PILOT_LARGEST.min(largest) * files(direction);
            if data.full { 0 } else { most }
        };
        let moved = |direction: Direction| {
            files(direction) * u64::from(rounds) * largest + piloted(direction)
        };
        let (uploads, downloads) = (moved(Direction::Upload), moved(Direction::Download));
        // What is downloaded is written over there before, and what is sent by its name here.
        let staged = match configurations.iter().any(|c| c.fetches_chunk(sink)) {
            true => data.chunks() * targets.len() as u64 + piloted(Direction::Download),
            false => 0,
        };
        let chunks = match configurations.iter().any(Configuration::sends_chunk) {
            true => data.chunks() + piloted(Direction::Upload),
            false => 0,
        };
        let made = if data.made { largest } else { 0 };
        let round_s = round_seconds(configurations, targets);
        let pilot = |pairing: usize, target: &TargetPlan| {
            let first_time = |method, direction| {
                let others = |c: &&Configuration| (c.pairing, c.method) == (pairing, method);
                let first = configurations.iter().filter(others).map(|c| c.direction).min();
                let same =
                    configurations.iter().filter(others).filter(|c| c.direction == direction);
                if first == Some(direction) { same.count() } else { 0 }
            };
            let of_groups: usize = groups
                .iter()
                .filter(|(p, ..)| *p == pairing)
                .map(|(_, method, direction)| match (method.makes_files(sink), direction) {
                    (true, _) => PILOT_PER_FILES + first_time(*method, *direction),
                    (false, Direction::Download) => PILOT_PER_PIPE_DOWNLOAD,
                    (false, Direction::Upload) => 0,
                })
                .sum();
            PILOT_PER_PAIRING
                + if target.aes_disabled { PILOT_PER_AES_DISABLED } else { 0 }
                + of_groups
        };
        let pilots: Vec<usize> =
            targets.iter().enumerate().map(|(pairing, target)| pilot(pairing, target)).collect();
        let pilot_s: f64 = targets
            .iter()
            .zip(&pilots)
            .map(|(target, &many)| many as f64 * (target.setup_s + OVERHEAD_S + 0.2))
            .sum();
        let staging = if staged > 0 { 3 * targets.len() } else { 0 };
        Announcement {
            samples: configurations.len() * rounds as usize,
            rounds,
            connections: targets.len()
                + pilots.iter().sum::<usize>()
                + staging
                + configurations.len() * rounds as usize,
            remote_written: uploads + staged,
            local_written: downloads + chunks + made,
            round_s,
            pilot_s,
            directories: targets.iter().map(|target| target.directory.clone()).collect(),
        }
    }
}

/// Seconds between two trials: counters on both ends, staging, the program's own work.
const OVERHEAD_S: f64 = 0.15;

/// What the announcement needs to know of a pairing.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetPlan {
    pub setup_s: f64,
    pub sample_s: f64,
    pub directory: String,
    pub aes_disabled: bool,
}

/// Seconds of one round of these contenders.
pub fn round_seconds(configurations: &[Configuration], targets: &[TargetPlan]) -> f64 {
    let of = |target: &TargetPlan| target.setup_s + target.sample_s + OVERHEAD_S;
    configurations.iter().map(|configuration| of(&targets[configuration.pairing])).sum()
}

impl Announcement {
    /// The plan in a line or two. `fixed`: the rounds that were asked for; else they go on until
    /// the choice is decided or the budget is spent.
    pub fn lines(&self, fixed: Option<u32>, budget: Option<Duration>) -> Vec<String> {
        let each = self.samples / self.rounds.max(1) as usize;
        let budget_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
        let pilot_s = self.pilot_s.min(PILOT_SHARE * budget_s);
        let whole_s = self.round_s * f64::from(self.rounds) + pilot_s;
        let time = units::duration(whole_s.min(budget_s));
        let connections = format!("{} connections one after another", self.connections);
        let plan = match fixed {
            Some(rounds) => format!(
                "plan: {} trials in {rounds} round{}, {connections}, about {time}",
                self.samples,
                if rounds == 1 { "" } else { "s" },
            ),
            None => format!(
                "plan: rounds of {each} trials until the choice is decided, in {time} and \
                 {connections} at most",
            ),
        };
        let mut lines = vec![format!("{plan}; {}", self.written())];
        let least = fixed.unwrap_or(INTERIM_ANALYSES[0]);
        let needed_s = pilot_s + self.round_s * f64::from(least);
        if needed_s > budget_s {
            let fit = ((budget_s - pilot_s) / (self.round_s / each as f64)).max(0.0) as usize;
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
        let here = match self.local_written {
            0 => "nothing".to_owned(),
            bytes => format!("at most {}", units::size(bytes)),
        };
        match self.remote_written {
            0 if self.local_written == 0 => "no file is written on either end".into(),
            0 => format!("writes nothing there and {here} here"),
            bytes => format!(
                "writes at most {} there (in {}) and {here} here",
                units::size(bytes),
                units::printable(&self.directories.join(", "))
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cipher;

    const FILE: Data = Data { largest: 1 << 20, full: false, made: false };

    fn configuration(method: Method, direction: Direction, cipher: &str) -> Configuration {
        Configuration { pairing: 0, method, direction, cipher: Cipher::from(cipher), mac: None }
    }

    fn announce_all(configurations: &[Configuration], rounds: u32, data: Data) -> Announcement {
        let target = TargetPlan {
            setup_s: 0.35,
            sample_s: 2.0,
            directory: "/srv".into(),
            aes_disabled: false,
        };
        Announcement::new(configurations, rounds, Sink::Null, &data, &[target])
    }

    fn announce(rounds: u32) -> Announcement {
        let of = |cipher| configuration(Method::Pipe, Direction::Upload, cipher);
        announce_all(&["a", "b"].map(of), rounds, FILE)
    }

    #[test]
    fn fixed_rounds_are_announced_as_such() {
        let lines = announce(3).lines(Some(3), None);
        assert_eq!(
            lines,
            ["plan: 6 trials in 3 rounds, 10 connections one after another, about 17 s; no file \
              is written on either end"]
        );
    }

    #[test]
    fn a_budget_that_holds_too_few_rounds_says_what_it_holds() {
        let budget = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(announce(9).lines(None, budget(30)).len(), 1);
        let lines = announce(1).lines(None, budget(9));
        assert!(
            lines[1].starts_with("the budget of 9 s holds about 2 trials; 2 rounds take"),
            "{lines:?}"
        );
    }
    #[test]
    fn whatever_is_written_on_this_end_is_announced() {
        let of = |method, direction, data: Data| {
            let announcement = announce_all(&[configuration(method, direction, "a")], 3, data);
            (announcement.remote_written >> 20, announcement.local_written >> 20)
        };
        let made = Data { made: true, ..FILE };
        let full = Data { full: true, ..FILE };
        assert_eq!(of(Method::Pipe, Direction::Upload, FILE), (0, 0));
        assert_eq!(of(Method::Pipe, Direction::Upload, made), (0, 1));
        // Three rounds of one file; prefixes here for uploads, there for downloads.
        assert_eq!(of(Method::Scp, Direction::Upload, full), (3, 1));
        assert_eq!(of(Method::Scp, Direction::Download, full), (1, 3));
        // The pilot moves four files of the largest size, which is small here.
        assert_eq!(of(Method::Scp, Direction::Upload, made), (3 + 4, 6 + 4 + 1));
        assert_eq!(of(Method::Scp, Direction::Download, FILE), (6 + 4, 3 + 4));
        let words = announce_all(&[configuration(Method::Pipe, Direction::Upload, "a")], 3, made);
        assert_eq!(words.written(), "writes nothing there and at most 1 MiB here");
    }

    #[test]
    fn what_lies_here_at_once_is_counted() {
        let both = [Direction::Upload, Direction::Download];
        let both = both.map(|direction| configuration(Method::Scp, direction, "a"));
        assert_eq!(FILE.local_bytes(&both, Sink::Null), 3 << 20);
        let made = Data { made: true, full: true, ..FILE };
        assert_eq!(made.local_bytes(&both, Sink::Null), 3 << 20);
        assert_eq!(FILE.local_bytes(&both[1..], Sink::Null), 1 << 20);
    }
}
