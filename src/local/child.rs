//! Child processes. Each has a process group of its own, so that ^C reaches this program alone and
//! it can end them in order. The kernel ends them when this program ends, however that happens. They
//! are reaped by `wait4`, whose rusage includes the descendants that they reaped.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::thread::CpuSet;

use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::model::CpuTimes;

/// A running or ended child.
#[derive(Debug)]
pub struct Child {
    pub pid: u32,
    pub started: Instant,
    pub stdin: Option<ChildStdin>,
    pub stdout: Option<ChildStdout>,
    pub stderr: Option<ChildStderr>,
    pidfd: Option<OwnedFd>,
    reaped: Option<Reaped>,
}

/// What `wait4` says of an ended child.
#[derive(Clone, Copy, Debug)]
pub struct Reaped {
    pub status: ExitStatus,
    /// Of the child and all descendants that it reaped.
    pub cpu: CpuTimes,
    pub at: Instant,
}

impl Child {
    /// Starts a command, pinned to the CPU cores that are named. Call it from the main thread: the
    /// kernel ends the child when the thread that started it ends.
    pub fn spawn(command: &mut Command, cores: Option<&[u32]>) -> io::Result<Child> {
        command.process_group(0);
        let parent = rustix::process::getpid();
        let die_with_parent = move || {
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            // The parent may have ended before the call.
            if rustix::process::getppid() != Some(parent) {
                return Err(io::ErrorKind::Other.into());
            }
            Ok(())
        };
        // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing
        // is allocated.
        unsafe { command.pre_exec(die_with_parent) };
        let mut child = with_cores(cores, || command.spawn())?;
        let pid = Pid::from_child(&child);
        Ok(Child {
            pid: child.id(),
            started: Instant::now(),
            stdin: child.stdin.take(),
            stdout: child.stdout.take(),
            stderr: child.stderr.take(),
            pidfd: rustix::process::pidfd_open(pid, PidfdFlags::empty()).ok(),
            reaped: None,
        })
    }

    /// Waits for the child to end, at most for `time`.
    pub fn wait(&mut self, time: Duration) -> io::Result<Option<Reaped>> {
        let end = Instant::now() + time;
        loop {
            if let Some(reaped) = self.try_wait()? {
                return Ok(Some(reaped));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            match &self.pidfd {
                Some(pidfd) => {
                    let timeout = Timespec::try_from(left.min(POLL_INTERVAL)).ok();
                    let mut polled = [PollFd::new(pidfd, PollFlags::IN)];
                    match poll(&mut polled, timeout.as_ref()) {
                        Ok(_) | Err(rustix::io::Errno::INTR) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
                None => std::thread::sleep(left.min(Duration::from_millis(1))),
            }
        }
    }

    pub fn try_wait(&mut self) -> io::Result<Option<Reaped>> {
        if self.reaped.is_none() {
            self.reaped = wait4(self.pid)?;
        }
        Ok(self.reaped)
    }

    /// Ends the child and its process group: by SIGTERM, after two seconds by SIGKILL.
    pub fn end(&mut self) -> Option<Reaped> {
        self.stdin = None;
        for (signal, timeout) in [(Signal::TERM, 2000), (Signal::KILL, 2000)] {
            if let Ok(Some(reaped)) = self.try_wait() {
                return Some(reaped);
            }
            if let Some(group) = Pid::from_raw(self.pid as i32) {
                // The group may have ended in between; then there is nothing to signal.
                let _ = rustix::process::kill_process_group(group, signal);
            }
            if let Ok(Some(reaped)) = self.wait(Duration::from_millis(timeout)) {
                return Some(reaped);
            }
        }
        None
    }
}

/// The output of a command that ends by itself within seconds. It is out of reach of ^C too, so that
/// its output is complete.
pub fn output(command: &mut Command) -> io::Result<Output> {
    output_within(command, OUTPUT_TIMEOUT, &Interrupt::default())
}

/// The same of one that may take longer. An interrupt ends it.
pub fn output_within(
    command: &mut Command,
    time: Duration,
    interrupt: &Interrupt,
) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Child::spawn(command, None)?;
    let (stdout, stderr) = (read_all(child.stdout.take()), read_all(child.stderr.take()));
    let late = || {
        let seconds = time.as_secs_f64();
        io::Error::new(io::ErrorKind::TimedOut, format!("it did not end within {seconds:.0} s"))
    };
    let end = Instant::now() + time;
    let reaped = loop {
        match child.wait(POLL_INTERVAL)? {
            Some(reaped) => break reaped,
            None if interrupt.is_raised() => return Err(io::ErrorKind::Interrupted.into()),
            None if Instant::now() > end => return Err(late()),
            None => {}
        }
    };
    // A process that it left running may hold its streams open.
    let complete = |text: Receiver<Vec<u8>>| text.recv_timeout(OUTPUT_TIMEOUT).map_err(|_| late());
    Ok(Output { status: reaped.status, stdout: complete(stdout)?, stderr: complete(stderr)? })
}

/// A command of [`output`] that has not ended by then hangs.
const OUTPUT_TIMEOUT: Duration = Duration::from_secs(10);

/// More than any such command prints.
const OUTPUT_BYTES: u64 = 1 << 20;

/// Reads a stream to its end in a thread of its own.
fn read_all(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, text) = channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut from) = from {
            // An error counts as the end. What exceeds the limit is read and dropped.
            let _ = from.by_ref().take(OUTPUT_BYTES).read_to_end(&mut all);
            let _ = io::copy(&mut from, &mut io::sink());
        }
        sender.send(all)
    });
    text
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
    }
}

/// Runs `start` with this thread pinned to some CPU cores, so that what it starts inherits them.
fn with_cores<T>(cores: Option<&[u32]>, start: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    let Some(cores) = cores else { return start() };
    let before = rustix::thread::sched_getaffinity(None)?;
    let mut set = CpuSet::new();
    for &core in cores {
        set.set(core as usize);
    }
    rustix::thread::sched_setaffinity(None, &set)?;
    let result = start();
    rustix::thread::sched_setaffinity(None, &before)?;
    result
}

/// Has what a child leaves behind become a child of this program, so that it can be waited for: ssh does not
/// wait for the program of its proxy, nor sshfs for its ssh.
pub fn adopt_orphans() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// CPU of processes that a child has left behind, once they have ended; those that were not left to this
/// program are left out. Waits for them at most for `time`.
pub fn reap_orphans(pids: &[u32], time: Duration) -> CpuTimes {
    let end = Instant::now() + time;
    let mut sum = CpuTimes::default();
    for &pid in pids {
        loop {
            match wait4(pid) {
                Ok(Some(reaped)) => sum = sum + reaped.cpu,
                Ok(None) if Instant::now() < end => {
                    std::thread::sleep(Duration::from_millis(1));
                    continue;
                }
                // It has another parent, was reaped, or lives on.
                Ok(None) | Err(_) => {}
            }
            break;
        }
    }
    sum
}

/// Reaps a child if it has ended.
fn wait4(pid: u32) -> io::Result<Option<Reaped>> {
    let mut status = 0;
    // SAFETY: rusage is plain data for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the right type.
    let result = unsafe { libc::wait4(pid as i32, &mut status, libc::WNOHANG, &mut usage) };
    match result {
        0 => Ok(None),
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(None),
            error => Err(error),
        },
        _ => {
            let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
            let (user_s, system_s) = (seconds(usage.ru_utime), seconds(usage.ru_stime));
            Ok(Some(Reaped {
                status: ExitStatus::from_raw(status),
                cpu: CpuTimes { user_s, system_s, total_s: user_s + system_s },
                at: Instant::now(),
            }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::proc::process_stat;

    #[test]
    fn the_cpu_of_a_child_includes_the_children_that_it_reaped() {
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; exit 3"]);
        let mut child = Child::spawn(&mut command, None).unwrap();
        let reaped = child.wait(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(reaped.status.code(), Some(3));
        assert!(reaped.cpu.total_s > 0.005, "{reaped:?}");
    }

    #[test]
    fn a_dropped_child_is_ended() {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(Stdio::null());
        let child = Child::spawn(&mut command, None).unwrap();
        let pid = child.pid;
        drop(child);
        assert!(process_stat(pid).is_none());
    }
}
