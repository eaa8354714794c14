//! The loop of rounds alone: a scripted executor takes no time, a scripted rule decides.

use anyhow::bail;

use super::*;
use crate::analysis::testing::rounds as samples_of;
use crate::model::record::Outcome;
use crate::survey::ended::{Stopped, record};
use crate::survey::events::Silent;

/// Each round takes `each_s` of the budget for every entry, and moves 100 bytes for it.
struct Scripted {
    each_s: f64,
    spent_s: f64,
    moved: u64,
    /// What ends the round of this number, after its first sample.
    end: Option<(u32, Stopped)>,
    /// Raised in the round of this number.
    raised: Option<(u32, Interrupt)>,
    rounds: Vec<usize>,
}

fn scripted(each_s: f64) -> Scripted {
    Scripted { each_s, spent_s: 0.0, moved: 0, end: None, raised: None, rounds: Vec::new() }
}

impl Executor for Scripted {
    fn spent(&self) -> Duration {
        Duration::from_secs_f64(self.spent_s)
    }

    fn moved(&self) -> u64 {
        self.moved
    }

    fn round(
        &mut self,
        round: u32,
        entries: &[Entry],
        recorder: &mut Recorder,
        _: &mut dyn Events,
    ) -> (Vec<Sample>, Result<(), Ended>) {
        self.rounds.push(entries.len());
        let mut samples = Vec::new();
        for entry in entries {
            let mut sample = samples_of(entry.configuration.cipher.as_str(), [1.0]).remove(0);
            (sample.round, sample.direction) = (round, entry.direction);
            if let Err(error) = record(recorder, Record::Sample(Box::new(sample.clone()))) {
                return (samples, Err(error));
            }
            samples.push(sample);
            self.spent_s += self.each_s;
            self.moved += 100;
            if let Some((_, stopped)) = self.end.take_if(|(at, _)| *at == round) {
                return (samples, Err(stopped.into()));
            }
        }
        if let Some((at, interrupt)) = &self.raised
            && *at == round
        {
            interrupt.raise();
        }
        (samples, Ok(()))
    }
}

/// Entries go on until `expected` rounds are over, as a rule forecasts that is sure of itself. One leaves
/// after the first round.
struct Sure {
    expected: u32,
    seen: Vec<(u32, usize, Option<Duration>)>,
}

impl StopRule for Sure {
    fn after_round(&mut self, so_far: &SoFar) -> Vec<Entry> {
        self.seen.push((so_far.round, so_far.samples.len(), so_far.left));
        if so_far.round >= self.expected { Vec::new() } else { so_far.entries[..1].to_vec() }
    }

    fn reason(&self) -> StopReason {
        StopReason::Decided
    }

    fn news(&self) -> Option<String> {
        None
    }

    fn expected_rounds(&self) -> u32 {
        self.expected
    }
}

fn schedule(budget_s: Option<f64>, most_bytes: Option<u64>) -> Schedule {
    let sample = samples_of("a", [1.0]).remove(0);
    let entry = |cipher: &str| {
        let mut entry = Entry::of(&sample);
        entry.configuration.cipher = cipher.into();
        entry
    };
    let budget = budget_s.map(Duration::from_secs_f64);
    Schedule { entries: vec![entry("a"), entry("b")], budget, most_bytes }
}

type Journaled = Vec<Record>;

fn run(
    schedule: &Schedule,
    executor: &mut Scripted,
    stop: &mut dyn StopRule,
) -> (StopReason, Option<String>, Journaled) {
    let mut journal: Journaled = Vec::new();
    let interrupt = match &executor.raised {
        Some((_, interrupt)) => interrupt.clone(),
        None => Interrupt::default(),
    };
    let ran = run_rounds(schedule, executor, stop, &mut journal, &mut Silent, &interrupt);
    let (reason, detail) = ran.unwrap();
    (reason, detail, journal)
}

fn measured(journal: &Journaled) -> usize {
    let measured = |line: &&Record| matches!(line, Record::Sample(sample) if sample.outcome == Outcome::Measured);
    journal.iter().filter(measured).count()
}

#[test]
fn fixed_rounds_have_all_entries_each() {
    let mut executor = scripted(1.0);
    let (reason, _, journal) = run(&schedule(None, None), &mut executor, &mut FixedRounds(3));
    assert_eq!((reason, measured(&journal)), (StopReason::RoundsDone, 6));
    assert_eq!(executor.rounds, [2, 2, 2]);
}

#[test]
fn a_rule_is_told_of_all_samples_and_only_what_goes_on_is_run() {
    let mut executor = scripted(1.0);
    let mut stop = Sure { expected: 3, seen: Vec::new() };
    let (reason, _, journal) = run(&schedule(Some(40.0), None), &mut executor, &mut stop);
    assert_eq!((reason, measured(&journal)), (StopReason::Decided, 4));
    assert_eq!(executor.rounds, [2, 1, 1]);
    // A quarter of the budget beyond it may be waited for.
    let left = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(stop.seen, [(1, 2, left(48)), (2, 3, left(47)), (3, 4, left(46))]);
}

#[test]
fn no_round_begins_that_would_end_beyond_the_budget() {
    // Two rounds of 4 s are over at 8 s, and a third one would end at 12 s.
    for (budget_s, rounds) in [(8.0, 2), (11.9, 2), (12.0, 3), (1.0, 1)] {
        let mut executor = scripted(2.0);
        let fixed = &mut FixedRounds(9);
        // Nothing is said of when those that are asked for would decide anything.
        let (reason, ..) = run(&schedule(Some(budget_s), None), &mut executor, &mut Never(fixed));
        assert_eq!((reason, executor.rounds.len()), (StopReason::Budget, rounds), "{budget_s}");
    }
}

/// A rule that never tells when it is answered.
struct Never<'a>(&'a mut FixedRounds);

impl StopRule for Never<'_> {
    fn after_round(&mut self, so_far: &SoFar) -> Vec<Entry> {
        self.0.after_round(so_far)
    }

    fn reason(&self) -> StopReason {
        self.0.reason()
    }

    fn news(&self) -> Option<String> {
        None
    }

    fn expected_rounds(&self) -> u32 {
        0
    }
}

#[test]
fn a_decision_is_waited_for_within_a_quarter_of_the_budget() {
    // Entries go on alone after the first round: 2 s, then 1 s each.
    let ends_after = |budget_s: f64, expected: u32| {
        let mut executor = scripted(1.0);
        let mut stop = Sure { expected, seen: Vec::new() };
        let (reason, ..) = run(&schedule(Some(budget_s), None), &mut executor, &mut stop);
        (reason, executor.spent_s)
    };
    assert_eq!(ends_after(8.0, 9), (StopReason::Decided, 10.0));
    // One that needs longer is not waited for at all.
    assert_eq!(ends_after(7.9, 9), (StopReason::Budget, 7.0));
}

#[test]
fn no_more_bytes_are_moved_than_allowed() {
    let mut executor = scripted(1.0);
    let schedule = schedule(None, Some(300));
    let (reason, detail, _) = run(&schedule, &mut executor, &mut FixedRounds(9));
    assert_eq!((reason, executor.moved), (StopReason::Budget, 400));
    assert_eq!(detail.unwrap(), "300 bytes were moved, as many as --max-bytes allows");
}

#[test]
fn an_interrupt_between_rounds_ends_them() {
    let mut executor = scripted(1.0);
    executor.raised = Some((2, Interrupt::default()));
    let (reason, _, journal) = run(&schedule(None, None), &mut executor, &mut FixedRounds(5));
    assert_eq!((reason, measured(&journal)), (StopReason::Interrupted, 4));
}

#[test]
fn what_was_measured_before_a_loss_is_kept() {
    for (stopped, expected, why) in [
        (Stopped::Lost("gone".into()), StopReason::Lost, Some("gone".to_owned())),
        (Stopped::Interrupted, StopReason::Interrupted, None),
    ] {
        let mut executor = scripted(1.0);
        executor.end = Some((2, stopped));
        let (reason, detail, journal) =
            run(&schedule(None, None), &mut executor, &mut FixedRounds(5));
        assert_eq!((reason, detail, measured(&journal)), (expected, why, 3));
    }
}

#[test]
fn nothing_more_is_measured_once_the_journal_can_not_be_written() {
    struct Full(u32);
    impl Journal for Full {
        fn append(&mut self, _: &Record) -> Result<()> {
            match self.0 {
                0 => bail!("disk full"),
                _ => self.0 -= 1,
            }
            Ok(())
        }
    }
    let mut executor = scripted(1.0);
    let ran = run_rounds(
        &schedule(None, None),
        &mut executor,
        &mut FixedRounds(5),
        &mut Full(3),
        &mut Silent,
        &Interrupt::default(),
    );
    assert_eq!(ran.unwrap_err().to_string(), "disk full");
    // The fourth sample could not be written.
    assert_eq!((executor.rounds.len(), executor.moved), (2, 300));
}
