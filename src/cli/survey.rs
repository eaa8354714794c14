//! The options that `run` and `loopback` share.

use std::time::Duration;

use clap::Args;

use super::output::{JournalArgs, OutputArgs};
use crate::model::units::{parse_duration, parse_fraction, parse_size};
use crate::model::{Direction, Sink};

/// The exit status of what measures.
pub const EXIT_STATUS: &str = "Exit status: 0 complete, 1 some samples failed, 2 nothing could be measured, \
                               130 interrupted.";

#[derive(Clone, Debug, Args)]
pub struct SurveyArgs {
    /// Survey only these ciphers (comma-separated)
    #[arg(long, value_delimiter = ',', value_name = "CIPHER", help_heading = "What is compared")]
    pub ciphers: Option<Vec<String>>,
    /// Survey all ciphers but these
    #[arg(long, value_delimiter = ',', value_name = "CIPHER", help_heading = "What is compared")]
    pub skip: Vec<String>,
    /// Try these MACs, or `all`, with each cipher that needs one [default: the MAC that ssh
    /// negotiates by default]
    #[arg(long, value_delimiter = ',', value_name = "MAC", help_heading = "What is compared")]
    pub macs: Vec<String>,
    /// Directions to survey, as seen from this machine
    #[arg(
        long,
        alias = "direction",
        value_delimiter = ',',
        default_value = "upload,download",
        value_name = "DIRECTION",
        help_heading = "What is compared"
    )]
    pub directions: Vec<Direction>,
    /// What the receiving end of `pipe` does with the bytes
    #[arg(long, default_value = "null", help_heading = "What is compared")]
    pub sink: Sink,
    /// Smallest difference that matters, e.g. 3%: rounds go on until no cipher can be faster than
    /// the leader by more than that [default: 3%, with --quick 10%]
    #[arg(long, value_name = "PERCENT", value_parser = parse_fraction, help_heading = "How long")]
    pub precision: Option<f64>,
    /// Stop after this time of transfers (setup and waiting apart; on loopback setup counts too), e.g. 90s or
    /// 5m, decided or not; a decision that is forecast within a quarter of it more is waited for [default:
    /// 60s, --quick 15s, --thorough 5m; none with --rounds]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "How long")]
    pub budget: Option<Duration>,
    /// Get a first answer within 15 seconds of transfers: only the default cipher and, of each
    /// authenticated mode, the cipher with the shortest key
    #[arg(long, conflicts_with_all = ["thorough", "rounds"], help_heading = "How long")]
    pub quick: bool,
    /// Go on until each cipher is known to be slower than the leader or equal to it, not only until
    /// the choice is clear
    #[arg(long, conflicts_with = "rounds", help_heading = "How long")]
    pub thorough: bool,
    /// Run exactly N rounds; each has one sample per configuration and direction, on new connections
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..),
          help_heading = "How long")]
    pub rounds: Option<u32>,
    /// Use only the first SIZE bytes of the file, e.g. 500MB or 64MiB
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "How long")]
    pub limit: Option<u64>,
    /// Transfer the whole file (or its first --limit bytes) in each sample, by sftp and pipe as one slice;
    /// refused where a round moves more than --max-bytes
    #[arg(long, help_heading = "How long")]
    pub full: bool,
    /// Move about SIZE bytes at most: the round that reaches it is the last, and copies of FILE after it stay within
    /// it [default: 7GiB in rounds, what a link of 1 Gbit/s carries in a minute; none on loopback and with
    /// --full]
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "How long")]
    pub max_bytes: Option<u64>,
    /// Also measure the plain TCP rate, without SSH: the remote host connects to this port of this
    /// machine (0: any free one) for 2 s per direction before the survey
    #[arg(long, value_name = "PORT", help_heading = "How it is measured")]
    pub plain_tcp_port: Option<u16>,
    /// Seed of the shuffled order; the same seed gives the same order
    #[arg(long, value_name = "N", help_heading = "How it is measured")]
    pub seed: Option<u64>,
    /// Look at both ends, print the plan and stop
    #[arg(long, help_heading = "How it is measured")]
    pub dry_run: bool,
    #[command(flatten)]
    pub journal: JournalArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}
