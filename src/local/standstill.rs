//! Whether we or a process of ours stood still while a transfer ran (^Z, SIGSTOP, a debugger): its
//! times are then not those of the transfer.

use std::cell::Cell;
use std::time::{Duration, Instant};

use crate::local::proc::{is_stopped, tree};

/// Looked at in every loop that waits for a transfer.
#[derive(Debug)]
pub struct Pulse {
    client: u32,
    last: Cell<Instant>,
    /// When the client's processes were looked at.
    asked: Cell<Instant>,
    /// The longest time between two looks.
    ours: Cell<Duration>,
    /// All time in which a process of the client's was found stopped.
    theirs: Cell<Duration>,
}

/// Waits look at least every 50 ms ([`crate::local::interrupt::POLL_INTERVAL`]): who is so much late has not run.
const STOPPED: Duration = Duration::from_secs(2);

/// Reading what the client's processes do costs CPU, which the trial needs.
const ASKED_EVERY: Duration = Duration::from_millis(500);

impl Pulse {
    pub fn of(client: u32) -> Pulse {
        let now = Instant::now();
        let (last, asked) = (Cell::new(now), Cell::new(now));
        Pulse { client, last, asked, ours: Cell::default(), theirs: Cell::default() }
    }

    pub fn look(&self) {
        let now = Instant::now();
        self.ours.set(self.ours.get().max(now.duration_since(self.last.replace(now))));
        let by_default = now.duration_since(self.asked.get());
        if by_default < ASKED_EVERY {
            return;
        }
        self.asked.set(now);
        if tree(self.client).into_iter().any(is_stopped) {
            self.theirs.set(self.theirs.get() + by_default);
        }
    }

    /// Why the transfer is not to be believed.
    pub fn stood_still(&self) -> Option<String> {
        self.look();
        let (ours, theirs) = (self.ours.get(), self.theirs.get());
        let (who, time, by) = match (ours >= STOPPED, theirs >= STOPPED) {
            (true, _) => ("cipher-survey itself", ours, ", a debugger, or a machine that stalled"),
            (false, true) => ("the SSH client", theirs, " or a debugger"),
            (false, false) => return None,
        };
        Some(format!(
            "{who} was stopped for {:.0} s while it ran (by ^Z, SIGSTOP{by})",
            time.as_secs_f64()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    #[test]
    fn a_client_that_is_stopped_is_noticed_and_one_that_sleeps_is_not() {
        let mut client = Command::new("sleep").arg("1000").stdin(Stdio::null()).spawn().unwrap();
        let pulse = Pulse::of(client.id());
        std::thread::sleep(ASKED_EVERY + ASKED_EVERY / 5);
        pulse.look();
        assert_eq!(pulse.theirs.get(), Duration::ZERO);
        rustix::process::kill_process(
            rustix::process::Pid::from_child(&client),
            rustix::process::Signal::STOP,
        )
        .unwrap();
        std::thread::sleep(ASKED_EVERY + ASKED_EVERY / 5);
        pulse.look();
        assert!(pulse.theirs.get() >= ASKED_EVERY);
        assert_eq!(pulse.stood_still(), None);
        pulse.theirs.set(STOPPED);
        assert!(pulse.stood_still().unwrap().starts_with("the SSH client was stopped for 2 s"));
        pulse.ours.set(STOPPED);
        assert!(pulse.stood_still().unwrap().starts_with("cipher-survey itself"));
        client.kill().unwrap();
        client.wait().unwrap();
    }
}
