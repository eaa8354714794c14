//! What all parts of a running survey share.

use std::time::{Duration, Instant};

use crate::local::interrupt::Interrupt;
use crate::local::proc::own_cpu_s;
use crate::model::units;
use crate::remote::target::Target;
use crate::survey::ended::Stopped;
use crate::survey::events::Events;
use crate::survey::retry::{BACKOFF_S, reconnect};
use crate::survey::staging::Files;

/// The targets, the files, and the clocks of a survey.
#[derive(Debug)]
pub struct Context {
    pub targets: Vec<Target>,
    pub files: Files,
    pub interrupt: Interrupt,
    /// When the survey began.
    pub started: Instant,
    /// Seconds spent waiting for retries.
    pub backoff_s: f64,
    /// Time spent on transfers, with what goes on between them; setup and waiting apart.
    pub transfers: Duration,
    /// CPU seconds of this program during that time.
    pub own_cpu_s: f64,
    /// The number of the last connection.
    pub connections: u32,
}

impl Context {
    /// `started`: when the survey began.
    pub fn new(
        targets: Vec<Target>,
        files: Files,
        interrupt: Interrupt,
        started: Instant,
    ) -> Context {
        Context {
            targets,
            files,
            interrupt,
            started,
            backoff_s: 0.0,
            transfers: Duration::ZERO,
            own_cpu_s: 0.0,
            connections: 0,
        }
    }

    pub fn next_number(&mut self) -> u32 {
        self.connections += 1;
        self.connections
    }

    pub fn at_s(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Counts some work as time of transfers.
    pub fn transferring<T>(&mut self, work: impl FnOnce(&mut Context) -> T) -> T {
        let (begun, own_s) = (Instant::now(), own_cpu_s());
        let result = work(self);
        self.transfers += begun.elapsed();
        self.own_cpu_s += own_cpu_s() - own_s;
        result
    }

    /// Waits before a retry, and says why; an error where there were retries enough. `tries`: so many before.
    pub fn back_off(
        &mut self,
        tries: usize,
        reason: &str,
        events: &mut dyn Events,
    ) -> Result<f64, Stopped> {
        let Some(&seconds) = BACKOFF_S.get(tries) else {
            return Err(Stopped::Lost(reason.to_owned()));
        };
        events.say(&format!(
            "{}; waiting {} before the next try",
            units::printable(reason),
            units::duration(seconds as f64)
        ));
        self.interrupt.sleep(Duration::from_secs(seconds));
        self.backoff_s += seconds as f64;
        Stopped::if_raised(&self.interrupt)?;
        Ok(seconds as f64)
    }

    /// Opens the control connection of a target again where it has ended, with retries.
    pub fn ensure_control(
        &mut self,
        pairing: usize,
        events: &mut dyn Events,
    ) -> Result<(), Stopped> {
        let mut tries = 0;
        while let Some(reason) = reconnect(&mut self.targets[pairing], &self.interrupt)? {
            self.back_off(tries, &reason, events)?;
            tries += 1;
        }
        Ok(())
    }

    /// Removes everything on both ends.
    pub fn close(self) {
        for target in self.targets {
            target.close();
        }
    }
}
