//! A pairing in operation: the way to its server, its monitor, our directory over there.

use std::collections::HashMap;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::far_side::{FarDirectory, Owner, PATIENCE};
use super::interrupt::Interrupt;
use super::meeting::{Met, look_around, meet_so, rekey_limit, round_trip};
use super::monitor::{Approach, ClientSetting, Monitor, MonitorError, Speaks};
use super::probe::Client;
use super::trial::Way;
use crate::client::Connection;
use crate::host::counters::HostCounters;
use crate::host::{Sections, script};
use crate::model::host::Storage;
use crate::model::record::{Beside, PairedEnd, Pairing, Skip};
use crate::model::{
    AesClass, AesEvidence, Cipher, Direction, HostProfile, Method, Negotiated, Proposal,
};

/// What a lane is made from.
#[derive(Clone, Debug)]
pub struct LaneSpec {
    /// The target as the user gave it, or `loopback`.
    pub label: String,
    pub client: Client,
    pub connection: Connection,
    /// From 0: which of the clients that are compared on one target. Each has a directory of its
    /// own there; the first one's holds the prefixes of all.
    pub place: usize,
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
    pub mask: Option<(String, String)>,
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
pub struct Lane {
    pub index: usize,
    pub spec: LaneSpec,
    pub monitor: Monitor,
    pub directory: FarDirectory,
    pub near: Arc<HostProfile>,
    pub near_storage: Storage,
    pub far: HostProfile,
    pub processes: ServerProcesses,
    pub unasked: Negotiated,
    pub client_ciphers: Vec<Cipher>,
    pub client_proposal: Proposal,
    pub server_proposal: Proposal,
    server_version: String,
    proxied: bool,
    approach: Approach,
    pub round_trip_s: f64,
    /// What the path carries without SSH, where that was measured.
    pub beside: Option<Beside>,
    /// Chain of server processes that the last session reported of itself.
    pub last_chain: Option<Vec<u32>>,
    /// Growth of the reaper's account in the last transfer after which it was waited for.
    pub last_reaper_s: Option<f64>,
    /// Why a mask of this pairing is not believed.
    pub mask_doubt: Option<String>,
    /// Growth of the reaper's account by an empty transfer, where it was read.
    pub empty_reaper_s: HashMap<(Method, Direction), f64>,
    /// Busy seconds a second of the far host while nothing is transferred.
    pub idle_busy: f64,
    /// Sizes of the prefixes that lie in our directory over there.
    pub staged: Vec<u64>,
    pub mark: String,
    /// Where scp's shim lies.
    pub shim: PathBuf,
    owner: Owner,
}

impl Lane {
    /// Takes possession: profile, server processes, and our directory, which is the lock.
    pub fn open(
        index: usize,
        spec: LaneSpec,
        met: Met,
        near: Arc<HostProfile>,
        near_storage: Storage,
        shim: PathBuf,
        who: &str,
    ) -> Result<Lane> {
        let Met { mut monitor, mark, approach, client_proposal, server_proposal, unasked, .. } =
            met;
        let host = spec.connection.target.host_label();
        let (far, mut processes) = look_around(&mut monitor, &mark)
            .with_context(|| format!("{host} could not be looked at"))?;
        processes.sftp_server = spec.server.sftp_server.clone().or(processes.sftp_server);
        let round_trip_s = round_trip(&mut monitor)?;
        let token = format!("{:016x}", rand::random::<u64>());
        let owner = Owner { token, who: who.to_owned(), place: spec.place };
        let directory = target_directory(&spec.connection);
        let directory = FarDirectory::claim(&mut monitor, &host, directory.as_deref(), &owner)?;
        let client_ciphers =
            spec.client.ciphers.clone().unwrap_or_else(|| client_proposal.ciphers.clone());
        Ok(Lane {
            index,
            spec,
            monitor,
            directory,
            near,
            near_storage,
            far,
            processes,
            unasked,
            client_ciphers,
            client_proposal,
            server_proposal,
            server_version: met.server_version,
            proxied: met.proxied,
            approach,
            round_trip_s,
            beside: None,
            last_chain: None,
            last_reaper_s: None,
            mask_doubt: None,
            empty_reaper_s: HashMap::new(),
            idle_busy: 0.0,
            staged: Vec::new(),
            mark,
            shim,
            owner,
        })
    }

    /// What a transfer needs of this lane, apart from the monitor.
    pub fn parts(&mut self) -> (Way<'_>, &mut Monitor) {
        let way = Way {
            connection: &self.spec.connection,
            setting: &self.spec.setting,
            mark: &self.mark,
            shim: &self.shim,
            ticks_per_s: self.near.ticks_per_s,
        };
        (way, &mut self.monitor)
    }

    /// The account has a shell; else it allows SFTP alone.
    pub fn has_shell(&self) -> bool {
        self.monitor.speaks == Speaks::Shell
    }

    pub fn host(&self) -> String {
        self.spec.connection.target.host_label()
    }

    /// Connects the monitor again if it has ended. Its shell has then removed our directory, or is
    /// ended for it, so that is claimed again, empty.
    pub fn ensure_monitor(&mut self, interrupt: &Interrupt) -> Result<()> {
        if self.monitor.is_alive() {
            return Ok(());
        }
        let spec = &self.spec;
        let mut met = meet_so(&spec.connection, &spec.setting, &self.approach, interrupt)?;
        let (_, processes) = look_around(&mut met.monitor, &met.mark)?;
        let (host, directory) = (self.host(), target_directory(&self.spec.connection));
        self.directory =
            FarDirectory::claim(&mut met.monitor, &host, directory.as_deref(), &self.owner)?;
        self.staged.clear();
        // A server that was started again has another reaper.
        self.processes.reaper =
            self.processes.reaper.filter(|reaper| processes.chain.contains(reaper));
        self.processes.chain = processes.chain;
        self.monitor = met.monitor;
        self.mark = met.mark;
        Ok(())
    }

    pub fn holds_directory(&mut self) -> Result<bool> {
        self.directory.is_owned(&mut self.monitor, &self.owner)
    }

    /// The far host's counters; absent where it has none.
    pub fn far_counters(&mut self) -> Result<Option<HostCounters>, MonitorError> {
        if !self.far.proc {
            return Ok(None);
        }
        let answer = self.monitor.ask(&script::counters(self.processes.reaper), PATIENCE)?;
        let sections = Sections::parse(&String::from_utf8_lossy(&answer));
        let device = self.directory.storage.device.as_deref();
        Ok(HostCounters::parse(&sections, self.far.ticks_per_s, device))
    }

    /// How busy the far host is by itself.
    pub fn measure_idle(&mut self, interrupt: &Interrupt) -> Result<(), MonitorError> {
        let before = self.far_counters()?;
        interrupt.sleep(Duration::from_millis(500));
        let after = self.far_counters()?;
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
            self.monitor.ask("dd if=/dev/zero bs=65536 count=4 | tr '\\000' x", PATIENCE)?;
        } else {
            let name = self.directory.join("glimpse");
            let few = std::io::repeat(b'x').take(BYTES as u64);
            self.monitor.put(&name, few, PATIENCE)?;
            self.monitor.take_size(&name)?;
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
        crate::method::scp::command(&self.mark, self.processes.sftp_server.as_deref()?)
    }

    /// Refuses before the first byte if the data does not fit.
    pub fn check_space(&self, far_bytes: u64) -> Result<()> {
        match self.directory.storage.free_bytes {
            Some(free) if free < far_bytes => bail!(
                "{} on {} has {} free and the survey may need {} at once; name another directory \
                 ({}:DIRECTORY), or less data with --limit",
                crate::model::units::printable(&self.directory.storage.directory),
                self.host(),
                crate::model::units::size(free),
                crate::model::units::size(far_bytes),
                self.host(),
            ),
            _ => Ok(()),
        }
    }

    /// This pairing as the journal's header has it.
    pub fn record(&self, skipped: Vec<Skip>) -> Pairing {
        let spec = &self.spec;
        let text = |mask: &Option<(String, String)>| {
            mask.as_ref().map(|(variable, value)| format!("{variable}={value}"))
        };
        let masked = |host: &HostProfile, mask: &Option<(String, String)>| {
            let mut host = host.clone();
            if let Some(mask) = text(mask) {
                host.aes =
                    AesEvidence { class: AesClass::NoAes, evidence: format!("masked by {mask}") };
            }
            host
        };
        Pairing {
            target: spec.label.clone(),
            client: PairedEnd {
                host: masked(&self.near, &spec.setting.mask),
                program: spec.client.name.clone(),
                version: spec.client.says.clone(),
                mask: text(&spec.setting.mask),
                pinned: spec.setting.cores.clone(),
            },
            server: PairedEnd {
                host: masked(&self.far, &spec.server.mask),
                program: spec.server.program.unwrap_or("sshd").into(),
                version: self.server_version.clone(),
                mask: text(&spec.server.mask),
                pinned: spec.server.cores.clone(),
            },
            loopback: spec.server.loopback,
            unasked: self.unasked.clone(),
            client_ciphers: self.client_ciphers.clone(),
            client_proposal: self.client_proposal.clone(),
            server_proposal: self.server_proposal.clone(),
            round_trip_s: Some(self.round_trip_s),
            beside: self.beside.clone(),
            far_storage: self.directory.storage.clone(),
            near_storage: self.near_storage.clone(),
            proxy: self.proxied.then(|| "the connection goes through a proxy or jump host".into()),
            rekey_limit: rekey_limit(&spec.connection),
            skipped,
        }
    }

    pub fn close(mut self) {
        self.monitor.end();
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
