//! A target: a remote host with the control connection to it, the survey's directory and its profile.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::host::counters::HostCounters;
use crate::host::{Sections, script};
use crate::local::client::{Client, ClientSetting};
use crate::local::interrupt::Interrupt;
use crate::model::host::Storage;
use crate::model::record::{PairedEnd, Pairing, PlainTcp, Skip, StorageRates};
use crate::model::units;
use crate::model::{AesClass, AesEvidence, Cipher, HostProfile, Negotiated, Proposal};
use crate::remote::control::error::ControlError;
use crate::remote::control::lock::{OWNER_FILE, Owner};
use crate::remote::control::{Access, ControlConnection, ControlOptions, TIMEOUT};
use crate::remote::directory::RemoteDirectory;
use crate::remote::opening::{Opened, open_with, rekey_limit, round_trip};
use crate::remote::server::{PrivateServer, ServerProcesses};
use crate::ssh::Connection;

/// How to reach a target, and with which programs.
#[derive(Clone, Debug)]
pub struct TargetSpec {
    /// The target as the user typed it, or `loopback`.
    pub label: String,
    pub client: Client,
    pub connection: Connection,
    /// From 0: which of the clients that are compared on one host. Each has a directory of its own
    /// there; that of the first holds the chunks for all.
    pub client_index: usize,
    pub setting: ClientSetting,
    pub server: PrivateServer,
}

/// A target, connected.
#[derive(Debug)]
pub struct Target {
    pub index: usize,
    pub spec: TargetSpec,
    pub control: ControlConnection,
    pub directory: RemoteDirectory,
    pub local: Arc<HostProfile>,
    pub local_storage: Storage,
    pub remote: HostProfile,
    pub processes: ServerProcesses,
    pub by_default: Negotiated,
    pub client_ciphers: Vec<Cipher>,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    server_version: String,
    server_window: Option<u64>,
    proxied: bool,
    options: ControlOptions,
    pub round_trip_s: f64,
    /// The plain TCP rate, where it was measured.
    pub plain_tcp: Option<PlainTcp>,
    /// What the storage of both ends takes, where it was timed.
    pub storage_rates: Option<StorageRates>,
    /// Why AES does not count as disabled at an end where it should be; found before the first round.
    pub aes_doubt: Option<String>,
    /// Busy CPU seconds per second of the remote host while nothing is transferred.
    pub idle_busy: f64,
    /// Sizes of the chunks in the survey's directory.
    pub staged: Vec<u64>,
    /// Begins the lines of a remote command's report.
    pub mark: String,
    /// Why the server has no SFTP, in its own words; absent: it has.
    pub no_sftp: Option<String>,
    owner: Owner,
}

impl Target {
    /// Reads the host's profile and processes, and creates the survey's directory, which is its lock.
    /// `who`: how another survey is told who holds it.
    pub fn open(
        index: usize,
        spec: TargetSpec,
        opened: Opened,
        local: Arc<HostProfile>,
        local_storage: Storage,
        who: &str,
    ) -> Result<Target> {
        let Opened {
            mut control, mark, options, client_proposal, server_proposal, by_default, ..
        } = opened;
        let host = spec.connection.target.host_label();
        let (remote, mut processes) = control
            .remote_host()
            .describe(&mark)
            .with_context(|| format!("the profile of {host} could not be read"))?;
        processes.sftp_server = spec.server.sftp_server.clone().or(processes.sftp_server);
        let round_trip_s = round_trip(&mut control)?;
        let token = format!("{:016x}", rand::random::<u64>());
        let owner = Owner { token, who: who.to_owned(), client_index: spec.client_index };
        let directory = target_directory(&spec.connection);
        let directory = control.claim(directory.as_deref(), &owner)?.into();
        let client_ciphers =
            spec.client.ciphers.clone().unwrap_or_else(|| client_proposal.ciphers.clone());
        Ok(Target {
            index,
            spec,
            control,
            directory,
            local,
            local_storage,
            remote,
            processes,
            by_default,
            client_ciphers,
            client_proposal,
            server_proposal,
            server_version: opened.server_version,
            server_window: opened.server_window,
            proxied: opened.proxied,
            options,
            round_trip_s,
            plain_tcp: None,
            storage_rates: None,
            aes_doubt: None,
            idle_busy: 0.0,
            staged: Vec::new(),
            mark,
            no_sftp: None,
            owner,
        })
    }

    /// Whether the account has a shell; else it allows SFTP alone.
    pub fn has_shell(&self) -> bool {
        self.control.access == Access::Shell
    }

    /// The remote host, as messages name it.
    pub fn host(&self) -> String {
        self.spec.connection.target.host_label()
    }

    /// Opens the control connection again if it has ended. The shell of the old one has removed the
    /// survey's directory, or is killed, so a new and empty one is created.
    pub fn ensure_control(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.control.is_alive() {
            return Ok(());
        }
        let spec = &self.spec;
        let mut opened = open_with(&spec.connection, &spec.setting, &self.options, interrupt)?;
        let (_, processes) = opened.control.remote_host().describe(&opened.mark)?;
        let directory = target_directory(&self.spec.connection);
        self.directory = opened.control.claim(directory.as_deref(), &self.owner)?.into();
        self.staged.clear();
        // A restarted server has another listener.
        self.processes.listener = processes.listener;
        self.processes.chain = processes.chain;
        self.control = opened.control;
        self.mark = opened.mark;
        Ok(())
    }

    /// Why the control connection has ended; absent where it has not.
    pub fn lost(&mut self) -> Option<String> {
        (!self.control.is_alive()).then(|| self.control.why_ended().to_string())
    }

    /// Whether the connection goes through a proxy or jump host.
    pub fn is_proxied(&self) -> bool {
        self.proxied
    }

    /// Whether the survey's directory is there and still belongs to this survey.
    pub fn holds_directory(&mut self) -> Result<bool> {
        self.directory.first_line_contains(&mut self.control, OWNER_FILE, &self.owner.token)
    }

    /// The remote host's counters; absent where it has no `/proc`.
    pub fn remote_counters(&mut self) -> Result<Option<HostCounters>, ControlError> {
        if !self.remote.proc {
            return Ok(None);
        }
        let answer = self.control.run(&script::counters(self.processes.listener), TIMEOUT)?;
        let sections = Sections::parse(&String::from_utf8_lossy(&answer));
        let device = self.directory.storage.device.as_deref();
        Ok(HostCounters::parse(&sections, self.remote.ticks_per_s, device))
    }

    /// Measures how busy the remote host is while nothing is transferred.
    pub fn measure_idle(&mut self, interrupt: &Interrupt) -> Result<(), ControlError> {
        let before = self.remote_counters()?;
        interrupt.sleep(Duration::from_millis(500));
        let after = self.remote_counters()?;
        if let (Some(before), Some(after)) = (before, after) {
            let delta = after.since(&before, None);
            self.idle_busy = delta.busy_s() / delta.real_s.max(0.01);
        }
        Ok(())
    }

    /// A rough rate in bytes per second, by 256 KiB over the control connection: on a slow path a first
    /// transfer without it would be far too long.
    pub fn rough_rate(&mut self) -> Result<f64> {
        const BYTES: u64 = 1 << 18;
        /// TCP's slow start on an idle connection.
        const ROUND_TRIPS: f64 = 5.0;
        let started = Instant::now();
        self.control.remote_host().move_some(BYTES, &self.directory.join("rate"))?;
        let flow_s = started.elapsed().as_secs_f64() - ROUND_TRIPS * self.round_trip_s;
        Ok(BYTES as f64 / flow_s.max(1e-3))
    }

    /// Refuses data that does not fit into the remote directory.
    pub fn check_space(&self, remote_bytes: u64) -> Result<()> {
        match self.directory.storage.free_bytes {
            Some(free) if free < remote_bytes => bail!(
                "{} on {} has {} free and the survey may need {}; name another directory, as \
                 {}:DIRECTORY, or use less data with --limit",
                units::printable(&self.directory.storage.directory),
                self.host(),
                units::size(free),
                units::size(remote_bytes),
                self.host(),
            ),
            _ => Ok(()),
        }
    }

    /// The target as the header of the journal has it.
    pub fn record(&self, skipped: Vec<Skip>) -> Pairing {
        let spec = &self.spec;
        let setting = |aes_disabled_by: &Option<(String, String)>| {
            aes_disabled_by.as_ref().map(|(variable, value)| format!("{variable}={value}"))
        };
        let profile = |host: &HostProfile, aes_disabled_by: &Option<(String, String)>| {
            let mut host = host.clone();
            if let Some(aes_disabled_by) = setting(aes_disabled_by) {
                host.aes = AesEvidence {
                    class: AesClass::NoAes,
                    evidence: format!("disabled by {aes_disabled_by}"),
                };
            }
            host
        };
        Pairing {
            target: spec.label.clone(),
            client: PairedEnd {
                host: profile(&self.local, &spec.setting.aes_disabled_by),
                program: spec.client.name.clone(),
                version: spec.client.version_text.clone(),
                aes_disabled_by: setting(&spec.setting.aes_disabled_by),
                pinned: spec.setting.cores.clone(),
            },
            server: PairedEnd {
                host: profile(&self.remote, &spec.server.aes_disabled_by),
                program: spec.server.program.unwrap_or("sshd").into(),
                version: self.server_version.clone(),
                aes_disabled_by: setting(&spec.server.aes_disabled_by),
                pinned: spec.server.cores.clone(),
            },
            loopback: spec.server.loopback,
            by_default: self.by_default.clone(),
            connects_by_default: Some(self.options.cipher.is_none()),
            client_ciphers: self.client_ciphers.clone(),
            client_proposal: self.client_proposal.clone(),
            server_proposal: self.server_proposal.clone(),
            round_trip_s: Some(self.round_trip_s),
            server_window_bytes: self.server_window,
            plain_tcp: self.plain_tcp.clone(),
            storage_rates: self.storage_rates.clone(),
            remote_storage: self.directory.storage.clone(),
            local_storage: self.local_storage.clone(),
            proxy: self.proxied.then(|| "the connection goes through a proxy or jump host".into()),
            rekey_limit: rekey_limit(&spec.connection),
            skipped,
        }
    }

    /// Ends the control connection; the survey's directory is removed.
    pub fn close(mut self) {
        self.control.end();
    }
}

/// The directory that the user named, in a form that `cd` can't take for an option.
fn target_directory(connection: &Connection) -> Option<Vec<u8>> {
    use std::os::unix::ffi::OsStrExt;
    let directory = connection.target.directory.as_ref()?.as_bytes();
    // As with scp, a leading ~/ is the login directory, where the shell begins anyway.
    let directory = directory.strip_prefix(b"~/").unwrap_or(directory);
    match directory {
        b"" | b"~" => None,
        [b'/', ..] => Some(directory.to_vec()),
        relative => Some([b"./".as_slice(), relative].concat()),
    }
}
