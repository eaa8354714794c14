//! Child processes: outside the terminal's foreground process group (so that ^C reaches us alone
//! and we end them in order), ended with us however we end, and reaped by `wait4`, whose rusage
//! covers the descendants that they reaped.

use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal};
use rustix::thread::CpuSet;

use crate::local::interrupt::POLL_INTERVAL;
use crate::local::proc::{process_stat, schedstat, tree};
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
    /// Of the child and of all descendants that it reaped.
    pub cpu: CpuTimes,
    pub at: Instant,
}

impl Child {
    /// Starts a command, held to some cores where they are named. To be called from the main
    /// thread: the kernel ends the child when the thread that started it ends.
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

    /// Waits until the child has ended or the time is over.
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

    /// Ends the child and its process group: politely, then not.
    pub fn end(&mut self) -> Option<Reaped> {
        self.stdin = None;
        for (signal, timeout) in [(Signal::TERM, 2000), (Signal::KILL, 2000)] {
            if let Ok(Some(reaped)) = self.try_wait() {
                return Some(reaped);
            }
            if let Some(group) = Pid::from_raw(self.pid as i32) {
                // The group may have ended by itself in between: then there is nobody to signal.
                let _ = rustix::process::kill_process_group(group, signal);
            }
            if let Ok(Some(reaped)) = self.wait(Duration::from_millis(timeout)) {
                return Some(reaped);
            }
        }
        None
    }

    /// CPU so far of the child and its descendants that still live or were reaped by them. The
    /// total is to the nanosecond where the kernel keeps such an account, else to the tick.
    pub fn cpu_so_far(&self, ticks_per_s: u32) -> CpuTimes {
        let mut sum = CpuTimes::default();
        for pid in tree(self.pid) {
            let Some(stat) = process_stat(pid) else { continue };
            let mut own = stat.own(ticks_per_s);
            if let (1, Some(seconds)) = (stat.threads, schedstat(pid)) {
                own.total_s = seconds;
            }
            sum = sum + own + stat.children(ticks_per_s);
        }
        sum
    }
}

/// What a helper says that ends by itself at once: out of the reach of ^C as well, so that what
/// it says is whole.
pub fn output(command: &mut Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Child::spawn(command, None)?;
    let (stdout, stderr) = (all_of(child.stdout.take()), all_of(child.stderr.take()));
    let late = || io::Error::new(io::ErrorKind::TimedOut, "it did not end within 10 s");
    let reaped = child.wait(HELPERS_TIMEOUT)?.ok_or_else(late)?;
    // Whatever it has left running may hold them open.
    let whole = |text: Receiver<Vec<u8>>| text.recv_timeout(HELPERS_TIMEOUT).map_err(|_| late());
    Ok(Output { status: reaped.status, stdout: whole(stdout)?, stderr: whole(stderr)? })
}

/// A helper that has not ended by then hangs.
const HELPERS_TIMEOUT: Duration = Duration::from_secs(10);

/// More than any helper has to say.
const HELPERS_WORDS: u64 = 1 << 20;

/// All that can be read, once its end has come.
fn all_of(from: Option<impl Read + Send + 'static>) -> Receiver<Vec<u8>> {
    let (sender, text) = channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        if let Some(mut from) = from {
            // An error is the end of it; what comes after so many words is dropped.
            let _ = from.by_ref().take(HELPERS_WORDS).read_to_end(&mut all);
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

/// Runs `start` with this thread held to some cores, so that what it starts inherits them.
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

    #[test]
    fn a_child_is_reaped_with_the_cpu_of_those_it_reaped() {
        let mut command = Command::new("sh");
        command.args(["-c", "sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done'; exit 3"]);
        let mut child = Child::spawn(&mut command, None).unwrap();
        let reaped = child.wait(Duration::from_secs(60)).unwrap().unwrap();
        assert_eq!(reaped.status.code(), Some(3));
        assert!(reaped.cpu.total_s > 0.005, "{reaped:?}");
    }

    #[test]
    fn a_child_that_is_dropped_is_gone() {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(Stdio::null());
        let child = Child::spawn(&mut command, None).unwrap();
        let pid = child.pid;
        drop(child);
        assert!(process_stat(pid).is_none());
    }
}
