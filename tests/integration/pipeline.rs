//! Planner, rounds, sizing, journal, analysis and report with a scripted executor: no time, no
//! network.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, bail};
use cipher_survey::local::interrupt::Interrupt;
use cipher_survey::model::Configuration;
use cipher_survey::model::record::{Asked, Outcome, Phase, Record, Sample, Spent, StopReason};
use cipher_survey::model::survey::Survey;
use cipher_survey::model::{
    Cipher, CpuTimes, Direction, Method, Negotiated, OneWay, Sink, Source, Waits,
};
use cipher_survey::report::{Format, Report, Style, write};
use cipher_survey::stats::race::{Question, Rule};
use cipher_survey::survey::events::{Events, Silent};
use cipher_survey::survey::journal::Journal;
use cipher_survey::survey::plan::PlannedSample;
use cipher_survey::survey::rounds::{Executor, FixedRounds, Schedule, Stopped, footer, run_rounds};
use cipher_survey::survey::sizing::Sizer;
use cipher_survey::survey::stopping::Adaptive;

/// Moves bytes at a known rate in no time at all.
struct Scripted {
    bytes_per_s: HashMap<&'static str, f64>,
    clock_s: Rc<Cell<f64>>,
    prepared: u32,
    /// What happens to the sample of this number, from 0.
    accident: Option<(usize, Accident)>,
    /// Uploads are faster and slower by turns, as under changing conditions of their own.
    restless: bool,
    run: usize,
}

#[derive(Clone, Copy)]
enum Accident {
    Fails,
    Interrupted,
    Lost,
}

impl Executor for Scripted {
    fn elapsed(&self) -> Duration {
        Duration::from_secs_f64(self.clock_s.get())
    }

    fn prepare(&mut self, _: &[PlannedSample]) -> Result<(), Stopped> {
        self.prepared += 1;
        Ok(())
    }

    fn run(&mut self, planned: &PlannedSample, _: &mut dyn Events) -> Result<Sample, Stopped> {
        let configuration = &planned.configuration;
        let mut rate = self.bytes_per_s[configuration.cipher.as_str()];
        if self.restless && configuration.direction == Direction::Upload {
            rate *= 1.0 + 0.12 * (1.7 * self.run as f64).sin();
        }
        let (bytes, real_s) = match planned.asked {
            Asked::Bytes(bytes) => (bytes, bytes as f64 / rate),
            Asked::Seconds(seconds) => ((rate * seconds) as u64, seconds),
        };
        self.clock_s.set(self.clock_s.get() + real_s + 0.3);
        let accident = self.accident.filter(|(number, _)| *number == self.run);
        self.run += 1;
        let outcome = match accident.map(|(_, accident)| accident) {
            Some(Accident::Interrupted) => return Err(Stopped::Interrupted),
            Some(Accident::Lost) => return Err(Stopped::Lost("gone".into())),
            Some(Accident::Fails) => Outcome::Failed { reason: "a cable".into(), remedy: None },
            None => Outcome::Measured,
        };
        Ok(sample(planned, outcome, bytes, real_s))
    }
}

fn sample(planned: &PlannedSample, outcome: Outcome, bytes: u64, real_s: f64) -> Sample {
    let configuration = &planned.configuration;
    let way = OneWay {
        cipher: configuration.cipher.clone(),
        mac: "<implicit>".into(),
        compression: "none".into(),
    };
    let spent = Spent {
        source: Source::Process,
        resolution_s: 0.001,
        split_resolution_s: 0.01,
        bulk: CpuTimes { user_s: 0.5 * real_s, system_s: 0.2 * real_s, total_s: 0.7 * real_s },
        real_s: Some(real_s),
        setup: None,
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    };
    Sample {
        phase: Phase::Round,
        round: planned.round,
        pairing: configuration.pairing,
        method: configuration.method,
        direction: configuration.direction,
        cipher: configuration.cipher.clone(),
        mac: None,
        asked: planned.asked,
        connection: None,
        slices: None,
        wire: None,
        started: "2026-01-02T03:04:05Z".into(),
        outcome,
        negotiated: Some(Negotiated {
            client_to_server: way.clone(),
            server_to_client: way,
            key_exchange: "curve25519-sha256".into(),
        }),
        bytes: Some(bytes),
        setup_s: Some(0.3),
        real_s: Some(real_s),
        steady: None,
        client: Some(spent),
        server: Some(spent),
        server_missing: None,
        server_checks: Vec::new(),
        local_host: None,
        remote_host: None,
        sha256: None,
        backoff_s: 0.0,
        at_s: 0.0,
    }
}

const RATES: [(&str, f64); 3] =
    [("quick", 400e6), ("slow", 5e6), ("chacha20-poly1305@openssh.com", 90e6)];

fn configurations(method: Method) -> Vec<Configuration> {
    let mut configurations = Vec::new();
    for (name, _) in RATES {
        for direction in [Direction::Upload, Direction::Download] {
            let cipher = Cipher::from(name);
            configurations.push(Configuration { pairing: 0, method, direction, cipher, mac: None });
        }
    }
    configurations
}

fn schedule(method: Method, budget_s: Option<f64>) -> Schedule {
    Schedule {
        configurations: configurations(method),
        sizer: Sizer::new(Sink::Null, false, 4 << 30, vec![2.0]),
        seed: 1,
        budget: budget_s.map(Duration::from_secs_f64),
        sample_s: 2.3,
    }
}

fn scripted(accident: Option<(usize, Accident)>) -> Scripted {
    Scripted {
        bytes_per_s: HashMap::from(RATES),
        clock_s: Rc::default(),
        prepared: 0,
        accident,
        restless: false,
        run: 0,
    }
}

fn run(schedule: &mut Schedule, executor: &mut Scripted) -> (Vec<Record>, StopReason) {
    let mut journal: Vec<Record> = Vec::new();
    let (reason, _) = run_rounds(
        schedule,
        executor,
        &mut FixedRounds(4),
        &mut journal,
        &mut Silent,
        &Interrupt::default(),
    )
    .unwrap();
    (journal, reason)
}

fn samples(journal: &[Record]) -> Vec<&Sample> {
    let lines = journal.iter();
    lines
        .filter_map(|line| if let Record::Sample(sample) = line { Some(&**sample) } else { None })
        .collect()
}

#[test]
fn each_round_holds_each_configuration_once_in_another_order() {
    let mut executor = scripted(None);
    let (journal, reason) = run(&mut schedule(Method::Pipe, None), &mut executor);
    assert_eq!((reason, executor.prepared), (StopReason::RoundsDone, 4));
    let samples = samples(&journal);
    assert_eq!(samples.len(), 24);
    let names = |round: u32| -> Vec<String> {
        let of = samples.iter().filter(|sample| sample.round == round);
        of.map(|sample| format!("{} {}", sample.direction, sample.cipher)).collect()
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names.dedup();
        names
    };
    for round in 1..=4 {
        assert_eq!(sorted(names(round)).len(), 6);
    }
    assert_ne!(names(1), names(2));
}

#[test]
fn files_are_sized_to_last_alike_and_then_left_alone() {
    let (journal, _) = run(&mut schedule(Method::Scp, None), &mut scripted(None));
    let samples = samples(&journal);
    let seconds = |round: u32| -> Vec<f64> {
        samples.iter().filter(|t| t.round == round).map(|t| t.real_s.unwrap()).collect()
    };
    // A first guess misses by whatever ciphers differ; then all are within the grid's step.
    assert!(seconds(1).iter().any(|s| !(1.4..2.9).contains(s)), "{:?}", seconds(1));
    for round in 2..=4 {
        assert!(seconds(round).iter().all(|s| (1.4..2.9).contains(s)), "{:?}", seconds(round));
    }
}

#[test]
fn a_survey_ends_at_its_budget_at_an_interrupt_and_at_a_loss() {
    let (journal, reason) = run(&mut schedule(Method::Pipe, Some(10.0)), &mut scripted(None));
    assert_eq!((samples(&journal).len(), reason), (4, StopReason::Budget));
    for (accident, expected) in
        [(Accident::Interrupted, StopReason::Interrupted), (Accident::Lost, StopReason::Lost)]
    {
        let mut executor = scripted(Some((7, accident)));
        let (journal, reason) = run(&mut schedule(Method::Pipe, None), &mut executor);
        assert_eq!((samples(&journal).len(), reason), (7, expected));
    }
}

/// Samples of each round, by direction.
fn samples_by_round(journal: &[Record], direction: Direction) -> Vec<usize> {
    let samples = samples(journal);
    let last = samples.iter().map(|sample| sample.round).max().unwrap_or(0);
    let of = |round| {
        samples
            .iter()
            .filter(|sample| (sample.round, sample.direction) == (round, direction))
            .count()
    };
    (1..=last).map(of).collect()
}

fn adaptive(executor: &mut Scripted, budget_s: f64) -> (Vec<Record>, StopReason) {
    let mut journal: Vec<Record> = Vec::new();
    let (reason, _) = run_rounds(
        &mut schedule(Method::Pipe, Some(budget_s)),
        executor,
        &mut Adaptive::new(Rule::sequential(0.03, Question::Choice), Vec::new()),
        &mut journal,
        &mut Silent,
        &Interrupt::default(),
    )
    .unwrap();
    (journal, reason)
}

#[test]
fn rounds_stop_when_the_choice_is_decided() {
    let (journal, reason) = adaptive(&mut scripted(None), 300.0);
    assert_eq!(reason, StopReason::Decided);
    assert_eq!(samples_by_round(&journal, Direction::Upload), [3, 3]);
}

#[test]
fn each_race_ends_by_itself_and_what_left_is_not_tried_again() {
    let mut executor = scripted(None);
    // Two are alike, and uploads never steady: that is not decided soon.
    executor.bytes_per_s.insert("chacha20-poly1305@openssh.com", 400e6);
    executor.restless = true;
    let (journal, reason) = adaptive(&mut executor, 300.0);
    assert_eq!(reason, StopReason::OutOfReach);
    let downloads = samples_by_round(&journal, Direction::Download);
    assert!(downloads[..2] == [3, 3] && downloads[2..].iter().all(|&n| n == 0), "{downloads:?}");
    let uploads = samples_by_round(&journal, Direction::Upload);
    assert!(uploads.len() > 3 && uploads[3..].iter().all(|&many| many == 2), "{uploads:?}");
}

#[test]
fn a_journal_that_can_not_be_written_ends_the_survey() {
    struct Full;
    impl Journal for Full {
        fn append(&mut self, _: &Record) -> Result<()> {
            bail!("disk full")
        }
    }
    let result = run_rounds(
        &mut schedule(Method::Pipe, None),
        &mut scripted(None),
        &mut FixedRounds(1),
        &mut Full,
        &mut Silent,
        &Interrupt::default(),
    );
    assert!(result.unwrap_err().to_string().contains("disk full"));
}

#[test]
fn the_report_is_made_of_the_journals_lines() {
    let (journal, reason) =
        run(&mut schedule(Method::Pipe, None), &mut scripted(Some((3, Accident::Fails))));
    // A header of a real survey, and the end that the program would write.
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records/pipe-1.jsonl");
    let record = std::fs::read_to_string(directory).unwrap();
    let mut text = format!("{}\n", record.lines().next().unwrap());
    for line in journal.iter().chain([&Record::Footer(footer((reason, None), 60.0, 0.0, None))]) {
        text.push_str(&serde_json::to_string(line).unwrap());
        text.push('\n');
    }
    let survey = Survey::read(text.as_bytes()).unwrap();
    let style = Style::default();
    let mut report = Vec::new();
    write(&Report::of(&survey, None), Format::Table, &style, &mut report).unwrap();
    let report = String::from_utf8(report).unwrap();
    for words in ["400", "5.00", "90.0", "a cable", "1 of 4 failed", "quick is fastest, 400 MB/s"] {
        assert!(report.contains(words), "{words}: {report}");
    }
}
