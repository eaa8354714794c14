//! What is known and decided before the first sample: the ends, the configurations, the plan.

use std::sync::Arc;

use anyhow::{Result, bail};

use crate::cli::survey::SurveyArgs;
use crate::commands::effort::Effort;
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::local::temporary::Scratch;
use crate::model::record::Skip;
use crate::model::units::size;
use crate::model::{Cipher, Configuration, Direction, Mac, Method};
use crate::remote::control::Access;
use crate::remote::opening::{Opened, open_control};
use crate::remote::target::{Target, TargetSpec};
use crate::survey::announcement::{Announcement, Data, TargetPlan, round_seconds};
use crate::survey::events::Events;
use crate::survey::plan::{Choice, Ends, MacChoice, configurations};

/// The targets, connected, and what is to be compared.
pub struct Planned {
    pub targets: Vec<Target>,
    pub configurations: Vec<Configuration>,
    /// What is left out, for each target.
    pub skips: Vec<Vec<Skip>>,
}

/// Connects to each target and plans its configurations; only then is anything made on them.
pub fn open_targets(
    specs: Vec<TargetSpec>,
    choice: &Choice,
    scratch: &Scratch,
    started: &jiff::Timestamp,
    events: &mut dyn Events,
    interrupt: &Interrupt,
) -> Result<Planned> {
    let mut opened: Vec<(TargetSpec, Opened)> = Vec::new();
    let mut all: Vec<Configuration> = Vec::new();
    let mut skips: Vec<Vec<Skip>> = Vec::new();
    for (index, spec) in specs.into_iter().enumerate() {
        let mut one = open_control(&spec.connection, &spec.client, &spec.setting, interrupt)?;
        let methods = possible_methods(&choice.methods, &spec, &one, events)?;
        let choice = Choice { methods, ..choice.clone() };
        let (mut planned, skipped) = plan(index, &choice, &spec, &mut one)?;
        all.append(&mut planned);
        skips.push(skipped);
        opened.push((spec, one));
    }
    let local_profile = Arc::new(profile::profile()?);
    let local_storage = profile::storage_of(scratch.path())?;
    let who = format!("by {} since {started}", local_profile.name);
    let mut targets = Vec::new();
    for (index, (spec, one)) in opened.into_iter().enumerate() {
        let (local, storage) = (local_profile.clone(), local_storage.clone());
        targets.push(Target::open(index, spec, one, local, storage, &who)?);
    }
    Ok(Planned { targets, configurations: all, skips })
}

/// What the announcement says of a target.
pub fn target_plan(target: &Target, effort: &Effort) -> TargetPlan {
    let setup_s = target.control.setup_s;
    TargetPlan {
        setup_s,
        sample_s: effort.sample_seconds(setup_s, target.spec.server.loopback),
        directory: String::from_utf8_lossy(&target.directory.path).into_owned(),
        aes_disabled: target.spec.setting.aes_disabled_by.is_some()
            || target.spec.server.aes_disabled_by.is_some(),
    }
}

/// The methods that an account allows; says what it does not.
fn possible_methods(
    methods: &[Method],
    spec: &TargetSpec,
    met: &Opened,
    events: &mut dyn Events,
) -> Result<Vec<Method>> {
    let host = spec.connection.target.host_label();
    if let Some(cipher) = &met.options.cipher {
        events.say(&format!(
            "ssh proposes no cipher by default that {host} offers; {cipher} is named explicitly and \
             taken for the default"
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
        "the account on {host} allows SFTP alone: {left_out}server CPU can't be measured"
    ));
    Ok(rest)
}

/// The configurations of one pairing.
fn plan(
    index: usize,
    choice: &Choice,
    spec: &TargetSpec,
    met: &mut Opened,
) -> Result<(Vec<Configuration>, Vec<Skip>)> {
    // A client without -Q tells in its KEXINIT what it supports.
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

/// Refuses ciphers and MACs that the user named and the client lacks, before anything is started.
pub fn refuse_unknown(args: &SurveyArgs, client: &Client) -> Result<()> {
    let choice = choice(args, &[]);
    let macs = if let MacChoice::Named(macs) = &choice.macs { macs.as_slice() } else { &[] };
    client.refuse_unknown(choice.ciphers.as_deref().unwrap_or_default(), macs)
}

/// What the options choose.
pub fn choice(args: &SurveyArgs, methods: &[Method]) -> Choice {
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
        directions: sorted_unique(&args.directions),
        sink: args.sink,
        quick: args.quick,
    }
}

/// The announcement, and the data that `--max-bytes` allows.
///
/// # Errors
/// Even the smallest plan writes more than that.
pub fn announce(
    configurations: &[Configuration],
    effort: &Effort,
    args: &SurveyArgs,
    mut data: Data,
    targets: &[TargetPlan],
) -> Result<(Announcement, Data)> {
    let rounds = effort.most_rounds(round_seconds(configurations, targets));
    loop {
        let announcement = Announcement::new(configurations, rounds, args.sink, &data, targets);
        let most = announcement.remote_written.max(announcement.local_written);
        match args.max_bytes {
            Some(allowed) if most > allowed => {
                if args.full || data.largest <= 1 << 16 {
                    bail!(
                        "the plan {}, more than --max-bytes allows; use fewer rounds, ciphers or \
                         directions, or --method pipe",
                        announcement.written()
                    );
                }
                data.largest /= 2;
            }
            _ => return Ok((announcement, data)),
        }
    }
}

/// Refuses a survey that does not fit on the disks of both ends.
pub fn check_space(
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
    let needed = data.local_bytes(configurations, args.sink);
    match targets.first().and_then(|target| target.local_storage.free_bytes) {
        Some(free) if free < needed => bail!(
            "the temporary directory of this machine has {} free, and the survey may need {} at \
             once; set TMPDIR to a directory with more space, or use less data with --limit",
            size(free),
            size(needed)
        ),
        _ => Ok(()),
    }
}

/// Each once, in the order of their type.
pub fn sorted_unique<T: Copy + Ord>(items: &[T]) -> Vec<T> {
    let mut unique = items.to_vec();
    unique.sort_unstable();
    unique.dedup();
    unique
}
