//! The processes of sessions: each leads a session of its own (setsid(2)), ends with the server, and is
//! reaped.

use std::collections::BTreeSet;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::pipe::{PipeFlags, fcntl_setpipe_size, pipe_with};
use rustix::process::{Pid, Signal, WaitOptions};
use tokio::net::unix::pipe::{Receiver, Sender};

/// The largest pipe of an ordinary user (`/proc/sys/fs/pipe-max-size`): bulk data takes fewer, larger
/// steps.
const PIPE_BYTES: usize = 1024 * 1024;

/// A process with our ends of its standard streams.
pub struct Process {
    pub pid: Pid,
    pub child: tokio::process::Child,
    pub stdin: Sender,
    pub stdout: Receiver,
    pub stderr: Receiver,
}

/// All processes of sessions that have not been reaped. Until then their PIDs are not used again.
#[derive(Clone, Default)]
pub struct Processes(Arc<Mutex<BTreeSet<i32>>>);

impl Processes {
    /// Starts a command as the leader of a new session.
    pub fn start(&self, command: std::process::Command) -> io::Result<Process> {
        let (their_stdin, stdin) = pipe(PIPE_BYTES)?;
        let (stdout, their_stdout) = pipe(PIPE_BYTES)?;
        let (stderr, their_stderr) = pipe(0)?;
        let stdin = Sender::from_owned_fd(stdin)?;
        let stdout = Receiver::from_owned_fd(stdout)?;
        let stderr = Receiver::from_owned_fd(stderr)?;
        let mut command = command;
        command.stdin(Stdio::from(their_stdin));
        command.stdout(Stdio::from(their_stdout)).stderr(Stdio::from(their_stderr));
        let server = rustix::process::getpid();
        let lead_a_session = move || {
            rustix::process::setsid()?;
            rustix::process::set_parent_process_death_signal(Some(Signal::TERM))?;
            // The server may have ended before the call.
            if rustix::process::getppid() != Some(server) {
                return Err(io::ErrorKind::Other.into());
            }
            Ok(())
        };
        // SAFETY: between fork and exec only async-signal-safe system calls are made, and nothing
        // is allocated.
        unsafe { command.pre_exec(lead_a_session) };
        // The command holds the process's ends of the pipes; dropping it closes them.
        let child = tokio::process::Command::from(command).spawn()?;
        let pid = child.id().and_then(|pid| Pid::from_raw(pid as i32));
        let pid = pid.ok_or(io::ErrorKind::NotFound)?;
        self.all().insert(pid.as_raw_pid());
        Ok(Process { pid, child, stdin, stdout, stderr })
    }

    /// Forgets a process that has been reaped.
    pub fn reaped(&self, pid: Pid) {
        self.all().remove(&pid.as_raw_pid());
    }

    /// Signals a process and its group, unless it has ended.
    pub fn signal(&self, pid: Pid, signal: Signal) {
        if self.all().contains(&pid.as_raw_pid()) {
            // The group may have ended in between; that is no error.
            let _ = rustix::process::kill_process_group(pid, signal);
        }
    }

    /// Ends all: first by the end of their input, since their pipes were dropped, so that they can
    /// clean up; then by SIGTERM; then by SIGKILL.
    pub fn end(&self) {
        for (signal, timeout) in
            [(None, 1000), (Some(Signal::TERM), 1000), (Some(Signal::KILL), 500)]
        {
            let pids = self.all().clone();
            if let Some(signal) = signal {
                pids.into_iter().filter_map(Pid::from_raw).for_each(|pid| self.signal(pid, signal));
            }
            let deadline = Instant::now() + Duration::from_millis(timeout);
            while !self.reap() && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Reaps the processes that have ended; returns whether all have.
    fn reap(&self) -> bool {
        let mut all = self.all();
        all.retain(|pid| {
            let waited = rustix::process::waitpid(Pid::from_raw(*pid), WaitOptions::NOHANG);
            matches!(waited, Ok(None))
        });
        all.is_empty()
    }

    fn all(&self) -> MutexGuard<'_, BTreeSet<i32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A pipe of so many bytes (0: the default): its read end and its write end.
fn pipe(bytes: usize) -> io::Result<(OwnedFd, OwnedFd)> {
    let (read, write) = pipe_with(PipeFlags::CLOEXEC)?;
    if bytes > 0 {
        // A user with many pipes may get no more large ones; a small one serves too.
        let _ = fcntl_setpipe_size(&write, bytes);
    }
    Ok((read, write))
}
