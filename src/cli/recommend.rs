//! The command line of `recommend`.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, ValueEnum};

use crate::report::Format;
use crate::ssh::paste::Program;

#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// Journals (JSON lines) of surveys [default: the newest saved one of each target]
    #[arg(value_name = "FILE")]
    pub journals: Vec<PathBuf>,
    /// Recommend legacy ciphers (CBC) and MACs too; never broken ones
    #[arg(long)]
    pub allow_legacy: bool,
    /// Print only the lines for this program that choose the cipher for one fast transfer, to paste or append;
    /// what needs none is told on standard error
    #[arg(long = "for", value_name = "PROGRAM", conflicts_with = "format")]
    pub program: Option<Program>,
    /// Format of the recommendation
    #[arg(long, default_value = "table", value_parser = offered(&Format::OF_ADVICE))]
    pub format: Format,
}

/// Some of the formats.
fn offered(formats: &'static [Format]) -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(formats.iter().filter_map(Format::to_possible_value))
        .try_map(|name| Format::from_str(&name, false))
}
