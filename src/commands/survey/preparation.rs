//! What is known and decided before the first sample: the ends, the configurations, the plan.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};

use super::methods::{self, no_sftp};
use crate::cli::survey::SurveyArgs;
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::local::profile;
use crate::local::temporary::Scratch;
use crate::model::record::Skip;
use crate::model::units::{duration, significant, size};
use crate::model::{Cipher, Entry, Mac, Method, Sink};
use crate::remote::opening::{Opened, open_control};
use crate::remote::target::{Target, TargetSpec};
use crate::survey::events::Events;
use crate::survey::plan::{Choice, Ends, MacChoice, deduplicated, entries, representatives, skip};
use crate::survey::slices;
use crate::survey::slices::feed::Pace;

/// The targets, connected, and what is to be compared.
pub struct Planned {
    pub targets: Vec<Target>,
    pub entries: Vec<Entry>,
    /// What is left out, for each target.
    pub skips: Vec<Vec<Skip>>,
    /// The method of copies that confirm advice, for each target.
    pub copies: Vec<Option<Method>>,
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
    let mut opened: Vec<(TargetSpec, Opened, Option<String>)> = Vec::new();
    let mut all: Vec<Entry> = Vec::new();
    let mut skips: Vec<Vec<Skip>> = Vec::new();
    let mut copies: Vec<Option<Method>> = Vec::new();
    for (index, spec) in specs.into_iter().enumerate() {
        let mut one = open_control(&spec.connection, &spec.client, &spec.setting, interrupt)?;
        let no_sftp = match methods::may_need_sftp(choice, &one) {
            true => no_sftp(&spec, &mut one, interrupt)?,
            false => None,
        };
        let ends = methods::ends(&spec, &one, no_sftp.as_deref());
        if let Some(cipher) = &one.options.cipher {
            events.say(&format!(
                "ssh proposes no cipher by default that {} offers; {cipher} is named explicitly and \
                 taken for the default",
                ends.host
            ));
        }
        let asked = match choice.methods.as_slice() {
            [] => methods::fitting(choice.file, &ends, events),
            named => named.to_vec(),
        };
        let methods = methods::choose(&asked, &ends, events)?;
        copies.push(methods::of_copies(&choice.methods, &methods, &ends));
        let choice = Choice { methods, ..choice.clone() };
        let (mut planned, skipped) = plan(index, &choice, &spec, &mut one)?;
        all.append(&mut planned);
        skips.push(skipped);
        opened.push((spec, one, no_sftp));
    }
    let local_profile = Arc::new(profile::profile()?);
    let local_storage = profile::storage_of(scratch.path())?;
    let who = format!("by {} since {started}", local_profile.name);
    let mut targets = Vec::new();
    for (index, (spec, one, no_sftp)) in opened.into_iter().enumerate() {
        let (local, storage) = (local_profile.clone(), local_storage.clone());
        let mut target = Target::open(index, spec, one, local, storage, &who)?;
        target.no_sftp = no_sftp;
        targets.push(target);
    }
    Ok(Planned { targets, entries: all, skips, copies })
}

/// Seconds of a slice on the path to each target, with the lead-in before it.
pub fn paces(targets: &[Target]) -> Vec<Pace> {
    let of = |target: &Target| {
        let (slice_s, lead_in_s) = slices::sizes::seconds(target.round_trip_s);
        Pace { slice_s, lead_in_s }
    };
    targets.iter().map(of).collect()
}

/// For each target the first one of the same server.
pub fn servers(targets: &[Target]) -> Vec<usize> {
    let first = |target: &Target| {
        let same = |one: &Target| one.spec.connection.has_server_of(&target.spec.connection);
        targets.iter().position(same).unwrap_or(target.index)
    };
    targets.iter().map(first).collect()
}

/// Leaves ciphers out where the slices of three rounds do not fit the budget, and says so; slices are made
/// shorter first.
pub fn fit(
    planned: &mut Planned,
    paces: &mut [Pace],
    budget: Option<Duration>,
    events: &mut dyn Events,
) {
    let Some(budget) = budget else { return };
    let round_s = |entries: &[Entry], paces: &[Pace]| -> f64 {
        let open = entries.iter().filter(|entry| entry.configuration.method.stays_open());
        open.map(|entry| paces[entry.configuration.pairing].least_s(entry.direction)).sum()
    };
    let most_s = budget.as_secs_f64() / LEAST_ROUNDS;
    if round_s(&planned.entries, paces) > most_s {
        for (pace, target) in paces.iter_mut().zip(&planned.targets) {
            pace.slice_s = slices::sizes::shorter(target.round_trip_s);
        }
    }
    if round_s(&planned.entries, paces) <= most_s {
        return;
    }
    for target in &planned.targets {
        let own = |entry: &Entry| entry.configuration.pairing == target.index;
        let mut ciphers: Vec<Cipher> = planned
            .entries
            .iter()
            .filter(|e| own(e))
            .map(|e| e.configuration.cipher.clone())
            .collect();
        ciphers.dedup();
        let (few, rest) = representatives(deduplicated(&ciphers), &target.by_default);
        if rest.is_empty() {
            continue;
        }
        planned.entries.retain(|entry| !own(entry) || few.contains(&entry.configuration.cipher));
        let reason = "left out: three rounds with it do not fit the budget";
        planned.skips[target.index].extend(rest.iter().map(|cipher| skip(cipher.clone(), reason)));
        events.say(&format!(
            "three rounds with {} ciphers do not fit {} at a round trip of {} ms to {}: {} are \
             compared; for the others use --ciphers, or --budget",
            few.len() + rest.len(),
            duration(budget.as_secs_f64()),
            significant(target.round_trip_s * 1e3),
            target.host(),
            few.iter().map(Cipher::as_str).collect::<Vec<_>>().join(", ")
        ));
    }
}

/// Rounds that have to fit into the budget.
const LEAST_ROUNDS: f64 = 3.0;

/// The configurations of one pairing.
fn plan(
    index: usize,
    choice: &Choice,
    spec: &TargetSpec,
    met: &mut Opened,
) -> Result<(Vec<Entry>, Vec<Skip>)> {
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
    Ok(entries(index, choice, &ends)?)
}

/// Refuses ciphers and MACs that the user named and the client lacks, before anything is started.
pub fn refuse_unknown(args: &SurveyArgs, client: &Client) -> Result<()> {
    let choice = choice(args, &[], false);
    let macs = if let MacChoice::Named(macs) = &choice.macs { macs.as_slice() } else { &[] };
    client.refuse_unknown(choice.ciphers.as_deref().unwrap_or_default(), macs)
}

/// What the options choose.
pub fn choice(args: &SurveyArgs, methods: &[Method], file: bool) -> Choice {
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
        file,
        directions: sorted_unique(&args.directions),
        sink: args.sink,
        quick: args.quick,
    }
}

/// Refuses a survey that does not fit on the disks of both ends. `largest`: bytes of the largest file that is
/// made; two more of that size are chunks.
pub fn check_space(
    targets: &[Target],
    entries: &[Entry],
    sink: Sink,
    largest: u64,
    generated: bool,
) -> Result<()> {
    let makes = |pairing: Option<usize>| {
        entries.iter().any(|entry| {
            pairing.is_none_or(|pairing| entry.configuration.pairing == pairing)
                && entry.configuration.method.makes_files(sink)
        })
    };
    let needed = 2 * largest;
    for target in targets.iter().filter(|target| makes(Some(target.index))) {
        target.check_space(needed)?;
    }
    let local = if makes(None) { needed } else { 0 } + if generated { largest } else { 0 };
    match targets.first().and_then(|target| target.local_storage.free_bytes) {
        Some(free) if free < local => bail!(
            "the temporary directory of this machine has {} free, and the survey may need {} at \
             once; set TMPDIR to a directory with more space, or use less data with --limit",
            size(free),
            size(local)
        ),
        _ => Ok(()),
    }
}

/// Refuses whole files that are more in one round than may be moved.
pub fn refuse_too_many_bytes(per_round: Option<u64>, most: Option<u64>) -> Result<()> {
    match per_round.zip(most) {
        Some((round, most)) if most < round => bail!(
            "one round of --full moves {}, more than --max-bytes {}; give a larger one, a smaller --limit, or \
             fewer --ciphers",
            size(round),
            size(most)
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
