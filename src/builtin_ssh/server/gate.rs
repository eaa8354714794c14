//! Connections that have not logged in yet: how long they may take, and how many there may be.
//!
//! A connection that sends nothing, or garbage, or one byte per second, is closed when its time is over
//! (`LoginGraceTime` of OpenSSH). When there are too many, the oldest is closed, so that a client with
//! the key, which needs milliseconds, always gets in (OpenSSH's `MaxStartups` drops new ones at
//! random).

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

/// How long a login may take.
const GRACE: Duration = Duration::from_secs(30);

/// How many connections may be logging in at once.
const STARTUPS: usize = 100;

/// russh reads a packet's length and its rest separately; with a buffer one system call reads many
/// packets. A connection gets it once it has logged in: strangers get no memory.
const READ_BUFFER: usize = 256 * 1024;

/// Set once the connection has logged in.
pub type LoggedIn = Arc<AtomicBool>;

/// The connections that are logging in.
#[derive(Default)]
pub struct Gate {
    /// The oldest first. Dropping one closes its connection.
    startups: VecDeque<oneshot::Sender<()>>,
}

impl Gate {
    /// Admits a new connection.
    pub fn admit(&mut self, stream: TcpStream, logged_in: LoggedIn) -> Connection {
        self.startups.retain(|startup| !startup.is_closed());
        while self.startups.len() >= STARTUPS {
            self.startups.pop_front();
        }
        let (startup, displaced) = oneshot::channel();
        self.startups.push_back(startup);
        let over = async move {
            // Displaced or too late: its time is over.
            let _ = tokio::time::timeout(GRACE, displaced).await;
        };
        Connection {
            stream,
            logged_in,
            login: Login::Waited(Box::pin(over)),
            buffer: Buffer::default(),
        }
    }
}

/// What has been received and not yet read.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
}

enum Login {
    /// It may take until this is ready.
    Waited(Pin<Box<dyn Future<Output = ()> + Send>>),
    Done,
    Late,
}

/// A client's connection, which fails when its time to log in is over.
pub struct Connection {
    stream: TcpStream,
    logged_in: LoggedIn,
    login: Login,
    buffer: Buffer,
}

impl Connection {
    /// Fails when the connection must end now.
    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Login::Waited(over) = &mut self.login {
            if self.logged_in.load(Ordering::Relaxed) {
                self.login = Login::Done;
                self.buffer.bytes = vec![0; READ_BUFFER];
            } else if over.as_mut().poll(context).is_ready() {
                self.login = Login::Late;
            }
        }
        match self.login {
            Login::Late => Err(io::ErrorKind::TimedOut.into()),
            Login::Waited(_) | Login::Done => Ok(()),
        }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        wanted: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(context)?;
        let Connection { stream, buffer, .. } = &mut *self;
        if buffer.start == buffer.end {
            if wanted.remaining() >= buffer.bytes.len() {
                return Pin::new(stream).poll_read(context, wanted);
            }
            let mut filled = ReadBuf::new(&mut buffer.bytes);
            ready!(Pin::new(stream).poll_read(context, &mut filled))?;
            (buffer.start, buffer.end) = (0, filled.filled().len());
        }
        let received = &buffer.bytes[buffer.start..buffer.end];
        let count = received.len().min(wanted.remaining());
        wanted.put_slice(&received[..count]);
        buffer.start += count;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
