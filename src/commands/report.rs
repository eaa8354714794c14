//! `cipher-survey report`: prints a saved survey again, from its journal alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Status, cores, journals, output, read};
use crate::cli::output::{OutputArgs, SheetArgs};
use crate::cli::report::ReportArgs;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let journal = args.journal.clone().map_or_else(|| newest(&args.output), Ok)?;
    if read::is_of_cores(&journal) {
        print_cores(&journal, &args.output)?;
        return Ok(Status::Complete);
    }
    let survey = read::survey(&journal)?;
    output::print(&survey, &args.output, Some(&journal))?;
    Ok(Status::Complete)
}

/// The newest journal that the given flags apply to.
fn newest(args: &OutputArgs) -> Result<PathBuf> {
    let mut saved = journals::saved()?;
    if survey_flags(args).next().is_some() {
        saved.retain(|path| !read::is_of_cores(path));
    }
    saved.pop().with_context(journals::none)
}

/// The given flags that have a meaning for surveys only.
fn survey_flags(args: &OutputArgs) -> impl Iterator<Item = &'static str> {
    let flags = [
        ("--wide", args.wide),
        ("--bars", args.bars),
        ("--explain", args.explain),
        ("--summary", args.summary),
        ("--cores", !args.cores.is_empty()),
    ];
    flags.into_iter().filter_map(|(flag, given)| given.then_some(flag))
}

/// Journals of cores have one table.
fn print_cores(journal: &Path, args: &OutputArgs) -> Result<()> {
    if let Some(flag) = survey_flags(args).next() {
        bail!("{flag} applies to surveys only, and this is a journal of cores; leave it out");
    }
    let named = vec![(journal.display().to_string(), read::cores(journal)?)];
    let sheet = SheetArgs { format: args.format, ascii: args.ascii, file: args.file.clone() };
    cores::print(named, &[journal], &sheet)
}
