//! The rounds of a measurement: each subject once per round, in shuffled order, so that whatever else
//! the machine does falls on all alike.

use std::time::Instant;

use anyhow::{Result, bail};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::worker::{Answer, Request};
use super::workers::Worker;
use crate::local::interrupt::Interrupt;
use crate::model::cipher_cores::{CoresSample, Subject};

/// How long each subject is measured in a round, and how many rounds there are.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rounds {
    pub rounds: u32,
    pub loop_s: f64,
}

impl Rounds {
    /// Rounds that take `seconds` together.
    ///
    /// # Errors
    /// The seconds that would be enough, where those given are not.
    pub fn fit(subjects: usize, seconds: f64) -> Result<Rounds, f64> {
        /// Shorter loops are lost in what a process needs to warm up.
        const SHORTEST_S: f64 = 0.004;
        /// Fewer give no interval.
        const FEWEST: u32 = 6;
        /// No longer than needed: more rounds show more of how a machine changes.
        const GOOD_S: f64 = 0.02;
        let subjects = subjects.max(1) as f64;
        let enough = subjects * SHORTEST_S * f64::from(FEWEST);
        if seconds < enough {
            return Err(enough);
        }
        let rounds = ((seconds / subjects / GOOD_S) as u32).clamp(FEWEST, 50);
        Ok(Rounds { rounds, loop_s: seconds / subjects / f64::from(rounds) })
    }
}

/// Measures all subjects and passes each sample to `keep` as it comes. False: it was interrupted.
///
/// # Errors
/// A worker process ended, a library failed, or a sample could not be kept.
pub fn run(
    rounds: Rounds,
    seed: u64,
    workers: &mut [Worker],
    mut subjects: Vec<Subject>,
    begun: Instant,
    interrupt: &Interrupt,
    keep: &mut dyn FnMut(CoresSample) -> Result<()>,
) -> Result<bool> {
    let mut random = ChaCha8Rng::seed_from_u64(seed);
    for round in 1..=rounds.rounds {
        subjects.shuffle(&mut random);
        for subject in &subjects {
            if interrupt.is_raised() {
                return Ok(false);
            }
            let Some(worker) =
                workers.iter_mut().find(|worker| worker.aes_disabled_by == subject.aes_disabled_by)
            else {
                bail!("there is no worker process with {:?}", subject.aes_disabled_by);
            };
            // About half of the time restores the packets: sealed ones are opened, opened ones sealed.
            let request = Request {
                implementation: subject.implementation.clone(),
                cipher: subject.cipher.clone(),
                mac: subject.mac.clone(),
                work: subject.work,
                payload_bytes: subject.payload_bytes,
                seconds: rounds.loop_s,
            };
            match worker.ask(&request, interrupt)? {
                Answer::Measured { measured, core_hz } => keep(CoresSample {
                    subject: subject.clone(),
                    round,
                    packets: measured.packets,
                    real_s: measured.real_s,
                    batch_packets: Some(measured.batch_packets),
                    batch_median_s: Some(measured.batch_median_s),
                    batch_median_cycles: measured.batch_median_cycles,
                    core_hz,
                    at_s: begun.elapsed().as_secs_f64(),
                })?,
                Answer::Failed(why) => {
                    let Subject { implementation, cipher, work, .. } = subject;
                    bail!("{implementation} could not {work} a packet with {cipher}: {why}");
                }
            }
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::Rounds;

    #[test]
    fn rounds_fill_the_time_and_too_little_time_is_refused() {
        let rounds = Rounds::fit(80, 20.0).unwrap();
        assert_eq!(rounds.rounds, 12);
        assert!((rounds.loop_s * 12.0 * 80.0 - 20.0).abs() < 1e-9);
        assert_eq!(Rounds::fit(2, 60.0).unwrap().rounds, 50);
        assert_eq!(Rounds::fit(100, 1.0).map_err(f64::ceil), Err(3.0));
    }
}
