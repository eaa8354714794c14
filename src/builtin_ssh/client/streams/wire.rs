//! The bytes between us and the server: read without a copy of ours, counted, the first of them kept
//! for the log, and not read while our own reader is slow.

use std::io::{self, IoSliceMut};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// Bytes that are read beyond what russh asks for: the next packet's length, or many small packets.
const AHEAD: usize = 4 * 1024;

/// Reads of at least so many bytes go straight into russh's buffer, without another copy.
const LARGE: usize = 2 * AHEAD;

/// The step by which the buffer grows while russh waits for a write.
const GROWTH: usize = 256 * 1024;

/// Bytes that are kept of the beginning of each direction: enough for an identification and a KEXINIT.
const KEPT: usize = 16 * 1024;

/// A connection to the server or to a proxy.
#[derive(Debug)]
pub enum Transport {
    Tcp(TcpStream),
    /// Both standard streams of a ProxyCommand.
    Proxy(UnixStream),
}

/// What is known of a connection outside russh's task.
#[derive(Debug, Default)]
pub struct Meter {
    sent: AtomicU64,
    received: AtomicU64,
    first_sent: Mutex<Vec<u8>>,
    first_received: Mutex<Vec<u8>>,
    pub gate: Gate,
}

/// Stops reading from the server while too much waits for our own readers.
///
/// russh extends the server's window as soon as data arrives, and a handler that waits would stop the
/// other direction too. So the connection itself is not read for a while: what we send still goes, and
/// the server stops when TCP takes no more.
#[derive(Debug, Default)]
pub struct Gate {
    queued: AtomicUsize,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    /// More than the window of a channel: a server that has filled the window still gets answers, and
    /// only a reader with more than that unread stops the connection.
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

/// The stream that russh is given.
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
        Wire { transport, meter, buffer: vec![0; AHEAD], start: 0, end: 0 }
    }

    /// Reads more into the buffer.
    fn fill(&mut self, context: &mut Context) -> Poll<io::Result<usize>> {
        let buffer = &mut self.buffer[self.end..];
        let count = ready!(self.transport.poll_readv(context, &mut [IoSliceMut::new(buffer)]))?;
        let filled = &self.buffer[self.end..self.end + count];
        Meter::count(&self.meter.received, &self.meter.first_received, filled);
        self.end += count;
        Poll::Ready(Ok(count))
    }

    /// Fills russh's buffer and, where there is more, ours, in one call.
    fn read_through(&mut self, context: &mut Context, into: &mut ReadBuf) -> Poll<io::Result<()>> {
        let unfilled = into.initialize_unfilled();
        let room = unfilled.len();
        let mut buffers = [IoSliceMut::new(unfilled), IoSliceMut::new(&mut self.buffer)];
        let count = ready!(self.transport.poll_readv(context, &mut buffers))?;
        let (theirs, ours) = (count.min(room), count.saturating_sub(room));
        into.advance(theirs);
        self.end = ours;
        let (counter, first) = (&self.meter.received, &self.meter.first_received);
        Meter::count(counter, first, &into.filled()[into.filled().len() - theirs..]);
        Meter::count(counter, first, &self.buffer[..ours]);
        Poll::Ready(Ok(()))
    }

    /// While russh waits for a write it reads nothing. Two ends that both do so would wait for each
    /// other for ever, so what arrives meanwhile is read into the buffer: at most the window.
    fn read_ahead(&mut self, context: &mut Context) {
        loop {
            if self.end == self.buffer.len() {
                self.buffer.resize(self.end + GROWTH, 0);
            }
            match self.fill(context) {
                // The next read meets the end or the error again.
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
            wire.buffer.truncate(AHEAD);
            if into.remaining() >= LARGE {
                return wire.read_through(context, into);
            }
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
                wire.read_ahead(context);
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

impl Transport {
    /// Reads into several buffers at once; zero at the end.
    fn poll_readv(
        &self,
        context: &mut Context,
        into: &mut [IoSliceMut],
    ) -> Poll<io::Result<usize>> {
        loop {
            ready!(match self {
                Transport::Tcp(stream) => stream.poll_read_ready(context),
                Transport::Proxy(stream) => stream.poll_read_ready(context),
            })?;
            let mut count = 0;
            let read = || {
                let room: usize = into.iter().map(|buffer| buffer.len()).sum();
                count = match self {
                    Transport::Tcp(stream) => rustix::io::readv(stream, into),
                    Transport::Proxy(stream) => rustix::io::readv(stream, into),
                }?;
                // Less than there was room for: nothing is left. Another attempt would only find that
                // out, so the next read waits as if it had.
                match count {
                    1.. if count < room => Err(io::ErrorKind::WouldBlock.into()),
                    _ => Ok(()),
                }
            };
            let tried = match self {
                Transport::Tcp(stream) => stream.try_io(Interest::READABLE, read),
                Transport::Proxy(stream) => stream.try_io(Interest::READABLE, read),
            };
            match tried {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && count == 0 => {}
                Err(error) if error.kind() != io::ErrorKind::WouldBlock => {
                    return Poll::Ready(Err(error));
                }
                _ => return Poll::Ready(Ok(count)),
            }
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    fn in_runtime(work: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let within = async { tokio::time::timeout(Duration::from_secs(60), work).await };
        runtime.block_on(within).expect("both ends wait for each other");
    }

    fn pair() -> (Wire, Arc<Meter>, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let meter = Arc::new(Meter::default());
        (Wire::new(Transport::Proxy(ours), Arc::clone(&meter)), meter, theirs)
    }

    #[test]
    fn two_ends_that_write_before_they_read_do_not_wait_for_each_other() {
        in_runtime(async {
            let (mut wire, meter, mut peer) = pair();
            let (ours, theirs) = (vec![1; 3 << 20], vec![2; 3 << 20]);
            let client = async {
                wire.write_all(&ours).await.unwrap();
                let mut received = vec![0; theirs.len()];
                wire.read_exact(&mut received).await.unwrap();
                assert!(received == theirs);
            };
            let server = async {
                peer.write_all(&theirs).await.unwrap();
                let mut received = vec![0; ours.len()];
                peer.read_exact(&mut received).await.unwrap();
                assert!(received == ours);
            };
            tokio::join!(client, server);
            assert_eq!((meter.sent(), meter.received()), (3 << 20, 3 << 20));
        });
    }

    #[test]
    fn nothing_is_read_while_too_much_waits() {
        in_runtime(async {
            let (mut wire, meter, mut peer) = pair();
            peer.write_all(b"hello").await.unwrap();
            meter.gate.add(Gate::FULL + 7);
            let mut one = [0];
            let soon = Duration::from_millis(50);
            assert!(tokio::time::timeout(soon, wire.read(&mut one)).await.is_err());
            let opened = async {
                tokio::task::yield_now().await;
                meter.gate.remove(8);
            };
            let (read, ()) = tokio::join!(wire.read(&mut one), opened);
            assert_eq!((read.unwrap(), one), (1, *b"h"));
            assert_eq!(meter.first_received(), b"hello");
        });
    }
}
