//! What is known of the path between two ends.

use crate::analysis::samples::startup::Startups;
use crate::model::record::{Outcome, Pairing, Sample};
use crate::model::units::MB;
use crate::model::{Direction, Method, Sink, Survey};
use crate::stats::statistics::quotient;

/// The transfers of one cipher: their samples, and their rate.
pub struct Transfers<'a> {
    pub samples: &'a [&'a Sample],
    pub rate_mb_per_s: f64,
}

/// What is known of the path of a section.
#[derive(Clone, Copy, Debug)]
pub struct Path<'a> {
    pub pairing: &'a Pairing,
    pub sink: Sink,
    /// The best rate of the same direction by `pipe` into no file, where the survey has that too.
    pub pipe_mb_per_s: Option<f64>,
    /// The plain TCP rate of the same direction.
    pub plain_tcp_mb_per_s: Option<f64>,
    pub startups: &'a Startups,
}

impl<'a> Path<'a> {
    pub fn of(
        survey: &'a Survey,
        pairing: usize,
        direction: Direction,
        startups: &'a Startups,
    ) -> Path<'a> {
        let own = &survey.header.pairings[pairing];
        let pipes = survey.samples.iter().filter(|sample| {
            (sample.pairing, sample.method, sample.direction) == (pairing, Method::Pipe, direction)
                && !sample.method.makes_files(survey.header.sink)
                && sample.outcome == Outcome::Measured
        });
        let rates = pipes.filter_map(|sample| quotient(sample.bytes? as f64 / MB, sample.real_s?));
        Path {
            pairing: own,
            sink: survey.header.sink,
            pipe_mb_per_s: rates.reduce(f64::max),
            plain_tcp_mb_per_s: plain_tcp_mb_per_s(own, direction),
            startups,
        }
    }
}

/// The plain TCP rate, where one was measured (`--plain-tcp-port`).
pub fn plain_tcp_mb_per_s(pairing: &Pairing, direction: Direction) -> Option<f64> {
    let plain_tcp = pairing.plain_tcp.as_ref()?;
    let stream = match direction {
        Direction::Upload => plain_tcp.upload,
        Direction::Download => plain_tcp.download,
    }?;
    quotient(stream.bytes as f64 / MB, stream.seconds)
}
