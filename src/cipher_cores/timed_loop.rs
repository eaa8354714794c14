//! The timed loop: one suite of one library sealing, or opening, packets of one size.

use std::time::{Duration, Instant};

use super::clock::Cycles;
use super::implementation::Implementation;
use super::packet::{Fault, Layout, Open, Seal};
use super::suite::{Keys, Suite};
use crate::model::cipher_cores::Work;

/// Packets that are timed together hold about so many bytes: few enough to stay in a core's second
/// cache, as packets do in a transfer, and enough for reading the clock to cost nothing.
const BATCH: usize = 128 << 10;

/// Of small packets so many.
const MOST: usize = 1024;

/// A sender and a receiver with the same keys, and packets on the way.
pub struct TimedLoop {
    sealer: Box<dyn Seal>,
    opener: Box<dyn Open>,
    layout: Layout,
    payload: usize,
    packets: Vec<u8>,
    packet_bytes: usize,
    sequence: u32,
}

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Measured {
    pub packets: u64,
    pub real_s: f64,
    pub batch_packets: u32,
    pub batch_median_s: f64,
    pub batch_median_cycles: Option<f64>,
}

impl TimedLoop {
    /// Absent where the library has no such cipher or MAC.
    pub fn new(library: &dyn Implementation, suite: Suite, payload: usize) -> Option<TimedLoop> {
        let keys = Keys::for_measuring();
        let (sealer, opener) = (library.sealer(suite, &keys)?, library.opener(suite, &keys)?);
        let layout = suite.layout();
        let packet_bytes = layout.packet_bytes(payload);
        let packets = (BATCH / packet_bytes).clamp(1, MOST);
        // Data that is neither zeros nor alike in each packet.
        let bytes = (0..packets * packet_bytes).map(|index| (index * 167 + index / 251) as u8);
        let packets = bytes.collect();
        Some(TimedLoop { sealer, opener, layout, payload, packets, packet_bytes, sequence: 0 })
    }

    /// Packets of a batch.
    pub fn batch(&self) -> usize {
        self.packets.len() / self.packet_bytes
    }

    /// Writes the packets anew; not part of what is timed.
    pub fn frame(&mut self) {
        for packet in self.packets.chunks_exact_mut(self.packet_bytes) {
            self.layout.frame(self.payload, packet);
        }
    }

    /// Seals each packet.
    ///
    /// # Errors
    /// [`Fault::Library`].
    pub fn seal(&mut self) -> Result<(), Fault> {
        let mut sequence = self.sequence;
        for packet in self.packets.chunks_exact_mut(self.packet_bytes) {
            self.sealer.seal(sequence, packet)?;
            sequence = sequence.wrapping_add(1);
        }
        Ok(())
    }

    /// Opens each packet that was just sealed, and is then ready to seal the next.
    ///
    /// # Errors
    /// [`Fault::Tampered`] where the library does not open what it sealed.
    pub fn open(&mut self) -> Result<(), Fault> {
        for packet in self.packets.chunks_exact_mut(self.packet_bytes) {
            self.opener.open(self.sequence, packet)?;
            self.sequence = self.sequence.wrapping_add(1);
        }
        Ok(())
    }

    /// Seals and opens batches for about `time`, and times one of the two.
    ///
    /// # Errors
    /// See [`TimedLoop::seal`] and [`TimedLoop::open`].
    pub fn run(
        &mut self,
        work: Work,
        time: Duration,
        mut cycles: Option<&mut Cycles>,
    ) -> Result<Measured, Fault> {
        // A first batch brings code and data into the caches.
        self.frame();
        self.seal()?;
        self.open()?;
        let end = Instant::now() + time;
        let (mut seconds, mut counts): (Vec<f64>, Vec<f64>) = Default::default();
        while seconds.is_empty() || Instant::now() < end {
            self.frame();
            if work == Work::Open {
                self.seal()?;
            }
            let counted = cycles.as_mut().and_then(|cycles| cycles.now());
            let start = Instant::now();
            match work {
                Work::Seal => self.seal()?,
                Work::Open => self.open()?,
            }
            seconds.push(start.elapsed().as_secs_f64());
            if let (Some(before), Some(after)) =
                (counted, cycles.as_mut().and_then(|cycles| cycles.now()))
            {
                counts.push(after.wrapping_sub(before) as f64);
            }
            if work == Work::Seal {
                self.open()?;
            }
        }
        let packets = (seconds.len() * self.batch()) as u64;
        Ok(Measured {
            packets,
            real_s: seconds.iter().sum(),
            batch_packets: self.batch() as u32,
            batch_median_s: median(&mut seconds).unwrap_or_default(),
            batch_median_cycles: median(&mut counts),
        })
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher_cores::implementation::compiled_in;

    #[test]
    fn each_suite_is_measured_both_ways() {
        for library in compiled_in() {
            for suite in Suite::all() {
                let Some(mut timed_loop) = TimedLoop::new(&*library, suite, 64) else { continue };
                for work in [Work::Seal, Work::Open] {
                    let measured = timed_loop.run(work, Duration::ZERO, None).unwrap();
                    assert_eq!(measured.packets, u64::from(measured.batch_packets));
                    assert!(measured.batch_packets > 100 && measured.batch_median_s > 0.0);
                }
            }
        }
    }
}
