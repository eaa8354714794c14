//! The output of the remote command, on its way to our standard output or error.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::Interest;
use tokio::sync::Notify;

use super::stdio::Stdio;
use super::wire::Meter;

/// Written at once where that is possible, else queued for a task of its own.
#[derive(Debug)]
pub struct Outlet {
    queue: Mutex<Queue>,
    /// Something was queued, or the end was.
    changed: Notify,
    meter: Arc<Meter>,
}

#[derive(Debug)]
struct Queue {
    /// Absent once all is written.
    stream: Option<Arc<Stdio>>,
    bytes: VecDeque<u8>,
    /// No more will come.
    ended: bool,
    /// The reader is gone, or the disk is full.
    broken: Option<io::Error>,
}

impl Outlet {
    pub fn new(stream: impl std::os::fd::AsFd, meter: Arc<Meter>) -> io::Result<Outlet> {
        let stream = Some(Arc::new(Stdio::open(stream, Interest::WRITABLE)?));
        let queue = Queue { stream, bytes: VecDeque::new(), ended: false, broken: None };
        Ok(Outlet { queue: Mutex::new(queue), changed: Notify::new(), meter })
    }

    /// Takes all of it and never waits. [`Outlet::run`] reports that the reader is gone.
    pub fn write(&self, mut bytes: &[u8]) {
        let mut queue = self.queue();
        let Some(stream) = queue.stream.clone().filter(|_| queue.broken.is_none()) else {
            return;
        };
        while queue.bytes.is_empty() && !bytes.is_empty() {
            match stream.write_some(bytes) {
                Ok(0) => break,
                Ok(count) => bytes = &bytes[count..],
                Err(error) => {
                    queue.broken = Some(error);
                    self.changed.notify_one();
                    return;
                }
            }
        }
        if !bytes.is_empty() {
            queue.bytes.extend(bytes);
            self.meter.gate.add(bytes.len());
            self.changed.notify_one();
        }
    }

    /// Nothing more will come.
    pub fn end(&self) {
        self.queue().ended = true;
        self.changed.notify_one();
    }

    /// Writes what was queued, until the end. Then the stream is closed, so that its reader sees the
    /// end though the session may go on.
    pub async fn run(&self) -> io::Result<()> {
        let Some(stream) = self.queue().stream.clone() else { return Ok(()) };
        let written = self.write_queued(&stream).await;
        self.queue().stream = None;
        written
    }

    async fn write_queued(&self, stream: &Stdio) -> io::Result<()> {
        loop {
            let (is_empty, ended) = {
                let mut queue = self.queue();
                self.drain(stream, &mut queue)?;
                (queue.bytes.is_empty(), queue.ended)
            };
            if is_empty && ended {
                return Ok(());
            }
            if is_empty {
                self.changed.notified().await;
                continue;
            }
            if let Stdio::Waiting(waiting) = stream {
                let mut ready = waiting.writable().await?;
                // The attempt shows whether it still is.
                let _ = ready.try_io(|_| {
                    let mut queue = self.queue();
                    self.drain(stream, &mut queue)?;
                    match queue.bytes.is_empty() {
                        true => Ok(()),
                        false => Err(io::ErrorKind::WouldBlock.into()),
                    }
                });
            }
        }
    }

    fn drain(&self, stream: &Stdio, queue: &mut Queue) -> io::Result<()> {
        if let Some(broken) = &queue.broken {
            return Err(broken.kind().into());
        }
        while !queue.bytes.is_empty() {
            match stream.write_some(queue.bytes.as_slices().0) {
                Ok(0) => break,
                Ok(count) => {
                    queue.bytes.drain(..count);
                    self.meter.gate.remove(count);
                }
                Err(error) => {
                    queue.broken = Some(error.kind().into());
                    self.meter.gate.remove(queue.bytes.len());
                    queue.bytes.clear();
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
