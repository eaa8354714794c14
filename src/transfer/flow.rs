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

/// Bytes that have moved, and when.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    pub bytes: u64,
    /// Seconds since the start, and bytes until then; about 20 per second.
    pub marks: Vec<(f64, u64)>,
    pub end: FlowEnd,
}

/// Why a flow ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FlowEnd {
    /// All that was asked for has moved, or the stream ended.
    #[default]
    Done,
    /// Nothing moved for [`STALLED_AFTER`].
    Stalled,
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
const MARK_EVERY_S: f64 = 0.05;

/// When a feed ends.
#[derive(Clone, Copy, Debug)]
pub enum Until {
    /// Repeats the file as often as needed.
    Seconds(f64),
    Bytes(u64),
}

/// Feeds a file's first `length` bytes into a pipe.
pub fn feed(
    file: &File,
    length: u64,
    pipe: impl AsFd,
    until: Until,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Flow> {
    let mut offset = 0_u64;
    run(pipe.as_fd(), PollFlags::OUT, interrupt, progress, |flow, elapsed_s, pipe| {
        let left = match until {
            Until::Seconds(seconds) if elapsed_s >= seconds => 0,
            Until::Seconds(_) => u64::MAX,
            Until::Bytes(bytes) => bytes - flow.bytes,
        };
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

/// Drains a pipe into `/dev/null` until it is closed. Calls `stop` once, after `stop_after` seconds.
pub fn drain(
    pipe: impl AsFd,
    null: &File,
    stop_after: Option<f64>,
    stop: &mut dyn FnMut(),
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64),
) -> io::Result<Flow> {
    let mut stop_after = stop_after;
    run(pipe.as_fd(), PollFlags::IN, interrupt, progress, |_, elapsed_s, pipe| {
        if stop_after.is_some_and(|seconds| elapsed_s >= seconds) {
            stop_after = None;
            stop();
        }
        match splice(pipe, None, null, None, PIPE_BYTES, SpliceFlags::NONBLOCK) {
            Ok(0) => Ok(Step::Over),
            Ok(moved) => Ok(Step::Moved(moved)),
            Err(Errno::AGAIN | Errno::INTR) => Ok(Step::Last(0)),
            Err(error) => Err(error.into()),
        }
    })
}

/// Drops what has arrived so far: the output of remote start-up files, which comes before the remote
/// command is ready.
pub fn discard(pipe: impl AsFd, null: &File) -> io::Result<()> {
    loop {
        match splice(&pipe, None, null, None, PIPE_BYTES, SpliceFlags::NONBLOCK) {
            Ok(0) | Err(Errno::AGAIN) => return Ok(()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// What one attempt to move bytes did.
enum Step {
    Moved(usize),
    /// Moved so many; no more can be moved just now.
    Last(usize),
    Over,
}

/// Repeats `step` until it is over. `ready`: the state of the pipe in which it can move bytes.
fn run(
    pipe: BorrowedFd,
    ready: PollFlags,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(u64),
    mut step: impl FnMut(&Flow, f64, BorrowedFd) -> io::Result<Step>,
) -> io::Result<Flow> {
    // If this fails, a smaller pipe works too, with more wake-ups.
    let _ = fcntl_setpipe_size(pipe, PIPE_BYTES);
    let mut flow = Flow::default();
    let started = Instant::now();
    let mut last_moved = started;
    let mut pause = SHORTEST_PAUSE;
    loop {
        let mut turn = 0;
        loop {
            let elapsed_s = started.elapsed().as_secs_f64();
            match step(&flow, elapsed_s, pipe) {
                Ok(Step::Over) => {
                    flow.marks.push((elapsed_s, flow.bytes));
                    return Ok(flow);
                }
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
            // So that marks are made even if the pipe is never found full.
            if turn >= 2 * PIPE_BYTES {
                break;
            }
        }
        let now = Instant::now();
        let elapsed_s = now.duration_since(started).as_secs_f64();
        if flow.marks.last().is_none_or(|(at, _)| elapsed_s - at >= MARK_EVERY_S) {
            flow.marks.push((elapsed_s, flow.bytes));
            progress(flow.bytes);
        }
        if turn > 0 {
            last_moved = now;
        } else if now.duration_since(last_moved) > STALLED_AFTER {
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
            wait_until(ready, pipe)?;
        }
        std::thread::sleep(pause);
    }
}

/// Waits until bytes can be moved, but not so long that marks, stalls and interrupts are missed.
fn wait_until(ready: PollFlags, pipe: BorrowedFd) -> io::Result<()> {
    const TIMEOUT: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
    match poll(&mut [PollFd::from_borrowed_fd(pipe, ready)], Some(&TIMEOUT)) {
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
        let flow = feed(&file, 10, &writer, Until::Bytes(25), &interrupt, &mut |_| {}).unwrap();
        drop(writer);
        assert_eq!((flow.bytes, flow.end), (25, FlowEnd::Done));
        assert_eq!(reading.join().unwrap(), b"0123456789012345678901234");
    }

    #[test]
    fn bytes_are_counted_until_the_pipe_is_closed() {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let null = File::options().write(true).open("/dev/null").unwrap();
        let writing = std::thread::spawn(move || writer.write_all(&vec![1; 3_000_000]).unwrap());
        let interrupt = Interrupt::default();
        let flow = drain(&reader, &null, None, &mut || {}, &interrupt, &mut |_| {}).unwrap();
        writing.join().unwrap();
        assert_eq!((flow.bytes, flow.end), (3_000_000, FlowEnd::Done));
    }

    #[test]
    fn a_reader_that_closes_the_pipe_is_no_normal_end() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&[1; 1000]).unwrap();
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let interrupt = Interrupt::default();
        let flow = feed(&file, 1000, &writer, Until::Bytes(1000), &interrupt, &mut |_| {}).unwrap();
        assert_eq!(flow.end, FlowEnd::Closed);
    }
}
