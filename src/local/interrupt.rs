//! Ctrl-C and SIGTERM: noticed at the next turn of whatever loop waits, so that children are ended
//! in order and temporaries removed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Shared by all that waits.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<AtomicBool>);

/// Every wait looks at the interrupt at least so often.
pub const POLL_INTERVAL: std::time::Duration = std::time::Duration::from_millis(50);

impl Interrupt {
    /// Takes over SIGINT, SIGTERM and SIGHUP of this process.
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

    /// As a signal does.
    pub fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// For what moves bytes by itself, with an interrupt as its error. (`ErrorKind::Interrupted`
    /// would only be tried again.)
    pub fn check(&self) -> std::io::Result<()> {
        if self.is_raised() { Err(std::io::Error::other("interrupted")) } else { Ok(()) }
    }

    /// Sleeps, but not past an interrupt.
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
