//! Opening the control connection, and what it shows of both ends.

use std::time::Instant;

use crate::local::child::output;
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::model::{Negotiated, Proposal};
use crate::remote::control::error::ControlError;
use crate::remote::control::{Access, ControlConnection, ControlOptions};
use crate::ssh::{Connection, FailureKind, Session};

/// A control connection, and what its log shows of both ends.
#[derive(Debug)]
pub struct Opened {
    pub control: ControlConnection,
    pub mark: String,
    pub options: ControlOptions,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    pub by_default: Negotiated,
    pub server_version: String,
    pub server_window: Option<u64>,
    pub proxied: bool,
    /// Tools that the remote host does not have.
    pub missing_tools: Vec<String>,
}

/// Opens the control connection to a target for the first time. Where the account has no shell, it is to
/// the SFTP server; where ssh proposes no cipher by default that the server offers, one is asked for.
pub fn open_control(
    connection: &Connection,
    client: &Client,
    setting: &ClientSetting,
    interrupt: &Interrupt,
) -> Result<Opened, ControlError> {
    let mut options = ControlOptions::default();
    loop {
        let error = match open_with(connection, setting, &options, interrupt) {
            Ok(opened) => return Ok(opened),
            Err(error) => error,
        };
        match &error {
            ControlError::NoShell { .. } if options.access == Access::Shell => {
                options.access = Access::Sftp;
                // Without SFTP too, what was printed in place of a shell is the better reason.
                return match open_with(connection, setting, &options, interrupt) {
                    Err(ControlError::NoShell { .. } | ControlError::LoginHangs { .. }) => {
                        Err(error)
                    }
                    other => other,
                };
            }
            ControlError::Connect(failure, transcript)
                if failure.kind == FailureKind::NoCommonAlgorithm && options.cipher.is_none() =>
            {
                options.cipher = client.beyond_default(transcript);
                if options.cipher.is_none() {
                    return Err(error);
                }
            }
            _ => return Err(error),
        }
    }
}

/// Opens a control connection whose options are known.
pub fn open_with(
    connection: &Connection,
    setting: &ClientSetting,
    options: &ControlOptions,
    interrupt: &Interrupt,
) -> Result<Opened, ControlError> {
    let mark = format!("cs{:016x}", rand::random::<u64>());
    let mut control = ControlConnection::connect(connection, setting, options, &mark, interrupt)?;
    let transcript = control.transcript();
    let (Some(client_proposal), Some(server_proposal), Some(by_default)) =
        (transcript.client_proposal, transcript.server_proposal, transcript.negotiated)
    else {
        return Err(ControlError::Ended {
            host: connection.target.host_label(),
            reason: "the client's log (-vv) does not show the KEXINIT of both ends; is the client \
                     program ssh-compatible?"
                .into(),
        });
    };
    let missing_tools = control.remote_host().missing_tools()?;
    Ok(Opened {
        control,
        missing_tools,
        mark,
        options: options.clone(),
        client_proposal,
        server_proposal,
        by_default,
        server_version: transcript.server_version.unwrap_or_else(|| "unknown".into()),
        server_window: transcript.server_window,
        proxied: transcript.proxied,
    })
}

/// The user's RekeyLimit, where one is set: key re-exchanges show in the figures.
pub fn rekey_limit(connection: &Connection) -> Option<String> {
    let mut command = std::process::Command::new(&connection.program);
    command.arg("-G").args(connection.arguments(&Session::default()));
    let output = output(&mut command).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = text.lines().find_map(|line| line.strip_prefix("rekeylimit "))?.trim();
    (value != "0 0").then(|| value.to_owned())
}

/// The shortest time that an answer takes, in seconds.
pub fn round_trip(control: &mut ControlConnection) -> Result<f64, ControlError> {
    /// On a busy machine a single answer may take far longer than the path.
    const TRIES: usize = 10;
    const SHORT_S: f64 = 0.001;
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let started = Instant::now();
        control.remote_host().round_trip()?;
        least = least.min(started.elapsed().as_secs_f64());
        if least < SHORT_S {
            break;
        }
    }
    Ok(least)
}
