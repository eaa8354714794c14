//! `cipher-survey compare`: saved surveys side by side, or a host before and after a change.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};

use super::{Status, cores, journals, output_file, read};
use crate::analysis::comparison::change::change;
use crate::analysis::comparison::digest::Digest;
use crate::analysis::comparison::measure::Measure;
use crate::analysis::comparison::pivot::pivot;
use crate::analysis::samples::grouping;
use crate::cli::compare::CompareArgs;
use crate::cli::output::SheetArgs;
use crate::model::Survey;
use crate::model::cipher_cores::Cores;
use crate::model::units::printable;
use crate::progress::tell;
use crate::report::compare::{Comparison, Shown};
use crate::report::write;

pub fn execute(args: &CompareArgs) -> Result<Status> {
    args.output.refuse_idle()?;
    if let Some(journals) = of_cores(args)? {
        if args.fail_above.is_some() {
            bail!(
                "--fail-above applies to surveys only, and these are journals of cores; leave it out"
            );
        }
        return side_by_side(args, &journals);
    }
    match args.change.as_deref() {
        Some([old, new]) => of_change(args, old, new),
        _ if args.fail_above.is_some() => bail!("--fail-above needs two surveys: --change OLD NEW"),
        _ => of_hosts(args),
    }
}

/// The named journals, if they are of cores.
fn of_cores(args: &CompareArgs) -> Result<Option<Vec<PathBuf>>> {
    if args.journals.is_empty() {
        return Ok(None);
    }
    let journals = journals::named(&args.journals)?;
    match journals.iter().filter(|path| read::is_of_cores(path)).count() {
        0 => Ok(None),
        all if all == journals.len() => Ok(Some(journals)),
        some => bail!(
            "{some} of the {} journals are of cores, the others of surveys; compare one kind at a \
             time",
            journals.len()
        ),
    }
}

fn side_by_side(args: &CompareArgs, journals: &[PathBuf]) -> Result<Status> {
    let one = |path: &PathBuf| Ok((path.display().to_string(), read::cores(path)?));
    let named: Vec<(String, Cores)> =
        journals.iter().filter_map(|path| read::or_warn(one(path))).collect();
    if named.is_empty() {
        bail!("none of the journals can be read: nothing to compare");
    }
    let journals: Vec<&Path> = journals.iter().map(PathBuf::as_path).collect();
    cores::print(named, &journals, &args.output)?;
    Ok(Status::Complete)
}

fn of_hosts(args: &CompareArgs) -> Result<Status> {
    let (journals, digests) = match args.journals.as_slice() {
        [] => (journals::saved()?, newest_of_each_target()?),
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
        bail!(
            "nothing was measured in these directions; see 'cipher-survey report' for what failed"
        );
    }
    let journals: Vec<&Path> = journals.iter().map(PathBuf::as_path).collect();
    print(args, &journals, &Comparison { digests, shown: Shown::Hosts(pivot) })?;
    Ok(Status::Complete)
}

fn of_change(args: &CompareArgs, old: &Path, new: &Path) -> Result<Status> {
    let one = |path: &Path| -> Result<Digest> { Ok(digest((path.into(), read::survey(path)?))) };
    let digests = [one(old)?, one(new)?];
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

/// In their order. Each takes a millisecond or two, and there may be hundreds, so all CPU cores help.
fn read_all(paths: &[PathBuf]) -> Vec<Digest> {
    let all: Vec<Result<Digest>> =
        paths.par_iter().map(|path| Ok(digest((path.clone(), read::survey(path)?)))).collect();
    all.into_iter().filter_map(read::or_warn).collect()
}

fn digest((path, survey): (PathBuf, Survey)) -> Digest {
    Digest::of(path.display().to_string(), survey)
}

/// Warns of damaged journals whose figures are used.
fn warn(digests: &[Digest]) {
    for digest in digests {
        if let Some(damage) = read::damage(&digest.problems) {
            tell(&format!("warning: {}: {damage}", printable(&digest.name)));
        }
    }
}

fn print(args: &CompareArgs, journals: &[&Path], comparison: &Comparison) -> Result<()> {
    let SheetArgs { format, file, .. } = &args.output;
    output_file::write_to(file, journals, |out| {
        write(comparison, *format, &args.output.style(), out)
    })
    .context("the comparison can't be printed")
}

/// The newest survey that measured anything of each target. A survey of several targets keeps those
/// that have not been surveyed since.
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
        let survey = read::survey(&path)?;
        let mut digest = digest((path, survey));
        digest.summary.tables.retain(|table| targets.contains(&table.target));
        Ok(digest)
    };
    targets.into_iter().map(of).collect()
}
