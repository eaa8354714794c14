//! Passes packets between two devices, each when it is due.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;

use super::flows::Flows;
use super::tun::{HEADER, LONGEST};
use super::{Manner, Rate};

pub struct Passing {
    devices: [File; 2],
    /// Under way to each device.
    ways: [Way; 2],
    flows: Option<Flows>,
}

/// Packets that are read at once, at most.
const BATCH: usize = 64;

impl Passing {
    pub fn between(one: File, other: File, manner: Manner) -> Passing {
        let way = || Way {
            delay: manner.delay,
            rate: manner.rate,
            free: Instant::now(),
            waiting: VecDeque::new(),
        };
        let flows = manner.forgotten_after.map(Flows::forgotten_after);
        Passing { devices: [one, other], ways: [way(), way()], flows }
    }

    /// Until something is written to `stop`.
    pub fn run(mut self, stop: &OwnedFd) {
        let mut packet = vec![0; LONGEST];
        loop {
            let next = self.send_due();
            let [one, other] = &self.devices;
            let mut events = [
                PollFd::new(one, PollFlags::IN),
                PollFd::new(other, PollFlags::IN),
                PollFd::new(stop, PollFlags::IN),
            ];
            let wait = next.map(|due| timespec(due.saturating_duration_since(Instant::now())));
            if poll(&mut events, wait.as_ref()).is_err() {
                continue;
            }
            let [one, other, stopped] = events.map(|event| !event.revents().is_empty());
            if stopped {
                return;
            }
            for (from, to, ready) in [(0, 1, one), (1, 0, other)] {
                if ready {
                    self.take(from, to, &mut packet);
                }
            }
        }
    }

    /// Sends what is due; says when the next packet is.
    fn send_due(&mut self) -> Option<Instant> {
        let now = Instant::now();
        for (way, mut device) in self.ways.iter_mut().zip(&self.devices) {
            while way.waiting.front().is_some_and(|(due, _)| *due <= now) {
                let Some((_, packet)) = way.waiting.pop_front() else { break };
                // What the kernel does not take is lost, as on any path.
                let _ = device.write(&packet);
            }
        }
        self.ways.iter().filter_map(|way| way.waiting.front().map(|(due, _)| *due)).min()
    }

    fn take(&mut self, from: usize, to: usize, packet: &mut [u8]) {
        for _ in 0..BATCH {
            let Ok(length) = (&self.devices[from]).read(packet) else { return };
            let (packet, now) = (&packet[..length], Instant::now());
            if self.flows.as_mut().is_none_or(|flows| flows.pass(packet, now)) {
                self.ways[to].push(packet, now);
            }
        }
    }
}

/// One direction.
struct Way {
    delay: Duration,
    rate: Option<Rate>,
    /// When what is in the queue will have been sent.
    free: Instant,
    waiting: VecDeque<(Instant, Vec<u8>)>,
}

impl Way {
    fn push(&mut self, packet: &[u8], now: Instant) {
        self.free = self.free.max(now);
        if let Some(Rate { bytes_per_s, queue_bytes }) = self.rate {
            let queued_s = self.free.duration_since(now).as_secs_f64();
            if queued_s * bytes_per_s > queue_bytes {
                return;
            }
            let bytes = packet.len().saturating_sub(HEADER) as f64;
            self.free += Duration::from_secs_f64(bytes / bytes_per_s);
        }
        self.waiting.push_back((self.free + self.delay, packet.to_vec()));
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as i64, tv_nsec: time.subsec_nanos().into() }
}
