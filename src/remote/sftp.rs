//! Our directory on a far host whose account allows SFTP alone. There is no shell that would remove
//! it, so we do, however the survey ends; only if we are ended at once does it stay.

use std::io::Read;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::host::sftp::{BLOCK, Reply, Request, free_bytes, hello, take};
use crate::model::host::Storage;
use crate::model::units::printable;
use crate::remote::control::{ControlConnection, ControlError};
use crate::remote::directory::{NAME, Owner, RemoteDirectory, TIMEOUT, foreign, named};

/// Begins the line that names an owner whose process nobody over there can look for.
const SIGNED: &str = "cipher-survey - - - -";

/// Writes that are under way at once.
const AHEAD: u32 = 32;

impl ControlConnection {
    /// The first words of both ends.
    pub(super) fn greet(&mut self, timeout: Duration) -> Result<(), ControlError> {
        self.send(&hello())?;
        match self.reply(0, timeout)? {
            Reply::Version(3..) => Ok(()),
            _ => Err(self.gone("the server access another version of SFTP")),
        }
    }

    fn request(&mut self, request: &Request) -> Result<Reply, ControlError> {
        self.ask_sftp(request)?;
        self.reply(self.asked, TIMEOUT)
    }

    fn ask_sftp(&mut self, request: &Request) -> Result<(), ControlError> {
        self.asked += 1;
        self.send(&request.encode(self.asked))
    }

    /// The answer to a request. What answers an earlier one was given up by an interrupt.
    fn reply(&mut self, to: u32, timeout: Duration) -> Result<Reply, ControlError> {
        let deadline = Instant::now() + timeout;
        loop {
            match take(&mut self.come) {
                Ok(Some((number, reply))) if number == to => return Ok(reply),
                Ok(Some(_)) => {}
                Ok(None) => self.wait(deadline, timeout)?,
                Err(not_sftp) => return Err(self.gone(&not_sftp.to_string())),
            }
        }
    }

    /// The next answer to a request from this one on: servers may answer in another order.
    fn any_reply(&mut self, from: u32, timeout: Duration) -> Result<Reply, ControlError> {
        let deadline = Instant::now() + timeout;
        loop {
            match take(&mut self.come) {
                Ok(Some((number, reply))) if number >= from => return Ok(reply),
                Ok(Some(_)) => {}
                Ok(None) => self.wait(deadline, timeout)?,
                Err(not_sftp) => return Err(self.gone(&not_sftp.to_string())),
            }
        }
    }

    /// A question for the sake of the time that it takes.
    pub(super) fn ask_nothing(&mut self) -> Result<(), ControlError> {
        self.request(&Request::RealPath(b".")).map(|_| ())
    }

    fn handle(&mut self, request: &Request) -> Result<Vec<u8>> {
        match self.request(request)? {
            Reply::Handle(handle) => Ok(handle),
            other => bail!(words(other)),
        }
    }

    fn close_handle(&mut self, handle: &[u8]) -> Result<()> {
        done(self.request(&Request::Close(handle))?)
    }

    /// Makes our directory. Whether that was done has to be known: an interrupt waits for it.
    fn make(&mut self, path: &[u8]) -> Result<Reply, ControlError> {
        let interrupt = std::mem::take(&mut self.interrupt);
        let made = self.request(&Request::MakeDirectory(path));
        self.interrupt = interrupt;
        if matches!(made, Ok(Reply::Ok)) {
            self.directory = Some(path.to_vec());
        }
        made
    }

    /// Removes our directory and all in it, where no shell will.
    pub(super) fn clean_up(&mut self) {
        if let Some(directory) = self.directory.take() {
            // What can't be removed now is named to the next survey by its lock.
            let _ = self.remove_all(&directory);
        }
    }

    fn remove_all(&mut self, directory: &[u8]) -> Result<()> {
        for name in self.names(directory)? {
            self.request(&Request::Remove(&join(directory, &name)))?;
        }
        done(self.request(&Request::RemoveDirectory(directory))?)
    }

    fn names(&mut self, directory: &[u8]) -> Result<Vec<Vec<u8>>> {
        let handle = self.handle(&Request::OpenDirectory(directory))?;
        let mut names = Vec::new();
        while let Reply::Names(more) = self.request(&Request::ReadDirectory(&handle))? {
            names.extend(more.into_iter().filter(|name| name != b"." && name != b".."));
        }
        self.close_handle(&handle)?;
        Ok(names)
    }

    /// Writes a file and has it on disk, where the server can do that.
    pub(super) fn put(
        &mut self,
        path: &[u8],
        mut from: impl Read,
        timeout: Duration,
    ) -> Result<u64> {
        let handle = self.handle(&Request::Open { path, write: true })?;
        let (mut offset, mut under_way) = (0, 0_u32);
        let first = self.asked + 1;
        let mut block = Vec::with_capacity(BLOCK);
        loop {
            block.clear();
            from.by_ref().take(BLOCK as u64).read_to_end(&mut block)?;
            if !block.is_empty() {
                self.ask_sftp(&Request::Write { handle: &handle, offset, data: &block })?;
                offset += block.len() as u64;
                under_way += 1;
            }
            while under_way > 0 && (under_way == AHEAD || block.is_empty()) {
                done(self.any_reply(first, timeout)?)?;
                under_way -= 1;
            }
            if block.is_empty() {
                break;
            }
        }
        // A server without the extension says so, and nothing is lost but some quiet.
        self.request(&Request::Sync(&handle))?;
        self.close_handle(&handle)?;
        Ok(offset)
    }

    /// The size of a file, which is removed.
    pub(super) fn take_size(&mut self, path: &[u8]) -> Result<Option<u64>> {
        let size = self.size(path)?;
        self.request(&Request::Remove(path))?;
        Ok(size)
    }

    /// The size of a file; absent where there is none.
    pub(super) fn size(&mut self, path: &[u8]) -> Result<Option<u64>, ControlError> {
        Ok(match self.request(&Request::Stat(path))? {
            Reply::Size(size) => size,
            _ => None,
        })
    }

    /// The first line of a file; empty where there is none.
    pub(super) fn first_line(&mut self, path: &[u8]) -> Result<String, ControlError> {
        let Reply::Handle(handle) = self.request(&Request::Open { path, write: false })? else {
            return Ok(String::new());
        };
        let read = self.request(&Request::Read { handle: &handle, offset: 0, length: 1024 })?;
        self.request(&Request::Close(&handle))?;
        let text = if let Reply::Data(data) = read { data } else { Vec::new() };
        Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned())
    }

    /// What the server says when 64 KiB more are to be written; nothing where it takes them.
    pub(super) fn refuses_more(&mut self, probe: &[u8]) -> Result<Option<String>, ControlError> {
        let opened = self.request(&Request::Open { path: probe, write: true })?;
        let Reply::Handle(handle) = opened else { return Ok(Some(words(opened))) };
        let mut refused = None;
        for offset in [0, BLOCK as u64] {
            let data: &[u8] = &[0; BLOCK];
            match self.request(&Request::Write { handle: &handle, offset, data })? {
                Reply::Ok => {}
                other => refused = Some(words(other)),
            }
        }
        self.request(&Request::Close(&handle))?;
        self.request(&Request::Remove(probe))?;
        Ok(refused)
    }

    pub(super) fn keep_only(&mut self, directory: &[u8], kept: &[String]) -> Result<()> {
        for name in self.names(directory)? {
            let text = String::from_utf8_lossy(&name);
            if text.starts_with("prefix-") && !kept.iter().any(|kept| *kept == text) {
                self.request(&Request::Remove(&join(directory, &name)))?;
            }
        }
        Ok(())
    }
}

/// Makes our directory: a lock, as with a shell, but nobody can tell whether its owner still lives.
pub fn claim(
    control: &mut ControlConnection,
    target: &str,
    directory: Option<&[u8]>,
    owner: &Owner,
) -> Result<RemoteDirectory> {
    let named = named(directory);
    let hint =
        || format!("{named} on {target} can't be used; name another one, as {target}:DIRECTORY");
    let base = match control.request(&Request::RealPath(directory.unwrap_or(b".")))? {
        Reply::Names(names) => names.into_iter().next().unwrap_or_default(),
        other => return Err(anyhow::anyhow!(words(other))).with_context(hint),
    };
    let path = join(&base, format!("{NAME}{}", owner.suffix()).as_bytes());
    let made = control.make(&path)?;
    if made != Reply::Ok {
        if !matches!(control.request(&Request::Stat(&path))?, Reply::Size(_)) {
            return Err(anyhow::anyhow!(words(made))).with_context(hint);
        }
        let line = control.first_line(&join(&path, b"owner"))?;
        let shown = printable(&String::from_utf8_lossy(&path));
        let words: Vec<&str> = line.split_whitespace().collect();
        if words.first() != Some(&"cipher-survey") {
            bail!(foreign(&shown, target));
        }
        if words.get(5) != Some(&owner.token.as_str()) {
            bail!(
                "another survey of {target} is running ({}); one at a time: wait until it has \
                 ended, or, if it was cut off, remove {shown} with sftp: this account shows no \
                 processes to tell the one from the other",
                printable(&words.get(6..).unwrap_or_default().join(" "))
            );
        }
    }
    control.directory = Some(path.clone());
    let signed = format!("{SIGNED} {} {}\n", owner.token, owner.plain_name());
    control.put(&join(&path, b"owner"), signed.as_bytes(), TIMEOUT).with_context(hint)?;
    let free_bytes = match control.request(&Request::FileSystem(&path))? {
        Reply::Extended(answer) => free_bytes(&answer),
        _ => None,
    };
    let storage = Storage {
        directory: String::from_utf8_lossy(&base).into_owned(),
        device: None,
        file_system: None,
        free_bytes,
    };
    Ok(RemoteDirectory { path, storage })
}

fn join(directory: &[u8], name: &[u8]) -> Vec<u8> {
    let directory = directory.strip_suffix(b"/").unwrap_or(directory);
    [directory, b"/", name].concat()
}

fn done(reply: Reply) -> Result<()> {
    match reply {
        Reply::Ok => Ok(()),
        other => bail!(words(other)),
    }
}

fn words(reply: Reply) -> String {
    match reply {
        Reply::Refused(words) => printable(&words),
        _ => "the SFTP server's answer does not fit the question".to_owned(),
    }
}
