//! One simulated survey and what its analysis says.

use std::time::Duration;

use cipher_survey::analysis::advice::recommend::recommend;
use cipher_survey::analysis::rows::table::Section;
use cipher_survey::analysis::{Summary, summarise};
use cipher_survey::local::interrupt::Interrupt;
use cipher_survey::model::record::{Header, Record, SCHEMA, Sample, StopReason};
use cipher_survey::model::survey::Survey;
use cipher_survey::stats::race::{Question, Rule};
use cipher_survey::survey::events::Silent;
use cipher_survey::survey::rounds::{Schedule, footer, run_rounds};
use cipher_survey::survey::stopping::{Adaptive, analyses_of};

use crate::contradictions::contradictions;
use crate::host::{Host, entries};
use crate::worlds::World;

pub struct Done {
    pub summary: Summary,
    pub samples: Vec<Sample>,
    pub reason: StopReason,
    pub wall_s: f64,
    /// The mean of what fell on all ciphers alike, in logarithms, by pairing.
    pub conditions: Vec<f64>,
}

impl Done {
    /// One per pairing.
    pub fn sections(&self) -> &[Section] {
        &self.summary.tables[0].sections
    }
}

pub fn run(world: &World, seed: u64) -> Done {
    let mut host = Host::new(world, seed);
    let schedule = Schedule {
        entries: entries(world),
        budget: Some(Duration::from_secs_f64(world.budget_s)),
        most_bytes: None,
    };
    let analyses = analyses_of(&schedule.entries);
    let rule = Rule::sequential(world.precision, Question::Choice, analyses.clone());
    let header = Header { interim_analyses: analyses, ..header(world, seed) };
    let mut stop = Adaptive::new(rule).with_pairings(header.pairings.clone());
    let mut journal: Vec<Record> = Vec::new();
    let reason = run_rounds(
        &schedule,
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
    let survey = Survey {
        header,
        connections: Vec::new(),
        samples: samples.clone(),
        footer: Some(footer(reason.clone(), host.wall_s(), 0.0, None)),
        problems: Vec::new(),
    };
    let (summary, advised) = (summarise(&survey), recommend(&survey, false));
    let against = contradictions(&summary, &advised, world.precision);
    assert!(against.is_empty(), "{}, seed {seed}: {}", world.name, against.join("\n"));
    Done {
        summary,
        samples,
        reason: reason.0,
        wall_s: host.wall_s(),
        conditions: (0..world.rates.len()).map(|pairing| host.mean_conditions(pairing)).collect(),
    }
}

/// Of a real survey that goes on until decided. A second pairing has AES disabled at the server.
fn header(world: &World, seed: u64) -> Header {
    let record = include_str!("../../fixtures/records/pipe-1.jsonl");
    let Ok(Record::Header(mut header)) = serde_json::from_str(record.lines().next().unwrap())
    else {
        panic!("the record has no header");
    };
    header.schema = SCHEMA.into();
    header.rounds = None;
    header.precision = world.precision;
    header.seed = seed;
    for _ in 1..world.rates.len() {
        let mut disabled = header.pairings[0].clone();
        disabled.server.aes_disabled_by = Some("OPENSSL_ia32cap=~0x200000200000000".into());
        header.pairings.push(disabled);
    }
    *header
}
