//! One file per verb: the only place where the parts are put together.

pub mod compare;
pub mod cores;
pub mod effort;
pub mod journals;
pub mod list;
pub mod loopback;
pub mod output;
pub mod output_file;
pub mod read;
pub mod recommend;
pub mod report;
pub mod run;
pub mod survey;

use std::process::ExitCode;

use anyhow::Result;

use crate::local::interrupt::Interrupt;
use crate::progress::tell;

/// How a command ended, as an exit status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Complete,
    SomeFailed,
    NothingMeasured,
    Interrupted,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> ExitCode {
        ExitCode::from(match status {
            Status::Complete => 0,
            Status::SomeFailed => 1,
            Status::NothingMeasured => 2,
            Status::Interrupted => 130,
        })
    }
}

/// An error after an interrupt is put down to the interrupt.
fn unless_interrupted(
    interrupt: &Interrupt,
    command: impl FnOnce(&Interrupt) -> Result<Status>,
) -> Result<Status> {
    match command(interrupt) {
        Err(error) if interrupt.is_raised() => {
            match format!("{error:#}").as_str() {
                "interrupted" => tell("interrupted"),
                detail => tell(&format!("interrupted ({detail})")),
            }
            Ok(Status::Interrupted)
        }
        other => other,
    }
}

/// The arguments as given, the program by its name only: a report that is passed on does not tell
/// the directories of this machine.
fn command_line() -> Vec<String> {
    let words = std::env::args_os();
    let mut words: Vec<String> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if let Some(program) = words.first_mut()
        && let Some((_, name)) = program.rsplit_once('/')
    {
        *program = name.to_owned();
    }
    words
}
