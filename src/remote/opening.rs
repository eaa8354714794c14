//! Meeting a far host: the way in, what both ends propose, what the host is.

use std::time::Instant;

use anyhow::Result;

use crate::host::profile::host_profile;
use crate::host::{Sections, script};
use crate::local::child::output;
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::model::{AesClass, AesEvidence, HostProfile, Negotiated, Proposal};
use crate::remote::control::{
    Access, ClientSetting, ControlConnection, ControlError, ControlOptions,
};
use crate::remote::directory::TIMEOUT;
use crate::remote::target::ServerProcesses;
use crate::ssh::{Connection, FailureKind, Session};

/// The two ends as a connection shows them, before anything is done there.
#[derive(Debug)]
pub struct Opened {
    pub control: ControlConnection,
    pub mark: String,
    pub options: ControlOptions,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    pub by_default: Negotiated,
    pub server_version: String,
    pub proxied: bool,
}

/// Connects the monitor and reads from its log what both ends propose. Where an account has no shell,
/// its SFTP server answers in its place; where ssh by itself proposes no cipher that the server has,
/// one is asked for.
pub fn open_control(
    connection: &Connection,
    client: &Client,
    setting: &ClientSetting,
    interrupt: &Interrupt,
) -> Result<Opened, ControlError> {
    let mut options = ControlOptions::default();
    loop {
        let error = match open_as(connection, setting, &options, interrupt) {
            Ok(met) => return Ok(met),
            Err(error) => error,
        };
        match &error {
            ControlError::NoShell { .. } if options.access == Access::Shell => {
                options.access = Access::Sftp;
                // What the shell's place said is the better reason.
                return match open_as(connection, setting, &options, interrupt) {
                    Err(ControlError::NoShell { .. } | ControlError::Deaf { .. }) => Err(error),
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

/// The same by a way that is known.
pub fn open_as(
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
        return Err(ControlError::Gone {
            host: connection.target.host_label(),
            reason: "its client's log (-vv) does not show the KEXINIT of both ends; is the client \
                     program ssh-compatible?"
                .into(),
        });
    };
    Ok(Opened {
        control,
        mark,
        options: options.clone(),
        client_proposal,
        server_proposal,
        by_default,
        server_version: transcript.server_version.unwrap_or_else(|| "unknown".into()),
        proxied: transcript.proxied,
    })
}

/// What the host is, and what its server's processes look like.
pub fn describe(
    control: &mut ControlConnection,
    mark: &str,
) -> Result<(HostProfile, ServerProcesses)> {
    if control.access == Access::Sftp {
        return Ok((unseen(control.host()), ServerProcesses::default()));
    }
    let answer = control.ask(script::PROFILE, TIMEOUT)?;
    let profile = host_profile(&Sections::parse(&String::from_utf8_lossy(&answer)));
    let answer = control.ask(&script::server(mark), TIMEOUT)?;
    let sections = Sections::parse(&String::from_utf8_lossy(&answer));
    let processes = ServerProcesses {
        chain: sections
            .text("chain")
            .map(|text| text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect())
            .unwrap_or_default(),
        sftp_server: sections.line("sftp").map(str::to_owned),
        ..ServerProcesses::default()
    };
    Ok((profile, processes))
}

/// A host of which SFTP tells nothing.
fn unseen(name: &str) -> HostProfile {
    HostProfile {
        name: name.to_owned(),
        kernel: "unknown".into(),
        machine: "unknown".into(),
        os: None,
        cpu_model: None,
        cores: None,
        aes: AesEvidence {
            class: AesClass::Unknown,
            evidence: "its account allows SFTP alone".into(),
        },
        governor: None,
        memory_bytes: None,
        ticks_per_s: 100,
        proc: false,
    }
}

/// The user's RekeyLimit, where one is set: it falls into the figures.
pub fn rekey_limit(connection: &Connection) -> Option<String> {
    let mut command = std::process::Command::new(&connection.program);
    command.arg("-G").args(connection.arguments(&Session::default()));
    let output = output(&mut command).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = text.lines().find_map(|line| line.strip_prefix("rekeylimit "))?.trim();
    (value != "0 0").then(|| value.to_owned())
}

/// Seconds that a question takes to be answered, at best.
pub fn round_trip(control: &mut ControlConnection) -> Result<f64, ControlError> {
    const TRIES: usize = 3;
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let asked = Instant::now();
        match control.access {
            Access::Shell => control.ask(":", TIMEOUT).map(|_| ())?,
            Access::Sftp => control.ask_nothing()?,
        }
        least = least.min(asked.elapsed().as_secs_f64());
    }
    Ok(least)
}
