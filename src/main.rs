//! Parse, run, render the error, exit code; nothing else.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::Parser;

use cipher_survey::cli::{Cli, Verb};
use cipher_survey::commands::{Status, compare, cores, list, loopback, recommend, report, run};
use cipher_survey::local::child::adopt_orphans;
use cipher_survey::progress::tell;
use cipher_survey::transfer::shim;

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    if let Some((argv0, arguments)) = words.split_first()
        && shim::is_called(argv0)
    {
        tell(&format!("error: {}", shim::run(argv0, arguments)));
        return ExitCode::from(255);
    }
    #[cfg(feature = "russh")]
    if let Some((program, arguments)) = cipher_survey::builtin_ssh::Program::called(&words) {
        return program.run(arguments);
    }
    if let Err(error) = adopt_orphans() {
        tell(&format!("warning: CPU of a proxy's program may be missing (prctl: {error})"));
    }
    let cli = Cli::parse();
    let result = match &cli.verb {
        None => run::execute(&cli.run, false),
        Some(Verb::Run(args)) => run::execute(args, true),
        Some(Verb::Loopback(args)) => loopback::execute(args),
        Some(Verb::List(args)) => list::execute(args),
        Some(Verb::Report(args)) => report::execute(args),
        Some(Verb::Compare(args)) => compare::execute(args),
        Some(Verb::Recommend(args)) => recommend::execute(args),
        Some(Verb::Cores(args)) => cores::execute(args),
    };
    match result {
        Ok(status) => status.into(),
        // A reader that closed the pipe has seen enough; that is no error.
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("error: {error:#}"));
            Status::NothingMeasured.into()
        }
    }
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
