//! Requests to the SFTP server that answers on the control connection of an account without a shell.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use crate::host::sftp::{BLOCK, Reply, Request, free_bytes, hello, take};
use crate::local::interrupt::Interrupt;
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::model::{AesClass, AesEvidence, HostProfile};
use crate::remote::control::channel::{Channel, TIMEOUT};
use crate::remote::control::error::ControlError;
use crate::remote::control::lock::{Claimed, NAME, OWNER_FILE, Owner, foreign, held, in_words};
use crate::remote::control::remote_host::RemoteHost;
use crate::remote::server::ServerProcesses;

/// Writes that are under way at once.
const AHEAD: u32 = 32;

/// An SFTP client over a channel.
#[derive(Debug)]
pub struct Sftp<'a> {
    channel: &'a mut Channel,
}

impl<'a> Sftp<'a> {
    pub fn over(channel: &'a mut Channel) -> Sftp<'a> {
        Sftp { channel }
    }

    /// The absolute name of a path; the server's words where it refuses.
    pub fn real_path(&mut self, path: &[u8]) -> Result<Result<Vec<u8>, String>, ControlError> {
        Ok(match self.request(&Request::RealPath(path))? {
            Reply::Names(names) => Ok(names.into_iter().next().unwrap_or_default()),
            refused => Err(error_text(refused)),
        })
    }

    /// Creates a directory; the server's words where it refuses. An interrupt waits for the answer:
    /// whether the directory exists has to be known.
    pub fn make_directory(&mut self, path: &[u8]) -> Result<Result<(), String>, ControlError> {
        let interrupt = std::mem::take(&mut self.channel.interrupt);
        let reply = self.request(&Request::MakeDirectory(path));
        self.channel.interrupt = interrupt;
        Ok(match reply? {
            Reply::Ok => Ok(()),
            refused => Err(error_text(refused)),
        })
    }

    pub fn exists(&mut self, path: &[u8]) -> Result<bool, ControlError> {
        Ok(matches!(self.request(&Request::Stat(path))?, Reply::Size(_)))
    }

    /// Removes a directory and the files in it.
    pub fn remove_all(&mut self, directory: &[u8]) -> Result<()> {
        for name in self.names(directory)? {
            self.request(&Request::Remove(&join(directory, &name)))?;
        }
        done(self.request(&Request::RemoveDirectory(directory))?)
    }

    /// The names in a directory.
    pub fn names(&mut self, directory: &[u8]) -> Result<Vec<Vec<u8>>> {
        let handle = self.handle(&Request::OpenDirectory(directory))?;
        let mut names = Vec::new();
        while let Reply::Names(more) = self.request(&Request::ReadDirectory(&handle))? {
            names.extend(more.into_iter().filter(|name| name != b"." && name != b".."));
        }
        self.close(&handle)?;
        Ok(names)
    }

    pub fn remove(&mut self, path: &[u8]) -> Result<(), ControlError> {
        self.request(&Request::Remove(path)).map(|_| ())
    }

    /// Writes a file, to disk where the server can do that; returns its size.
    pub fn put(&mut self, path: &[u8], mut from: impl Read, timeout: Duration) -> Result<u64> {
        let handle = self.handle(&Request::Open { path, write: true })?;
        let (mut offset, mut under_way) = (0, 0_u32);
        let first = self.channel.requests + 1;
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            from.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            if !block.is_empty() {
                self.send(&Request::Write { handle: &handle, offset, data: &block })?;
                offset += block.len() as u64;
                under_way += 1;
            }
            while under_way > 0 && (under_way == AHEAD || block.is_empty()) {
                // Servers may answer in another order.
                done(self.reply(|number| number >= first, timeout)?)?;
                under_way -= 1;
            }
            if block.is_empty() {
                break;
            }
        }
        // A server without the extension refuses; then its kernel writes the file back when it likes.
        self.request(&Request::Sync(&handle))?;
        self.close(&handle)?;
        Ok(offset)
    }

    /// The size of a file, which is removed.
    pub fn take_size(&mut self, path: &[u8]) -> Result<Option<u64>> {
        let size = self.size(path)?;
        self.remove(path)?;
        Ok(size)
    }

    /// The size of a file; absent where there is none.
    pub fn size(&mut self, path: &[u8]) -> Result<Option<u64>, ControlError> {
        Ok(match self.request(&Request::Stat(path))? {
            Reply::Size(size) => size,
            _ => None,
        })
    }

    /// Free bytes of the file system that holds a path; absent where the server does not tell.
    pub fn free_bytes(&mut self, path: &[u8]) -> Result<Option<u64>, ControlError> {
        Ok(match self.request(&Request::FileSystem(path))? {
            Reply::Extended(answer) => free_bytes(&answer),
            _ => None,
        })
    }

    /// Writes into the directory whose it is; returns how many bytes are free there.
    fn own(&mut self, directory: &[u8], owner: &Owner) -> Result<Option<u64>> {
        let line = format!("{NO_PROCESS} {} {}\n", owner.token, owner.plain_name());
        self.put(&join(directory, OWNER_FILE.as_bytes()), line.as_bytes(), TIMEOUT)?;
        Ok(self.free_bytes(directory)?)
    }

    fn handle(&mut self, request: &Request) -> Result<Vec<u8>> {
        match self.request(request)? {
            Reply::Handle(handle) => Ok(handle),
            other => bail!(error_text(other)),
        }
    }

    fn close(&mut self, handle: &[u8]) -> Result<()> {
        done(self.request(&Request::Close(handle))?)
    }

    fn request(&mut self, request: &Request) -> Result<Reply, ControlError> {
        self.send(request)?;
        let sent = self.channel.requests;
        self.reply(|number| number == sent, TIMEOUT)
    }

    fn send(&mut self, request: &Request) -> Result<(), ControlError> {
        self.channel.requests += 1;
        self.channel.send(&request.encode(self.channel.requests))
    }

    /// The next reply whose number is wanted. Others answer requests that an interrupt gave up.
    fn reply(
        &mut self,
        wanted: impl Fn(u32) -> bool,
        timeout: Duration,
    ) -> Result<Reply, ControlError> {
        let deadline = Instant::now() + timeout;
        loop {
            match take(&mut self.channel.received) {
                Ok(Some((number, reply))) if wanted(number) => return Ok(reply),
                Ok(Some(_)) => {}
                Ok(None) => self.channel.receive(deadline, timeout)?,
                Err(not_sftp) => return Err(self.channel.ended(&not_sftp.to_string())),
            }
        }
    }
}

impl RemoteHost for Sftp<'_> {
    /// Exchanges versions.
    fn start(&mut self, timeout: Duration) -> Result<(), ControlError> {
        self.channel.send(&hello())?;
        match self.reply(|number| number == 0, timeout)? {
            Reply::Version(3..) => Ok(()),
            _ => Err(self.channel.ended("the server speaks another version of SFTP")),
        }
    }

    fn round_trip(&mut self) -> Result<(), ControlError> {
        self.request(&Request::RealPath(b".")).map(|_| ())
    }

    fn move_some(&mut self, bytes: u64, probe: &[u8]) -> Result<()> {
        self.put(probe, std::io::repeat(b'x').take(bytes), TIMEOUT)?;
        self.take_size(probe)?;
        Ok(())
    }

    fn missing_tools(&mut self) -> Result<Vec<String>, ControlError> {
        Ok(Vec::new())
    }

    fn describe(&mut self, _: &str) -> Result<(HostProfile, ServerProcesses)> {
        Ok((unknown_profile(self.channel.host()), ServerProcesses::default()))
    }

    /// Nobody can tell whether the owner of a lock still runs, and nothing removes the directory if this program
    /// is killed.
    fn claim(&mut self, host: &str, parent: Option<&[u8]>, owner: &Owner) -> Result<Claimed> {
        let unusable = || {
            let directory = in_words(parent);
            format!("{directory} on {host} can't be used; name another one, as {host}:DIRECTORY")
        };
        let base = self.real_path(parent.unwrap_or(b"."))?;
        let base = base.map_err(|reason| anyhow!(reason)).with_context(unusable)?;
        let path = join(&base, format!("{NAME}{}", owner.suffix()).as_bytes());
        if let Err(reason) = self.make_directory(&path)? {
            if !self.exists(&path)? {
                return Err(anyhow!(reason)).with_context(unusable);
            }
            let line = self.first_line(&join(&path, OWNER_FILE.as_bytes()))?;
            let shown = printable(&String::from_utf8_lossy(&path));
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first() != Some(&"cipher-survey") {
                bail!(foreign(&shown, host));
            }
            if words.get(5) != Some(&owner.token.as_str()) {
                let lost = format!(
                    "if it was killed, remove {shown} with sftp (this account can't show whether it \
                     still runs)"
                );
                bail!(held(&line, host, &lost));
            }
        }
        match self.own(&path, owner).with_context(unusable) {
            Ok(free_bytes) => {
                let directory = String::from_utf8_lossy(&base).into_owned();
                let storage = Storage { directory, device: None, file_system: None, free_bytes };
                Ok(Claimed { path, storage })
            }
            Err(error) => {
                // Nobody else would remove it.
                self.channel.interrupt = Interrupt::default();
                let _ = self.remove_all(&path);
                Err(error)
            }
        }
    }

    fn take_sizes(&mut self, paths: &[Vec<u8>]) -> Result<u64> {
        let mut bytes = 0;
        for path in paths {
            bytes += self.take_size(path)?.unwrap_or(0);
        }
        Ok(bytes)
    }

    fn remove_beginning(&mut self, directory: &[u8], begins: &str) -> Result<()> {
        for name in self.names(directory)? {
            if name.starts_with(begins.as_bytes()) {
                self.remove(&join(directory, &name))?;
            }
        }
        Ok(())
    }

    fn first_line(&mut self, path: &[u8]) -> Result<String> {
        let Reply::Handle(handle) = self.request(&Request::Open { path, write: false })? else {
            return Ok(String::new());
        };
        let read = self.request(&Request::Read { handle: &handle, offset: 0, length: 1024 })?;
        self.request(&Request::Close(&handle))?;
        let text = if let Reply::Data(data) = read { data } else { Vec::new() };
        Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned())
    }

    fn unwritable(&mut self, probe: &[u8]) -> Result<Option<String>> {
        let opened = self.request(&Request::Open { path: probe, write: true })?;
        let Reply::Handle(handle) = opened else { return Ok(Some(error_text(opened))) };
        let mut refused = None;
        for offset in [0, BLOCK as u64] {
            let data: &[u8] = &[0; BLOCK];
            match self.request(&Request::Write { handle: &handle, offset, data })? {
                Reply::Ok => {}
                other => refused = Some(error_text(other)),
            }
        }
        self.request(&Request::Close(&handle))?;
        self.remove(probe)?;
        Ok(refused)
    }
}

/// Begins the owner's line where it names no process: SFTP shows none.
const NO_PROCESS: &str = "cipher-survey - - - -";

/// The profile of a host whose account allows SFTP alone: SFTP shows nothing of it.
fn unknown_profile(name: &str) -> HostProfile {
    HostProfile {
        name: name.to_owned(),
        kernel: "unknown".into(),
        machine: "unknown".into(),
        os: None,
        cpu_model: None,
        cores: None,
        aes: AesEvidence {
            class: AesClass::Unknown,
            evidence: "the account allows SFTP alone".into(),
        },
        governor: None,
        memory_bytes: None,
        ticks_per_s: 100,
        proc: false,
    }
}

/// The path of a name in a directory.
pub fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    [directory, b"/", name].concat()
}

fn done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Ok => Ok(()),
        other => bail!(error_text(other)),
    }
}

fn error_text(reply: Reply) -> String {
    match reply {
        Reply::Refused(text) => printable(&text),
        _ => "the SFTP server's answer does not fit the request".to_owned(),
    }
}
