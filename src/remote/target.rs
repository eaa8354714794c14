//! A pairing in operation: the way to its server, its monitor, our directory over there.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::host::counters::HostCounters;
use crate::host::{Sections, script};
use crate::local::client::Client;
use crate::local::interrupt::Interrupt;
use crate::model::host::Storage;
use crate::model::record::{PairedEnd, Pairing, PlainTcp, Skip};
use crate::model::{
    AesClass, AesEvidence, Cipher, Direction, HostProfile, Method, Negotiated, Proposal,
};
use crate::remote::control::{
    Access, ClientSetting, ControlConnection, ControlError, ControlOptions,
};
use crate::remote::directory::{Owner, RemoteDirectory, TIMEOUT};
use crate::remote::opening::{Opened, describe, open_as, rekey_limit, round_trip};
use crate::ssh::Connection;
use crate::transfer::sample::Way;

/// What a lane is made from.
#[derive(Clone, Debug)]
pub struct TargetSpec {
    /// The target as the user gave it, or `loopback`.
    pub label: String,
    pub client: Client,
    pub connection: Connection,
    /// From 0: which of the clients that are compared on one target. Each has a directory of its
    /// own there; the first one's holds the prefixes of all.
    pub client_index: usize,
    pub setting: ClientSetting,
    pub server: PrivateServer,
}

/// What we know of a server because we started it.
#[derive(Clone, Debug, Default)]
pub struct PrivateServer {
    /// Both ends are this machine.
    pub loopback: bool,
    /// Its name in records; absent: not of our starting.
    pub program: Option<&'static str>,
    /// The program behind its sftp subsystem, where its configuration does not tell.
    pub sftp_server: Option<String>,
    /// It allows a session without a cipher, and so does the client.
    pub with_none: bool,
    pub aes_disabled_by: Option<(String, String)>,
    pub cores: Option<Vec<u32>>,
}

/// What the server's processes look like from the monitor.
#[derive(Clone, Debug, Default)]
pub struct ServerProcesses {
    /// The monitor's own server process and all above it.
    pub chain: Vec<u32>,
    /// What reaps its sessions; known after the pilot.
    pub reaper: Option<u32>,
    /// The pilot found that the reaper does not see its sessions' CPU.
    pub reaper_is_blind: bool,
    /// The program behind the sftp subsystem, as its configuration names it.
    pub sftp_server: Option<String>,
}

impl ServerProcesses {
    /// The server process of a session is no process of that session alone: what it spent before
    /// the bulk is not the session's handshake.
    pub fn is_shared(&self, session: &[u32]) -> bool {
        self.reaper.is_some() && self.reaper.as_ref() == session.first()
    }
}

/// A pairing in operation.
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
    proxied: bool,
    options: ControlOptions,
    pub round_trip_s: f64,
    /// What the path carries without SSH, where that was measured.
    pub plain_tcp: Option<PlainTcp>,
    /// Chain of server processes that the last session reported of itself.
    pub last_chain: Option<Vec<u32>>,
    /// Growth of the reaper's account in the last transfer after which it was waited for.
    pub last_reaper_s: Option<f64>,
    /// Why a mask of this pairing is not believed.
    pub aes_doubt: Option<String>,
    /// Growth of the reaper's account by an empty transfer, where it was read.
    pub empty_reaper_s: HashMap<(Method, Direction), f64>,
    /// Busy seconds a second of the far host while nothing is transferred.
    pub idle_busy: f64,
    /// Sizes of the prefixes that lie in our directory over there.
    pub staged: Vec<u64>,
    pub mark: String,
    owner: Owner,
}

impl Target {
    /// Takes possession: profile, server processes, and our directory, which is the lock.
    pub fn open(
        index: usize,
        spec: TargetSpec,
        met: Opened,
        local: Arc<HostProfile>,
        local_storage: Storage,
        who: &str,
    ) -> Result<Target> {
        let Opened {
            mut control, mark, options, client_proposal, server_proposal, by_default, ..
        } = met;
        let host = spec.connection.target.host_label();
        let (remote, mut processes) = describe(&mut control, &mark)
            .with_context(|| format!("{host} could not be looked at"))?;
        processes.sftp_server = spec.server.sftp_server.clone().or(processes.sftp_server);
        let round_trip_s = round_trip(&mut control)?;
        let token = format!("{:016x}", rand::random::<u64>());
        let owner = Owner { token, who: who.to_owned(), client_index: spec.client_index };
        let directory = target_directory(&spec.connection);
        let directory = RemoteDirectory::claim(&mut control, &host, directory.as_deref(), &owner)?;
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
            server_version: met.server_version,
            proxied: met.proxied,
            options,
            round_trip_s,
            plain_tcp: None,
            last_chain: None,
            last_reaper_s: None,
            aes_doubt: None,
            empty_reaper_s: HashMap::new(),
            idle_busy: 0.0,
            staged: Vec::new(),
            mark,
            owner,
        })
    }

    /// What a transfer needs of this lane, apart from the monitor.
    pub fn parts<'a>(&'a mut self, shim: &'a Path) -> (Way<'a>, &'a mut ControlConnection) {
        let way = Way {
            connection: &self.spec.connection,
            setting: &self.spec.setting,
            mark: &self.mark,
            shim,
            ticks_per_s: self.local.ticks_per_s,
        };
        (way, &mut self.control)
    }

    /// The account has a shell; else it allows SFTP alone.
    pub fn has_shell(&self) -> bool {
        self.control.access == Access::Shell
    }

    pub fn host(&self) -> String {
        self.spec.connection.target.host_label()
    }

    /// Connects the monitor again if it has ended. Its shell has then removed our directory, or is
    /// ended for it, so that is claimed again, empty.
    pub fn ensure_control(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.control.is_alive() {
            return Ok(());
        }
        let spec = &self.spec;
        let mut met = open_as(&spec.connection, &spec.setting, &self.options, interrupt)?;
        let (_, processes) = describe(&mut met.control, &met.mark)?;
        let (host, directory) = (self.host(), target_directory(&self.spec.connection));
        self.directory =
            RemoteDirectory::claim(&mut met.control, &host, directory.as_deref(), &self.owner)?;
        self.staged.clear();
        // A server that was started again has another reaper.
        self.processes.reaper =
            self.processes.reaper.filter(|reaper| processes.chain.contains(reaper));
        self.processes.chain = processes.chain;
        self.control = met.control;
        self.mark = met.mark;
        Ok(())
    }

    pub fn holds_directory(&mut self) -> Result<bool> {
        self.directory.is_owned(&mut self.control, &self.owner)
    }

    /// The far host's counters; absent where it has none.
    pub fn remote_counters(&mut self) -> Result<Option<HostCounters>, ControlError> {
        if !self.remote.proc {
            return Ok(None);
        }
        let answer = self.control.ask(&script::counters(self.processes.reaper), TIMEOUT)?;
        let sections = Sections::parse(&String::from_utf8_lossy(&answer));
        let device = self.directory.storage.device.as_deref();
        Ok(HostCounters::parse(&sections, self.remote.ticks_per_s, device))
    }

    /// How busy the far host is by itself.
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

    /// Bytes a second that the path carries from there, at least: what is known of a slow one before
    /// a transfer fills its buffers.
    pub fn glimpse(&mut self) -> Result<f64> {
        const BYTES: f64 = 262_144.0;
        /// A connection that was silent so far starts slowly.
        const ROUND_TRIPS: f64 = 5.0;
        let asked = Instant::now();
        if self.has_shell() {
            self.control.ask("dd if=/dev/zero bs=65536 count=4 | tr '\\000' x", TIMEOUT)?;
        } else {
            let name = self.directory.join("glimpse");
            let few = std::io::repeat(b'x').take(BYTES as u64);
            self.control.put(&name, few, TIMEOUT)?;
            self.control.take_size(&name)?;
        }
        let flow_s = asked.elapsed().as_secs_f64() - ROUND_TRIPS * self.round_trip_s;
        Ok(BYTES / flow_s.max(1e-3))
    }

    /// The process above two sessions of the server is what reaps them. Process 1 reaps
    /// everybody's.
    pub fn find_reaper(&mut self, other_chain: &[u32]) {
        self.processes.reaper = self
            .processes
            .chain
            .iter()
            .find(|pid| other_chain.contains(pid))
            .copied()
            .filter(|&pid| pid > 1);
    }

    /// The session's command in place of the sftp subsystem, where that is possible.
    pub fn sftp_command(&self) -> Option<String> {
        crate::transfer::scp::command(&self.mark, self.processes.sftp_server.as_deref()?)
    }

    /// Refuses before the first byte if the data does not fit.
    pub fn check_space(&self, remote_bytes: u64) -> Result<()> {
        match self.directory.storage.free_bytes {
            Some(free) if free < remote_bytes => bail!(
                "{} on {} has {} free and the survey may need {} at once; name another directory \
                 ({}:DIRECTORY), or less data with --limit",
                crate::model::units::printable(&self.directory.storage.directory),
                self.host(),
                crate::model::units::size(free),
                crate::model::units::size(remote_bytes),
                self.host(),
            ),
            _ => Ok(()),
        }
    }

    /// This pairing as the journal's header has it.
    pub fn record(&self, skipped: Vec<Skip>) -> Pairing {
        let spec = &self.spec;
        let text = |aes_disabled_by: &Option<(String, String)>| {
            aes_disabled_by.as_ref().map(|(variable, value)| format!("{variable}={value}"))
        };
        let aes_disabled = |host: &HostProfile, aes_disabled_by: &Option<(String, String)>| {
            let mut host = host.clone();
            if let Some(aes_disabled_by) = text(aes_disabled_by) {
                host.aes = AesEvidence {
                    class: AesClass::NoAes,
                    evidence: format!("masked by {aes_disabled_by}"),
                };
            }
            host
        };
        Pairing {
            target: spec.label.clone(),
            client: PairedEnd {
                host: aes_disabled(&self.local, &spec.setting.aes_disabled_by),
                program: spec.client.name.clone(),
                version: spec.client.version_text.clone(),
                aes_disabled_by: text(&spec.setting.aes_disabled_by),
                pinned: spec.setting.cores.clone(),
            },
            server: PairedEnd {
                host: aes_disabled(&self.remote, &spec.server.aes_disabled_by),
                program: spec.server.program.unwrap_or("sshd").into(),
                version: self.server_version.clone(),
                aes_disabled_by: text(&spec.server.aes_disabled_by),
                pinned: spec.server.cores.clone(),
            },
            loopback: spec.server.loopback,
            by_default: self.by_default.clone(),
            client_ciphers: self.client_ciphers.clone(),
            client_proposal: self.client_proposal.clone(),
            server_proposal: self.server_proposal.clone(),
            round_trip_s: Some(self.round_trip_s),
            plain_tcp: self.plain_tcp.clone(),
            remote_storage: self.directory.storage.clone(),
            local_storage: self.local_storage.clone(),
            proxy: self.proxied.then(|| "the connection goes through a proxy or jump host".into()),
            rekey_limit: rekey_limit(&spec.connection),
            skipped,
        }
    }

    pub fn close(mut self) {
        self.control.end();
    }
}

/// The target's directory, in a form that `cd` can't take for an option.
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
