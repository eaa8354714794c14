//! What is printed, and where to.

use std::path::PathBuf;

use clap::Args;

use crate::report::Format;

/// How the report of a survey is printed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format of the report; with more than 500 samples, page.html has them in page.samples.csv next
    /// to it
    #[arg(long, default_value = "table")]
    pub format: Format,
    /// With --format csv: one line per cipher with its figures, instead of one line per sample
    #[arg(long)]
    pub summary: bool,
    /// With --format table: all that was measured, not only the answer and what it rests on
    #[arg(long)]
    pub details: bool,
    /// With --format table (the details then) or markdown: more columns (MAC, per cent of one core, and real, user and
    /// system seconds for the whole file)
    #[arg(long)]
    pub wide: bool,
    /// Journal of `cores` from the host of one end: shows how much of that end's CPU the cipher
    /// takes, with --wide and in JSON and CSV [default with --wide: the saved ones]
    #[arg(long, value_name = "FILE")]
    pub cores: Vec<PathBuf>,
    /// With --format table: bars of throughput and of the CPU of both ends below each table of
    /// --details
    #[arg(long)]
    pub bars: bool,
    /// With --format table: the same as --details, and a sentence for each figure of the first row
    #[arg(long)]
    pub explain: bool,
    /// With --format table: ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub file: OutputFileArgs,
}

/// How a comparison, or a table of cores, is printed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct SheetArgs {
    /// Format of the output
    #[arg(long, default_value = "table")]
    pub format: Format,
    /// With --format table: ASCII characters only
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub file: OutputFileArgs,
}

/// The file that takes the place of standard output.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputFileArgs {
    /// Write to this file instead of standard output; it is written whole or not at all
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace the file of --output if it exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

/// Where a survey, or `cores`, keeps what it measures, and what it says meanwhile.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct JournalArgs {
    /// Write the journal (JSON lines) to this new file [default: one in
    /// $XDG_DATA_HOME/cipher-survey, or else ~/.local/share/cipher-survey]
    #[arg(long, value_name = "PATH")]
    pub journal: Option<PathBuf>,
    /// Print no progress on standard error
    #[arg(long, short)]
    pub quiet: bool,
}
