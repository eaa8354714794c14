//! Order, rounds, journal, analysis and report with a scripted executor: no time, no network.

use std::cell::Cell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use cipher_survey::local::interrupt::Interrupt;
use cipher_survey::model::Configuration;
use cipher_survey::model::record::{
    Asked, FixedCost, Outcome, Phase, Record, Sample, Slices, Spent, StopReason,
};
use cipher_survey::model::survey::Survey;
use cipher_survey::model::{
    Cipher, CpuTimes, Direction, Entry, Method, Negotiated, OneWay, Source, Waits,
};
use cipher_survey::report::{Format, Report, Style, write};
use cipher_survey::stats::race::{Question, Rule, interim_analyses};
use cipher_survey::survey::ended::{Ended, Recorder, Stopped, record};
use cipher_survey::survey::events::{Events, Silent};
use cipher_survey::survey::plan::shuffled;
use cipher_survey::survey::rounds::{Executor, FixedRounds, Schedule, footer, run_rounds};
use cipher_survey::survey::stopping::Adaptive;

/// Moves bytes at a known rate in no time at all: each entry for a second a round.
struct Scripted {
    bytes_per_s: HashMap<&'static str, f64>,
    clock_s: Rc<Cell<f64>>,
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
    fn spent(&self) -> Duration {
        Duration::from_secs_f64(self.clock_s.get())
    }

    fn moved(&self) -> u64 {
        0
    }

    fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        recorder: &mut Recorder,
        _: &mut dyn Events,
    ) -> (Vec<Sample>, Result<(), Ended>) {
        let mut samples = Vec::new();
        for entry in shuffled(entries, 1, round) {
            let sample = match self.one(round, &entry) {
                Ok(sample) => sample,
                Err(stopped) => return (samples, Err(stopped.into())),
            };
            if let Err(ended) = record(recorder, Record::Sample(Box::new(sample.clone()))) {
                return (samples, Err(ended));
            }
            samples.push(sample);
        }
        (samples, Ok(()))
    }
}

impl Scripted {
    fn one(&mut self, round: u32, entry: &Entry) -> Result<Sample, Stopped> {
        let mut rate = self.bytes_per_s[entry.configuration.cipher.as_str()];
        if self.restless && entry.direction == Direction::Upload {
            rate *= 1.0 + 0.12 * (1.7 * self.run as f64).sin();
        }
        self.clock_s.set(self.clock_s.get() + 1.3);
        let accident = self.accident.filter(|(number, _)| *number == self.run);
        self.run += 1;
        let outcome = match accident.map(|(_, accident)| accident) {
            Some(Accident::Interrupted) => return Err(Stopped::Interrupted),
            Some(Accident::Lost) => return Err(Stopped::Lost("gone".into())),
            Some(Accident::Fails) => Outcome::Failed { reason: "a cable".into(), remedy: None },
            None => Outcome::Measured,
        };
        Ok(sample(round, entry, outcome, rate as u64))
    }
}

/// A second of slices.
fn sample(round: u32, entry: &Entry, outcome: Outcome, bytes: u64) -> Sample {
    let (configuration, real_s) = (&entry.configuration, 1.0);
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
        round,
        pairing: configuration.pairing,
        method: configuration.method,
        direction: entry.direction,
        cipher: configuration.cipher.clone(),
        mac: None,
        asked: Asked::Seconds(real_s),
        connection: None,
        slices: Some(Slices {
            count: 10,
            spread: Some(0.003),
            fixed: FixedCost::default(),
            with_key_exchange: 0,
            suspended: 0,
        }),
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
        whole_s: None,
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

fn schedule(budget_s: Option<f64>) -> Schedule {
    let configuration = |name: &str| {
        let (method, cipher) = (Method::Pipe, Cipher::from(name));
        Configuration { pairing: 0, method, cipher, mac: None }
    };
    let both = [Direction::Upload, Direction::Download];
    let entries = RATES
        .iter()
        .flat_map(|(name, _)| both.map(|direction| configuration(name).toward(direction)));
    let budget = budget_s.map(Duration::from_secs_f64);
    Schedule { entries: entries.collect(), budget, most_bytes: None }
}

fn scripted(accident: Option<(usize, Accident)>) -> Scripted {
    Scripted {
        bytes_per_s: HashMap::from(RATES),
        clock_s: Rc::default(),
        accident,
        restless: false,
        run: 0,
    }
}

fn run(schedule: &Schedule, executor: &mut Scripted) -> (Vec<Record>, StopReason) {
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
    let (journal, reason) = run(&schedule(None), &mut executor);
    assert_eq!((reason, executor.run), (StopReason::RoundsDone, 24));
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
fn a_survey_ends_at_its_budget_at_an_interrupt_and_at_a_loss() {
    let (journal, reason) = run(&schedule(Some(20.0)), &mut scripted(None));
    // Two rounds of 7.8 s; a third one would not end within a quarter more either.
    assert_eq!((samples(&journal).len(), reason), (12, StopReason::Budget));
    for (accident, expected) in
        [(Accident::Interrupted, StopReason::Interrupted), (Accident::Lost, StopReason::Lost)]
    {
        let mut executor = scripted(Some((7, accident)));
        let (journal, reason) = run(&schedule(None), &mut executor);
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
        &schedule(Some(budget_s)),
        executor,
        &mut Adaptive::new(Rule::sequential(0.03, Question::Choice, interim_analyses(2))),
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
    assert_eq!(samples_by_round(&journal, Direction::Upload), [3, 3, 3]);
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
    assert!(downloads[..3] == [3, 3, 3] && downloads[3..].iter().all(|&n| n == 0), "{downloads:?}");
    let uploads = samples_by_round(&journal, Direction::Upload);
    assert!(uploads.len() > 3 && uploads[3..].iter().all(|&many| many == 2), "{uploads:?}");
}

#[test]
fn the_report_is_made_of_the_journals_lines() {
    let (journal, reason) = run(&schedule(None), &mut scripted(Some((3, Accident::Fails))));
    // A header of a real survey, and the end that the program would write.
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/records/pipe-1.jsonl");
    let record = std::fs::read_to_string(directory).unwrap();
    let mut text = format!("{}\n", record.lines().next().unwrap());
    for line in journal.iter().chain([&Record::Footer(footer((reason, None), 60.0, 0.0, None))]) {
        text.push_str(&serde_json::to_string(line).unwrap());
        text.push('\n');
    }
    let survey = Survey::read(text.as_bytes()).unwrap();
    let style = Style { width: 100, details: true, ..Style::default() };
    let mut report = Vec::new();
    write(&Report::of(&survey, None), Format::Table, &style, &mut report).unwrap();
    let report = String::from_utf8(report).unwrap();
    for words in ["400", "5.00", "90.0", "a cable", "1 of 4 failed", "quick is fastest, 400 MB/s"] {
        assert!(report.contains(words), "{words}: {report}");
    }
}
