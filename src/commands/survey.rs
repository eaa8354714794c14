//! A survey from its first connection to its report; `run` and `loopback` differ only in how
//! their lanes come about.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::effort::Effort;
use super::{Status, command_line, output};
use crate::cli::SurveyArgs;
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::local::profile as local;
use crate::local::temporary::{Payload, Scratch};
use crate::model::Configuration;
use crate::model::record::{FileInfo, Header, Outcome, Phase, Record, SCHEMA, Skip, StopReason};
use crate::model::survey::Survey;
use crate::model::units::size;
use crate::model::{Cipher, Direction, Mac, Method};
use crate::progress::bar::Progress;
use crate::progress::tell;
use crate::remote::control::Access;
use crate::remote::opening::{Opened, open_control};
use crate::remote::plain_tcp;
use crate::remote::target::{Target, TargetSpec};
use crate::survey::announcement::{Announcement, Data, TargetPlan, round_seconds};
use crate::survey::events::{Events, Silent};
use crate::survey::executor::SshExecutor;
use crate::survey::journal::{FileJournal, Journal, default_path};
use crate::survey::pilot;
use crate::survey::plan::{Choice, Ends, MacChoice, configurations};
use crate::survey::rounds::{FixedRounds, Schedule, StopRule, footer, run_rounds};
use crate::survey::sizing::Sizer;
use crate::survey::staging::Files;
use crate::survey::stopping::Adaptive;
use crate::transfer::shim;

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

/// Random data in FILE's place: enough for two seconds at 100 MB/s; `pipe` repeats it.
const GENERATED: u64 = 256 << 20;
const GENERATED_FOR_PIPE: u64 = 16 << 20;

pub fn execute(request: Request, interrupt: &Interrupt) -> Result<Status> {
    let Request { specs, file, methods, args, default_budget, scratch } = request;
    let started = jiff::Timestamp::now();
    let clock = Instant::now();
    let methods = deduplicated(methods);
    let mut events: Box<dyn Events> =
        if args.quiet { Box::new(Silent) } else { Box::new(Progress::new()) };
    // All that can be wrong on this end is found before anybody is bothered.
    args.journal.as_deref().map_or(Ok(()), FileJournal::refuse_existing)?;
    output::refuse_unwritable(&args.output, args.journal.as_deref())?;
    let seed = args.seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    let any_file = methods.iter().any(|&method| method.makes_files(args.sink));
    let named = file.map(|path| Payload::open(path, args.limit)).transpose()?;
    let usual = if any_file { GENERATED } else { GENERATED_FOR_PIPE };
    let data = Data {
        largest: named.as_ref().map_or(args.limit.unwrap_or(usual), |payload| payload.usable),
        full: args.full,
        generated: named.is_none(),
    };
    let shim = shim::install(scratch.path())?;

    let effort = Effort::of(args, default_budget);
    let choice = choice(args, &methods);
    let mut met: Vec<(TargetSpec, Opened)> = Vec::new();
    let mut all: Vec<Configuration> = Vec::new();
    let mut skips: Vec<Vec<Skip>> = Vec::new();
    for (index, spec) in specs.into_iter().enumerate() {
        let mut one = open_control(&spec.connection, &spec.client, &spec.setting, interrupt)?;
        let methods = possible(&methods, &spec, &one, events.as_mut())?;
        let choice = Choice { methods, ..choice.clone() };
        let (mut planned, skipped) = plan(index, &choice, &spec, &mut one)?;
        all.append(&mut planned);
        skips.push(skipped);
        met.push((spec, one));
    }

    let local_profile = Arc::new(local::profile()?);
    let local_storage = local::storage_of(scratch.path())?;
    let who = format!("by {} since {started}", local_profile.name);
    let mut targets = Vec::new();
    for (index, (spec, one)) in met.into_iter().enumerate() {
        let (local, storage) = (local_profile.clone(), local_storage.clone());
        targets.push(Target::open(index, spec, one, local, storage, &who)?);
    }

    let target_plans: Vec<TargetPlan> = targets
        .iter()
        .map(|target| TargetPlan {
            setup_s: target.control.setup_s,
            sample_s: effort.sample_seconds(target.control.setup_s, target.spec.server.loopback),
            directory: String::from_utf8_lossy(&target.directory.path).into_owned(),
            aes_disabled: target.spec.setting.aes_disabled_by.is_some()
                || target.spec.server.aes_disabled_by.is_some(),
        })
        .collect();
    let rounds = effort.most_rounds(round_seconds(&all, &target_plans));
    let (announcement, data) =
        announce(&all, rounds, args, data, &target_plans).map_err(anyhow::Error::msg)?;
    for line in announcement.lines(effort.rounds, effort.budget) {
        events.say(&line);
    }
    check_space(&targets, &all, args, &data)?;
    if args.dry_run {
        targets.into_iter().for_each(Target::close);
        return Ok(Status::Complete);
    }

    let payload = match named {
        Some(payload) => payload,
        None => Payload::generate(&scratch, data.largest, seed, interrupt)?,
    };
    if let Some(port) = args.plain_tcp_port {
        for target in &mut targets {
            if !target.has_shell() {
                bail!(
                    "the account on {} allows SFTP alone: the ceiling can't be measured beside SSH; \
                     leave out --ceiling-port",
                    target.host()
                );
            }
            let measured =
                plain_tcp::measure(&mut target.control, port, &choice.directions, interrupt)?;
            target.plain_tcp = Some(measured);
        }
    }
    let header = Header {
        schema: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        started: started.to_string(),
        command: command_line(),
        seed,
        rounds: effort.rounds,
        precision: effort.precision,
        thorough: effort.thorough,
        budget_s: effort.budget.map(|budget| budget.as_secs_f64()),
        file: FileInfo { name: payload.name.clone(), bytes: payload.usable, full: args.full },
        methods,
        sink: args.sink,
        pairings: targets
            .iter()
            .zip(skips)
            .map(|(target, skipped)| target.record(skipped))
            .collect(),
    };
    let path = journal_path(args, &header.pairings[0].target, &started)?;
    let pairings = header.pairings.clone();
    let mut journal = FileJournal::create(&path)?;
    journal.append(&Record::Header(Box::new(header)))?;

    let sample_s = target_plans.iter().map(|plan| plan.sample_s).collect();
    let mut sizer = Sizer::new(args.sink, args.full, data.largest, sample_s);
    let files = Files { payload, scratch, sink: args.sink, shim };
    let mut executor = SshExecutor::new(targets, files, args.full, interrupt.clone(), clock);
    let (budget, voice) = (effort.budget, events.as_mut());
    let ran = (|| match pilot::run(&mut executor, &all, &mut sizer, budget, &mut journal, voice)? {
        Err(stopped) => Ok(stopped.into()),
        Ok(pilot_samples) => {
            // Where files are sized by time, the pilot knows better what that comes to.
            let planned_s: f64 = all.iter().map(|c| sizer.seconds(c.pairing)).sum();
            let round_s = announcement.round_s + sizer.flow_s(&all) - planned_s;
            let mut schedule = Schedule {
                sample_s: round_s / all.len() as f64,
                configurations: all,
                sizer,
                seed,
                budget,
            };
            let mut stop: Box<dyn StopRule> = match effort.rounds {
                Some(rounds) => Box::new(FixedRounds(rounds)),
                None => {
                    Box::new(Adaptive::new(effort.rule(), pilot_samples).with_pairings(pairings))
                }
            };
            let stop = stop.as_mut();
            run_rounds(&mut schedule, &mut executor, stop, &mut journal, voice, interrupt)
        }
    })();
    let ended = ran.and_then(|reason: (StopReason, Option<String>)| {
        // In the report too there is nothing else to say.
        let too_short = reason.1.clone().filter(|_| reason.0 == StopReason::Budget);
        let own = executor.own_cpu_s();
        let record = footer(reason, clock.elapsed().as_secs_f64(), executor.backoff_s(), Some(own));
        journal.append(&Record::Footer(record)).map(|()| too_short)
    });
    executor.close();
    events.finish();
    // Where the journal takes no more, what it has is reported all the same.
    let failed = ended.is_err();
    match ended {
        Ok(None) => {}
        Ok(Some(too_short)) => tell(&format!("error: {too_short}")),
        Err(error) => tell(&format!("error: {error:#}")),
    }

    // From here on the journal alone access, as it would on any other machine.
    let text = std::fs::read(&path)
        .with_context(|| format!("the journal {} can't be read", path.display()))?;
    let survey = Survey::read(&text)?;
    let printed = output::print_or_show(&survey, &args.output, &path)?;
    Ok(match status(&survey) {
        Status::Complete if failed || !printed => Status::SomeFailed,
        status => status,
    })
}

/// The methods that an account allows, and what else is to be said of it.
fn possible(
    methods: &[Method],
    spec: &TargetSpec,
    met: &Opened,
    events: &mut dyn Events,
) -> Result<Vec<Method>> {
    let host = spec.connection.target.host_label();
    if let Some(cipher) = &met.options.cipher {
        events.say(&format!(
            "ssh by itself proposes no cipher that {host} offers; {cipher} is asked for, and stands \
             for what is negotiated unasked"
        ));
    }
    if met.options.access == Access::Shell {
        return Ok(methods.to_vec());
    }
    let (without, rest): (Vec<Method>, Vec<Method>) =
        methods.iter().partition(|&&method| method == Method::Pipe);
    if rest.is_empty() {
        bail!("the account on {host} allows SFTP alone, and pipe needs a shell; use --method scp");
    }
    let left_out = if without.is_empty() { "" } else { "pipe is left out, and " };
    events.say(&format!(
        "the account on {host} allows SFTP alone: {left_out}what the server spends can't be read"
    ));
    Ok(rest)
}

/// The contenders of one pairing.
fn plan(
    index: usize,
    choice: &Choice,
    spec: &TargetSpec,
    met: &mut Opened,
) -> Result<(Vec<Configuration>, Vec<Skip>)> {
    // Where the client has no -Q, its own KEXINIT says what it would use.
    let ciphers = spec.client.ciphers.as_ref().unwrap_or(&met.client_proposal.ciphers);
    let macs = spec.client.macs.as_ref().unwrap_or(&met.client_proposal.macs);
    let host = spec.connection.target.host_label();
    let ends = Ends {
        target: &host,
        client_ciphers: ciphers,
        client_macs: macs,
        server: &met.server_proposal,
        by_default: &met.by_default,
        with_none: spec.server.with_none,
    };
    Ok(configurations(index, choice, &ends)?)
}

/// Ciphers and MACs that the user named and a client lacks, told before anything is started.
pub fn refuse_unknown(args: &SurveyArgs, client: &Client) -> Result<()> {
    let choice = choice(args, &[]);
    let macs = if let MacChoice::Named(macs) = &choice.macs { macs.as_slice() } else { &[] };
    client.refuse_unknown(choice.ciphers.as_deref().unwrap_or_default(), macs)
}

fn choice(args: &SurveyArgs, methods: &[Method]) -> Choice {
    let names = |names: &[String]| names.iter().map(|name| Cipher(name.clone())).collect();
    Choice {
        ciphers: args.ciphers.as_deref().map(names),
        skip: names(&args.skip),
        macs: match args.macs.as_slice() {
            [] => MacChoice::Default,
            [all] if all == "all" => MacChoice::All,
            named => MacChoice::Named(named.iter().map(|name| Mac(name.clone())).collect()),
        },
        methods: methods.to_vec(),
        directions: deduplicated(&args.directions),
        sink: args.sink,
        quick: args.quick,
    }
}

/// The announcement, and the data that `--max-bytes` allows.
fn announce(
    configurations: &[Configuration],
    rounds: u32,
    args: &SurveyArgs,
    mut data: Data,
    targets: &[TargetPlan],
) -> Result<(Announcement, Data), String> {
    loop {
        let announcement = Announcement::new(configurations, rounds, args.sink, &data, targets);
        let most = announcement.remote_written.max(announcement.local_written);
        match args.max_bytes {
            Some(allowed) if most > allowed => {
                if args.full || data.largest <= 1 << 16 {
                    return Err(format!(
                        "the plan {}, more than --max-bytes allows; fewer rounds, ciphers or \
                         directions, or --method pipe, write less",
                        announcement.written()
                    ));
                }
                data.largest /= 2;
            }
            _ => return Ok((announcement, data)),
        }
    }
}

/// Before the first byte: does it fit on both ends?
fn check_space(
    targets: &[Target],
    configurations: &[Configuration],
    args: &SurveyArgs,
    data: &Data,
) -> Result<()> {
    let any = |pairing: usize, direction: Direction| {
        configurations.iter().any(|c| {
            (c.pairing, c.direction) == (pairing, direction) && c.method.makes_files(args.sink)
        })
    };
    for target in targets {
        let needs = |direction| if any(target.index, direction) { data.largest } else { 0 };
        target.check_space(needs(Direction::Upload) + needs(Direction::Download))?;
    }
    let here = data.local_bytes(configurations, args.sink);
    match targets.first().and_then(|target| target.local_storage.free_bytes) {
        Some(free) if free < here => bail!(
            "the temporary directory of this machine has {} free and the survey may need {} at \
             once; set TMPDIR to a larger one, or use less data with --limit",
            size(free),
            size(here)
        ),
        _ => Ok(()),
    }
}

fn journal_path(args: &SurveyArgs, target: &str, started: &jiff::Timestamp) -> Result<PathBuf> {
    match &args.journal {
        Some(path) => Ok(path.clone()),
        None => default_path(target, started),
    }
}

fn status(survey: &Survey) -> Status {
    let rounds = survey.samples.iter().filter(|sample| sample.phase == Phase::Round);
    let (measured, failed): (Vec<_>, Vec<_>) =
        rounds.partition(|sample| sample.outcome == Outcome::Measured);
    match survey.footer.as_ref().map(|end| end.reason) {
        Some(StopReason::Interrupted) => Status::Interrupted,
        _ if measured.is_empty() => Status::NothingMeasured,
        Some(StopReason::Lost) => Status::SomeFailed,
        _ if !failed.is_empty() => Status::SomeFailed,
        _ => Status::Complete,
    }
}

fn deduplicated<T: Copy + Ord>(items: &[T]) -> Vec<T> {
    let mut unique = items.to_vec();
    unique.sort_unstable();
    unique.dedup();
    unique
}
