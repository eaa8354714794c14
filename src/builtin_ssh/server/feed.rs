//! From a channel to the standard input of its process.
//!
//! russh extends the window of a channel as data arrives, not as we consume it, and handles the packets
//! of a connection one after the other. So what a process is slow to read waits in its [`Feed`]. When
//! that is full, the next window is tiny (`adjust_window`): it can't be zero, since russh extends it
//! only when data arrives. The handler waits a moment at each of the small packets that follow; never
//! for long, since the other channels wait too, and the process may itself be waiting for us to take
//! its output.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe::Sender;
use tokio::sync::Notify;

use super::config::WINDOW;

/// A feed with so many bytes is full. Up to another window may arrive before the client stops.
const FULL: usize = WINDOW as usize;

/// How long the handler waits at a packet while the feed is full.
const PAUSE: Duration = Duration::from_millis(50);

/// The same while the process waits for its own output to be taken.
const SHORT_PAUSE: Duration = Duration::from_millis(1);

/// How long the handler waits, at the end of the input, for a process whose output has ended already.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a process has yet to read from its standard input.
pub struct Feed {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    /// The process's output waits to be sent.
    held_up: AtomicBool,
    /// The client has sent EOF.
    input_ended: AtomicBool,
    /// We have sent the EOF of the process.
    output_ended: AtomicBool,
    over: Notify,
}

#[derive(Default)]
struct State {
    /// Absent once it is closed, by either side.
    sink: Option<Arc<Sender>>,
    queue: VecDeque<Vec<u8>>,
    /// Bytes of the queue's first block that have been written.
    written: usize,
    /// Bytes of the queue that have not.
    waiting: usize,
    /// To be closed when all is written.
    ended: bool,
}

impl Feed {
    pub fn new(sink: Sender) -> Feed {
        let state = State { sink: Some(Arc::new(sink)), ..State::default() };
        Feed {
            state: Mutex::new(state),
            filled: Notify::new(),
            drained: Notify::new(),
            held_up: AtomicBool::new(false),
            input_ended: AtomicBool::new(false),
            output_ended: AtomicBool::new(false),
            over: Notify::new(),
        }
    }

    /// Writes what the pipe takes; the rest waits. Once nobody reads it any more, it is dropped.
    pub fn put(&self, mut bytes: &[u8]) {
        let mut state = self.state();
        let Some(sink) = state.sink.clone() else { return };
        if state.queue.is_empty() {
            match write(&sink, bytes) {
                Ok(count) => bytes = &bytes[count..],
                Err(_) => return state.close(),
            }
        }
        if !bytes.is_empty() {
            state.waiting += bytes.len();
            state.queue.push_back(bytes.to_vec());
            self.filled.notify_one();
        }
    }

    /// Closes the pipe when all is written.
    ///
    /// A client that has seen both EOFs closes the channel, and russh answers at once: then the exit
    /// status can't be sent any more. So the process is given a moment to end before.
    pub async fn end(&self) {
        self.input_ended.store(true, Ordering::Relaxed);
        {
            let mut state = self.state();
            state.ended = true;
            if state.queue.is_empty() {
                state.close();
            }
        }
        if self.output_ended.load(Ordering::Relaxed) {
            // Where it takes longer, its status is lost.
            let _ = tokio::time::timeout(FAREWELL, self.over.notified()).await;
        }
    }

    /// Whether the EOF may be sent before the process ends (see [`Feed::end`]).
    pub fn end_output(&self) -> bool {
        let may = !self.input_ended.load(Ordering::Relaxed);
        self.output_ended.store(may, Ordering::Relaxed);
        may
    }

    /// The client was sent the exit status.
    pub fn finish(&self) {
        self.over.notify_one();
    }

    /// Closes the pipe, whatever still waits.
    pub fn close(&self) {
        self.state().close();
        self.drained.notify_one();
    }

    /// Whether the process is slow to read.
    pub fn is_full(&self) -> bool {
        self.state().waiting >= FULL
    }

    /// Where the feed is full: waits a moment for the process to read.
    pub async fn pause(&self) {
        if self.is_full() {
            let pause = match self.held_up.load(Ordering::Relaxed) {
                true => SHORT_PAUSE,
                false => PAUSE,
            };
            // If the feed is still full then, the next packet waits again.
            let _ = tokio::time::timeout(pause, self.drained.notified()).await;
        }
    }

    /// Sends output of the process; while that waits, its input is not waited for.
    pub async fn send<T>(&self, sent: impl Future<Output = T>) -> T {
        let mut sent = std::pin::pin!(sent);
        std::future::poll_fn(|context| {
            let polled = sent.as_mut().poll(context);
            self.held_up.store(polled.is_pending(), Ordering::Relaxed);
            if polled.is_pending() {
                self.drained.notify_one();
            }
            polled
        })
        .await
    }

    /// Writes what waits, as the process reads it; never returns.
    pub async fn drain(&self) {
        loop {
            let sink = self.state().sink.clone();
            match sink.filter(|_| self.state().waiting > 0) {
                Some(sink) => {
                    // The write will show an error.
                    let _ = sink.writable().await;
                    self.write_on(&sink);
                }
                None => self.filled.notified().await,
            }
        }
    }

    fn write_on(&self, sink: &Sender) {
        let mut state = self.state();
        while let Some(block) = state.queue.front() {
            let rest = &block[state.written..];
            let length = rest.len();
            match write(sink, rest) {
                Ok(count) => {
                    state.waiting -= count;
                    if count < length {
                        state.written += count;
                        break;
                    }
                    state.written = 0;
                    state.queue.pop_front();
                }
                Err(_) => state.close(),
            }
        }
        if state.waiting < FULL / 2 {
            self.drained.notify_one();
        }
        if state.ended && state.queue.is_empty() {
            state.close();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close(&mut self) {
        *self = State { ended: true, ..State::default() };
    }
}

/// Writes until the pipe is full; returns how many bytes it took.
fn write(sink: &Sender, bytes: &[u8]) -> io::Result<usize> {
    let mut count = 0;
    while count < bytes.len() {
        match sink.try_write(&bytes[count..]) {
            Ok(written) => count += written,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}
