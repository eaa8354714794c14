//! Whether this program or the client was stopped while a transfer ran (^Z, SIGSTOP, a debugger): then the
//! times are not those of the transfer. And whether the client moves anything at all.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::local::proc::{io_bytes, is_stopped, tree};

/// Notices stops. Every loop that waits for a transfer calls [`Standstill::poll`].
#[derive(Debug)]
pub struct Standstill {
    client: u32,
    last_poll: Cell<Instant>,
    /// When the client's processes were last read.
    last_read: Cell<Instant>,
    /// The longest time between two polls.
    longest_gap: Cell<Duration>,
    /// All time in which a process of the client was found stopped.
    client_stopped: Cell<Duration>,
    /// Bytes that the client had read and written when it was last seen to move some, and when that was.
    moved: Cell<(u64, Instant)>,
}

/// A client that reads and writes no more than this has sent and received keepalives.
const KEEPALIVES: u64 = 4096;

/// Waits poll at least every 50 ms ([`crate::local::interrupt::POLL_INTERVAL`]): after such a gap this
/// program did not run.
const STOPPED: Duration = Duration::from_secs(2);

/// Reading the state of the client's processes costs CPU, which the sample needs.
const READ_EVERY: Duration = Duration::from_millis(500);

impl Standstill {
    /// `client`: the process ID of the client program.
    pub fn of(client: u32) -> Standstill {
        let now = Instant::now();
        Standstill {
            client,
            last_poll: Cell::new(now),
            last_read: Cell::new(now),
            longest_gap: Cell::default(),
            client_stopped: Cell::default(),
            moved: Cell::new((0, now)),
        }
    }

    pub fn poll(&self) {
        let now = Instant::now();
        let gap = now.duration_since(self.last_poll.replace(now));
        self.longest_gap.set(self.longest_gap.get().max(gap));
        let since_read = now.duration_since(self.last_read.get());
        if since_read < READ_EVERY {
            return;
        }
        self.last_read.set(now);
        let processes = tree(self.client);
        if processes.iter().copied().any(is_stopped) {
            self.client_stopped.set(self.client_stopped.get() + since_read);
        }
        let counts = processes.iter().filter_map(|&pid| io_bytes(pid));
        let bytes: u64 = counts.map(|(read, written)| read + written).sum();
        // What can't be read may move.
        if bytes == 0 || bytes.abs_diff(self.moved.get().0) > KEEPALIVES {
            self.moved.set((bytes, now));
        }
    }

    /// How long the client has moved nothing, as far as this program ran.
    pub fn idle(&self) -> Duration {
        self.moved.get().1.elapsed().saturating_sub(self.own_stop())
    }

    /// For how long this program itself was stopped.
    pub fn own_stop(&self) -> Duration {
        let gap = self.longest_gap.get();
        if gap >= STOPPED { gap } else { Duration::ZERO }
    }

    /// Why the times of the transfer are wrong; absent where nothing was stopped.
    pub fn reason(&self) -> Option<String> {
        self.poll();
        let (gap, stopped) = (self.longest_gap.get(), self.client_stopped.get());
        let (who, time, by) = match (gap >= STOPPED, stopped >= STOPPED) {
            (true, _) => ("cipher-survey itself", gap, ", a debugger, or a machine that stalled"),
            (false, true) => ("the SSH client", stopped, " or a debugger"),
            (false, false) => return None,
        };
        Some(format!(
            "{who} was stopped for {:.0} s during the transfer (by ^Z, SIGSTOP{by})",
            time.as_secs_f64()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_stopped_client_is_noticed_and_a_sleeping_one_is_not() {
        let mut client = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let standstill = Standstill::of(client.id());
        std::thread::sleep(READ_EVERY + READ_EVERY / 5);
        standstill.poll();
        assert_eq!(standstill.client_stopped.get(), Duration::ZERO);
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&client),
            rustix::process::Signal::STOP,
        )
        .unwrap();
        std::thread::sleep(READ_EVERY + READ_EVERY / 5);
        standstill.poll();
        assert!(standstill.client_stopped.get() >= READ_EVERY);
        assert_eq!(standstill.reason(), None);
        standstill.client_stopped.set(STOPPED);
        assert!(standstill.reason().unwrap().starts_with("the SSH client was stopped for 2 s"));
        standstill.longest_gap.set(STOPPED);
        assert!(standstill.reason().unwrap().starts_with("cipher-survey itself"));
        client.kill().unwrap();
        client.wait().unwrap();
    }
}
