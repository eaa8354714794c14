//! The bytes between us and the server: read in large pieces, counted, the first of them kept for
//! the log, and held back while our own reader is slow.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// What one read of the connection may take: several packets of a download.
const READ: usize = 256 * 1024;

/// As much of each way's beginning is kept as holds an identification and a KEXINIT.
const KEPT: usize = 16 * 1024;

/// A connection to the server or to a proxy.
#[derive(Debug)]
pub enum Transport {
    Tcp(TcpStream),
    /// Both standard streams of a ProxyCommand.
    Proxy(UnixStream),
}

/// What is known of a connection outside of its session's task.
#[derive(Debug, Default)]
pub struct Meter {
    sent: AtomicU64,
    received: AtomicU64,
    first_sent: Mutex<Vec<u8>>,
    first_received: Mutex<Vec<u8>>,
    pub gate: Gate,
}

/// Holds back what comes from the server while too much waits for our own readers.
///
/// russh grants the server its window again as soon as data arrives, and a handler that waits
/// would stop the other direction too. So the connection itself is not read for a while: what we
/// send still goes, and the server stops by itself.
#[derive(Debug, Default)]
pub struct Gate {
    queued: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    /// More than the window of a channel, so that a far program that has filled it can be told
    /// to go on reading: whoever has as much unread holds itself up.
    const FULL: usize = 4 << 20;

    pub fn add(&self, bytes: usize) {
        self.queued.fetch_add(bytes, Ordering::Relaxed);
    }

    pub fn remove(&self, bytes: usize) {
        let before = self.queued.fetch_sub(bytes, Ordering::Relaxed);
        if before >= Gate::FULL && before - bytes < Gate::FULL {
            let waker = self.waker.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some(waker) = waker {
                waker.wake();
            }
        }
    }

    pub fn is_closed(&self) -> bool {
        self.queued.load(Ordering::Relaxed) >= Gate::FULL
    }

    fn poll(&self, context: &Context) -> Poll<()> {
        if !self.is_closed() {
            return Poll::Ready(());
        }
        *self.waker.lock().unwrap_or_else(PoisonError::into_inner) = Some(context.waker().clone());
        Poll::Pending
    }
}

impl Meter {
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    pub fn first_sent(&self) -> Vec<u8> {
        self.first_sent.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn first_received(&self) -> Vec<u8> {
        self.first_received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn count(counter: &AtomicU64, first: &Mutex<Vec<u8>>, bytes: &[u8]) {
        let before = counter.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        if before < KEPT as u64 {
            first.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        }
    }
}

/// The stream that is handed to russh.
#[derive(Debug)]
pub struct Wire {
    transport: Transport,
    meter: Arc<Meter>,
    /// Read and not yet taken: `buffer[start..end]`.
    buffer: Vec<u8>,
    start: usize,
    end: usize,
}

impl Wire {
    pub fn new(transport: Transport, meter: Arc<Meter>) -> Wire {
        Wire { transport, meter, buffer: vec![0; READ], start: 0, end: 0 }
    }

    /// Reads on behind what is there.
    fn fill(&mut self, context: &mut Context) -> Poll<io::Result<usize>> {
        let mut buffer = ReadBuf::new(&mut self.buffer[self.end..]);
        ready!(Pin::new(&mut self.transport).poll_read(context, &mut buffer))?;
        let filled = buffer.filled();
        Meter::count(&self.meter.received, &self.meter.first_received, filled);
        let count = filled.len();
        self.end += count;
        Poll::Ready(Ok(count))
    }

    /// While russh waits for a write it reads nothing. Two ends that both do so would wait for
    /// each other for ever, so what arrives meanwhile is taken in here: at most the window.
    fn take_in(&mut self, context: &mut Context) {
        loop {
            if self.end == self.buffer.len() {
                self.buffer.resize(self.end + READ, 0);
            }
            match self.fill(context) {
                // The end, or an error, is met again by who reads.
                Poll::Ready(Ok(0) | Err(_)) | Poll::Pending => return,
                Poll::Ready(Ok(_)) => {}
            }
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context,
        into: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        let wire = self.get_mut();
        ready!(wire.meter.gate.poll(context));
        if wire.start == wire.end {
            (wire.start, wire.end) = (0, 0);
            wire.buffer.truncate(READ);
            ready!(wire.fill(context))?;
        }
        let count = into.remaining().min(wire.end - wire.start);
        into.put_slice(&wire.buffer[wire.start..wire.start + count]);
        wire.start += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let wire = self.get_mut();
        match Pin::new(&mut wire.transport).poll_write(context, bytes) {
            Poll::Ready(Ok(count)) => {
                Meter::count(&wire.meter.sent, &wire.meter.first_sent, &bytes[..count]);
                Poll::Ready(Ok(count))
            }
            Poll::Pending => {
                wire.take_in(context);
                Poll::Pending
            }
            failed => failed,
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().transport).poll_shutdown(context)
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context,
        into: &mut ReadBuf,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(stream) => Pin::new(stream).poll_read(context, into),
            Transport::Proxy(stream) => Pin::new(stream).poll_read(context, into),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Transport::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
            Transport::Proxy(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Transport::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
            Transport::Proxy(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
