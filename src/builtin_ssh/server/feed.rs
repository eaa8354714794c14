//! From a channel to the standard input of its process.
//!
//! russh grants a channel's client new window as its data arrives, not as we consume it, and
//! handles one packet of a connection after the other. So what a process is slow to read waits in
//! its [`Feed`]. When that is full, the window granted next is a trickle (`adjust_window`): it
//! can't be nothing, since russh grants again only when data arrives. Each packet of the trickle is
//! held for a moment; never for long, since the other channels are held with it, and the process
//! may itself be waiting for us to take its output.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::net::unix::pipe::Sender;
use tokio::sync::Notify;

use super::config::WINDOW;

/// A feed with more than this is full. One more window may arrive until its client has noticed.
const FULL: usize = WINDOW as usize;

/// How long a packet of the trickle is held.
const TIMEOUT: Duration = Duration::from_millis(50);

/// The same where the process waits for its own output to be taken.
const RETRY_GROWTH: Duration = Duration::from_millis(1);

/// How long the end of the input holds a connection for the end of a process whose output ended
/// before.
const FAREWELL: Duration = Duration::from_secs(1);

/// What a process has yet to read from its standard input.
pub struct Feed {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    /// The process's output waits to be sent.
    held_up: AtomicBool,
    /// The client has said that it sends no more.
    input_ended: AtomicBool,
    /// We have said so of the process.
    output_ended: AtomicBool,
    over: Notify,
}

#[derive(Default)]
struct State {
    /// Absent: closed, by either side.
    sink: Option<Arc<Sender>>,
    queue: VecDeque<Vec<u8>>,
    /// Of the queue's first block, bytes that have been written.
    written: usize,
    /// Of the queue, bytes that have not.
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

    /// Writes what the pipe takes; the rest waits. What nobody reads any more is dropped.
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
    /// A client that knows both ends closes the channel, and russh answers at once: then there is
    /// no way to tell it the exit status. So the process has a moment to end before.
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

    /// Whether the end of the output may be told before that of the process (see [`Feed::end`]).
    pub fn end_output(&self) -> bool {
        let may = !self.input_ended.load(Ordering::Relaxed);
        self.output_ended.store(may, Ordering::Relaxed);
        may
    }

    /// The client has been told how the process ended.
    pub fn finish(&self) {
        self.over.notify_one();
    }

    /// Closes the pipe, whatever waits.
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
            let timeout = match self.held_up.load(Ordering::Relaxed) {
                true => RETRY_GROWTH,
                false => TIMEOUT,
            };
            // The time may be over before: the next packet waits again.
            let _ = tokio::time::timeout(timeout, self.drained.notified()).await;
        }
    }

    /// Sends output of the process; meanwhile its input is not waited for.
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

    /// Writes what waits as the process reads it; never ends.
    pub async fn drain(&self) {
        loop {
            let sink = self.state().sink.clone();
            match sink.filter(|_| self.state().waiting > 0) {
                Some(sink) => {
                    // An error shows in the write.
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

/// Writes until the pipe is full; how much it took.
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
