//! Why the control connection can't be used.

use std::time::Duration;

use thiserror::Error;

use crate::ssh::{Failure, Transcript};

/// Why the control connection can't be used.
#[derive(Debug, Error)]
pub enum ControlError {
    #[error("{}{}", .0.reason, .0.remedy.as_deref().map(|r| format!("; {r}")).unwrap_or_default())]
    Connect(Failure, Box<Transcript>),
    #[error(
        "the login on {host} works, but the account has neither a shell nor SFTP (nologin, or a \
         forced command){}; use an account that has either", printed(.output)
    )]
    NoShell { host: String, output: String, status: Option<u32> },
    #[error(
        "a start-up file of the login shell on {host} reads standard input, so what scp, sftp and \
         rsync send is lost; end it early where there is no terminal: [ -t 0 ] || return"
    )]
    InputTaken { host: String },
    #[error(
        "the login on {host} works, but its shell does not answer within {} s: a start-up file may be \
         waiting for something, or reading all of standard input",
        seconds.as_secs()
    )]
    LoginHangs { host: String, seconds: Duration },
    #[error("the SSH client could not be started: {0}")]
    Spawn(std::io::Error),
    #[error("the control connection to {host} ended: {reason}")]
    Ended { host: String, reason: String },
    #[error("the control connection to {host} did not answer for {} s", seconds.as_secs())]
    NoAnswer { host: String, seconds: Duration },
    #[error("interrupted")]
    Interrupted,
}

fn printed(output: &str) -> String {
    if output.is_empty() { String::new() } else { format!(", and prints: {output}") }
}
