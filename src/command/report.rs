//! `cipher-survey report`: a saved survey again, from its journal alone.

use anyhow::{Context, Result};

use super::{Status, journals, output};
use crate::cli::ReportArgs;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let newest = || journals::kept()?.pop().with_context(journals::none);
    let journal = args.journal.clone().map_or_else(newest, Ok)?;
    let survey = output::read(&journal)?;
    output::print(&survey, &args.output, Some(&journal))?;
    Ok(Status::Complete)
}
