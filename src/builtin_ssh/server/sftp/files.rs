//! What SFTP requests do to files.

use std::fs::{self, File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, FileExt};
use std::path::{Path, PathBuf};

use russh_sftp::extensions::{EXPAND_PATH, FSYNC, HARDLINK, LIMITS, STATVFS};
use russh_sftp::protocol::{OpenFlags, StatusCode};
use rustix::fs::{
    AtFlags, CWD, Gid, Mode, OFlags, RenameFlags, StatVfs, Timespec, Timestamps, Uid,
};
use rustix::io::Errno;

use super::handles::{Handles, MAX_HANDLES, Open};
use super::listing::long_name;
use super::wire::*;

/// The most data in one packet, as OpenSSH has it (`SFTP_MAX_READ_LENGTH`).
const MAX_DATA: usize = MAX_PACKET - 1024;

/// Names in one reply to READDIR.
const NAMES: usize = 100;

const POSIX_RENAME: &str = "posix-rename@openssh.com";
const FSTATVFS: &str = "fstatvfs@openssh.com";
const LSETSTAT: &str = "lsetstat@openssh.com";

/// The extensions that are offered, each with its version.
const EXTENSIONS: &[(&str, &str)] = &[
    (POSIX_RENAME, "1"),
    (STATVFS, "2"),
    (FSTATVFS, "2"),
    (HARDLINK, "1"),
    (FSYNC, "1"),
    (LSETSTAT, "1"),
    (LIMITS, "1"),
    (EXPAND_PATH, "1"),
];

/// Why a request fails.
enum Failure {
    Malformed,
    /// No such handle.
    Handle,
    TooManyHandles,
    Unsupported,
    End,
    System(io::Error),
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Failure {
        Failure::Malformed
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::System(error)
    }
}

impl From<Errno> for Failure {
    fn from(error: Errno) -> Failure {
        Failure::System(error.into())
    }
}

/// The outcome of a request, answered with a status unless there is another reply.
type Done = Result<(), Failure>;

/// The files as one client sees them.
#[derive(Default)]
pub struct Files {
    handles: Handles,
}

impl Files {
    /// Answers one request.
    pub fn serve(&mut self, request: &mut Request, replies: &mut Replies) {
        let Ok(kind) = request.u8() else { return };
        if kind == INIT {
            return version(replies);
        }
        let id = request.u32().unwrap_or_default();
        let start = replies.0.len();
        if let Err(failure) = self.answer(kind, id, request, replies) {
            // A reply that was begun is not sent.
            replies.0.truncate(start);
            let (code, message) = failure.status();
            replies.status(id, code, &message);
        } else if replies.0.len() == start {
            replies.status(id, StatusCode::Ok, "Success");
        }
    }

    fn answer(
        &mut self,
        kind: u8,
        id: u32,
        request: &mut Request,
        replies: &mut Replies,
    ) -> Result<(), Failure> {
        match kind {
            OPEN => {
                let (path, flags) = (request.path()?, request.flags()?);
                let file = open(path, flags, request.attributes()?)?;
                self.add(Open::File(file), id, replies)
            }
            OPENDIR => {
                let entries = fs::read_dir(request.path()?)?;
                self.add(Open::Directory(entries), id, replies)
            }
            CLOSE => match self.handles.close(request.handle()?) {
                true => Ok(()),
                false => Err(Failure::Handle),
            },
            READ => self.read(id, request, replies),
            WRITE => {
                let (file, offset) = (self.file(request)?, request.u64()?);
                Ok(file.write_all_at(request.bytes()?, offset)?)
            }
            READDIR => self.read_directory(id, request, replies),
            STAT => attributes(id, &fs::metadata(request.path()?)?, replies),
            LSTAT => attributes(id, &fs::symlink_metadata(request.path()?)?, replies),
            FSTAT => attributes(id, &self.file(request)?.metadata()?, replies),
            SETSTAT => set(request.path()?, request.attributes()?, AtFlags::empty()),
            FSETSTAT => set_open(self.file(request)?, request.attributes()?),
            REMOVE => Ok(fs::remove_file(request.path()?)?),
            MKDIR => {
                let (path, asked) = (request.path()?, request.attributes()?);
                Ok(fs::DirBuilder::new().mode(asked.mode.unwrap_or(0o777)).create(path)?)
            }
            RMDIR => Ok(fs::remove_dir(request.path()?)?),
            REALPATH => {
                replies.name(id, &real_path(request.path()?)?);
                Ok(())
            }
            RENAME => rename(request.path()?, request.path()?),
            READLINK => {
                replies.name(id, &fs::read_link(request.path()?)?);
                Ok(())
            }
            // The draft has the link first; OpenSSH, and so everybody, has its target first.
            SYMLINK => Ok(std::os::unix::fs::symlink(request.path()?, request.path()?)?),
            EXTENDED => self.extended(id, request, replies),
            _ => Err(Failure::Unsupported),
        }
    }

    fn extended(&mut self, id: u32, request: &mut Request, replies: &mut Replies) -> Done {
        let name = std::str::from_utf8(request.bytes()?).map_err(|_| Malformed)?;
        match name {
            POSIX_RENAME => Ok(fs::rename(request.path()?, request.path()?)?),
            HARDLINK => Ok(fs::hard_link(request.path()?, request.path()?)?),
            FSYNC => Ok(self.file(request)?.sync_all()?),
            STATVFS => file_system(id, rustix::fs::statvfs(request.path()?)?, replies),
            FSTATVFS => file_system(id, rustix::fs::fstatvfs(self.file(request)?)?, replies),
            LSETSTAT => set(request.path()?, request.attributes()?, AtFlags::SYMLINK_NOFOLLOW),
            EXPAND_PATH => {
                replies.name(id, &real_path(&expand(request.path()?))?);
                Ok(())
            }
            LIMITS => {
                replies.packet(EXTENDED_REPLY, id, |reply| {
                    for limit in [MAX_PACKET, MAX_DATA, MAX_DATA, MAX_HANDLES] {
                        reply.u64(limit as u64);
                    }
                });
                Ok(())
            }
            _ => Err(Failure::Unsupported),
        }
    }

    fn add(&mut self, open: Open, id: u32, replies: &mut Replies) -> Done {
        let handle = self.handles.add(open).ok_or(Failure::TooManyHandles)?;
        replies.packet(HANDLE, id, |reply| reply.bytes(&handle.to_be_bytes()));
        Ok(())
    }

    fn file(&self, request: &mut Request) -> Result<&File, Failure> {
        self.handles.file(request.handle()?).ok_or(Failure::Handle)
    }

    /// Reads straight into the reply.
    fn read(&self, id: u32, request: &mut Request, replies: &mut Replies) -> Done {
        let (file, offset) = (self.file(request)?, request.u64()?);
        let wanted = (request.u32()? as usize).min(MAX_DATA);
        let mut count = Ok(0);
        replies.packet(DATA, id, |reply| {
            let length = reply.0.len();
            reply.0.resize(length + 4 + wanted, 0);
            count = file.read_at(&mut reply.0[length + 4..], offset);
            if let Ok(count) = &count {
                reply.0.truncate(length + 4 + count);
                reply.0[length..length + 4].copy_from_slice(&(*count as u32).to_be_bytes());
            }
        });
        match count? {
            0 if wanted > 0 => Err(Failure::End),
            _ => Ok(()),
        }
    }

    fn read_directory(&mut self, id: u32, request: &mut Request, replies: &mut Replies) -> Done {
        let entries = self.handles.directory(request.handle()?).ok_or(Failure::Handle)?;
        let entries: Vec<fs::DirEntry> = entries.take(NAMES).collect::<io::Result<_>>()?;
        // A file that was removed meanwhile is left out.
        let entries: Vec<(fs::DirEntry, Metadata)> = entries
            .into_iter()
            .filter_map(|entry| entry.metadata().ok().map(|metadata| (entry, metadata)))
            .collect();
        if entries.is_empty() {
            return Err(Failure::End);
        }
        replies.packet(NAME, id, |reply| {
            reply.u32(entries.len() as u32);
            for (entry, metadata) in &entries {
                let name = entry.file_name();
                reply.bytes(name.as_bytes());
                reply.bytes(&long_name(name.as_bytes(), metadata));
                reply.attributes(metadata);
            }
        });
        Ok(())
    }
}

impl Failure {
    /// The status and its message, as OpenSSH translates errors (`errno_to_portable`).
    fn status(self) -> (StatusCode, String) {
        match self {
            Failure::Malformed => (StatusCode::BadMessage, "Bad message".into()),
            Failure::Handle => (StatusCode::Failure, "Invalid handle".into()),
            Failure::TooManyHandles => (StatusCode::Failure, "Too many open handles".into()),
            Failure::Unsupported => (StatusCode::OpUnsupported, "Operation unsupported".into()),
            Failure::End => (StatusCode::Eof, "End of file".into()),
            Failure::System(error) => {
                let code = match Errno::from_io_error(&error) {
                    Some(Errno::BADF | Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {
                        StatusCode::NoSuchFile
                    }
                    Some(Errno::PERM | Errno::ACCESS | Errno::FAULT) => {
                        StatusCode::PermissionDenied
                    }
                    Some(Errno::NAMETOOLONG | Errno::INVAL) => StatusCode::BadMessage,
                    Some(Errno::NOSYS) => StatusCode::OpUnsupported,
                    _ => StatusCode::Failure,
                };
                (code, error.to_string())
            }
        }
    }
}

fn version(replies: &mut Replies) {
    // In place of the request's id this packet has the version.
    replies.packet(VERSION, russh_sftp::protocol::VERSION, |reply| {
        for (name, version) in EXTENSIONS {
            reply.bytes(name.as_bytes());
            reply.bytes(version.as_bytes());
        }
    });
}

fn open(path: &Path, flags: OpenFlags, asked: Attributes) -> Result<File, Failure> {
    let mut how = OFlags::CLOEXEC
        | match (flags.contains(OpenFlags::READ), flags.contains(OpenFlags::WRITE)) {
            (true, true) => OFlags::RDWR,
            (false, true) => OFlags::WRONLY,
            _ => OFlags::RDONLY,
        };
    how.set(OFlags::APPEND, flags.contains(OpenFlags::APPEND));
    how.set(OFlags::CREATE, flags.contains(OpenFlags::CREATE));
    how.set(OFlags::TRUNC, flags.contains(OpenFlags::TRUNCATE));
    how.set(OFlags::EXCL, flags.contains(OpenFlags::EXCLUDE));
    let mode = Mode::from_raw_mode(asked.mode.unwrap_or(0o666));
    Ok(rustix::fs::open(path, how, mode)?.into())
}

fn attributes(id: u32, metadata: &Metadata, replies: &mut Replies) -> Done {
    replies.packet(ATTRS, id, |reply| reply.attributes(metadata));
    Ok(())
}

/// Sets the attributes of a named file.
fn set(path: &Path, asked: Attributes, how: AtFlags) -> Done {
    if let Some(size) = asked.size {
        if how.contains(AtFlags::SYMLINK_NOFOLLOW) {
            return Err(Failure::Unsupported);
        }
        File::options().write(true).open(path)?.set_len(size)?;
    }
    if let Some(mode) = asked.mode {
        rustix::fs::chmodat(CWD, path, Mode::from_raw_mode(mode), how)?;
    }
    if let Some(times) = asked.times {
        rustix::fs::utimensat(CWD, path, &timestamps(times), how)?;
    }
    if let Some((user, group)) = asked.owner {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        rustix::fs::chownat(CWD, path, Some(user), Some(group), how)?;
    }
    Ok(())
}

/// Sets the attributes of an open file.
fn set_open(file: &File, asked: Attributes) -> Done {
    if let Some(size) = asked.size {
        file.set_len(size)?;
    }
    if let Some(mode) = asked.mode {
        rustix::fs::fchmod(file, Mode::from_raw_mode(mode))?;
    }
    if let Some(times) = asked.times {
        rustix::fs::futimens(file, &timestamps(times))?;
    }
    if let Some((user, group)) = asked.owner {
        rustix::fs::fchown(file, Some(Uid::from_raw(user)), Some(Gid::from_raw(group)))?;
    }
    Ok(())
}

fn timestamps((accessed, modified): (u32, u32)) -> Timestamps {
    let time = |seconds: u32| Timespec { tv_sec: seconds.into(), tv_nsec: 0 };
    Timestamps { last_access: time(accessed), last_modification: time(modified) }
}

/// Version 3 does not replace a file that exists.
fn rename(from: &Path, to: &Path) -> Done {
    match rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // The file system can't do it atomically.
        Err(Errno::INVAL | Errno::NOSYS) if fs::symlink_metadata(to).is_err() => {
            Ok(fs::rename(from, to)?)
        }
        result => Ok(result?),
    }
}

/// The path without links, dots and double slashes; its last part need not exist.
fn real_path(path: &Path) -> io::Result<PathBuf> {
    fs::canonicalize(path).or_else(|error| match (error.kind(), path.file_name()) {
        (io::ErrorKind::NotFound, Some(name)) => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            Ok(fs::canonicalize(parent.unwrap_or(Path::new(".")))?.join(name))
        }
        _ => Err(error),
    })
}

/// The path with `~` replaced.
fn expand(path: &Path) -> PathBuf {
    match (path.strip_prefix("~"), std::env::home_dir()) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

fn file_system(id: u32, stat: StatVfs, replies: &mut Replies) -> Done {
    replies.packet(EXTENDED_REPLY, id, |reply| {
        let flags = stat.f_flag.bits() & 3; // read-only, no set-user-id
        for value in [
            stat.f_bsize,
            stat.f_frsize,
            stat.f_blocks,
            stat.f_bfree,
            stat.f_bavail,
            stat.f_files,
            stat.f_ffree,
            stat.f_favail,
            stat.f_fsid,
            flags,
            stat.f_namemax,
        ] {
            reply.u64(value);
        }
    });
    Ok(())
}
