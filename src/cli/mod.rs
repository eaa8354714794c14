//! The command line: `--help` is good enough to need no manual.

pub mod compare;
pub mod connect;
pub mod cores;
pub mod list;
pub mod loopback;
pub mod output;
pub mod recommend;
pub mod report;
pub mod run;
pub mod survey;

use clap::{Parser, Subcommand};

use compare::CompareArgs;
use cores::CoresArgs;
use list::ListArgs;
use loopback::LoopbackArgs;
use recommend::RecommendArgs;
use report::ReportArgs;
use run::RunArgs;

/// Which SSH cipher should I use? Times real transfers with every cipher that both ends support, in
/// both directions, and measures the CPU time of both ends. Nothing is installed on the remote host.
#[derive(Debug, Parser)]
#[command(
    name = "cipher-survey",
    version,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:\n  \
        cipher-survey pi1 file.iso            survey the host pi1 of your ssh_config by sftp\n  \
        cipher-survey me@nas:/volume1 --method sftp,pipe\n  \
        \x20                                     survey nas by sftp and by pipe, in its directory /volume1\n  \
        cipher-survey loopback                survey this machine alone, no other host needed\n  \
        cipher-survey list pi1 --usable       list the ciphers that both ends support\n  \
        cipher-survey recommend               which cipher to use, from saved surveys\n  \
        cipher-survey compare                 the newest survey of each host, side by side\n  \
        cipher-survey cores                   what each cipher costs this CPU, without SSH\n\n\
        Surveys are saved as journals in $XDG_DATA_HOME/cipher-survey, or else in \
        ~/.local/share/cipher-survey.\n\n\
        Exit status: 0 complete, 1 some samples failed, 2 nothing could be measured, \
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
    /// Survey a host; the word `run` may be left out
    Run(RunArgs),
    /// Survey this machine against itself, with AES instructions enabled and disabled; no other host
    /// is needed
    Loopback(LoopbackArgs),
    /// List ciphers: which ends support them, their security, and AES acceleration
    List(ListArgs),
    /// Print a saved survey again
    Report(ReportArgs),
    /// Compare saved surveys: hosts side by side, or a host before and after a change
    Compare(CompareArgs),
    /// Recommend a cipher from saved surveys, with reasons and the lines to paste
    Recommend(RecommendArgs),
    /// Measure what each cipher costs this CPU, and other hosts by their own openssl
    Cores(CoresArgs),
}

/// Names of the verbs, to tell a mistyped one from a host.
pub const VERBS: &[&str] =
    &["run", "loopback", "list", "report", "compare", "recommend", "cores", "help"];

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
