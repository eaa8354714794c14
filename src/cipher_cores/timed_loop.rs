//! The timed loop: one suite of one library sealing, or opening, packets of one size.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::clock::Cycles;
use super::implementation::Implementation;
use super::packet::{Fault, Layout, Open, Seal};
use super::suite::{Keys, Suite};
use crate::model::cipher_cores::Work;

/// Packets that are timed together hold about so many bytes: few enough to stay in a core's L2 cache,
/// as packets do in a transfer, and so many that reading the clock costs nothing.
const BATCH_BYTES: usize = 128 << 10;

/// The most packets of a batch, where they are small.
const BATCH_PACKETS: usize = 1024;

/// A sender and a receiver with the same keys, and a batch of packets.
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
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
        let packets = (BATCH_BYTES / packet_bytes).clamp(1, BATCH_PACKETS);
        // Neither zeros nor the same data in each packet.
        let bytes = (0..packets * packet_bytes).map(|index| (index * 167 + index / 251) as u8);
        let packets = bytes.collect();
        Some(TimedLoop { sealer, opener, layout, payload, packets, packet_bytes, sequence: 0 })
    }

    /// Packets per batch.
    pub fn batch(&self) -> usize {
        self.packets.len() / self.packet_bytes
    }

    /// Writes the lengths of the packets again; not part of what is timed.
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

    /// Opens each packet that was just sealed; then the next batch can be sealed.
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
        // The first batch brings code and data into the caches.
        self.frame();
        self.seal()?;
        self.open()?;
        let end = Instant::now() + time;
        let (mut seconds, mut counts): (Vec<f64>, Vec<f64>) = Default::default();
        while seconds.is_empty() || Instant::now() < end {
            let (time, count) = self.timed(work, cycles.as_deref_mut())?;
            seconds.push(time.as_secs_f64());
            counts.extend(count.map(|count| count as f64));
        }
        Ok(Measured {
            packets: (seconds.len() * self.batch()) as u64,
            real_s: seconds.iter().sum(),
            batch_packets: self.batch() as u32,
            batch_median_s: median(&mut seconds).unwrap_or_default(),
            batch_median_cycles: median(&mut counts),
        })
    }

    /// Seals and opens one batch: the time, and the core's cycles, that one of the two took.
    ///
    /// # Errors
    /// See [`TimedLoop::seal`] and [`TimedLoop::open`].
    pub fn timed(
        &mut self,
        work: Work,
        mut cycles: Option<&mut Cycles>,
    ) -> Result<(Duration, Option<u64>), Fault> {
        self.frame();
        if work == Work::Open {
            self.seal()?;
        }
        let before = cycles.as_mut().and_then(|cycles| cycles.now());
        let start = Instant::now();
        match work {
            Work::Seal => self.seal()?,
            Work::Open => self.open()?,
        }
        let time = start.elapsed();
        let after = cycles.and_then(|cycles| cycles.now());
        if work == Work::Seal {
            self.open()?;
        }
        Ok((time, before.zip(after).map(|(before, after)| after.wrapping_sub(before))))
    }
}

fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher_cores::libraries::compiled_in;

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
