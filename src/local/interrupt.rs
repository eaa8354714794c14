//! SIGINT (^C), SIGTERM and SIGHUP. They set a flag that every waiting loop polls, so that children
//! are ended in order and temporary files are removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// The flag, shared by everything that waits.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

/// Every wait polls the interrupt at least this often.
pub const POLL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(50);

impl Interrupt {
    /// Handles SIGINT, SIGTERM and SIGHUP of this process from now on.
    pub fn install() -> std::io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, interrupt.0.clone())?;
        }
        Ok(interrupt)
    }

    pub fn is_raised(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Sets the flag, as a signal does.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An I/O error if an interrupt was raised. (Not `ErrorKind::Interrupted`, which callers retry.)
    pub fn check(&self) -> std::io::Result<()> {
        if self.is_raised() { Err(std::io::Error::other("interrupted")) } else { Ok(()) }
    }

    /// Sleeps until the time is over or an interrupt is raised.
    pub fn sleep(&self, time: std::time::Duration) {
        let end = std::time::Instant::now() + time;
        while !self.is_raised() {
            let left = end.saturating_duration_since(std::time::Instant::now());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(POLL_INTERVAL));
        }
    }
}
