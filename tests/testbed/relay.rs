//! A relay in front of a server that adds delay or limits the rate: netem is not in every kernel.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::{Duration, Instant};

/// How a relay treats what passes, one way.
#[derive(Clone, Copy)]
pub struct Manner {
    delay: Duration,
    /// Absent: as fast as it goes.
    bytes_per_s: Option<f64>,
}

/// Listens on a port of its own until the process ends.
pub struct Relay {
    pub port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    accepted: AtomicUsize,
    refused: AtomicUsize,
}

/// A connection, until both ways of it have ended.
struct Open(Arc<Counts>);

impl Open {
    fn of(counts: &Arc<Counts>) -> Arc<Open> {
        counts.open.fetch_add(1, Ordering::Relaxed);
        counts.accepted.fetch_add(1, Ordering::Relaxed);
        Arc::new(Open(counts.clone()))
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// One read of the relay; many of them are under way at once.
const BLOCK: usize = 64 << 10;
const UNDER_WAY: usize = 4096;

impl Relay {
    /// A round trip of 50 ms.
    pub fn distant() -> Manner {
        Manner { delay: Duration::from_millis(25), bytes_per_s: None }
    }

    /// A round trip of 10 ms.
    pub fn near() -> Manner {
        Manner { delay: Duration::from_millis(5), bytes_per_s: None }
    }

    /// As fast as it goes.
    pub fn swift() -> Manner {
        Manner { delay: Duration::ZERO, bytes_per_s: None }
    }

    /// 10 MB/s.
    pub fn narrow() -> Manner {
        Manner { delay: Duration::ZERO, bytes_per_s: Some(10e6) }
    }

    /// 1 Mbit/s.
    pub fn crawling() -> Manner {
        Manner { delay: Duration::ZERO, bytes_per_s: Some(125e3) }
    }

    /// Refuses the sixth connection within half a minute and each one after it, as `ufw limit` does:
    /// the refused ones count as well.
    pub fn limited(server: u16) -> Relay {
        const MOST: usize = 5;
        const WINDOW: Duration = Duration::from_secs(30);
        let mut tried: Vec<Instant> = Vec::new();
        Relay::serving(server, Relay::swift(), move |_| {
            tried.retain(|at| at.elapsed() < WINDOW);
            tried.push(Instant::now());
            tried.len() <= MOST
        })
    }

    /// Refuses connections after the first so many, for so long.
    pub fn pausing(after: usize, time: Duration, server: u16) -> Relay {
        let (mut tried, mut since) = (0, None);
        Relay::serving(server, Relay::swift(), move |_| {
            tried += 1;
            tried <= after || since.get_or_insert_with(Instant::now).elapsed() >= time
        })
    }

    /// Refuses connections while so many are open.
    pub fn at_most(most: usize, server: u16) -> Relay {
        Relay::serving(server, Relay::swift(), move |open| open < most)
    }

    pub fn new(server: u16, manner: Manner) -> Relay {
        Relay::serving(server, manner, |_| true)
    }

    /// Connections that were passed on so far.
    pub fn accepted(&self) -> usize {
        self.counts.accepted.load(Ordering::Relaxed)
    }

    pub fn refused(&self) -> usize {
        self.counts.refused.load(Ordering::Relaxed)
    }

    /// `admits` is asked at each connection, with the number of those that are open.
    fn serving(
        server: u16,
        manner: Manner,
        mut admits: impl FnMut(usize) -> bool + Send + 'static,
    ) -> Relay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let relay = Relay { port, counts: Arc::default() };
        let counts = relay.counts.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                if !admits(counts.open.load(Ordering::Relaxed)) {
                    counts.refused.fetch_add(1, Ordering::Relaxed);
                    continue;
                }
                let Ok(server) = TcpStream::connect(("127.0.0.1", server)) else { continue };
                for stream in [&client, &server] {
                    stream.set_nodelay(true).unwrap();
                }
                let open = Open::of(&counts);
                let ways =
                    [(client.try_clone().unwrap(), server.try_clone().unwrap()), (server, client)];
                for (from, to) in ways {
                    let open = open.clone();
                    thread::spawn(move || {
                        let passed = pass(from, to, manner);
                        drop(open);
                        passed
                    });
                }
            }
        });
        relay
    }
}

/// Passes one way on, each block when it is due.
fn pass(mut from: TcpStream, mut to: TcpStream, manner: Manner) -> io::Result<()> {
    let (sender, under_way) = sync_channel::<(Instant, Vec<u8>)>(UNDER_WAY);
    let mut end = to.try_clone()?;
    thread::spawn(move || {
        for (due, block) in under_way {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if to.write_all(&block).is_err() {
                return;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
    let mut block = vec![0; BLOCK];
    let mut free = Instant::now();
    loop {
        let read = from.read(&mut block).unwrap_or(0);
        if read == 0 {
            return Ok(());
        }
        let now = Instant::now();
        if let Some(rate) = manner.bytes_per_s {
            free = free.max(now) + Duration::from_secs_f64(read as f64 / rate);
            thread::sleep(free.saturating_duration_since(now));
        }
        if sender.send((Instant::now() + manner.delay, block[..read].to_vec())).is_err() {
            return end.flush();
        }
    }
}
