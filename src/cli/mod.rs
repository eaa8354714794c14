//! The command line: `--help` is good enough to need no manual.

mod compare;
mod cores;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueHint};

pub use compare::CompareArgs;
pub use cores::{AesState, CoresArgs};

use crate::loopback::server::ServerProgram;
use crate::model::units::{parse_duration, parse_fraction, parse_size};
use crate::model::{AesEnds, Direction, Method, Sink};
use crate::report::Format;
use crate::report::advised::AdviceFormat;

/// Which SSH cipher should I use? Times real transfers with every cipher that both ends support,
/// in both directions, and accounts the CPU of both ends, with nothing installed on the far one.
#[derive(Debug, Parser)]
#[command(
    name = "cipher-survey",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
        cipher-survey pi1 file.iso            survey the host pi1 of your ssh_config with scp\n  \
        cipher-survey me@nas:/volume1 --method scp,pipe\n  \
        cipher-survey loopback                no other host needed: this machine against itself\n  \
        cipher-survey list pi1 --usable       ciphers that both ends support\n  \
        cipher-survey recommend               what the last surveys say, with lines to paste\n  \
        cipher-survey compare                 the last survey of each host, side by side\n  \
        cipher-survey cores                   what each cipher costs this CPU, without any SSH\n\n\
        Saved surveys (journals) are in $XDG_DATA_HOME/cipher-survey, or else \
        ~/.local/share/cipher-survey.\n\n\
        Exit status: 0 complete, 1 some trials failed, 2 nothing could be measured, \
        130 interrupted."
)]
pub struct Cli {
    #[command(subcommand)]
    pub verb: Option<Verb>,
    #[command(flatten)]
    pub run: RunArgs,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Survey a host; the word `run` itself may be left out
    Run(RunArgs),
    /// Survey this machine against itself, with and without AES instructions; needs no other host
    Loopback(LoopbackArgs),
    /// List ciphers: supported here, offered there, their standing and acceleration
    List(ListArgs),
    /// Print a saved survey again
    Report(ReportArgs),
    /// Put saved surveys side by side: hosts with AES instructions against those without, or a host
    /// before and after a change
    Compare(CompareArgs),
    /// From saved surveys: which cipher to use for what, why, and the lines to paste
    Recommend(RecommendArgs),
    /// Measure the cipher cores of this CPU, and of other hosts by their own openssl
    Cores(CoresArgs),
}

/// Names of the verbs, to tell a mistyped one from a host.
pub const VERBS: &[&str] =
    &["run", "loopback", "list", "report", "compare", "recommend", "cores", "help"];

/// Of what measures.
const EXIT_STATUS: &str = "Exit status: 0 complete, 1 some trials failed, 2 nothing could be measured, \
                           130 interrupted.";

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct RunArgs {
    #[arg(
        required = true,
        value_hint = ValueHint::Hostname,
        help = "[user@]host[:dir], [::1]:dir or ssh://[user@]host[:port]/dir, as ssh knows the \
                host; dir is where our temporary directory is made (default: the login directory)"
    )]
    pub target: Option<OsString>,
    /// The file to transfer, or a prefix of it; without it random data is made
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Survey a further host or directory in the same rounds (may be given several times)
    #[arg(long, value_name = "TARGET")]
    pub also: Vec<OsString>,
    /// How bytes move: scp, pipe (`cat` over the session, no file on either end) or both
    #[arg(long, value_delimiter = ',', default_value = "scp", value_name = "METHOD")]
    pub method: Vec<Method>,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub survey: SurveyArgs,
}

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct LoopbackArgs {
    /// The file to transfer; without it random data is made
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Which ends may use AES instructions; they are disabled at the other [default: both,client
    /// where the CPU has them]
    #[arg(long, value_delimiter = ',', value_name = "ENDS", help_heading = "What is compared")]
    pub aes: Option<Vec<AesEnds>>,
    /// All ciphers of the client, not only those that sshd offers by default; the built-in server
    /// always offers all that it has
    #[arg(long, help_heading = "What is compared")]
    pub all: bool,
    /// Do not hold the two ends to disjoint halves of the cores
    #[arg(long, help_heading = "How it is measured")]
    pub no_pin: bool,
    /// How bytes move: scp, pipe (`cat` over the session, no file on either end) or both
    #[arg(long, value_delimiter = ',', default_value = "pipe", value_name = "METHOD")]
    pub method: Vec<Method>,
    /// SSH client programs to compare: `openssh` (the system's), `russh` (built in), or the path of
    /// an ssh-compatible one [default: openssh where ssh and sshd are installed, else russh]
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM", help_heading = "What is compared")]
    pub client: Vec<OsString>,
    /// SSH servers to compare [default: openssh where ssh and sshd are installed, else russh]
    #[arg(long, value_delimiter = ',', value_name = "SERVER", help_heading = "What is compared")]
    pub server: Vec<ServerProgram>,
    /// Also russh against russh with no cipher at all, to show what everything else costs (needs
    /// --client russh --server russh)
    #[arg(long, help_heading = "What is compared")]
    pub with_none: bool,
    #[command(flatten)]
    pub survey: SurveyArgs,
}

/// How to reach a host, as ssh has it.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "The way there")]
pub struct ConnectArgs {
    /// SSH client programs: `openssh` (the system's), `russh` (built in), or the path of an
    /// ssh-compatible one; a survey compares several in the same rounds
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM", default_value = "openssh")]
    pub client: Vec<OsString>,
    /// ssh_config to use in place of the user's and the system's (ssh -F)
    #[arg(long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// An option of ssh_config; what would change the measurement is overruled
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<OsString>,
    /// Port of the SSH server
    #[arg(short = 'p', value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Private key to log in with
    #[arg(short = 'i', value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// Jump host to go through; its tunnel's CPU is then in the client's figures
    #[arg(short = 'J', value_name = "HOST")]
    pub jump: Option<OsString>,
}

/// What every survey can be told.
#[derive(Clone, Debug, Args)]
pub struct SurveyArgs {
    /// Only these ciphers
    #[arg(long, value_delimiter = ',', value_name = "CIPHER", help_heading = "What is compared")]
    pub ciphers: Option<Vec<String>>,
    /// All but these ciphers
    #[arg(long, value_delimiter = ',', value_name = "CIPHER", help_heading = "What is compared")]
    pub skip: Vec<String>,
    /// MACs to try with each cipher that needs one, or `all`; else the one negotiated unasked
    #[arg(long, value_delimiter = ',', value_name = "MAC", help_heading = "What is compared")]
    pub macs: Vec<String>,
    /// Directions to survey
    #[arg(
        long,
        alias = "direction",
        value_delimiter = ',',
        default_value = "upload,download",
        value_name = "DIRECTION",
        help_heading = "What is compared"
    )]
    pub directions: Vec<Direction>,
    /// Where `pipe` puts the bytes at their destination
    #[arg(long, default_value = "null", help_heading = "What is compared")]
    pub sink: Sink,
    /// The smallest difference that matters, e.g. 3%: rounds go on until no cipher can be more
    /// than that faster than the leader [default: 3%, with --quick 10%]
    #[arg(long, value_name = "PERCENT", value_parser = parse_fraction, help_heading = "How long")]
    pub precision: Option<f64>,
    /// End within this time, decided or not [default: 3m, loopback 2m, --quick 30s, --thorough
    /// 15m; none with --rounds]
    #[arg(long, value_name = "TIME", value_parser = parse_duration, help_heading = "How long")]
    pub budget: Option<Duration>,
    /// A first answer within 30 seconds: shorter trials of the one cipher of each authenticated
    /// mode with the shortest key, and of what ssh negotiates unasked
    #[arg(long, conflicts_with_all = ["thorough", "rounds"], help_heading = "How long")]
    pub quick: bool,
    /// Go on until each cipher is told slower or equal, not only until the choice is clear
    #[arg(long, conflicts_with = "rounds", help_heading = "How long")]
    pub thorough: bool,
    /// Exactly so many rounds instead; each has every trial once, in shuffled order
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..),
          help_heading = "How long")]
    pub rounds: Option<u32>,
    /// Use only the first SIZE bytes of the file
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "How long")]
    pub limit: Option<u64>,
    /// Transfer exactly the whole file (or --limit of it) in each trial
    #[arg(long, help_heading = "How long")]
    pub full: bool,
    /// Write at most SIZE bytes on either end in the whole survey
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "How long")]
    pub max_bytes: Option<u64>,
    /// Measure also what the path carries without SSH, by plain TCP from the far host to this
    /// port of this machine (0: any), for 2 s a direction before the survey
    #[arg(long, value_name = "PORT", help_heading = "How it is measured")]
    pub plain_tcp_port: Option<u16>,
    /// Seed of the shuffled order, to have the same one again
    #[arg(long, value_name = "N", help_heading = "How it is measured")]
    pub seed: Option<u64>,
    /// Look at both ends, say what would be done, and stop
    #[arg(long, help_heading = "How it is measured")]
    pub dry_run: bool,
    /// Where the journal (JSON lines) goes [default: $XDG_DATA_HOME/cipher-survey, or else
    /// ~/.local/share/cipher-survey]
    #[arg(long, value_name = "PATH", help_heading = "Output")]
    pub journal: Option<PathBuf>,
    /// No progress on standard error
    #[arg(long, short, help_heading = "Output")]
    pub quiet: bool,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// How a report is printed.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Form of the report; an HTML page of more than 500 trials has them in FILE.trials.csv beside it
    #[arg(long, default_value = "table")]
    pub format: Format,
    /// With --format csv: one line a cipher with its figures, instead of one a trial
    #[arg(long)]
    pub summary: bool,
    /// With --format table and markdown more columns: MAC, share of a core, real, user and system
    /// seconds for the whole file
    #[arg(long)]
    pub wide: bool,
    /// A journal of `cores`, of the host of one end: with it the table of --wide, and the JSON and CSV
    /// documents, tell what share of that end's CPU the cipher is [default with --wide: those kept
    /// with the surveys]
    #[arg(long, value_name = "FILE")]
    pub cores: Vec<PathBuf>,
    /// With --format table: below each table its throughput and the CPU of both ends as bars
    #[arg(long)]
    pub bars: bool,
    /// With --format table: a sentence for each figure, for who sees such a table for the first time
    #[arg(long)]
    pub explain: bool,
    /// With --format table: no character beyond ASCII
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// How a comparison, or a table of cores, is printed.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct SheetArgs {
    /// Form of what is printed
    #[arg(long, default_value = "table")]
    pub format: crate::report::compare::Format,
    /// With --format table: no character beyond ASCII
    #[arg(long)]
    pub ascii: bool,
    #[command(flatten)]
    pub place: PlaceArgs,
}

/// Where what is printed goes.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct PlaceArgs {
    /// Write to a file instead of standard output, whole or not at all
    #[arg(long, value_name = "PATH")]
    pub output: Option<PathBuf>,
    /// Replace the file of --output where it exists
    #[arg(long, requires = "output")]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Also ask this host, in one connection, what its server offers
    pub target: Option<OsString>,
    /// Names only, one a line, as `ssh -Q cipher`
    #[arg(long)]
    pub plain: bool,
    /// Only ciphers that both ends support
    #[arg(long, requires = "target")]
    pub usable: bool,
    #[command(flatten)]
    pub connect: ConnectArgs,
}

#[derive(Debug, Args)]
pub struct ReportArgs {
    /// A journal (JSON lines) of an earlier survey, or of cores; none: the newest
    #[arg(value_name = "FILE")]
    pub journal: Option<PathBuf>,
    #[command(flatten)]
    pub output: OutputArgs,
}

#[derive(Debug, Args)]
pub struct RecommendArgs {
    /// Journals (JSON lines) of surveys; none: the newest of each target
    #[arg(value_name = "FILE")]
    pub journals: Vec<PathBuf>,
    /// Recommend legacy ciphers (CBC) and MACs too; broken ones never
    #[arg(long)]
    pub allow_legacy: bool,
    /// Form of the recommendation
    #[arg(long, default_value = "table")]
    pub format: AdviceFormat,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent_and_its_verbs_are_known() {
        let command = Cli::command();
        command.clone().debug_assert();
        for verb in command.get_subcommands() {
            assert!(VERBS.contains(&verb.get_name()), "{}", verb.get_name());
        }
    }

    #[test]
    fn the_word_run_may_be_left_out() {
        let cli = Cli::parse_from(["cipher-survey", "-p", "22", "pi1", "x.iso", "--full"]);
        assert!(cli.verb.is_none() && cli.run.survey.full);
        assert_eq!(cli.run.target.unwrap(), "pi1");
        let cli = Cli::parse_from(["cipher-survey", "run", "list"]);
        assert!(
            matches!(cli.verb, Some(Verb::Run(args)) if args.target.as_deref() == Some("list".as_ref()))
        );
    }
}
