//! What a survey will do on both ends, announced before it begins. Pure.

use std::time::Duration;

use crate::model::units;
use crate::model::{Configuration, Direction, Entry, Sink};

/// What a survey will do on both ends.
#[derive(Clone, Debug, PartialEq)]
pub struct Announcement {
    /// Samples of a round.
    pub samples: usize,
    /// Connections of a round that are open side by side, and logins of a round in all.
    pub open: usize,
    pub logins: usize,
    /// Seconds for which each connection that stays open is fed in a round.
    pub feed_s: f64,
    /// `--rounds`; absent: until the choice is decided.
    pub rounds: Option<u32>,
    pub budget: Option<Duration>,
    /// At most so many bytes are moved; absent: no more than goes in the budget.
    pub most_bytes: Option<u64>,
    /// `--full`: bytes that a round moves.
    pub bytes_per_round: Option<u64>,
    /// Files are written on the remote host, and on this machine.
    pub writes_remote: bool,
    pub writes_local: bool,
    pub directories: Vec<String>,
    /// Copies may confirm the advice.
    pub copies: bool,
    /// The storage of both ends is timed first.
    pub storage: bool,
}

impl Announcement {
    /// What these entries will do.
    pub fn new(
        entries: &[Entry],
        sink: Sink,
        feed_s: f64,
        rounds: Option<u32>,
        budget: Option<Duration>,
        most_bytes: Option<u64>,
        directories: Vec<String>,
    ) -> Announcement {
        let mut connections: Vec<&Configuration> = Vec::new();
        let stays_open = |entry: &&Entry| entry.configuration.method.stays_open();
        for entry in entries.iter().filter(stays_open) {
            if !connections.contains(&&entry.configuration) {
                connections.push(&entry.configuration);
            }
        }
        let runs = entries.iter().filter(|entry| !stays_open(entry)).count();
        let makes = |direction| {
            entries.iter().any(|entry| {
                entry.configuration.method.makes_files(sink)
                    && (entry.direction == direction || entry.fetches_chunk(sink))
            })
        };
        Announcement {
            samples: entries.len(),
            open: connections.len(),
            logins: connections.len() + runs,
            feed_s,
            rounds,
            budget,
            most_bytes,
            bytes_per_round: None,
            writes_remote: makes(Direction::Upload),
            writes_local: entries.iter().any(|entry| {
                entry.direction == Direction::Download
                    && entry.configuration.method.makes_files(sink)
                    || entry.sends_chunk()
            }),
            directories,
            copies: false,
            storage: false,
        }
    }

    /// The plan in a line.
    pub fn line(&self) -> String {
        let until = match (self.rounds, self.budget) {
            (Some(1), _) => "1 round".to_owned(),
            (Some(rounds), _) => format!("{rounds} rounds"),
            (None, Some(budget)) => format!(
                "rounds until the choice is decided, at most {} of transfers",
                units::duration(budget.as_secs_f64())
            ),
            (None, None) => "rounds until the choice is decided".to_owned(),
        };
        // Mostly about a second.
        let fed_in_turn = |open| {
            let each = if open == 1 { "fed" } else { "each fed in turn" };
            let fed_s = self.feed_s;
            format!("opens {open} connection{}, {each} for about {fed_s:.1} s", plural(open))
        };
        let each = match (self.open, self.logins - self.open) {
            (0, runs) => format!("has {runs} transfer{} with a login each", plural(runs)),
            (open, 0) => fed_in_turn(open),
            (open, runs) => format!(
                "{}, and has {runs} transfer{} with a login each",
                fed_in_turn(open),
                plural(runs)
            ),
        };
        let moved = match (self.bytes_per_round, self.most_bytes) {
            (Some(bytes), _) => format!("moves {} a round; ", units::size(bytes)),
            (None, Some(most)) => format!("moves at most {}; ", units::size(most)),
            (None, None) => String::new(),
        };
        let copies = match self.copies {
            true => "then up to 8 copies in 25 s to confirm the advice; ",
            false => "",
        };
        let storage = match self.storage {
            true => ", first up to 256 MiB to time the storage",
            false => "",
        };
        format!("plan: {until}; a round {each}; {copies}{moved}{}{storage}", self.written())
    }

    /// What is written to storage, in words.
    fn written(&self) -> String {
        let directories = units::printable(&self.directories.join(", "));
        match (self.writes_remote, self.writes_local) {
            (false, false) => "writes no files".into(),
            (false, true) => "writes temporary files locally".into(),
            (true, false) => format!("writes temporary files remotely (in {directories})"),
            (true, true) => {
                format!("writes temporary files remotely (in {directories}) and locally")
            }
        }
    }
}

fn plural(many: usize) -> &'static str {
    if many == 1 { "" } else { "s" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Method};

    fn entry(method: Method, direction: Direction, cipher: &str) -> Entry {
        let cipher = Cipher::from(cipher);
        Configuration { pairing: 0, method, cipher, mac: None }.toward(direction)
    }

    fn line(entries: &[Entry], rounds: Option<u32>) -> String {
        let budget = rounds.is_none().then_some(Duration::from_secs(60));
        let directories = vec!["/srv".into()];
        let most = Some(7_500_000_000);
        Announcement::new(entries, Sink::Null, 0.6, rounds, budget, most, directories).line()
    }

    #[test]
    fn connections_transfers_and_what_is_written_are_announced() {
        let both = [Direction::Upload, Direction::Download];
        let pipes: Vec<_> = ["a", "b"]
            .iter()
            .flat_map(|cipher| both.map(|direction| entry(Method::Pipe, direction, cipher)))
            .collect();
        assert_eq!(
            line(&pipes, None),
            "plan: rounds until the choice is decided, at most 1 min of transfers; a round opens \
             2 connections, each fed in turn for about 0.6 s; moves at most 7 GiB; writes no files"
        );
        let scp = [entry(Method::Scp, Direction::Upload, "a")];
        assert_eq!(
            line(&scp, Some(3)),
            "plan: 3 rounds; a round has 1 transfer with a login each; moves at most 7 GiB; writes temporary \
             files remotely (in /srv) and locally"
        );
        let sftp = entry(Method::Sftp, Direction::Download, "a");
        let mixed = line(&[sftp, scp[0].clone()], None);
        assert!(
            mixed.contains(
                "a round opens 1 connection, fed for about 0.6 s, and has 1 transfer with"
            )
        );
        assert!(mixed.ends_with("remotely (in /srv) and locally"), "{mixed}");
    }
}
