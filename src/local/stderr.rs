//! A thread that reads a child's standard error line by line and notes when each line came.

use std::io::{BufRead, BufReader, Read};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// So much is kept of a client's own log (`-v`), and of whatever else it says. A client that floods
/// its standard error is read on, so that it does not stall, but not stored.
const LOG_KEPT: usize = 16 << 20;
const ELSE_KEPT: usize = 1 << 20;

/// A line that does not end comes in pieces.
const LONGEST: u64 = 64 << 10;

/// The reading end.
#[derive(Debug)]
pub struct Listener {
    lines: Receiver<(Instant, String)>,
    log: String,
    ended: bool,
}

impl Listener {
    /// `mark`: what our far part begins its lines with; all of them are wanted.
    pub fn new(stderr: ChildStderr, mark: &str) -> Listener {
        let (sender, lines) = channel();
        let mark = mark.to_owned();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stderr);
            let mut line = Vec::new();
            // An error here is the end of the pipe in other words.
            let (mut log, mut other) = (LOG_KEPT, ELSE_KEPT);
            let read = |reader: &mut BufReader<ChildStderr>, line: &mut Vec<u8>| {
                line.clear();
                reader.take(LONGEST).read_until(b'\n', line).is_ok_and(|read| read > 0)
            };
            while read(&mut reader, &mut line) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                let is_log = text.starts_with("debug") || text.starts_with("Transferred: ");
                let room = if is_log { &mut log } else { &mut other };
                let fits = text.len() <= *room;
                *room -= if fits { text.len() } else { 0 };
                let wanted = fits || text.contains(&mark);
                if wanted && sender.send((Instant::now(), text)).is_err() {
                    break;
                }
            }
        });
        Listener { lines, log: String::new(), ended: false }
    }

    /// The next line, if one comes in time.
    pub fn next(&mut self, time: Duration) -> Option<(Instant, String)> {
        match self.lines.recv_timeout(time) {
            Ok((at, line)) => {
                self.log.push_str(&line);
                self.log.push('\n');
                Some((at, line))
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.ended = true;
                // A caller that polls must not spin on a closed pipe.
                std::thread::sleep(time.min(Duration::from_millis(1)));
                None
            }
        }
    }

    /// Nobody holds the other end any more and all lines were taken.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Takes whatever has come, waiting for the end at most so long; the whole text so far.
    pub fn drain(&mut self, time: Duration) -> &str {
        let end = Instant::now() + time;
        while !self.ended {
            let left = end.saturating_duration_since(Instant::now());
            if self.next(left).is_none() && left.is_zero() {
                break;
            }
        }
        &self.log
    }

    pub fn log(&self) -> &str {
        &self.log
    }
}

/// A log without the lines of our far part.
pub fn without(log: &str, mark: &str) -> String {
    let lines = log.lines().filter(|line| !line.contains(mark));
    lines.flat_map(|line| [line, "\n"]).collect()
}
