//! `cipher-survey report`: a saved survey again, from its journal alone.

use anyhow::{Context, Result};

use super::{Status, output};
use crate::cli::ReportArgs;
use crate::model::survey::Survey;

pub fn execute(args: &ReportArgs) -> Result<Status> {
    let shown = args.journal.display();
    let text = std::fs::read(&args.journal)
        .with_context(|| format!("the journal {shown} can't be read"))?;
    let survey =
        Survey::read(&text).with_context(|| format!("{shown} is not a journal of a survey"))?;
    output::print(&survey, &args.output, Some(&args.journal))?;
    Ok(Status::Complete)
}
