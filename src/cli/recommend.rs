//! The command line of `recommend`.

use std::path::PathBuf;

use clap::Args;

use crate::report::advised::AdviceFormat;

#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// Journals (JSON lines) of surveys [default: the newest saved one of each target]
    #[arg(value_name = "FILE")]
    pub journals: Vec<PathBuf>,
    /// Recommend legacy ciphers (CBC) and MACs too; never broken ones
    #[arg(long)]
    pub allow_legacy: bool,
    /// Format of the recommendation
    #[arg(long, default_value = "table")]
    pub format: AdviceFormat,
}
