//! One simulated survey and what its analysis says.

use std::time::Duration;

use cipher_survey::analysis::rows::table::Section;
use cipher_survey::analysis::{Summary, summarise};
use cipher_survey::local::interrupt::Interrupt;
use cipher_survey::model::Sink;
use cipher_survey::model::record::{Header, Record, Sample, StopReason};
use cipher_survey::model::survey::Survey;
use cipher_survey::stats::race::{Question, Rule};
use cipher_survey::survey::events::Silent;
use cipher_survey::survey::plan::sample_seconds;
use cipher_survey::survey::rounds::{Schedule, footer, run_rounds};
use cipher_survey::survey::sizing::Sizer;
use cipher_survey::survey::stopping::Adaptive;

use crate::host::{Host, configuration};
use crate::worlds::World;

/// The default of `--precision`.
pub const PRECISION: f64 = 0.03;

pub struct Done {
    pub summary: Summary,
    pub samples: Vec<Sample>,
    pub reason: StopReason,
    pub wall_s: f64,
    /// The mean of what fell on all ciphers alike, in logarithms.
    pub conditions: f64,
}

impl Done {
    pub fn section(&self) -> &Section {
        &self.summary.tables[0].sections[0]
    }
}

pub fn run(world: &World, seed: u64) -> Done {
    let mut host = Host::new(world, seed);
    let pilot = host.pilot();
    let sample_s = sample_seconds(world.setup_s, false);
    let mut schedule = Schedule {
        configurations: (0..world.rates.len()).map(configuration).collect(),
        sizer: Sizer::new(Sink::Null, false, 1 << 40, vec![sample_s]),
        seed,
        budget: Some(Duration::from_secs_f64(world.budget_s)),
        sample_s: sample_s + world.setup_s,
    };
    let rule = Rule::sequential(PRECISION, Question::Choice);
    let mut stop = Adaptive::new(rule, vec![pilot.clone()]);
    let mut journal: Vec<Record> = Vec::new();
    journal.push(Record::Sample(Box::new(pilot)));
    let reason = run_rounds(
        &mut schedule,
        &mut host,
        &mut stop,
        &mut journal,
        &mut Silent,
        &Interrupt::default(),
    )
    .unwrap();
    let samples: Vec<Sample> = journal
        .into_iter()
        .filter_map(|line| if let Record::Sample(sample) = line { Some(*sample) } else { None })
        .collect();
    let wall_s = samples.last().map_or(0.0, |sample| sample.at_s);
    let survey = Survey {
        header: header(seed),
        connections: Vec::new(),
        samples: samples.clone(),
        footer: Some(footer(reason.clone(), wall_s, 0.0, None)),
        problems: Vec::new(),
    };
    Done {
        summary: summarise(&survey),
        samples,
        reason: reason.0,
        wall_s,
        conditions: host.mean_conditions(),
    }
}

/// Of a real survey that goes on until decided.
fn header(seed: u64) -> Header {
    let record = include_str!("../../fixtures/records/pipe-1.jsonl");
    let Ok(Record::Header(mut header)) = serde_json::from_str(record.lines().next().unwrap())
    else {
        panic!("the record has no header");
    };
    header.rounds = None;
    header.precision = PRECISION;
    header.seed = seed;
    *header
}
