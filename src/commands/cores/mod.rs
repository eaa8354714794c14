//! `cipher-survey cores [TARGET]`: what encrypting and decrypting packets costs a CPU.

mod choice;
mod remote;

use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use super::{Status, command_line, output_file, read, unless_interrupted};
use crate::cipher_cores::rounds::{self, Rounds};
use crate::cipher_cores::worker;
use crate::cipher_cores::workers::Worker;
use crate::cli::cores::{AesState, CoresArgs};
use crate::cli::output::SheetArgs;
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::loopback::aes::disable_aes;
use crate::model::cipher_cores::{
    Cores, CoresHeader, CoresHost, CoresRecord, CoresSample, LeftOut, Subject,
};
use crate::model::record::{Footer, SCHEMA, StopReason};
use crate::model::units::{duration, shown};
use crate::model::{AesClass, HostProfile};
use crate::progress::steps::Steps;
use crate::progress::tell;
use crate::report::cipher_cores::View;
use crate::report::{Format, write};
use crate::survey::journal::{FileJournal, default_path};
use choice::Choice;
use remote::OpensslHost;

pub fn execute(args: &CoresArgs) -> Result<Status> {
    if args.worker {
        // It ends with its parent, which handles the interrupt.
        worker::serve(args.libcrypto.as_deref())
            .context("the process that asked for measurements is gone")?;
        return Ok(Status::Complete);
    }
    args.output.refuse_idle()?;
    unless_interrupted(&Interrupt::install()?, |interrupt| cores(args, interrupt))
}

fn cores(args: &CoresArgs, interrupt: &Interrupt) -> Result<Status> {
    let choice = Choice::of(args)?;
    let journal = args.journal.journal.as_deref();
    if let Some(path) = journal {
        FileJournal::refuse_existing(path)?;
    }
    output_file::refuse_unwritable(&args.output.file, journal)?;
    let profile = profile::profile()?;
    let mut skipped = Vec::new();
    let states = aes_states(&args.aes, &profile, &mut skipped)?;
    let mut workers = start(&states, args, interrupt)?;
    let subjects = choice.subjects(&workers, &mut skipped)?;
    let rounds = fitting_rounds(subjects.len(), args.seconds)?;
    let mut remote = remote::connect_all(args, &choice, interrupt)?;
    let started = jiff::Timestamp::now();
    let local =
        CoresHost { target: None, openssl: None, claimed_hz: profile::claimed_hz(), profile };
    let mut header = CoresHeader {
        schema: SCHEMA.into(),
        tool_version: env!("CARGO_PKG_VERSION").into(),
        started: started.to_string(),
        command: command_line(),
        seed: args.seed.unwrap_or_else(rand::random),
        rounds: rounds.rounds,
        hosts: vec![local],
        implementations: choice.libraries(&workers),
        skipped,
    };
    if !remote.is_empty() {
        remote.insert(0, OpensslHost::local(&header.hosts[0], &choice, &args.aes));
        header.hosts[0].openssl = remote[0].openssl.clone();
    }
    header.hosts.extend(remote.iter().skip(1).map(OpensslHost::record));
    header.skipped.extend(remote.iter().flat_map(|host| host.absent.clone()));
    let path = match journal {
        Some(path) => path.to_owned(),
        None => default_path("cores", &started)?,
    };
    let mut journal = FileJournal::create(&path)?;
    let mut steps = Steps::new(args.journal.quiet);
    steps.say(&announcement(&subjects, rounds, &remote));
    journal.write(&CoresRecord::Header(Box::new(header.clone())))?;
    let work = Work { rounds, subjects, remote, begun: Instant::now() };
    let footer = measure(work, &header, &mut workers, interrupt, &mut steps, &mut journal)?;
    steps.finish();
    // If the disk is full, what the journal has is reported all the same.
    let whole = read::or_warn(journal.write(&CoresRecord::Footer(footer))).is_some();
    report(&path, whole, args)
}

fn fitting_rounds(subjects: usize, seconds: u32) -> Result<Rounds> {
    Rounds::fit(subjects, f64::from(seconds)).map_err(|enough| {
        anyhow::anyhow!(
            "{subjects} measurements do not fit into {seconds} s; give --seconds {}, or fewer \
             ciphers, sizes, MACs or libraries",
            enough.ceil()
        )
    })
}

/// From the journal alone. `whole`: its last line was written.
fn report(path: &Path, whole: bool, args: &CoresArgs) -> Result<Status> {
    let cores = Cores::read(&std::fs::read(path)?)?;
    let status = if whole { status(&cores) } else { Status::SomeFailed };
    tell(&format!("journal: {}", shown(path)));
    print(vec![(path.display().to_string(), cores)], &[path], &args.output)?;
    Ok(status)
}

/// What there is to measure.
struct Work {
    rounds: Rounds,
    subjects: Vec<Subject>,
    remote: Vec<OpensslHost>,
    begun: Instant,
}

/// The variable and value that set each AES state to measure; `None`: AES enabled.
fn aes_states(
    asked: &[AesState],
    local: &HostProfile,
    skipped: &mut Vec<LeftOut>,
) -> Result<Vec<Option<(String, String)>>> {
    let mut states = Vec::new();
    if AesState::Enabled.is_asked(asked) {
        states.push(None);
    }
    if AesState::Disabled.is_asked(asked) {
        let why = match disable_aes(&local.machine) {
            _ if local.aes.class == AesClass::NoAes => {
                "this CPU has no AES instructions".to_owned()
            }
            None => format!("no way is known to disable AES instructions on {}", local.machine),
            Some(variable) => {
                states.push(Some(variable));
                return Ok(states);
            }
        };
        if states.is_empty() {
            bail!("AES can't be disabled: {why}; leave out --aes disabled");
        }
        skipped.push(LeftOut { what: "AES disabled".into(), reason: why });
    }
    Ok(states)
}

fn start(
    states: &[Option<(String, String)>],
    args: &CoresArgs,
    interrupt: &Interrupt,
) -> Result<Vec<Worker>> {
    let libcrypto = args.libcrypto.as_deref();
    let one = |state: &Option<(String, String)>| {
        let state = state.as_ref().map(|(variable, value)| (variable.as_str(), value.as_str()));
        Worker::start(state, libcrypto, interrupt)
    };
    states.iter().map(one).collect()
}

fn announcement(subjects: &[Subject], rounds: Rounds, remote: &[OpensslHost]) -> String {
    let seconds = subjects.len() as f64 * f64::from(rounds.rounds) * rounds.loop_s;
    let mut text = format!(
        "cores: {} measurements in {} rounds, about {}",
        subjects.len(),
        rounds.rounds,
        duration(seconds)
    );
    for host in remote {
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
) -> Result<Footer> {
    let Work { rounds, subjects, remote, begun } = work;
    let remote_steps: usize = remote.iter().map(|host| host.subjects.len()).sum();
    steps.set_total(subjects.len() * rounds.rounds as usize + remote_steps);
    let mut keep = |sample: CoresSample| -> Result<()> {
        steps.next(&format!("{} {}", sample.subject.implementation, sample.subject.cipher));
        journal.write(&CoresRecord::Sample(Box::new(sample)))
    };
    let footer = |reason, detail: Option<String>| Footer {
        reason,
        elapsed_s: begun.elapsed().as_secs_f64(),
        backoff_s: 0.0,
        own_cpu_s: None,
        detail,
    };
    match rounds::run(rounds, header.seed, workers, subjects, begun, interrupt, &mut keep) {
        Ok(true) => {}
        Ok(false) => return Ok(footer(StopReason::Interrupted, None)),
        Err(_) if interrupt.is_raised() => return Ok(footer(StopReason::Interrupted, None)),
        // What was measured so far is kept and reported.
        Err(error) => return Ok(footer(StopReason::Lost, Some(format!("{error:#}")))),
    }
    let mut lost = Vec::new();
    for host in remote {
        match host.measure(begun, interrupt, &mut keep) {
            Ok(()) => {}
            Err(_) if interrupt.is_raised() => return Ok(footer(StopReason::Interrupted, None)),
            Err(error) => lost.push(format!("{error:#}")),
        }
    }
    Ok(match lost.is_empty() {
        true => footer(StopReason::RoundsDone, None),
        false => footer(StopReason::Lost, Some(lost.join("; "))),
    })
}

fn status(cores: &Cores) -> Status {
    match cores.footer.as_ref().map(|footer| footer.reason) {
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
        // The other formats have it among their warnings.
        for damage in named.iter().filter_map(|(_, cores)| read::damage(&cores.problems)) {
            tell(&format!("warning: {damage}"));
        }
    }
    let view = View { journals: named };
    output_file::write_to(&args.file, journals, |out| write(&view, args.format, &args.style(), out))
}
