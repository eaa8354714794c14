//! The packets of SFTP, version 3 (draft-ietf-secsh-filexfer-02), read and written.
//!
//! russh-sftp's own packets decode names as UTF-8, which would change other names; here a name is bytes,
//! as on Unix. Its constants (status codes, flags, extensions) serve.

use std::ffi::OsStr;
use std::fs::Metadata;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use russh_sftp::protocol::{FileAttr, OpenFlags, StatusCode};

/// The largest packet, as OpenSSH has it (`SFTP_MAX_MSG_LENGTH`).
pub const MAX_PACKET: usize = 256 * 1024;

pub const INIT: u8 = 1;
pub const VERSION: u8 = 2;
pub const OPEN: u8 = 3;
pub const CLOSE: u8 = 4;
pub const READ: u8 = 5;
pub const WRITE: u8 = 6;
pub const LSTAT: u8 = 7;
pub const FSTAT: u8 = 8;
pub const SETSTAT: u8 = 9;
pub const FSETSTAT: u8 = 10;
pub const OPENDIR: u8 = 11;
pub const READDIR: u8 = 12;
pub const REMOVE: u8 = 13;
pub const MKDIR: u8 = 14;
pub const RMDIR: u8 = 15;
pub const REALPATH: u8 = 16;
pub const STAT: u8 = 17;
pub const RENAME: u8 = 18;
pub const READLINK: u8 = 19;
pub const SYMLINK: u8 = 20;
pub const STATUS: u8 = 101;
pub const HANDLE: u8 = 102;
pub const DATA: u8 = 103;
pub const NAME: u8 = 104;
pub const ATTRS: u8 = 105;
pub const EXTENDED: u8 = 200;
pub const EXTENDED_REPLY: u8 = 201;

/// A request that ends too early or has an impossible value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// The part of a request that is yet to be read.
pub struct Request<'a>(pub &'a [u8]);

impl<'a> Request<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub fn u8(&mut self) -> Result<u8, Malformed> {
        self.take(1).map(|bytes| bytes[0])
    }

    pub fn u32(&mut self) -> Result<u32, Malformed> {
        let bytes = self.take(4)?.try_into().map_err(|_| Malformed)?;
        Ok(u32::from_be_bytes(bytes))
    }

    pub fn u64(&mut self) -> Result<u64, Malformed> {
        let bytes = self.take(8)?.try_into().map_err(|_| Malformed)?;
        Ok(u64::from_be_bytes(bytes))
    }

    pub fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let length = self.u32()?;
        self.take(length as usize)
    }

    /// A path; the empty one is the current directory.
    pub fn path(&mut self) -> Result<&'a Path, Malformed> {
        match self.bytes()? {
            [] => Ok(Path::new(".")),
            bytes if bytes.contains(&0) => Err(Malformed),
            bytes => Ok(Path::new(OsStr::from_bytes(bytes))),
        }
    }

    pub fn handle(&mut self) -> Result<u32, Malformed> {
        let bytes = self.bytes()?.try_into().map_err(|_| Malformed)?;
        Ok(u32::from_be_bytes(bytes))
    }

    pub fn flags(&mut self) -> Result<OpenFlags, Malformed> {
        self.u32().map(OpenFlags::from_bits_truncate)
    }

    pub fn attributes(&mut self) -> Result<Attributes, Malformed> {
        let flags = FileAttr::from_bits_truncate(self.u32()?);
        let mut attributes = Attributes::default();
        if flags.contains(FileAttr::SIZE) {
            attributes.size = Some(self.u64()?);
        }
        if flags.contains(FileAttr::UIDGID) {
            attributes.owner = Some((self.u32()?, self.u32()?));
        }
        if flags.contains(FileAttr::PERMISSIONS) {
            attributes.mode = Some(self.u32()? & 0o7777);
        }
        if flags.contains(FileAttr::ACMODTIME) {
            attributes.times = Some((self.u32()?, self.u32()?));
        }
        // We know no extended attributes.
        Ok(attributes)
    }
}

/// The attributes that a client sets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    pub size: Option<u64>,
    /// User and group.
    pub owner: Option<(u32, u32)>,
    pub mode: Option<u32>,
    /// Access and modification, in seconds since 1970.
    pub times: Option<(u32, u32)>,
}

/// Replies that are yet to be sent.
#[derive(Default)]
pub struct Replies(pub Vec<u8>);

impl Replies {
    /// One packet, whose content `write` appends.
    pub fn packet(&mut self, kind: u8, id: u32, write: impl FnOnce(&mut Replies)) {
        let start = self.0.len();
        self.u32(0);
        self.0.push(kind);
        self.u32(id);
        write(self);
        let length = (self.0.len() - start - 4) as u32;
        self.0[start..start + 4].copy_from_slice(&length.to_be_bytes());
    }

    pub fn u32(&mut self, value: u32) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub fn u64(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.u32(bytes.len() as u32);
        self.0.extend_from_slice(bytes);
    }

    pub fn attributes(&mut self, metadata: &Metadata) {
        let given = FileAttr::SIZE | FileAttr::UIDGID | FileAttr::PERMISSIONS | FileAttr::ACMODTIME;
        self.u32(given.bits());
        self.u64(metadata.size());
        self.u32(metadata.uid());
        self.u32(metadata.gid());
        self.u32(metadata.mode());
        // Version 3 knows no time after 2106 or before 1970.
        let seconds = |time: i64| time.clamp(0, u32::MAX.into()) as u32;
        self.u32(seconds(metadata.atime()));
        self.u32(seconds(metadata.mtime()));
    }

    pub fn status(&mut self, id: u32, code: StatusCode, message: &str) {
        self.packet(STATUS, id, |reply| {
            reply.u32(code as u32);
            reply.bytes(message.as_bytes());
            reply.bytes(b"en");
        });
    }

    /// A single name without attributes.
    pub fn name(&mut self, id: u32, name: &Path) {
        self.packet(NAME, id, |reply| {
            reply.u32(1);
            reply.bytes(name.as_os_str().as_bytes());
            reply.bytes(name.as_os_str().as_bytes());
            reply.u32(0);
        });
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_request_is_read_or_malformed(bytes: Vec<u8>, order in prop::collection::vec(0..6u8, 0..8)) {
            let mut request = Request(&bytes);
            for what in order {
                let read = match what {
                    0 => request.u8().map(drop),
                    1 => request.u64().map(drop),
                    2 => request.bytes().map(drop),
                    3 => request.path().map(drop),
                    4 => request.handle().map(drop),
                    _ => request.attributes().map(drop),
                };
                prop_assert!(read.is_ok() || read == Err(Malformed));
            }
        }

        #[test]
        fn a_name_of_any_bytes_is_read_as_written(name in prop::collection::vec(1..=255u8, 1..300)) {
            let mut written = Replies::default();
            written.bytes(&name);
            let path = Request(&written.0).path();
            prop_assert_eq!(path.map(|path| path.as_os_str().as_bytes()), Ok(&name[..]));
        }
    }

    #[test]
    fn an_empty_path_is_the_current_directory_and_a_zero_is_refused() {
        assert_eq!(Request(&[0, 0, 0, 0]).path(), Ok(Path::new(".")));
        assert_eq!(Request(&[0, 0, 0, 1, 0]).path(), Err(Malformed));
        assert_eq!(Request(&[0, 0, 0, 9, b'x']).path(), Err(Malformed));
    }
}
