//! What a child prints, read line by line in a thread that notes when each line arrived.

use std::io::{BufRead, BufReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Bytes kept of a client's log (`-v`), and of its other output. Beyond that its output is read, so
/// that it does not block, but not stored.
const LOG_KEPT: usize = 16 << 20;
const OTHER_KEPT: usize = 1 << 20;

/// A longer line is split.
const LONGEST_LINE: u64 = 64 << 10;

/// The lines that have arrived and are still to come.
#[derive(Debug)]
pub struct LineReader {
    lines: Receiver<(Instant, String)>,
    log: String,
    ended: bool,
}

impl LineReader {
    /// `mark`: what the lines of the remote command's report begin with; all of them are kept.
    pub fn new(stream: impl Read + Send + 'static, mark: &str) -> LineReader {
        let (sender, lines) = channel();
        let mark = mark.to_owned();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            let mut line = Vec::new();
            let (mut log, mut other) = (LOG_KEPT, OTHER_KEPT);
            // An error counts as the end of the pipe.
            let read = |reader: &mut BufReader<_>, line: &mut Vec<u8>| {
                line.clear();
                let mut limited = reader.take(LONGEST_LINE);
                limited.read_until(b'\n', line).is_ok_and(|read| read > 0)
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
        LineReader { lines, log: String::new(), ended: false }
    }

    /// The next line, waiting for it at most for `time`.
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

    /// The pipe is closed and all lines were returned.
    pub fn has_ended(&self) -> bool {
        self.ended
    }

    /// Reads until the pipe is closed, at most for `time`; returns the whole text so far.
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

/// A log without the remote command's report.
pub fn without_report(log: &str, mark: &str) -> String {
    let lines = log.lines().filter(|line| !line.contains(mark));
    lines.flat_map(|line| [line, "\n"]).collect()
}
