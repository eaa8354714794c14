//! What a survey will do on both ends, announced before it begins. Pure.

use std::time::Duration;

use crate::model::Configuration;
use crate::model::units;
use crate::model::{Direction, Method, Sink};
use crate::stats::race::INTERIM_ANALYSES;
use crate::survey::plan::{PILOT_LARGEST, PILOT_SHARE, PILOT_SMALL, groups};

/// What a survey will do on both ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    pub samples: usize,
    pub rounds: u32,
    pub connections: usize,
    /// At most so many bytes are written to storage in the whole survey.
    pub remote_written: u64,
    pub local_written: u64,
    /// Seconds of one round, and of the pilot.
    pub round_s: f64,
    pub pilot_s: f64,
    pub directories: Vec<String>,
}

/// The data that samples move.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Data {
    /// The largest file that a sample may move.
    pub largest: u64,
    /// Each sample moves exactly that (`--full`).
    pub full: bool,
    /// There is no FILE: random data is generated on this machine.
    pub generated: bool,
}

impl Data {
    /// Bytes of one end's chunks in the whole survey. Each size is written once at most, and sizes are
    /// powers of two, so that all together are less than twice the largest. They are written again
    /// after each of the two rounds that may change sizes.
    fn chunks(&self) -> u64 {
        if self.full { self.largest } else { 6 * self.largest }
    }

    /// Bytes that are stored on this machine at once: random data, chunks, and what a download makes.
    pub fn local_bytes(&self, configurations: &[Configuration], sink: Sink) -> u64 {
        let chunks = if self.full { self.largest } else { 2 * self.largest };
        let part = |needed: bool, bytes: u64| if needed { bytes } else { 0 };
        part(self.generated, self.largest)
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
        let volume = Volume { configurations, rounds, sink, data };
        let remote_chunks = volume.remote_chunks(targets.len() as u64);
        let staging = if remote_chunks > 0 { 3 * targets.len() } else { 0 };
        let pilots: Vec<usize> = targets
            .iter()
            .enumerate()
            .map(|(pairing, target)| pilot_connections(configurations, sink, pairing, target))
            .collect();
        let samples = configurations.len() * rounds as usize;
        Announcement {
            samples,
            rounds,
            connections: targets.len() + pilots.iter().sum::<usize>() + staging + samples,
            remote_written: volume.moved(Direction::Upload) + remote_chunks,
            local_written: volume.moved(Direction::Download)
                + volume.local_chunks()
                + if data.generated { data.largest } else { 0 },
            round_s: round_seconds(configurations, targets),
            pilot_s: targets
                .iter()
                .zip(&pilots)
                .map(|(target, &many)| many as f64 * (target.setup_s + OVERHEAD_S + 0.2))
                .sum(),
            directories: targets.iter().map(|target| target.directory.clone()).collect(),
        }
    }

    /// The plan in one or two lines. `fixed`: the number of rounds asked for; absent: they go on until the
    /// choice is decided or the budget is spent.
    pub fn lines(&self, fixed: Option<u32>, budget: Option<Duration>) -> Vec<String> {
        let each = self.samples / self.rounds.max(1) as usize;
        let budget_s = budget.map_or(f64::INFINITY, |budget| budget.as_secs_f64());
        let pilot_s = self.pilot_s.min(PILOT_SHARE * budget_s);
        let whole_s = self.round_s * f64::from(self.rounds) + pilot_s;
        let time = units::duration(whole_s.min(budget_s));
        let connections = format!("{} connections, one at a time", self.connections);
        let plan = match fixed {
            Some(rounds) => format!(
                "plan: {} samples in {rounds} round{}, about {time}; {connections}",
                self.samples,
                if rounds == 1 { "" } else { "s" },
            ),
            None => format!(
                "plan: rounds of {each} samples until the choice is decided, at most {time}; at most \
                 {connections}",
            ),
        };
        let mut lines = vec![format!("{plan}; {}", self.written())];
        let least = fixed.unwrap_or(INTERIM_ANALYSES[0]);
        let needed_s = pilot_s + self.round_s * f64::from(least);
        if needed_s > budget_s {
            let fit = ((budget_s - pilot_s) / (self.round_s / each as f64)).max(0.0) as usize;
            lines.push(format!(
                "the budget of {} is enough for about {fit} sample{}; {least} round{} would take {} for \
                 {} samples; raise it with --budget TIME, or measure fewer ciphers with --quick or \
                 --ciphers A,B",
                units::duration(budget_s),
                if fit == 1 { "" } else { "s" },
                if least == 1 { "" } else { "s" },
                units::duration(needed_s),
                each * least as usize,
            ));
        }
        lines
    }

    /// What is written to storage, in words.
    pub fn written(&self) -> String {
        let at_most = |bytes: u64| format!("at most {}", units::size(bytes));
        let directories = units::printable(&self.directories.join(", "));
        match (self.remote_written, self.local_written) {
            (0, 0) => "writes no files".into(),
            (0, local) => format!("writes {} locally", at_most(local)),
            (remote, 0) => format!("writes {} remotely (in {directories})", at_most(remote)),
            (remote, local) => format!(
                "writes {} remotely (in {directories}) and {} locally",
                at_most(remote),
                at_most(local)
            ),
        }
    }
}

/// What the announcement needs to know of a target.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetPlan {
    pub setup_s: f64,
    pub sample_s: f64,
    pub directory: String,
    /// AES is disabled at an end at least.
    pub aes_disabled: bool,
}

/// Seconds between two samples: counters of both ends, chunks, this program's own work.
const OVERHEAD_S: f64 = 0.15;

/// Seconds of one round of these configurations.
pub fn round_seconds(configurations: &[Configuration], targets: &[TargetPlan]) -> f64 {
    let of = |target: &TargetPlan| target.setup_s + target.sample_s + OVERHEAD_S;
    configurations.iter().map(|configuration| of(&targets[configuration.pairing])).sum()
}

/// Upper bounds of what a survey moves and stores.
struct Volume<'a> {
    configurations: &'a [Configuration],
    rounds: u32,
    sink: Sink,
    data: &'a Data,
}

impl Volume<'_> {
    /// Bytes of the files that samples of a direction make, the pilot's included.
    fn moved(&self, direction: Direction) -> u64 {
        self.files(direction) * u64::from(self.rounds) * self.data.largest + self.piloted(direction)
    }

    /// Bytes of the same in the pilot.
    fn piloted(&self, direction: Direction) -> u64 {
        if self.data.full {
            return 0;
        }
        let largest = self.data.largest;
        let makes = |(_, method, of): &(usize, Method, Direction)| {
            *of == direction && method.makes_files(self.sink)
        };
        let groups = groups(self.configurations).into_iter().filter(makes).count() as u64;
        (PILOT_LARGEST + 2 * PILOT_SMALL).min(3 * largest) * groups
            + PILOT_LARGEST.min(largest) * self.files(direction)
    }

    /// Bytes of chunks on the remote hosts, for downloads.
    fn remote_chunks(&self, targets: u64) -> u64 {
        match self.configurations.iter().any(|c| c.fetches_chunk(self.sink)) {
            true => self.data.chunks() * targets + self.piloted(Direction::Download),
            false => 0,
        }
    }

    /// Bytes of chunks on this machine, for uploads.
    fn local_chunks(&self) -> u64 {
        match self.configurations.iter().any(Configuration::sends_chunk) {
            true => self.data.chunks() + self.piloted(Direction::Upload),
            false => 0,
        }
    }

    /// The number of configurations that make a file in a direction.
    fn files(&self, direction: Direction) -> u64 {
        let makes =
            |c: &&Configuration| c.direction == direction && c.method.makes_files(self.sink);
        self.configurations.iter().filter(makes).count() as u64
    }
}

/// Connections of the pilot ([`crate::survey::pilot`]) for each pairing, for AES that is disabled (more
/// where it does not show at once), and for each method and direction of a pairing.
const PILOT_PER_PAIRING: usize = 3;
const PILOT_PER_AES_DISABLED: usize = 2;
const PILOT_PER_FILES: usize = 6;
const PILOT_PER_PIPE_DOWNLOAD: usize = 1;

fn pilot_connections(
    configurations: &[Configuration],
    sink: Sink,
    pairing: usize,
    target: &TargetPlan,
) -> usize {
    // Each cipher is measured in the first direction of a method; for the other its rate is derived.
    let first_time = |method, direction| {
        let alike = |c: &&Configuration| (c.pairing, c.method) == (pairing, method);
        let first = configurations.iter().filter(alike).map(|c| c.direction).min();
        let same = configurations.iter().filter(alike).filter(|c| c.direction == direction);
        if first == Some(direction) { same.count() } else { 0 }
    };
    let of_groups: usize = groups(configurations)
        .into_iter()
        .filter(|(of, ..)| *of == pairing)
        .map(|(_, method, direction)| match (method.makes_files(sink), direction) {
            (true, _) => PILOT_PER_FILES + first_time(method, direction),
            (false, Direction::Download) => PILOT_PER_PIPE_DOWNLOAD,
            (false, Direction::Upload) => 0,
        })
        .sum();
    PILOT_PER_PAIRING + if target.aes_disabled { PILOT_PER_AES_DISABLED } else { 0 } + of_groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Cipher;

    const FILE: Data = Data { largest: 1 << 20, full: false, generated: false };

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
    fn a_fixed_number_of_rounds_is_announced() {
        let lines = announce(3).lines(Some(3), None);
        assert_eq!(
            lines,
            [
                "plan: 6 samples in 3 rounds, about 17 s; 10 connections, one at a time; writes no files"
            ]
        );
    }

    #[test]
    fn a_budget_too_short_for_the_rounds_says_how_many_samples_it_holds() {
        let budget = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(announce(9).lines(None, budget(30)).len(), 1);
        let lines = announce(1).lines(None, budget(9));
        assert!(
            lines[1].starts_with(
                "the budget of 9 s is enough for about 2 samples; 2 rounds would take"
            ),
            "{lines:?}"
        );
    }

    #[test]
    fn what_is_written_on_either_end_is_announced() {
        let of = |method, direction, data: Data| {
            let announcement = announce_all(&[configuration(method, direction, "a")], 3, data);
            (announcement.remote_written >> 20, announcement.local_written >> 20)
        };
        let made = Data { generated: true, ..FILE };
        let full = Data { full: true, ..FILE };
        assert_eq!(of(Method::Pipe, Direction::Upload, FILE), (0, 0));
        assert_eq!(of(Method::Pipe, Direction::Upload, made), (0, 1));
        // Three rounds of one file; local chunks for uploads, remote ones for downloads.
        assert_eq!(of(Method::Scp, Direction::Upload, full), (3, 1));
        assert_eq!(of(Method::Scp, Direction::Download, full), (1, 3));
        // The pilot moves four files of the largest size, which is small in this test.
        assert_eq!(of(Method::Scp, Direction::Upload, made), (3 + 4, 6 + 4 + 1));
        assert_eq!(of(Method::Scp, Direction::Download, FILE), (6 + 4, 3 + 4));
        let words = announce_all(&[configuration(Method::Pipe, Direction::Upload, "a")], 3, made);
        assert_eq!(words.written(), "writes at most 1 MiB locally");
    }

    #[test]
    fn what_is_stored_locally_at_once_is_counted() {
        let both = [Direction::Upload, Direction::Download];
        let both = both.map(|direction| configuration(Method::Scp, direction, "a"));
        assert_eq!(FILE.local_bytes(&both, Sink::Null), 3 << 20);
        let made = Data { generated: true, full: true, ..FILE };
        assert_eq!(made.local_bytes(&both, Sink::Null), 3 << 20);
        assert_eq!(FILE.local_bytes(&both[1..], Sink::Null), 1 << 20);
    }
}
