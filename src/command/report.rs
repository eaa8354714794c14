//! `cipher-survey report`: what was measured again, from its journal alone.

use std::path::Path;

use anyhow::{Context, Result};

use super::{Status, cores, journals, output};
use crate::cli::{OutputArgs, ReportArgs};
use crate::report::Format;
use crate::report::compare;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let newest = || journals::kept()?.pop().with_context(journals::none);
    let journal = args.journal.clone().map_or_else(newest, Ok)?;
    if output::is_of_cores(&journal)? {
        of_cores(&journal, &args.output)?;
        return Ok(Status::Complete);
    }
    let survey = output::read(&journal)?;
    output::print(&survey, &args.output, Some(&journal))?;
    Ok(Status::Complete)
}

/// Of cores there is one table and no other forms of it.
fn of_cores(journal: &Path, args: &OutputArgs) -> Result<()> {
    let OutputArgs { wide, bars, explain, summary, .. } = *args;
    for (flag, given) in
        [("--wide", wide), ("--bars", bars), ("--explain", explain), ("--summary", summary)]
    {
        anyhow::ensure!(!given, "{flag} is of surveys, and this journal is of cores; leave it out");
    }
    let format = match args.format {
        Format::Table => compare::Format::Table,
        Format::Json => compare::Format::Json,
        Format::Csv | Format::CsvSummary => compare::Format::Csv,
        Format::Markdown => compare::Format::Markdown,
        Format::Html => compare::Format::Html,
    };
    let named = vec![(journal.display().to_string(), output::read_cores(journal)?)];
    cores::print(named, &[journal], format, args.ascii, &args.place)
}
