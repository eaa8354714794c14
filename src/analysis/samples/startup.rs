//! Start-up: what a run of a program takes before bytes flow at their steady rate. It is subtracted from
//! times and costs where the samples show it. Slices have none: the first ones of a connection are in no sample.
//!
//! A transfer of B bytes takes a + B ÷ rate. An empty one takes only a part of a: windows open and
//! buffers grow with the first megabytes (OpenSSH 9.2's server takes 0.1 to 0.2 s for it when it
//! receives a file, a third of a sample on loopback). So a is measured by two sizes of one cipher:
//! the usual one, and an eighth of it or less.
//!
//! Of slices each has a fixed cost, which its sample says; the connection's start-up is in none.

use std::collections::HashMap;

use crate::analysis::samples::comparable::is_alike;
use crate::analysis::samples::comparable::was_suspended;
use crate::model::record::{Asked, Outcome, Phase, Sample, Slices};
use crate::model::{Direction, Mac, Method};
use crate::stats::statistics::median;

/// A sample shows the start-up if it moved at most this fraction of its cipher's usual bytes.
const SMALL: f64 = 1.0 / 8.0;

/// However wrong the start-up is for one sample, at least this fraction of it was steady flow.
const LEAST_FLOW: f64 = 0.3;

/// Seconds that a transfer takes besides its setup and its steady flow.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Startup {
    pub real_s: f64,
    /// CPU of the client.
    pub client_s: f64,
    /// CPU of the server.
    pub server_s: f64,
}

/// Seconds of a transfer without its start-up.
pub fn flow_s(seconds: f64, startup_s: f64) -> f64 {
    (seconds - startup_s).max(LEAST_FLOW * seconds)
}

type Key = (usize, Method, Direction);

/// The start-up of each pairing, method and direction.
#[derive(Clone, Debug, Default)]
pub struct Startups(HashMap<Key, Startup>);

impl Startups {
    /// From the samples of the calibration and of the rounds.
    pub fn of<'a>(samples: impl IntoIterator<Item = &'a Sample>) -> Startups {
        let measured = |sample: &&Sample| {
            // Copies that confirm advice are of another size.
            let is_run = sample.slices.is_none()
                && sample.phase != Phase::Confirmation
                && !was_suspended(sample);
            is_run && sample.outcome == Outcome::Measured
        };
        let samples: Vec<&Sample> = samples.into_iter().filter(measured).collect();
        let mut by_key: HashMap<Key, Vec<&Sample>> = HashMap::new();
        for &sample in &samples {
            by_key.entry(key(sample)).or_default().push(sample);
        }
        let empties: Vec<&Sample> = samples.into_iter().filter(|sample| is_empty(sample)).collect();
        let startup = |(of, own): (&Key, &Vec<&Sample>)| {
            let seconds = |quantity: Quantity| {
                by_two_sizes(own, quantity)
                    .unwrap_or(0.0)
                    .max(of_empties(&empties, *of, quantity).unwrap_or(0.0))
            };
            let startup = Startup {
                real_s: seconds(|sample| sample.real_s),
                client_s: seconds(|sample| Some(sample.client?.bulk.total_s)),
                server_s: seconds(|sample| Some(sample.server?.bulk.total_s)),
            };
            (*of, startup)
        };
        Startups(by_key.iter().map(startup).collect())
    }

    pub fn of_sample(&self, sample: &Sample) -> Startup {
        if let Some(Slices { count, fixed, .. }) = sample.slices {
            let count = f64::from(count);
            return Startup {
                real_s: count * fixed.real_s,
                client_s: count * fixed.client_s,
                server_s: count * fixed.server_s,
            };
        }
        self.0.get(&key(sample)).copied().unwrap_or_default()
    }
}

fn key(sample: &Sample) -> Key {
    (sample.pairing, sample.method, sample.direction)
}

fn is_empty(sample: &Sample) -> bool {
    sample.phase == Phase::Calibration && sample.asked == Asked::Bytes(0)
}

/// Seconds of a sample: real time or CPU.
type Quantity = fn(&Sample) -> Option<f64>;

/// The median over the empty transfers; where a direction has none, over those of its method, or
/// else of its pairing.
fn of_empties(empties: &[&Sample], of: Key, quantity: Quantity) -> Option<f64> {
    let (pairing, method, direction) = of;
    let median_of = |alike: &dyn Fn(&Sample) -> bool| {
        let chosen = empties.iter().filter(|sample| sample.pairing == pairing && alike(sample));
        median(&chosen.filter_map(|sample| quantity(sample)).collect::<Vec<_>>())
    };
    median_of(&|sample| (sample.method, sample.direction) == (method, direction))
        .or_else(|| median_of(&|sample| sample.method == method))
        .or_else(|| median_of(&|_| true))
}

/// Bytes, seconds, round.
type Point = (f64, f64, u32);

/// The median over all small samples of one pairing, method and direction; absent without any.
fn by_two_sizes(samples: &[&Sample], quantity: Quantity) -> Option<f64> {
    let mut by_cipher: HashMap<(&str, Option<&Mac>), Vec<Point>> = HashMap::new();
    for sample in samples {
        if let (Some(bytes @ 1..), Some(seconds)) = (sample.bytes, quantity(sample)) {
            let point = (bytes as f64, seconds, sample.round);
            by_cipher.entry((sample.cipher.as_str(), sample.mac.as_ref())).or_default().push(point);
        }
    }
    let mut found = Vec::new();
    for points in by_cipher.values() {
        let Some(&(last, ..)) = points.iter().rev().find(|(.., round)| *round > 0) else {
            continue;
        };
        let usual: Vec<_> = points.iter().filter(|(bytes, ..)| is_alike(*bytes, last)).collect();
        let bytes = median(&usual.iter().map(|(bytes, ..)| *bytes).collect::<Vec<_>>());
        let seconds = median(&usual.iter().map(|(_, seconds, _)| *seconds).collect::<Vec<_>>());
        let Some((bytes, seconds)) = bytes.zip(seconds) else { continue };
        for (small, took, _) in points.iter().filter(|(small, ..)| *small <= SMALL * bytes) {
            let share = small / bytes;
            found.push((took - share * seconds) / (1.0 - share));
        }
    }
    median(&found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::{BYTES, failed, sample, sliced, spent};
    use crate::model::Source;

    /// A transfer of so many bytes at 100 MB/s after a start-up of 0.2 s, which costs the client
    /// 0.05 s of CPU and the server 0.1 s.
    fn sized(bytes: u64, round: u32) -> Sample {
        let flow_s = bytes as f64 / 100e6;
        let phase = if round == 0 { Phase::Calibration } else { Phase::Round };
        Sample {
            phase,
            asked: Asked::Bytes(bytes),
            bytes: Some(bytes),
            real_s: Some(0.2 + flow_s),
            client: Some(spent(Source::Wait4, 0.05 + 0.2 * flow_s)),
            server: Some(spent(Source::Process, 0.1 + 0.4 * flow_s)),
            ..sample("aes128-ctr", round, 1.0)
        }
    }

    fn empty() -> Sample {
        Sample {
            real_s: Some(0.01),
            client: Some(spent(Source::Wait4, 0.002)),
            server: Some(spent(Source::Process, 0.001)),
            ..sized(0, 0)
        }
    }

    fn close(found: Startup, expected: [f64; 3]) {
        let found = [found.real_s, found.client_s, found.server_s];
        assert!(found.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-9), "{found:?}");
    }

    #[test]
    fn two_sizes_show_the_start_up() {
        let samples = [empty(), sized(BYTES / 16, 0), sized(BYTES, 1), sized(BYTES, 2)];
        close(Startups::of(&samples).of_sample(&samples[2]), [0.2, 0.05, 0.1]);
    }

    #[test]
    fn of_one_size_start_up_is_what_empty_transfers_take() {
        let samples = [empty(), sized(BYTES / 4, 0), sized(BYTES, 1)];
        close(Startups::of(&samples).of_sample(&samples[2]), [0.01, 0.002, 0.001]);
        // Those of another direction, where its own are missing.
        let download = Sample { direction: Direction::Download, ..sized(BYTES, 1) };
        let samples = [empty(), download];
        close(Startups::of(&samples).of_sample(&samples[1]), [0.01, 0.002, 0.001]);
        close(Startups::of(&[sized(BYTES, 1)]).of_sample(&samples[1]), [0.0; 3]);
    }

    #[test]
    fn slices_say_what_each_of_them_takes() {
        // A small sample of slices is no start-up of runs, and runs tell nothing of slices.
        let mut of_slices = sized(BYTES / 16, 1);
        sliced(&mut of_slices, 10, 0.003);
        let samples = [of_slices, sized(BYTES, 1)];
        let startups = Startups::of(&samples);
        close(startups.of_sample(&samples[0]), [0.03, 0.015, 0.0075]);
        close(startups.of_sample(&samples[1]), [0.0; 3]);
    }

    #[test]
    fn failed_samples_show_no_start_up() {
        let lost = failed(sized(BYTES / 16, 0), "lost", None);
        let samples = [lost, sized(BYTES, 1)];
        close(Startups::of(&samples).of_sample(&samples[1]), [0.0; 3]);
    }

    #[test]
    fn some_of_a_transfer_is_always_steady_flow() {
        assert_eq!(flow_s(1.0, 0.25), 0.75);
        assert_eq!(flow_s(1.0, 2.0), 0.3);
    }
}
