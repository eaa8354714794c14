//! `cipher-survey cores [TARGET]`: what sealing and opening packets costs a CPU.

mod choice;
mod far;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::{Status, command_line, journals, place, unless_interrupted};
use crate::cli::{AesState, CoresArgs, SheetArgs};
use crate::core::rounds::{self, Rounds};
use crate::core::team::Worker;
use crate::core::worker;
use crate::loopback::mask::aes_mask;
use crate::model::cores::{Cores, CoresHeader, CoresHost, CoresLine, LeftOut, Sample, Subject};
use crate::model::record::{End, SCHEMA, StopReason};
use crate::model::units::{duration, shown};
use crate::model::{AesClass, HostProfile};
use crate::report::compare::Format;
use crate::report::cores::{View, write};
use crate::run::interrupt::Interrupt;
use crate::run::journal::{FileJournal, default_path};
use crate::run::near;
use crate::ui::steps::Steps;
use crate::ui::tell;
use choice::Choice;
use far::FarHost;

pub fn execute(args: &CoresArgs) -> Result<Status> {
    if args.worker {
        // It ends with its parent, and ^C is for that.
        worker::serve(args.libcrypto.as_deref()).context("whoever asked to measure is gone")?;
        return Ok(Status::Complete);
    }
    args.output.refuse_idle()?;
    unless_interrupted(&Interrupt::install()?, |interrupt| cores(args, interrupt))
}

fn cores(args: &CoresArgs, interrupt: &Interrupt) -> Result<Status> {
    let choice = Choice::of(args)?;
    if let Some(path) = &args.journal {
        FileJournal::refuse_existing(path)?;
    }
    place::refuse_unwritable(&args.output.place, args.journal.as_deref())?;
    let near = near::profile()?;
    let mut skipped = Vec::new();
    let masks = masks(&args.aes, &near, &mut skipped)?;
    let mut workers = start(&masks, args, interrupt)?;
    let subjects = choice.subjects(&workers, &mut skipped)?;
    let seconds = f64::from(args.seconds);
    let rounds = Rounds::fit(subjects.len(), seconds).map_err(|enough| {
        anyhow::anyhow!(
            "{} measurements are too many for {seconds} s; give --seconds {}, or fewer ciphers, \
             sizes, MACs or libraries",
            subjects.len(),
            enough.ceil()
        )
    })?;
    let mut far = far::meet_all(args, &choice, interrupt)?;
    let started = jiff::Timestamp::now();
    let mut header = CoresHeader {
        schema: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        started: started.to_string(),
        command: command_line(),
        seed: args.seed.unwrap_or_else(rand::random),
        rounds: rounds.rounds,
        hosts: vec![CoresHost {
            target: None,
            openssl: None,
            claimed_hz: near::claimed_hz(),
            profile: near,
        }],
        implementations: choice.libraries(&workers),
        skipped,
    };
    if !far.is_empty() {
        far.insert(0, FarHost::here(&header.hosts[0], &choice, &args.aes));
        header.hosts[0].openssl = far[0].openssl.clone();
    }
    header.hosts.extend(far.iter().skip(1).map(FarHost::record));
    header.skipped.extend(far.iter().flat_map(|host| host.absent.clone()));
    let path = match &args.journal {
        Some(path) => path.clone(),
        None => default_path("cores", &started)?,
    };
    let mut journal = FileJournal::create(&path)?;
    let mut steps = Steps::new(args.quiet);
    steps.say(&announcement(&subjects, rounds, &far));
    journal.write(&CoresLine::Cores(Box::new(header.clone())))?;
    let ended = measure(
        Work { rounds, subjects, far, begun: Instant::now() },
        &header,
        &mut workers,
        interrupt,
        &mut steps,
        &mut journal,
    )?;
    steps.finish();
    // A disk that is full does not hide what it holds.
    let whole = journals::or_warn(journal.write(&CoresLine::End(ended))).is_some();
    let read = Cores::read(&std::fs::read(&path)?)?;
    let status = if whole { status(&read) } else { Status::SomeFailed };
    tell(&format!("journal: {}", shown(&path)));
    let named = vec![(path.display().to_string(), read)];
    print(named, &[&path], &args.output)?;
    Ok(status)
}

/// What is to be done.
struct Work {
    rounds: Rounds,
    subjects: Vec<Subject>,
    far: Vec<FarHost>,
    begun: Instant,
}

/// Each mask that is measured with, and none.
fn masks(
    asked: &[AesState],
    near: &HostProfile,
    skipped: &mut Vec<LeftOut>,
) -> Result<Vec<Option<(String, String)>>> {
    let wants = |state| asked.is_empty() || asked.contains(&state);
    let mut masks = Vec::new();
    if wants(AesState::On) {
        masks.push(None);
    }
    if wants(AesState::Off) {
        let why = match aes_mask(&near.machine) {
            _ if near.aes.class == AesClass::NoAes => "this CPU has none to hide".to_owned(),
            None => format!("no way is known to hide them on {}", near.machine),
            Some(mask) => {
                masks.push(Some(mask));
                return Ok(masks);
            }
        };
        if masks.is_empty() {
            bail!("AES instructions off: {why}; leave --aes off out");
        }
        skipped.push(LeftOut { what: "AES instructions off".into(), reason: why });
    }
    Ok(masks)
}

fn start(
    masks: &[Option<(String, String)>],
    args: &CoresArgs,
    interrupt: &Interrupt,
) -> Result<Vec<Worker>> {
    let libcrypto = args.libcrypto.as_deref();
    let one = |mask: &Option<(String, String)>| {
        let mask = mask.as_ref().map(|(variable, value)| (variable.as_str(), value.as_str()));
        Worker::start(mask, libcrypto, interrupt)
    };
    masks.iter().map(one).collect()
}

fn announcement(subjects: &[Subject], rounds: Rounds, far: &[FarHost]) -> String {
    let seconds = subjects.len() as f64 * f64::from(rounds.rounds) * rounds.stint_s;
    let mut text = format!(
        "cores: {} measurements in {} rounds, about {}",
        subjects.len(),
        rounds.rounds,
        duration(seconds)
    );
    for host in far {
        text += &format!("; openssl speed on {}, about {}", host.label, duration(host.seconds()));
    }
    text
}

fn measure(
    work: Work,
    header: &CoresHeader,
    workers: &mut [Worker],
    interrupt: &Interrupt,
    steps: &mut Steps,
    journal: &mut FileJournal,
) -> Result<End> {
    let Work { rounds, subjects, far, begun } = work;
    let far_steps: usize = far.iter().map(|host| host.subjects.len()).sum();
    steps.set_total(subjects.len() * rounds.rounds as usize + far_steps);
    let mut keep = |sample: Sample| -> Result<()> {
        steps.next(&format!("{} {}", sample.subject.implementation, sample.subject.cipher));
        journal.write(&CoresLine::Sample(Box::new(sample)))
    };
    let end = |reason, detail: Option<String>| End {
        reason,
        elapsed_s: begun.elapsed().as_secs_f64(),
        backoff_s: 0.0,
        own_cpu_s: None,
        detail,
    };
    match rounds::run(rounds, header.seed, workers, subjects, begun, interrupt, &mut keep) {
        Ok(true) => {}
        Ok(false) => return Ok(end(StopReason::Interrupted, None)),
        Err(_) if interrupt.is_raised() => return Ok(end(StopReason::Interrupted, None)),
        // What was measured is kept, and shown.
        Err(error) => return Ok(end(StopReason::Lost, Some(format!("{error:#}")))),
    }
    let mut lost = Vec::new();
    for host in far {
        match host.measure(begun, interrupt, &mut keep) {
            Ok(()) => {}
            Err(_) if interrupt.is_raised() => return Ok(end(StopReason::Interrupted, None)),
            Err(error) => lost.push(format!("{error:#}")),
        }
    }
    Ok(match lost.is_empty() {
        true => end(StopReason::RoundsDone, None),
        false => end(StopReason::Lost, Some(lost.join("; "))),
    })
}

fn status(cores: &Cores) -> Status {
    match cores.end.as_ref().map(|end| end.reason) {
        Some(StopReason::Interrupted) => Status::Interrupted,
        _ if cores.samples.is_empty() => Status::NothingMeasured,
        Some(StopReason::RoundsDone) => Status::Complete,
        _ => Status::SomeFailed,
    }
}

/// Prints journals of cores, each with its name.
pub fn print(named: Vec<(String, Cores)>, journals: &[&Path], args: &SheetArgs) -> Result<()> {
    args.refuse_idle()?;
    if args.format == Format::Csv {
        // The other forms have it among their warnings.
        for damage in named.iter().filter_map(|(_, cores)| journals::damage(&cores.problems)) {
            tell(&format!("warning: {damage}"));
        }
    }
    let view = View { journals: named };
    place::to_place(&args.place, journals, |out| write(&view, args.format, &args.style(), out))
}
