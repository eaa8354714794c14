//! Finds saved journals: those that were named, or the newest of each target.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::read::{self, or_warn};
use crate::model::Survey;
use crate::model::cipher_cores::Cores;
use crate::model::units::shown;
use crate::survey::journal::default_directory;

/// The journals that files, directories (their `*.jsonl`) and patterns name, each once.
///
/// # Errors
/// A name or a pattern without any journal.
pub fn named(names: &[PathBuf]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for name in names {
        let found = match name.is_dir() {
            true => in_directory(name)?,
            false if name.exists() => vec![name.clone()],
            false => by_pattern(name)?,
        };
        if found.is_empty() {
            bail!("there is no journal at {}; name a file, a directory or a pattern", shown(name));
        }
        paths.extend(found);
    }
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    Ok(paths)
}

/// The journals in the default directory, oldest first.
pub fn saved() -> Result<Vec<PathBuf>> {
    let directory = default_directory()?;
    in_directory(&directory).with_context(none)
}

/// The newest saved survey of each target. `targets_of` says which targets a survey counts for; it may
/// have had several.
pub fn newest(
    targets_of: impl Fn(&Survey) -> BTreeSet<String>,
) -> Result<BTreeMap<String, (PathBuf, std::rc::Rc<Survey>)>> {
    let mut newest = BTreeMap::new();
    for (path, survey) in readable(saved()?) {
        let survey = std::rc::Rc::new(survey);
        for target in targets_of(&survey) {
            newest.insert(target, (path.clone(), survey.clone()));
        }
    }
    if newest.is_empty() {
        bail!(none());
    }
    Ok(newest)
}

/// The saved journals of cores, oldest first. A warning tells of each that can't be read.
pub fn saved_cores() -> Vec<Cores> {
    // Without the directory there are none.
    let saved = saved().unwrap_or_default();
    let cores = saved.into_iter().filter(|path| read::is_of_cores(path));
    cores.filter_map(|path| or_warn(read::cores(&path))).collect()
}

/// The surveys among them. A warning tells of each that can't be read.
fn readable(paths: Vec<PathBuf>) -> impl Iterator<Item = (PathBuf, Survey)> {
    paths.into_iter().filter_map(|path| {
        if read::is_of_cores(&path) {
            return None;
        }
        let survey = or_warn(read::survey(&path))?;
        Some((path, survey))
    })
}

/// What is said where there is no journal.
pub fn none() -> String {
    let directory = default_directory().map(|path| shown(&path)).unwrap_or_default();
    format!("there is no saved journal in {directory}; survey a host first, or name a journal")
}

/// Sorted by name, which begins with the time of the survey.
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
