//! Between a channel and the standard streams of its process.
//!
//! russh grants a channel's client new window as its data arrives, not as we consume it, and
//! handles one packet of a connection after the other. So what a process is slow to read waits in
//! its [`Feed`]. When that is full, the window granted next is a trickle (`adjust_window`): it
//! can't be nothing, since russh grants again only when data arrives. Each packet of the trickle is
//! held for a moment; never for long, since the other channels are held with it, and the process
//! may itself be waiting for us to take its output.

use std::collections::VecDeque;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use russh::ChannelWriteHalf;
use russh::server::{Handle, Msg};
use rustix::process::Pid;
use tokio::net::unix::pipe::{Receiver, Sender};
use tokio::process::Child;
use tokio::sync::{Notify, oneshot};

use super::config::{PACKET, WINDOW};
use super::process::Processes;
use super::signals;

/// A feed with more than this is full. One more window may arrive until its client has noticed.
const FULL: usize = WINDOW as usize;

/// How long a packet of the trickle is held.
const PATIENCE: Duration = Duration::from_millis(50);

/// The same where the process waits for its own output to be taken.
const IMPATIENCE: Duration = Duration::from_millis(1);

/// Read from a process at a time: a packet.
const BLOCK: usize = PACKET as usize;

/// `SSH_EXTENDED_DATA_STDERR` (RFC 4254, 5.2).
const STDERR: u32 = 1;

/// Whether something could be sent.
type Sent = Result<(), russh::Error>;

/// What a process has yet to read from its standard input.
pub struct Feed {
    state: Mutex<State>,
    filled: Notify,
    drained: Notify,
    /// The process's output waits to be sent.
    held_up: AtomicBool,
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
    pub fn end(&self) {
        let mut state = self.state();
        state.ended = true;
        if state.queue.is_empty() {
            state.close();
        }
    }

    /// Closes the pipe, whatever waits.
    fn close(&self) {
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
            let patience = match self.held_up.load(Ordering::Relaxed) {
                true => IMPATIENCE,
                false => PATIENCE,
            };
            // The time may be over before: the next packet waits again.
            let _ = tokio::time::timeout(patience, self.drained.notified()).await;
        }
    }

    /// Sends output of the process; meanwhile its input is not waited for.
    async fn send(&self, sent: impl Future<Output = Sent>) -> Sent {
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
    async fn drain(&self) {
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

/// A channel as its process's output sees it.
pub struct Outlet {
    pub channel: ChannelWriteHalf<Msg>,
    pub handle: Handle,
    /// Resolves when the client has closed the channel or is gone.
    pub gone: oneshot::Receiver<()>,
}

/// A process that has been started, its input apart.
pub struct Started {
    pub pid: Pid,
    pub child: Child,
    pub stdout: Receiver,
    pub stderr: Receiver,
}

/// Relays until the process has ended and its output is sent, or the client is gone. Then the
/// pipes are closed; the process is reaped whenever it ends.
pub async fn relay(started: Started, feed: Arc<Feed>, outlet: Outlet, processes: Processes) {
    let Started { pid, mut child, stdout, stderr } = started;
    let Outlet { channel, handle, gone } = outlet;
    let conversation = async {
        let to = &channel;
        tokio::try_join!(pump(stdout, to, None, &feed), pump(stderr, to, Some(STDERR), &feed))?;
        channel.eof().await?;
        Ok::<_, russh::Error>(reap(&mut child, pid, &processes).await)
    };
    let ended = tokio::select! {
        status = conversation => status.ok(),
        () = feed.drain() => None,
        _ = gone => None,
    };
    feed.close();
    match ended {
        Some(status) => {
            // Where the client has just gone there is nobody to tell.
            let _ = tell(&channel, &handle, status).await;
        }
        None => {
            reap(&mut child, pid, &processes).await;
        }
    }
}

/// Sends all that a process writes, as much at a time as the client's window takes.
async fn pump(
    from: Receiver,
    to: &ChannelWriteHalf<Msg>,
    extended: Option<u32>,
    feed: &Feed,
) -> Sent {
    loop {
        // No memory is held while a silent process is waited for.
        if from.readable().await.is_err() {
            return Ok(());
        }
        let mut block = Vec::with_capacity(BLOCK);
        match from.try_read_buf(&mut block) {
            Ok(0) => return Ok(()),
            Ok(_) => match extended {
                None => feed.send(to.data_bytes(block)).await?,
                Some(code) => feed.send(to.extended_data_bytes(code, block)).await?,
            },
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(_) => return Ok(()),
        }
    }
}

/// Waits for the end of a process.
async fn reap(child: &mut Child, pid: Pid, processes: &Processes) -> Option<ExitStatus> {
    let status = child.wait().await.ok();
    processes.reaped(pid);
    status
}

/// How the process ended, as RFC 4254 (6.10) says it; then the channel is closed.
async fn tell(
    channel: &ChannelWriteHalf<Msg>,
    handle: &Handle,
    status: Option<ExitStatus>,
) -> Result<(), russh::Error> {
    if let Some(code) = status.and_then(|status| status.code()) {
        channel.exit_status(code as u32).await?;
    } else if let Some((status, signal)) = status.and_then(|s| Some((s, s.signal()?))) {
        let (core, nothing) = (status.core_dumped(), String::new());
        let name = signals::name(signal);
        let told = handle.exit_signal_request(channel.id(), name, core, nothing.clone(), nothing);
        told.await.map_err(|()| russh::Error::SendError)?;
    }
    channel.close().await
}
