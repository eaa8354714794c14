//! `cipher-survey report`: a saved survey again, from its journal alone.

use anyhow::Result;

use super::{Status, output};
use crate::cli::ReportArgs;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let survey = output::read(&args.journal)?;
    output::print(&survey, &args.output, Some(&args.journal))?;
    Ok(Status::Complete)
}
