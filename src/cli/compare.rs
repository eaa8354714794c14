//! The command line of `compare`.

use std::path::PathBuf;

use clap::Args;

use super::output::SheetArgs;
use crate::analysis::comparison::measure::{By, Ends};
use crate::model::Direction;
use crate::model::units::parse_per_cent;

#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 compared, 1 worse by more than --fail-above, 2 nothing to compare."
)]
pub struct CompareArgs {
    /// Journals (JSON lines) of surveys, directories with journals (*.jsonl), or patterns such as
    /// 'results/*/survey.jsonl' [default: the newest saved one of each target]. Journals of cores
    /// are put side by side too; --by, --end and --direction do not apply to them
    #[arg(value_name = "FILE")]
    pub journals: Vec<PathBuf>,
    /// Figure to compare
    #[arg(long, default_value = "throughput", value_name = "FIGURE", conflicts_with = "change")]
    pub by: By,
    /// End whose CPU is compared, and by whose AES instructions hosts are grouped
    #[arg(long, default_value = "both", value_name = "END", conflicts_with = "change")]
    pub end: Ends,
    /// Directions to compare
    #[arg(
        long,
        alias = "directions",
        value_delimiter = ',',
        default_value = "upload,download",
        value_name = "DIRECTION"
    )]
    pub direction: Vec<Direction>,
    /// Compare a host with itself at another date, or before and after a change: each figure of NEW
    /// as a multiple of that of OLD, and which changes are real
    #[arg(long, num_args = 2, value_names = ["OLD", "NEW"], conflicts_with = "journals")]
    pub change: Option<Vec<PathBuf>>,
    /// With --change: exit with 1 if a throughput fell or a cost rose by more than this (10%, or
    /// 0.1) and the change is real
    #[arg(long, value_name = "PERCENT", value_parser = parse_per_cent)]
    pub fail_above: Option<f64>,
    #[command(flatten)]
    pub output: SheetArgs,
}
