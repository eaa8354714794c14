//! A path that takes time, for real TCP: two TUN devices, one of them in a network namespace, and a thread
//! that holds packets back. (netem is not in every kernel.)

mod flows;
mod passing;
mod tun;

use std::fs::{self, File};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::event::{EventfdFlags, eventfd};
use rustix::fd::OwnedFd;
use rustix::thread::{LinkNameSpaceType, gettid, move_into_link_name_space};

use super::hosts::Host;
use super::system::{be_first, lock_file};
use super::{Options, Testbed, need, need_root, ran};
use passing::Passing;

/// What a path does with what passes. [`Manner::default`]: nothing.
#[derive(Clone, Copy, Default)]
pub struct Manner {
    /// One way; the round trip is twice that.
    pub delay: Duration,
    /// Each way for itself. Absent: as fast as it goes.
    pub rate: Option<Rate>,
    /// As a firewall that forgets connections of which nothing has passed for so long: what comes after
    /// that is dropped, and neither end is told.
    pub forgotten_after: Option<Duration>,
}

/// A bottleneck with a queue before it; what does not fit is dropped.
#[derive(Clone, Copy)]
pub struct Rate {
    pub bytes_per_s: f64,
    pub queue_bytes: f64,
}

impl Rate {
    /// With a queue of 100 ms, as of a home router.
    pub fn of(bytes_per_s: f64) -> Rate {
        Rate { bytes_per_s, queue_bytes: bytes_per_s / 10.0 }
    }
}

impl Manner {
    pub fn round_trip(time: Duration) -> Manner {
        Manner { delay: time / 2, ..Manner::default() }
    }
}

/// Such a path to a network namespace; several may be there at once. It goes with the value: devices,
/// namespace, and whatever still runs in there.
pub struct Delay {
    name: String,
    /// The third part of its addresses.
    net: u32,
    stop: Arc<OwnedFd>,
    thread: Option<JoinHandle<()>>,
    schedstat: PathBuf,
    /// No other path has these.
    _lock: File,
}

impl Delay {
    pub fn new(manner: Manner) -> Delay {
        need_root();
        need("ip", "iproute2");
        let free = (1..200).find_map(|net| {
            let lock = lock_file(&format!("delay-{net}"));
            lock.try_lock().is_ok().then_some((net, lock))
        });
        let (net, lock) = free.expect("two hundred paths are in use");
        let name = format!("cs-delay-{net}");
        // Of a test that was killed.
        remove(&name);
        ran(Command::new("ip").args(["netns", "add", &name]));
        let stop = Arc::new(eventfd(0, EventfdFlags::CLOEXEC).unwrap());
        let mut path =
            Delay { name, net, stop, thread: None, schedstat: PathBuf::new(), _lock: lock };
        ran(Command::new("ip").args(["-n", &path.name, "link", "set", "lo", "up"]));
        let local = tun::device(&format!("{}n", path.name), &path.address(1));
        let remote = path.inside(|| tun::device(&format!("{}f", path.name), &path.address(2)));
        // What the kernel remembers of an earlier path to this address is not true of this one. (It fails where
        // there is nothing.)
        let _ = Command::new("ip").args(["tcp_metrics", "flush", &path.address(2)]).output();
        let (passing, stop) = (Passing::between(local, remote, manner), path.stop.clone());
        let (sender, thread) = channel();
        path.thread = Some(thread::spawn(move || {
            // A network is not slower because this machine is busy.
            be_first();
            sender.send(gettid().as_raw_nonzero().to_string()).unwrap();
            passing.run(&stop);
        }));
        path.schedstat =
            Path::new("/proc/self/task").join(thread.recv().unwrap()).join("schedstat");
        path
    }

    /// What is sent there is sent by Linux's default, cubic, whatever this machine's own is: bbr stops for a moment
    /// every ten seconds where its queue never empties.
    pub fn by_cubic(self) -> Delay {
        let (net, device) = (format!("10.99.{}.0/24", self.net), format!("{}n", self.name));
        let change = ["route", "change", &net, "dev", &device, "congctl", "cubic"];
        ran(Command::new("ip").args(change));
        self
    }

    /// Of its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// 1: the local end's, 2: the remote end's.
    pub fn address(&self, end: u32) -> String {
        format!("10.99.{}.{end}", self.net)
    }

    /// CPU seconds that holding packets back has taken so far.
    pub fn cpu_s(&self) -> f64 {
        let text = fs::read_to_string(&self.schedstat).unwrap();
        text.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
    }

    /// Does something inside the namespace; sockets that it makes stay there.
    pub fn inside<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let space = File::open(Path::new("/run/netns").join(&self.name)).unwrap();
        thread::scope(|scope| {
            let thread = scope.spawn(move || {
                let kind = Some(LinkNameSpaceType::Network);
                move_into_link_name_space(space.as_fd(), kind).unwrap();
                work()
            });
            thread.join().unwrap()
        })
    }

    /// This machine's own server at the remote end.
    pub fn host(&self) -> Host {
        let words = ["ip", "netns", "exec", &self.name];
        Host {
            under: words.map(str::to_owned).to_vec(),
            address: self.address(2),
            ..Host::default()
        }
    }

    /// A testbed whose server is at the remote end; it keeps the path.
    pub fn testbed(self, options: Options) -> Testbed {
        let Host { under, address, .. } = self.host();
        let under = [under, options.host.under].concat();
        let host = Host { under, address, ..options.host };
        Testbed::with(Options { host, delay: Some(self), ..options })
    }
}

impl Drop for Delay {
    fn drop(&mut self) {
        let _ = rustix::io::write(&*self.stop, &1_u64.to_ne_bytes());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        remove(&self.name);
    }
}

/// A namespace with its processes, whose path to others is gone.
fn remove(name: &str) {
    let Ok(output) = Command::new("ip").args(["netns", "pids", name]).output() else { return };
    for pid in String::from_utf8_lossy(&output.stdout).split_whitespace() {
        let _ = Command::new("kill").args(["-KILL", pid]).output();
    }
    let _ = Command::new("ip").args(["netns", "del", name]).output();
}
