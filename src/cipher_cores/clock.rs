//! The frequency of the core, and the cycles that it spent.

use std::time::Instant;

use perf_event::events::Hardware;
use perf_event::{Builder, Counter};

/// The frequency of the core that runs this thread, in hertz, by timing a chain of dependent
/// instructions of one cycle each: the kernel and the hypervisor may say something else. It takes
/// about 0.1 ms. Absent on machines whose instructions we do not know.
pub fn core_hz() -> Option<f64> {
    /// The fastest is the one that nothing interrupted.
    const TRIES: u32 = 3;
    const LINKS: u64 = 100_000;
    let one = || {
        let start = Instant::now();
        let links = chain(LINKS)?;
        Some(links as f64 / start.elapsed().as_secs_f64())
    };
    (0..TRIES)
        .map(|_| one())
        .max_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal))?
}

/// Runs at least so many links; returns how many. An exclusive or of two registers takes one cycle on
/// all of these CPUs (Agner Fog, Instruction tables), and register renaming does not remove it, as it
/// may remove the addition of a constant.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn chain(links: u64) -> Option<u64> {
    /// Links per turn of the loop.
    const TURN: u64 = 32;
    let turns = links.div_ceil(TURN);
    macro_rules! run {
        ($link:literal, $count:literal, $again:literal) => {
            // SAFETY: only the registers named are touched.
            unsafe {
                std::arch::asm!(
                    "2:", ".rept 32", $link, ".endr", $count, $again,
                    link = inout(reg) turns => _,
                    other = in(reg) links,
                    turns = inout(reg) turns => _,
                    options(nomem, nostack),
                )
            }
        };
    }
    #[cfg(target_arch = "x86_64")]
    run!("xor {link}, {other}", "sub {turns}, 1", "jnz 2b");
    #[cfg(target_arch = "aarch64")]
    run!("eor {link}, {link}, {other}", "subs {turns}, {turns}, #1", "b.ne 2b");
    Some(turns * TURN)
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn chain(_: u64) -> Option<u64> {
    None
}

/// The kernel's counter of this thread's core cycles in user mode (`perf_event_open(2)`).
pub struct Cycles(Counter);

impl Cycles {
    /// Absent where there is none, as in most virtual machines, or where the kernel allows none
    /// (`/proc/sys/kernel/perf_event_paranoid`).
    pub fn counter() -> Option<Cycles> {
        let mut counter = Builder::new(Hardware::CPU_CYCLES).build().ok()?;
        counter.enable().ok()?;
        let mut cycles = Cycles(counter);
        // An emulated one may stand still.
        let before = cycles.now()?;
        chain(100_000);
        (cycles.now()? > before).then_some(cycles)
    }

    pub fn now(&mut self) -> Option<u64> {
        self.0.read().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    fn the_frequency_is_plausible() {
        let hz = core_hz().unwrap();
        assert!((1e8..1e10).contains(&hz), "{hz}");
    }
}
