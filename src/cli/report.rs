//! The command line of `report`.

use std::path::PathBuf;

use clap::Args;

use super::output::OutputArgs;

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// Journal (JSON lines) of a survey, or of cores [default: the newest saved one]
    #[arg(value_name = "FILE")]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}
