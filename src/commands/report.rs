//! `cipher-survey report`: what was measured again, from its journal alone.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::{Status, cores, journals, output};
use crate::cli::{OutputArgs, ReportArgs, SheetArgs};
use crate::report::Format;
use crate::report::compare;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let journal = args.journal.clone().map_or_else(|| newest(&args.output), Ok)?;
    if output::is_of_cores(&journal)? {
        of_cores(&journal, &args.output)?;
        return Ok(Status::Complete);
    }
    let survey = output::read(&journal)?;
    output::print(&survey, &args.output, Some(&journal))?;
    Ok(Status::Complete)
}

/// The newest journal that can be shown as is asked for.
fn newest(args: &OutputArgs) -> Result<PathBuf> {
    let mut kept = journals::kept()?;
    if of_surveys(args).next().is_some() {
        kept.retain(|path| !output::is_of_cores(path).unwrap_or(false));
    }
    kept.pop().with_context(journals::none)
}

/// The flags that were given and have a meaning for surveys alone.
fn of_surveys(args: &OutputArgs) -> impl Iterator<Item = &'static str> {
    let flags = [
        ("--wide", args.wide),
        ("--bars", args.bars),
        ("--explain", args.explain),
        ("--summary", args.summary),
        ("--cores", !args.cores.is_empty()),
    ];
    flags.into_iter().filter_map(|(flag, given)| given.then_some(flag))
}

/// Of cores there is one table and no other forms of it.
fn of_cores(journal: &Path, args: &OutputArgs) -> Result<()> {
    if let Some(flag) = of_surveys(args).next() {
        bail!("{flag} is of surveys, and this journal is of cores; leave it out");
    }
    let format = match args.format {
        Format::Table => compare::Format::Table,
        Format::Json => compare::Format::Json,
        Format::Csv | Format::CsvSummary => compare::Format::Csv,
        Format::Markdown => compare::Format::Markdown,
        Format::Html => compare::Format::Html,
    };
    let named = vec![(journal.display().to_string(), output::read_cores(journal)?)];
    let sheet = SheetArgs { format, ascii: args.ascii, place: args.place.clone() };
    cores::print(named, &[journal], &sheet)
}
