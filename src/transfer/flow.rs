//! Moves the bytes of `pipe` by splice(2), never through this program's memory.
//!
//! A wake-up per packet would cost a tenth of a CPU core at 1 GB/s. So the pipe is made large, and
//! between two turns this program sleeps for as long as it takes to empty (or fill) most of it. Where
//! nothing moves, as when a quota throttles the client, it waits for the first byte instead: a burst
//! may follow, which a longer sleep would stall.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::pipe::{SpliceFlags, fcntl_setpipe_size, splice};

use crate::local::interrupt::Interrupt;

/// Bytes that have moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub bytes: u64,
    pub end: FlowEnd,
}

/// Why a flow ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowEnd {
    /// All that was asked for has moved.
    #[default]
    Done,
    /// Nothing moved for too long.
    Stalled,
    /// It is told to end.
    Stopped,
    /// The pipe's other end was closed.
    Closed,
    Interrupted,
}

/// A transfer that moves no byte for so long has failed.
pub const STALLED_AFTER: Duration = Duration::from_secs(30);

/// Linux allows any user pipes of up to 1 MiB (`/proc/sys/fs/pipe-max-size`).
const PIPE_BYTES: usize = 1 << 20;

const SHORTEST_PAUSE: Duration = Duration::from_micros(200);
const LONGEST_PAUSE: Duration = Duration::from_millis(10);

/// Feeds so many bytes into a pipe: a file's first `length` bytes, repeated as often as needed. `progress` is told
/// how many have moved, and says whether to go on.
pub fn feed(
    file: &File,
    length: u64,
    pipe: impl AsFd,
    bytes: u64,
    stalled_after: Duration,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64) -> bool,
) -> io::Result<Flow> {
    let mut offset = 0_u64;
    run(pipe.as_fd(), stalled_after, interrupt, progress, |flow, pipe| {
        let left = bytes - flow.bytes;
        if left == 0 {
            return Ok(Step::Over);
        }
        if offset >= length {
            offset = 0;
        }
        let most = left.min(length - offset).min(PIPE_BYTES as u64) as usize;
        let moved = splice(file, Some(&mut offset), pipe, None, most, SpliceFlags::NONBLOCK);
        match moved {
            Ok(0) => Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "FILE was shortened while it was sent",
            )),
            // Less than the file has left: the pipe is full.
            Ok(moved) if moved < most => Ok(Step::Last(moved)),
            Ok(moved) => Ok(Step::Moved(moved)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Step::Last(0)),
            Err(error) => Err(error.into()),
        }
    })
}

/// What one attempt to move bytes did.
enum Step {
    Moved(usize),
    /// Moved so many; no more can be moved just now.
    Last(usize),
    Over,
}

/// Repeats `step` until it is over.
fn run(
    pipe: BorrowedFd,
    stalled_after: Duration,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64) -> bool,
    mut step: impl FnMut(&Flow, BorrowedFd) -> io::Result<Step>,
) -> io::Result<Flow> {
    // If this fails, a smaller pipe works too, with more wake-ups.
    let _ = fcntl_setpipe_size(pipe, PIPE_BYTES);
    let mut flow = Flow::default();
    let mut last_moved = Instant::now();
    let mut pause = SHORTEST_PAUSE;
    loop {
        let mut turn = 0;
        loop {
            match step(&flow, pipe) {
                Ok(Step::Over) => return Ok(flow),
                Ok(Step::Moved(moved)) => {
                    flow.bytes += moved as u64;
                    turn += moved;
                }
                Ok(Step::Last(moved)) => {
                    flow.bytes += moved as u64;
                    turn += moved;
                    break;
                }
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                    flow.end = FlowEnd::Closed;
                    return Ok(flow);
                }
                Err(error) => return Err(error),
            }
            // So that progress is told even if the pipe is never found full.
            if turn >= 2 * PIPE_BYTES {
                break;
            }
        }
        let now = Instant::now();
        if !progress(flow.bytes) {
            flow.end = FlowEnd::Stopped;
            return Ok(flow);
        }
        if turn > 0 {
            last_moved = now;
        } else if now.duration_since(last_moved) > stalled_after {
            flow.end = FlowEnd::Stalled;
            return Ok(flow);
        }
        if interrupt.is_raised() {
            flow.end = FlowEnd::Interrupted;
            return Ok(flow);
        }
        if turn > 0 {
            pause = next_pause(pause, turn);
        } else {
            wait_until_writable(pipe)?;
        }
        std::thread::sleep(pause);
    }
}

/// Waits until bytes can be moved, but not so long that stalls and interrupts are missed.
fn wait_until_writable(pipe: BorrowedFd) -> io::Result<()> {
    const TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    match poll(&mut [PollFd::from_borrowed_fd(pipe, PollFlags::OUT)], Some(&TIMEOUT)) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Aims at moving most of a pipe per turn. The client's own buffers and window (2 MiB) bridge a turn
/// that comes late.
fn next_pause(pause: Duration, moved: usize) -> Duration {
    let wanted = PIPE_BYTES / 8 * 7;
    let factor = wanted as f64 / moved.max(PIPE_BYTES / 16) as f64;
    pause.mul_f64(factor.clamp(0.5, 1.5)).clamp(SHORTEST_PAUSE, LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn a_small_file_is_repeated_and_every_byte_is_counted() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"0123456789").unwrap();
        let (mut reader, writer) = std::io::pipe().unwrap();
        let reading = std::thread::spawn(move || {
            let mut read = Vec::new();
            reader.read_to_end(&mut read).unwrap();
            read
        });
        let interrupt = Interrupt::default();
        let flow = feed(&file, 10, &writer, 25, STALLED_AFTER, &interrupt, &mut |_| true).unwrap();
        drop(writer);
        assert_eq!((flow.bytes, flow.end), (25, FlowEnd::Done));
        assert_eq!(reading.join().unwrap(), b"0123456789012345678901234");
    }

    #[test]
    fn a_reader_that_closes_the_pipe_is_no_normal_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 1000]).unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let interrupt = Interrupt::default();
        let feed = |bytes| {
            feed(&file, 1000, &writer, bytes, STALLED_AFTER, &interrupt, &mut |_| true).unwrap()
        };
        let flow = feed(1000);
        assert_eq!(flow.end, FlowEnd::Closed);
    }
}
