//! A thread that reads a child's standard error line by line and notes when each line came.

use std::io::{BufRead, BufReader};
use std::process::ChildStderr;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// Lines are kept up to so many bytes; a client that floods its standard error is read on, so
/// that it does not stall, but not stored.
const KEPT: usize = 1 << 20;

/// The reading end.
#[derive(Debug)]
pub struct Listener {
    lines: Receiver<(Instant, String)>,
    log: String,
    ended: bool,
}

impl Listener {
    pub fn new(stderr: ChildStderr) -> Listener {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stderr);
            let mut line = Vec::new();
            // An error here is the end of the pipe in other words.
            while reader.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                let text = String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned();
                if sender.send((Instant::now(), text)).is_err() {
                    break;
                }
                line.clear();
            }
        });
        Listener { lines, log: String::new(), ended: false }
    }

    /// The next line, if one comes in time.
    pub fn next(&mut self, time: Duration) -> Option<(Instant, String)> {
        match self.lines.recv_timeout(time) {
            Ok((at, line)) => {
                if self.log.len() + line.len() < KEPT {
                    self.log.push_str(&line);
                    self.log.push('\n');
                }
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
