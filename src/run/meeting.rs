//! Meeting a far host: the way in, what both ends propose, what the host is.

use std::time::Instant;

use anyhow::Result;

use super::child::output;
use super::far_side::PATIENCE;
use super::interrupt::Interrupt;
use super::lane::ServerProcesses;
use super::monitor::{Approach, ClientSetting, Monitor, MonitorError, Speaks};
use super::probe::Client;
use crate::client::{Connection, FailureKind, Session};
use crate::host::profile::host_profile;
use crate::host::{Sections, script};
use crate::model::{AesClass, AesEvidence, HostProfile, Negotiated, Proposal};

/// The two ends as a connection shows them, before anything is done there.
#[derive(Debug)]
pub struct Met {
    pub monitor: Monitor,
    pub mark: String,
    pub approach: Approach,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    pub unasked: Negotiated,
    pub server_version: String,
    pub proxied: bool,
}

/// Connects the monitor and reads from its log what both ends propose. Where an account has no shell,
/// its SFTP server answers in its place; where ssh by itself proposes no cipher that the server has,
/// one is asked for.
pub fn meet(
    connection: &Connection,
    client: &Client,
    setting: &ClientSetting,
    interrupt: &Interrupt,
) -> Result<Met, MonitorError> {
    let mut approach = Approach::default();
    loop {
        let error = match meet_so(connection, setting, &approach, interrupt) {
            Ok(met) => return Ok(met),
            Err(error) => error,
        };
        match &error {
            MonitorError::NoShell { .. } if approach.speaks == Speaks::Shell => {
                approach.speaks = Speaks::Sftp;
                // What the shell's place said is the better reason.
                return match meet_so(connection, setting, &approach, interrupt) {
                    Err(MonitorError::NoShell { .. } | MonitorError::Deaf { .. }) => Err(error),
                    other => other,
                };
            }
            MonitorError::Connect(failure, transcript)
                if failure.kind == FailureKind::NoCommonAlgorithm && approach.cipher.is_none() =>
            {
                approach.cipher = client.beyond_default(transcript);
                if approach.cipher.is_none() {
                    return Err(error);
                }
            }
            _ => return Err(error),
        }
    }
}

/// The same by a way that is known.
pub fn meet_so(
    connection: &Connection,
    setting: &ClientSetting,
    approach: &Approach,
    interrupt: &Interrupt,
) -> Result<Met, MonitorError> {
    let mark = format!("cs{:016x}", rand::random::<u64>());
    let mut monitor = Monitor::connect(connection, setting, approach, &mark, interrupt)?;
    let transcript = monitor.transcript();
    let (Some(client_proposal), Some(server_proposal), Some(unasked)) =
        (transcript.client_proposal, transcript.server_proposal, transcript.negotiated)
    else {
        return Err(MonitorError::Gone {
            host: connection.target.host_label(),
            reason: "its client's log (-vv) does not show the KEXINIT of both ends; is the client \
                     program ssh-compatible?"
                .into(),
        });
    };
    Ok(Met {
        monitor,
        mark,
        approach: approach.clone(),
        client_proposal,
        server_proposal,
        unasked,
        server_version: transcript.server_version.unwrap_or_else(|| "unknown".into()),
        proxied: transcript.proxied,
    })
}

/// What the host is, and what its server's processes look like.
pub fn look_around(monitor: &mut Monitor, mark: &str) -> Result<(HostProfile, ServerProcesses)> {
    if monitor.speaks == Speaks::Sftp {
        return Ok((unseen(monitor.host()), ServerProcesses::default()));
    }
    let answer = monitor.ask(script::PROFILE, PATIENCE)?;
    let profile = host_profile(&Sections::parse(&String::from_utf8_lossy(&answer)));
    let answer = monitor.ask(&script::server(mark), PATIENCE)?;
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
pub fn round_trip(monitor: &mut Monitor) -> Result<f64, MonitorError> {
    const TRIES: usize = 3;
    let mut least = f64::INFINITY;
    for _ in 0..TRIES {
        let asked = Instant::now();
        match monitor.speaks {
            Speaks::Shell => monitor.ask(":", PATIENCE).map(|_| ())?,
            Speaks::Sftp => monitor.ask_nothing()?,
        }
        least = least.min(asked.elapsed().as_secs_f64());
    }
    Ok(least)
}
