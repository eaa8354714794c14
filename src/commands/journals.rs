//! Finds saved surveys: those that were named, or the newest of each target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::output;
use crate::model::Survey;
use crate::model::cipher_cores::Cores;
use crate::model::units::{printable, shown};
use crate::progress::tell;
use crate::survey::journal::default_directory;

/// The journals of files, directories (their `*.jsonl`) and patterns, each once.
///
/// # Errors
/// A name or a pattern that nothing has.
pub fn named(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for name in names {
        let found = match name.is_dir() {
            true => in_directory(name)?,
            false if name.exists() => vec![name.clone()],
            false => by_pattern(name)?,
        };
        if found.is_empty() {
            bail!("no journal at {}; name a file, a directory or a pattern", shown(name));
        }
        paths.extend(found);
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(paths)
}

/// The journals in the default place, oldest first.
pub fn kept() -> Result<Vec<PathBuf>> {
    let directory = default_directory()?;
    in_directory(&directory).with_context(none)
}

/// The last survey of each target among those in the default place that `has` something of it:
/// one survey may have had several targets.
pub fn newest(
    has: impl Fn(&Survey) -> BTreeSet<String>,
) -> Result<BTreeMap<String, (PathBuf, std::rc::Rc<Survey>)>> {
    let mut newest = BTreeMap::new();
    for (path, survey) in readable(kept()?) {
        let survey = std::rc::Rc::new(survey);
        for target in has(&survey) {
            newest.insert(target, (path.clone(), survey.clone()));
        }
    }
    if newest.is_empty() {
        bail!(none());
    }
    Ok(newest)
}

/// The journals of cores in the default place, oldest first; of those that can't be read a warning
/// says why not.
pub fn kept_cores() -> Vec<Cores> {
    // Without any place there are none.
    let kept = kept().unwrap_or_default();
    let cores = kept.into_iter().filter(|path| output::is_of_cores(path).unwrap_or(false));
    cores.filter_map(|path| or_warn(output::read_cores(&path))).collect()
}

/// Those that can be read; of the others a warning says why not.
fn readable(paths: Vec<PathBuf>) -> impl Iterator<Item = (PathBuf, Survey)> {
    paths.into_iter().filter_map(|path| {
        // Kept in the same place, and no survey.
        if output::is_of_cores(&path).unwrap_or(false) {
            return None;
        }
        let survey = or_warn(output::read(&path))?;
        Some((path, survey))
    })
}

/// What could be read; else a warning says why not.
pub fn or_warn<T>(read: Result<T>) -> Option<T> {
    read.inspect_err(|error| tell(&format!("warning: {error:#}"))).ok()
}

/// What was wrong with a journal, in one line however much it was.
pub fn damage(problems: &[String]) -> Option<String> {
    let (first, rest) = problems.split_first()?;
    let more = if rest.is_empty() { String::new() } else { format!("; and {} more", rest.len()) };
    Some(printable(&format!("the journal is damaged: {first}{more}")))
}

pub fn none() -> String {
    let place = default_directory().map(|place| shown(&place)).unwrap_or_default();
    format!("no journal in {place}; name one, or survey a host first")
}

/// Their names begin with the time, so they are in its order.
fn in_directory(directory: &Path) -> Result<Vec<PathBuf>> {
    let about = || format!("the directory {} can't be read", shown(directory));
    let mut paths = Vec::new();
    for entry in std::fs::read_dir(directory).with_context(about)? {
        let path = entry.with_context(about)?.path();
        if path.extension().is_some_and(|extension| extension == "jsonl") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn by_pattern(pattern: &Path) -> Result<Vec<PathBuf>> {
    let text = pattern.display().to_string();
    let matches =
        glob::glob(&text).with_context(|| format!("{text:?} is neither a file nor a pattern"))?;
    let paths: Result<Vec<PathBuf>, _> = matches.collect();
    let mut paths = paths.with_context(|| format!("{} can't be searched", shown(pattern)))?;
    paths.retain(|path| path.is_file());
    Ok(paths)
}
