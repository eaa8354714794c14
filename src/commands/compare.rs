//! `cipher-survey compare`: saved surveys side by side, or one before and after a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Status, cores, journals, output, place};
use crate::analysis::comparison::change::change;
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::measure::Measure;
use crate::analysis::comparison::pivot::pivot;
use crate::analysis::samples::grouping;
use crate::cli::{CompareArgs, SheetArgs};
use crate::model::Survey;
use crate::model::cipher_cores::Cores;
use crate::model::units::printable;
use crate::progress::tell;
use crate::report::compare::{Comparison, Shown, write};

pub fn execute(args: &CompareArgs) -> Result<Status> {
    args.output.refuse_idle()?;
    if let Some(journals) = of_cores(args)? {
        if args.fail_above.is_some() {
            bail!("--fail-above is of surveys, and these journals are of cores; leave it out");
        }
        return side_by_side(args, &journals);
    }
    match args.change.as_deref() {
        Some([old, new]) => of_change(args, old, new),
        _ if args.fail_above.is_some() => bail!("--fail-above needs two surveys: --change OLD NEW"),
        _ => of_hosts(args),
    }
}

/// The journals that were named, where they are of cores.
fn of_cores(args: &CompareArgs) -> Result<Option<Vec<PathBuf>>> {
    if args.journals.is_empty() {
        return Ok(None);
    }
    let journals = journals::named(&args.journals)?;
    // One that can't be read is told later.
    let is_of_cores = |path: &&PathBuf| output::is_of_cores(path).unwrap_or(false);
    match journals.iter().filter(is_of_cores).count() {
        0 => Ok(None),
        all if all == journals.len() => Ok(Some(journals)),
        some => bail!(
            "{some} of the {} journals are of cores and the others are not; compare one kind at a \
             time",
            journals.len()
        ),
    }
}

fn side_by_side(args: &CompareArgs, journals: &[PathBuf]) -> Result<Status> {
    let read = |path: &PathBuf| Ok((path.display().to_string(), output::read_cores(path)?));
    let named: Vec<(String, Cores)> =
        journals.iter().filter_map(|path| journals::or_warn(read(path))).collect();
    if named.is_empty() {
        bail!("none of the journals can be read: nothing to compare");
    }
    let journals: Vec<&Path> = journals.iter().map(PathBuf::as_path).collect();
    cores::print(named, &journals, &args.output)?;
    Ok(Status::Complete)
}

fn of_hosts(args: &CompareArgs) -> Result<Status> {
    let (journals, digests) = match args.journals.as_slice() {
        [] => (journals::kept()?, newest_of_each_target()?),
        named => {
            let journals = journals::named(named)?;
            let digests = read_all(&journals);
            (journals, digests)
        }
    };
    if digests.is_empty() {
        bail!("none of the journals can be read: nothing to compare");
    }
    warn(&digests);
    let measure = Measure { by: args.by, ends: args.end };
    let pivot = pivot(&digests, measure, &args.direction);
    if pivot.tables.is_empty() {
        bail!("nothing was measured in these directions; see 'report' for what failed");
    }
    let journals: Vec<&Path> = journals.iter().map(PathBuf::as_path).collect();
    print(args, &journals, &Comparison { digests, shown: Shown::Hosts(pivot) })?;
    Ok(Status::Complete)
}

fn of_change(args: &CompareArgs, old: &Path, new: &Path) -> Result<Status> {
    let read = |path: &Path| -> Result<Digest> { Ok(digest((path.into(), output::read(path)?))) };
    let digests = [read(old)?, read(new)?];
    warn(&digests);
    let change = change(&digests, &args.direction);
    if change.sections.is_empty() {
        bail!("the two surveys have nothing in common to compare");
    }
    let worse = change.worse_than(args.fail_above);
    let comparison = Comparison { digests: digests.into(), shown: Shown::Change(change) };
    print(args, &[old, new], &comparison)?;
    for worse in &worse {
        tell(&format!("worse by more than --fail-above: {}", printable(worse)));
    }
    Ok(if worse.is_empty() { Status::Complete } else { Status::SomeFailed })
}

/// In their order. Each takes a millisecond or two, and hundreds may be kept: all cores share them.
fn read_all(paths: &[PathBuf]) -> Vec<Digest> {
    let read: Vec<Result<Digest>> =
        paths.par_iter().map(|path| Ok(digest((path.clone(), output::read(path)?)))).collect();
    read.into_iter().filter_map(journals::or_warn).collect()
}

fn digest((path, survey): (PathBuf, Survey)) -> Digest {
    Digest::of(path.display().to_string(), survey)
}

/// What was wrong with a journal is said where its figures are used.
fn warn(digests: &[Digest]) {
    for digest in digests {
        if let Some(damage) = journals::damage(&digest.problems) {
            tell(&format!("warning: {}: {damage}", printable(&digest.name)));
        }
    }
}

fn print(args: &CompareArgs, journals: &[&Path], comparison: &Comparison) -> Result<()> {
    let SheetArgs { format, place, .. } = &args.output;
    place::to_place(place, journals, |out| write(comparison, *format, &args.output.style(), out))
        .context("the comparison can't be printed")
}

/// The last survey in which anything of each target was measured; of a survey of several targets
/// those that have not been surveyed since.
fn newest_of_each_target() -> Result<Vec<Digest>> {
    let has = |survey: &Survey| -> BTreeSet<String> {
        let targets =
            grouping::measured(survey).map(|sample| &survey.header.pairings[sample.pairing].target);
        targets.cloned().collect()
    };
    let mut targets: BTreeMap<PathBuf, BTreeSet<String>> = BTreeMap::new();
    for (target, (path, _)) in journals::newest(has)? {
        targets.entry(path).or_default().insert(target);
    }
    let of = |(path, targets): (PathBuf, BTreeSet<String>)| -> Result<Digest> {
        let survey = output::read(&path)?;
        let mut digest = digest((path, survey));
        digest.summary.tables.retain(|table| targets.contains(&table.target));
        Ok(digest)
    };
    targets.into_iter().map(of).collect()
}
