//! The chunks of FILE that transfers need, put in place while no clock runs, and the comparison of what was
//! downloaded.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::local::interrupt::Interrupt;
use crate::local::temporary::{Payload, Scratch, sha256};
use crate::model::record::Digests;
use crate::model::{Configuration, Direction, Entry, Sink};
use crate::remote::target::Target;
use crate::ssh::ScpProtocol;
use crate::survey::slices::sizes::Amount;
use crate::transfer::error::{TransferError, failed};
use crate::transfer::method::{Connection, Made, Site, Work};

/// The files of a survey on this machine.
#[derive(Debug)]
pub struct Files {
    pub payload: Payload,
    pub scratch: Scratch,
    pub sink: Sink,
    /// The program that scp and sftp run as their ssh ([`crate::transfer::shim`]).
    pub shim: PathBuf,
    /// `--full`: every download is compared with FILE, else one of each configuration.
    pub full: bool,
    compared: HashSet<Configuration>,
    /// SHA-256 of FILE's chunks, by size.
    digests: HashMap<u64, String>,
    /// Transfers so far, for fresh names.
    transfers: u64,
}

impl Files {
    pub fn new(payload: Payload, scratch: Scratch, sink: Sink, shim: PathBuf, full: bool) -> Files {
        Files {
            payload,
            scratch,
            sink,
            shim,
            full,
            compared: HashSet::new(),
            digests: HashMap::new(),
            transfers: 0,
        }
    }

    /// Where the connections of a target go.
    pub fn site<'a>(&'a self, target: &'a Target) -> Site<'a> {
        Site {
            connection: &target.spec.connection,
            setting: &target.spec.setting,
            mark: &target.mark,
            sftp_server: target.processes.sftp_server.as_deref(),
            remote_directory: &target.directory.path,
            scratch: self.scratch.path(),
            shim: &self.shim,
            payload: &self.payload,
            sink: self.sink,
            ticks_per_s: target.local.ticks_per_s,
            remote_ticks_per_s: target.remote.ticks_per_s,
            scp: ScpProtocol::between(target.spec.client.scp_version, target.no_sftp.is_none()),
        }
    }

    /// What a transfer is to move, with its chunks in place at both ends.
    pub fn work(
        &mut self,
        connection: &mut dyn Connection,
        entry: &Entry,
        amount: Amount,
        timeout: Duration,
        target: &mut Target,
        interrupt: &Interrupt,
    ) -> Result<Work, TransferError> {
        self.transfers += 1;
        let mut work = Work {
            direction: entry.direction,
            bytes: amount.bytes,
            times: amount.times,
            local_chunk: None,
            name: name(self.transfers),
            source: String::new(),
            timeout,
        };
        if entry.sends_chunk() {
            work.local_chunk = Some(self.payload.chunk(&self.scratch, amount.bytes, interrupt)?);
        }
        if entry.fetches_chunk(self.sink) {
            self.stage(connection, entry, amount.bytes, timeout, target, interrupt)?;
            work.source = format!("chunk-{}", amount.bytes);
        }
        Ok(work)
    }

    /// How the names of the files begin that the last two transfers have made.
    pub fn last_names(&self) -> [String; 2] {
        [name(self.transfers.saturating_sub(1)), name(self.transfers)]
    }

    /// Puts the chunk of so many bytes on the remote host, over the connection that will fetch it.
    fn stage(
        &mut self,
        connection: &mut dyn Connection,
        entry: &Entry,
        bytes: u64,
        timeout: Duration,
        target: &mut Target,
        interrupt: &Interrupt,
    ) -> Result<(), TransferError> {
        if target.staged.contains(&bytes) {
            return Ok(());
        }
        if !target.has_shell() {
            let from = self.payload.reader().map_err(failed("FILE can't be read"))?;
            target.directory.put(&mut target.control, from, bytes)?;
        } else {
            let upload = entry.configuration.clone().toward(Direction::Upload);
            let amount = Amount { bytes, times: 1 };
            let work = self.work(connection, &upload, amount, timeout, target, interrupt)?;
            // Nothing is known of its time.
            let work = Work { timeout: timeout.max(Duration::from_secs(600)), ..work };
            let moved = connection.run(&work, interrupt, &mut ())?;
            let Made::Remote(names) = &moved.made else {
                return Err(TransferError::Other("a chunk could not be stored".into()));
            };
            target.directory.adopt(&mut target.control, &names[0], bytes)?;
        }
        target.staged.push(bytes);
        Ok(())
    }

    /// Compares what was downloaded with FILE, where that is due; absent where it isn't.
    ///
    /// # Errors
    /// They differ.
    pub fn compare(
        &mut self,
        configuration: &Configuration,
        made: &Made,
        bytes: u64,
        interrupt: &Interrupt,
    ) -> Result<Option<Digests>, TransferError> {
        let path: &Path = match made {
            Made::Local(paths) => &paths[0],
            Made::Stays(path) => path,
            Made::Nothing | Made::Remote(_) => return Ok(None),
        };
        let known = self.compared.contains(configuration) && !self.full;
        // A pipe repeats a FILE that is smaller.
        if known || bytes > self.payload.usable {
            return Ok(None);
        }
        let opened = File::open(path).map_err(failed("the downloaded file can't be opened"))?;
        let hashed = failed("what was downloaded could not be read");
        let received = sha256(opened, interrupt).map_err(&hashed)?;
        let sent = match self.digests.get(&bytes) {
            Some(known) => known.clone(),
            None => {
                let sent = self.payload.sha256(bytes, interrupt).map_err(&hashed)?;
                self.digests.insert(bytes, sent.clone());
                sent
            }
        };
        if sent != received {
            return Err(TransferError::Other("the downloaded data differs from FILE".into()));
        }
        self.compared.insert(configuration.clone());
        Ok(Some(Digests { sent, received }))
    }
}

/// How the names of the files begin that a transfer makes.
fn name(transfer: u64) -> String {
    format!("t{transfer}")
}

/// Why what a configuration moves can't be written any more, and what to do about it; absent where it can.
pub fn unwritable(
    target: &mut Target,
    files: &Files,
    configuration: &Configuration,
) -> Option<(String, String)> {
    if !configuration.method.makes_files(files.sink) {
        return None;
    }
    if let Some(reason) = files.scratch.unwritable() {
        let remedy = "free space on this machine, or set TMPDIR to another directory".to_owned();
        return Some((reason, remedy));
    }
    // Where the control connection fails, the transfer failed for another reason.
    let reason = target.directory.unwritable(&mut target.control).ok()??;
    let (directory, host) = (target.directory.shown(), target.host());
    let remedy = format!("free space on {host}, or name another directory, as {host}:DIRECTORY");
    Some((format!("{directory} on {host} can't be written: {reason}"), remedy))
}
