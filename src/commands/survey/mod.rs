//! A survey from its first connection to its report. `run` and `loopback` differ only in their
//! targets.

mod confirming;
mod methods;
mod preparation;
mod storage;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Result, bail};

use super::effort::Effort;
use super::{Status, command_line, output, read};
use crate::analysis::expectation::expectation;
use crate::cli::survey::SurveyArgs;
use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, Scratch};
use crate::model::record::{FileInfo, Header, Outcome, Pairing, Phase, Record, SCHEMA, StopReason};
use crate::model::survey::Survey;
use crate::model::{Direction, Entry, Method};
use crate::progress::bar::Progress;
use crate::progress::tell;
use crate::remote::plain_tcp;
use crate::remote::target::{Target, TargetSpec};
use crate::stats::race::Rule;
use crate::survey::context::Context;
use crate::survey::events::{Events, Silent};
use crate::survey::executor::SshExecutor;
use crate::survey::feed_time::{Before, FeedTime, Spread};
use crate::survey::journal::{FileJournal, Journal, default_path};
use crate::survey::plan::announcement::Announcement;
use crate::survey::plan::run_seconds;
use crate::survey::rounds::{FixedRounds, Schedule, StopRule, footer, run_rounds};
use crate::survey::runs::rounds::RunState;
use crate::survey::runs::sizing::Sizer;
use crate::survey::slices;
use crate::survey::slices::feed::Pace;
use crate::survey::slices::state::SliceState;
use crate::survey::staging::Files;
use crate::survey::stopping::{Adaptive, analyses_of};
use crate::survey::storage::SMALLEST;
use crate::transfer::shim;
use confirming::{Confirming, LEAST_ROUNDS};
pub use preparation::refuse_unknown;
use preparation::{
    Planned, check_space, choice, fit, open_targets, paces, refuse_too_many_bytes, servers,
    sorted_unique,
};

/// What is to be surveyed.
pub struct Request<'a> {
    pub specs: Vec<TargetSpec>,
    pub file: Option<&'a Path>,
    pub methods: &'a [Method],
    pub args: &'a SurveyArgs,
    /// Copies of FILE are to confirm the advice.
    pub confirm: bool,
    /// What the caller has in it stays as long as the survey.
    pub scratch: Scratch,
}

/// Random data if there is no FILE: for a run of scp, for slices of sftp, and for `pipe`, which repeats it.
const GENERATED_FOR_RUNS: u64 = 256 << 20;
const GENERATED_FOR_SLICES: u64 = 64 << 20;
const GENERATED_FOR_PIPE: u64 = 16 << 20;

/// What a guest moves at most unless told otherwise: what a link of 1 Gbit/s carries in a minute.
const MOST_BYTES: u64 = 7 << 30;

pub fn execute(request: Request, interrupt: &Interrupt) -> Result<Status> {
    let Request { specs, file, methods, args, confirm, scratch } = request;
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let methods = sorted_unique(methods);
    let mut events: Box<dyn Events> =
        if args.journal.quiet { Box::new(Silent) } else { Box::new(Progress::new()) };
    refuse_what_is_wrong_here(args, &methods)?;
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let named = file.map(|path| Payload::open(path, args.limit)).transpose()?;
    let shim = shim::install(scratch.path())?;

    let effort = Effort::of(args);
    let choice = choice(args, &methods, named.is_some());
    let mut planned = open_targets(specs, &choice, &scratch, &started, events.as_mut(), interrupt)?;
    let mut paces = paces(&planned.targets);
    if choice.ciphers.is_none() && effort.rounds.is_none() && !args.full {
        fit(&mut planned, &mut paces, effort.budget, events.as_mut());
    }
    let Planned { mut targets, entries, skips, copies } = planned;
    let few = effort.rounds.is_some_and(|rounds| rounds < LEAST_ROUNDS);
    let confirms = confirm && named.is_some() && !args.quick && !few;
    let confirming = Confirming::new(confirms, copies, args.max_bytes);
    let feed_time = feed_time(&targets, &effort, args);
    let largest = largest(&entries, args, named.as_ref());
    let bytes_per_round = args.full.then(|| largest.saturating_mul(entries.len() as u64));
    let times_storage = times_storage(&targets, &entries, args, named.as_ref());
    let announcement = Announcement {
        bytes_per_round,
        copies: confirming.is_on(),
        storage: times_storage,
        ..announce(&entries, &targets, &paces, &effort, &feed_time, args, named.is_none())
    };
    events.say(&announcement.line());
    check_space(&targets, &entries, args.sink, largest, named.is_none())?;
    refuse_too_many_bytes(bytes_per_round, args.max_bytes)?;
    if args.dry_run {
        known(&targets).iter().for_each(|line| events.say(line));
        targets.into_iter().for_each(Target::close);
        return Ok(Status::Complete);
    }

    let payload = match named {
        Some(payload) => payload,
        None => Payload::generate(&scratch, largest, seed, interrupt)?,
    };
    measure_plain_tcp(args.plain_tcp_port, &mut targets, &choice.directions, interrupt)?;
    if times_storage {
        storage::time_storage(&mut targets, &payload, &scratch, &choice.directions, interrupt)?;
    }
    let file = FileInfo { name: payload.name.clone(), bytes: payload.usable, full: args.full };
    let pairings = targets.iter().zip(skips).map(|(target, skipped)| target.record(skipped));
    let header = header(args, &effort, started, seed, file, &entries, pairings.collect());
    let path = journal_path(args, &header.pairings[0].target, &started)?;
    let mut journal = FileJournal::create(&path)?;
    journal.append(&Record::Header(Box::new(header.clone())))?;
    let files = Files::new(payload, scratch, args.sink, shim, args.full);
    let context = Context::new(targets, files, interrupt.clone(), clock);
    let executor = executor(context, &header, paces, feed_time);
    let schedule = Schedule { entries, budget: effort.budget, most_bytes: feed_time.most_bytes };
    let racing = Racing { schedule, effort, header, confirming };
    let failed = racing.run_to_the_end(executor, &mut journal, events.as_mut());
    report(&path, args, failed)
}

/// What is known of the hosts before anything was measured.
fn known(targets: &[Target]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for target in targets.iter().filter(|target| !target.spec.server.loopback) {
        let expected = expectation(target.local.aes.class, target.remote.aes.class);
        let line = format!("{}: {}; {expected}", target.host(), target.remote.cpu());
        if !lines.contains(&line) {
            lines.push(line);
        }
    }
    lines
}

/// What is wrong on this machine is found before anything connects.
fn refuse_what_is_wrong_here(args: &SurveyArgs, methods: &[Method]) -> Result<()> {
    args.journal.journal.as_deref().map_or(Ok(()), FileJournal::refuse_existing)?;
    output::refuse_unwritable(&args.output, args.journal.journal.as_deref())?;
    methods::refuse_missing(methods)
}

/// What is raced, and how.
struct Racing {
    schedule: Schedule,
    effort: Effort,
    header: Header,
    confirming: Confirming,
}

impl Racing {
    /// Whether the journal could not be written any more, which is told: what it has is reported all the same.
    fn run_to_the_end(
        &self,
        executor: SshExecutor,
        journal: &mut FileJournal,
        events: &mut dyn Events,
    ) -> bool {
        let ended = self.run(executor, journal, events);
        events.finish();
        if let Err(error) = &ended {
            tell(&format!("error: {error:#}"));
        }
        ended.is_err()
    }

    /// Runs the rounds and the copies after them, records why they ended, and removes everything on both ends.
    fn run(
        &self,
        mut executor: SshExecutor,
        journal: &mut FileJournal,
        events: &mut dyn Events,
    ) -> Result<()> {
        let mut stop: Box<dyn StopRule> = match self.effort.rounds {
            Some(rounds) => Box::new(FixedRounds(rounds)),
            None => {
                let pairings = self.header.pairings.clone();
                Box::new(Adaptive::new(Rule::of(&self.header, 0)).with_pairings(pairings))
            }
        };
        let (interrupt, clock) = (executor.context.interrupt.clone(), executor.context.started);
        let (schedule, stop) = (&self.schedule, stop.as_mut());
        let ran = run_rounds(schedule, &mut executor, stop, journal, events, &interrupt);
        let ran =
            ran.and_then(|reason| self.confirming.run(&mut executor, reason, journal, events));
        let ended = ran.and_then(|reason| {
            let Context { backoff_s, own_cpu_s, .. } = executor.context;
            let record = footer(reason, clock.elapsed().as_secs_f64(), backoff_s, Some(own_cpu_s));
            journal.append(&Record::Footer(record))
        });
        executor.context.close();
        ended
    }
}

/// What runs the rounds.
fn executor(
    context: Context,
    header: &Header,
    paces: Vec<Pace>,
    feed_time: FeedTime,
) -> SshExecutor {
    let (whole, usable) = (header.file.full, context.files.payload.usable);
    let mut slices = SliceState::new(header.seed, paces, servers(&context.targets));
    slices.whole = whole.then_some(usable);
    let run_s = |target: &Target| run_seconds(target.control.setup_s, target.spec.server.loopback);
    let sizer = Sizer::new(whole, usable, context.targets.iter().map(run_s).collect());
    let runs = RunState::new(sizer, header.seed);
    SshExecutor::new(context, slices, runs, feed_time)
}

/// What bounds the time for which connections are fed. On this machine alone nobody's link is used, and setup
/// is short: all time counts, and nothing else bounds it.
fn feed_time(targets: &[Target], effort: &Effort, args: &SurveyArgs) -> FeedTime {
    let loopback = targets.iter().all(|target| target.spec.server.loopback);
    // Whoever asks for whole files has said how much.
    let bounded = !loopback && !args.full;
    FeedTime {
        budget: effort.budget,
        rounds: effort.rounds,
        counts_all: loopback,
        most_bytes: args.max_bytes.or(bounded.then_some(MOST_BYTES)),
    }
}

/// Bytes of the largest file that is sent.
fn largest(entries: &[Entry], args: &SurveyArgs, named: Option<&Payload>) -> u64 {
    let any = |of: fn(Method) -> bool| entries.iter().any(|entry| of(entry.configuration.method));
    let usual = match (any(|method| !method.stays_open()), any(Method::names_files)) {
        (true, _) => GENERATED_FOR_RUNS,
        (false, true) => GENERATED_FOR_SLICES,
        (false, false) => GENERATED_FOR_PIPE,
    };
    match named {
        None => args.limit.unwrap_or(usual),
        Some(payload) if args.full || any(|method| !method.stays_open()) => payload.usable,
        Some(payload) => payload.usable.min(slices::sizes::LARGEST),
    }
}

fn announce(
    entries: &[Entry],
    targets: &[Target],
    paces: &[Pace],
    effort: &Effort,
    feed_time: &FeedTime,
    args: &SurveyArgs,
    generated: bool,
) -> Announcement {
    let setup_s = targets.iter().map(|target| target.control.setup_s).fold(0.0, f64::max);
    let directories =
        targets.iter().map(|target| String::from_utf8_lossy(&target.directory.path).into_owned());
    let announcement = Announcement::new(
        entries,
        args.sink,
        0.0,
        effort.rounds,
        effort.budget,
        feed_time.most_bytes,
        directories.collect(),
    );
    let feed_s =
        feed_time.seconds(announcement.open, Before::usual(setup_s, paces), Spread::default());
    // Behind a long round trip a slice in each direction may take longer.
    let directions: Vec<Direction> = entries.iter().map(|entry| entry.direction).collect();
    let directions = sorted_unique(&directions).len() as f64;
    let least_s = paces.iter().map(|pace| directions * pace.least_passes_s()).fold(0.0, f64::max);
    let writes_local = announcement.writes_local || generated;
    Announcement { feed_s: feed_s.max(least_s), writes_local, ..announcement }
}

/// Storage matters to whoever copies a FILE to or from another host, and takes more time than `--quick` has.
fn times_storage(
    targets: &[Target],
    entries: &[Entry],
    args: &SurveyArgs,
    named: Option<&Payload>,
) -> bool {
    let makes_files = entries.iter().any(|entry| entry.configuration.method.makes_files(args.sink));
    let loopback = targets.iter().any(|target| target.spec.server.loopback);
    let large = named.is_some_and(|file| file.usable >= SMALLEST);
    makes_files && large && !loopback && !args.quick
}

fn measure_plain_tcp(
    port: Option<u16>,
    targets: &mut [Target],
    directions: &[Direction],
    interrupt: &Interrupt,
) -> Result<()> {
    let Some(port) = port else { return Ok(()) };
    for target in targets {
        if !target.has_shell() {
            bail!(
                "the account on {} allows SFTP alone, and the plain TCP rate needs a remote shell; \
                 leave out --plain-tcp-port",
                target.host()
            );
        }
        let measured = plain_tcp::measure(&mut target.control, port, directions, interrupt)?;
        target.plain_tcp = Some(measured);
    }
    Ok(())
}

fn header(
    args: &SurveyArgs,
    effort: &Effort,
    started: jiff::Timestamp,
    seed: u64,
    file: FileInfo,
    entries: &[Entry],
    pairings: Vec<Pairing>,
) -> Header {
    let methods: Vec<Method> = entries.iter().map(|entry| entry.configuration.method).collect();
    Header {
        schema: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        started: started.to_string(),
        command: command_line(),
        seed,
        rounds: effort.rounds,
        interim_analyses: match effort.rounds {
            Some(_) => Vec::new(),
            None => analyses_of(entries),
        },
        precision: effort.precision,
        thorough: effort.thorough,
        budget_s: effort.budget.map(|budget| budget.as_secs_f64()),
        file,
        methods: sorted_unique(&methods),
        sink: args.sink,
        pairings,
    }
}

fn journal_path(args: &SurveyArgs, target: &str, started: &jiff::Timestamp) -> Result<PathBuf> {
    match &args.journal.journal {
        Some(path) => Ok(path.clone()),
        None => default_path(target, started),
    }
}

/// From the journal alone, as it would be on any other machine.
fn report(journal: &Path, args: &SurveyArgs, failed: bool) -> Result<Status> {
    let survey = read::survey(journal)?;
    let printed = output::print_or_show(&survey, &args.output, journal)?;
    Ok(match status(&survey) {
        Status::Complete if failed || !printed => Status::SomeFailed,
        status => status,
    })
}

fn status(survey: &Survey) -> Status {
    let rounds = survey.samples.iter().filter(|sample| sample.phase == Phase::Round);
    let (measured, failed): (Vec<_>, Vec<_>) =
        rounds.partition(|sample| sample.outcome == Outcome::Measured);
    match survey.footer.as_ref().map(|footer| footer.reason) {
        Some(StopReason::Interrupted) => Status::Interrupted,
        _ if measured.is_empty() => Status::NothingMeasured,
        Some(StopReason::Lost) => Status::SomeFailed,
        _ if !failed.is_empty() => Status::SomeFailed,
        _ => Status::Complete,
    }
}
