//! A survey from its first connection to its report. `run` and `loopback` differ only in their
//! targets.

mod preparation;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::effort::Effort;
use super::{Status, command_line, output, read};
use crate::cli::survey::SurveyArgs;
use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, Scratch};
use crate::model::record::{FileInfo, Header, Outcome, Pairing, Phase, Record, SCHEMA, StopReason};
use crate::model::survey::Survey;
use crate::model::{Configuration, Direction, Method};
use crate::progress::bar::Progress;
use crate::progress::tell;
use crate::remote::plain_tcp;
use crate::remote::target::{Target, TargetSpec};
use crate::survey::announcement::{Announcement, Data, TargetPlan};
use crate::survey::events::{Events, Silent};
use crate::survey::executor::SshExecutor;
use crate::survey::journal::{FileJournal, Journal, default_path};
use crate::survey::pilot;
use crate::survey::rounds::{FixedRounds, Schedule, StopRule, footer, run_rounds};
use crate::survey::sizing::Sizer;
use crate::survey::staging::Files;
use crate::survey::stopping::Adaptive;
use crate::transfer::shim;
pub use preparation::refuse_unknown;
use preparation::{
    Planned, announce, check_space, choice, open_targets, sorted_unique, target_plan,
};

/// What is to be surveyed.
pub struct Request<'a> {
    pub specs: Vec<TargetSpec>,
    pub file: Option<&'a Path>,
    pub methods: &'a [Method],
    pub args: &'a SurveyArgs,
    pub default_budget: Duration,
    /// What the caller has in it stays as long as the survey.
    pub scratch: Scratch,
}

/// Random data if there is no FILE: enough for two seconds at 100 MB/s; `pipe` repeats it.
const GENERATED: u64 = 256 << 20;
const GENERATED_FOR_PIPE: u64 = 16 << 20;

pub fn execute(request: Request, interrupt: &Interrupt) -> Result<Status> {
    let Request { specs, file, methods, args, default_budget, scratch } = request;
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let methods = sorted_unique(methods);
    let mut events: Box<dyn Events> =
        if args.journal.quiet { Box::new(Silent) } else { Box::new(Progress::new()) };
    // What is wrong on this machine is found before anything connects.
    args.journal.journal.as_deref().map_or(Ok(()), FileJournal::refuse_existing)?;
    output::refuse_unwritable(&args.output, args.journal.journal.as_deref())?;
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let named = file.map(|path| Payload::open(path, args.limit)).transpose()?;
    let shim = shim::install(scratch.path())?;

    let effort = Effort::of(args, default_budget);
    let choice = choice(args, &methods);
    let Planned { mut targets, configurations, skips } =
        open_targets(specs, &choice, &scratch, &started, events.as_mut(), interrupt)?;
    let target_plans: Vec<TargetPlan> =
        targets.iter().map(|target| target_plan(target, &effort)).collect();
    let data = data(args, &methods, named.as_ref());
    let (announcement, data) = announce(&configurations, &effort, args, data, &target_plans)?;
    for line in announcement.lines(effort.rounds, effort.budget) {
        events.say(&line);
    }
    check_space(&targets, &configurations, args, &data)?;
    if args.dry_run {
        targets.into_iter().for_each(Target::close);
        return Ok(Status::Complete);
    }

    let payload = match named {
        Some(payload) => payload,
        None => Payload::generate(&scratch, data.largest, seed, interrupt)?,
    };
    measure_plain_tcp(args.plain_tcp_port, &mut targets, &choice.directions, interrupt)?;
    let file = FileInfo { name: payload.name.clone(), bytes: payload.usable, full: args.full };
    let pairings = targets.iter().zip(skips).map(|(target, skipped)| target.record(skipped));
    let header = header(args, &effort, started, seed, file, methods, pairings.collect());
    let path = journal_path(args, &header.pairings[0].target, &started)?;
    let mut journal = FileJournal::create(&path)?;
    journal.append(&Record::Header(Box::new(header.clone())))?;

    let sample_s = target_plans.iter().map(|plan| plan.sample_s).collect();
    let sizer = Sizer::new(args.sink, args.full, data.largest, sample_s);
    let files = Files { payload, scratch, sink: args.sink, shim };
    let mut executor = SshExecutor::new(targets, files, args.full, interrupt.clone(), clock);
    let race = Race { configurations, sizer, effort, header: &header, announcement };
    let ran = race.run(&mut executor, &mut journal, events.as_mut(), interrupt);
    let ended = ran.and_then(|reason: (StopReason, Option<String>)| {
        // In the report too there is nothing else to say.
        let too_short = reason.1.clone().filter(|_| reason.0 == StopReason::Budget);
        let own = executor.own_cpu_s();
        let record = footer(reason, clock.elapsed().as_secs_f64(), executor.backoff_s(), Some(own));
        journal.append(&Record::Footer(record)).map(|()| too_short)
    });
    executor.close();
    events.finish();
    // If the journal can't be written any more, what it has is reported all the same.
    let failed = ended.is_err();
    match ended {
        Ok(None) => {}
        Ok(Some(too_short)) => tell(&format!("error: {too_short}")),
        Err(error) => tell(&format!("error: {error:#}")),
    }
    report(&path, args, failed)
}

/// The pilot and the rounds.
struct Race<'a> {
    configurations: Vec<Configuration>,
    sizer: Sizer,
    effort: Effort,
    header: &'a Header,
    announcement: Announcement,
}

impl Race<'_> {
    /// Why it ended, with a detail where there is one.
    fn run(
        self,
        executor: &mut SshExecutor,
        journal: &mut FileJournal,
        events: &mut dyn Events,
        interrupt: &Interrupt,
    ) -> Result<(StopReason, Option<String>)> {
        let Race { configurations, mut sizer, effort, header, announcement } = self;
        let budget = effort.budget;
        let pilot_samples =
            match pilot::run(executor, &configurations, &mut sizer, budget, journal, events)? {
                Err(stopped) => return Ok(stopped.into()),
                Ok(samples) => samples,
            };
        // If files are sized by time, the pilot knows better how long a round is.
        let planned_s: f64 = configurations.iter().map(|one| sizer.seconds(one.pairing)).sum();
        let round_s = announcement.round_s + sizer.flow_s(&configurations) - planned_s;
        let mut schedule = Schedule {
            sample_s: round_s / configurations.len() as f64,
            configurations,
            sizer,
            seed: header.seed,
            budget,
        };
        let mut stop: Box<dyn StopRule> = match effort.rounds {
            Some(rounds) => Box::new(FixedRounds(rounds)),
            None => {
                let pairings = header.pairings.clone();
                Box::new(Adaptive::new(effort.rule(), pilot_samples).with_pairings(pairings))
            }
        };
        run_rounds(&mut schedule, executor, stop.as_mut(), journal, events, interrupt)
    }
}

fn data(args: &SurveyArgs, methods: &[Method], named: Option<&Payload>) -> Data {
    let any_file = methods.iter().any(|&method| method.makes_files(args.sink));
    let usual = if any_file { GENERATED } else { GENERATED_FOR_PIPE };
    Data {
        largest: named.map_or(args.limit.unwrap_or(usual), |payload| payload.usable),
        full: args.full,
        generated: named.is_none(),
    }
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
    methods: Vec<Method>,
    pairings: Vec<Pairing>,
) -> Header {
    Header {
        schema: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        started: started.to_string(),
        command: command_line(),
        seed,
        rounds: effort.rounds,
        precision: effort.precision,
        thorough: effort.thorough,
        budget_s: effort.budget.map(|budget| budget.as_secs_f64()),
        file,
        methods,
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
