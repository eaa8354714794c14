//! One file a verb: the only place where the parts are put together.

pub mod effort;
pub mod list;
pub mod loopback;
pub mod output;
pub mod recommend;
pub mod report;
pub mod run;
pub mod survey;

use std::process::ExitCode;

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
