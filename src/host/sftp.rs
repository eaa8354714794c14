//! The few packets of SFTP version 3 (draft-ietf-secsh-filexfer-02) that manage our directory where an
//! account allows SFTP alone.

use thiserror::Error;

/// A request. Paths and handles are any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request<'a> {
    Open {
        path: &'a [u8],
        write: bool,
    },
    Close(&'a [u8]),
    Read {
        handle: &'a [u8],
        offset: u64,
        length: u32,
    },
    Write {
        handle: &'a [u8],
        offset: u64,
        data: &'a [u8],
    },
    Stat(&'a [u8]),
    OpenDirectory(&'a [u8]),
    ReadDirectory(&'a [u8]),
    Remove(&'a [u8]),
    MakeDirectory(&'a [u8]),
    RemoveDirectory(&'a [u8]),
    RealPath(&'a [u8]),
    /// `fsync@openssh.com`, an extension of OpenSSH's server (its PROTOCOL file).
    Sync(&'a [u8]),
    /// `statvfs@openssh.com`.
    FileSystem(&'a [u8]),
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Version(u32),
    Ok,
    /// Nothing more to read.
    End,
    /// The server's message.
    Refused(String),
    Handle(Vec<u8>),
    Data(Vec<u8>),
    Names(Vec<Vec<u8>>),
    Size(Option<u64>),
    /// What an extension answers.
    Extended(Vec<u8>),
}

#[derive(Debug, Error, PartialEq, Eq)]
#[error("it does not speak SFTP")]
pub struct NotSftp;

/// A packet is no longer than OpenSSH's largest (`SFTP_MAX_MSG_LENGTH`, sftp-common.h).
const LONGEST: usize = 256 << 10;

/// Bytes of a file in one request: what every server accepts (section 3 of the draft).
pub const BLOCK: usize = 32 << 10;

const READ: u32 = 0x01;
const WRITE_NEW: u32 = 0x02 | 0x08 | 0x10;

/// The first packet: version 3.
pub fn hello() -> Vec<u8> {
    packet(1, &3_u32.to_be_bytes())
}

impl Request<'_> {
    /// The whole packet. Types of packets: section 3 of the draft.
    pub fn encode(&self, number: u32) -> Vec<u8> {
        let body = Body(number.to_be_bytes().to_vec());
        let (kind, body) = match self {
            Request::Open { path, write } => {
                (3, body.string(path).u32(if *write { WRITE_NEW } else { READ }).u32(0))
            }
            Request::Close(handle) => (4, body.string(handle)),
            Request::Read { handle, offset, length } => {
                (5, body.string(handle).u64(*offset).u32(*length))
            }
            Request::Write { handle, offset, data } => {
                (6, body.string(handle).u64(*offset).string(data))
            }
            Request::OpenDirectory(path) => (11, body.string(path)),
            Request::ReadDirectory(handle) => (12, body.string(handle)),
            Request::Remove(path) => (13, body.string(path)),
            // Permissions are the only attribute (flag 4): nobody else may enter.
            Request::MakeDirectory(path) => (14, body.string(path).u32(4).u32(0o700)),
            Request::RemoveDirectory(path) => (15, body.string(path)),
            Request::RealPath(path) => (16, body.string(path)),
            Request::Stat(path) => (17, body.string(path)),
            Request::Sync(handle) => (200, body.string(b"fsync@openssh.com").string(handle)),
            Request::FileSystem(path) => (200, body.string(b"statvfs@openssh.com").string(path)),
        };
        packet(kind, &body.0)
    }
}

/// A packet's body, in the types of RFC 4251, section 5.
struct Body(Vec<u8>);

impl Body {
    fn u32(mut self, value: u32) -> Body {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn u64(mut self, value: u64) -> Body {
        self.0.extend(value.to_be_bytes());
        self
    }

    fn string(self, bytes: &[u8]) -> Body {
        let mut body = self.u32(bytes.len() as u32);
        body.0.extend(bytes);
        body
    }
}

fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut packet = (body.len() as u32 + 1).to_be_bytes().to_vec();
    packet.push(kind);
    packet.extend(body);
    packet
}

/// Takes a whole packet off the front of what has come: the number of the request that it answers
/// (0 for the version), and the answer. Absent while more has to come.
pub fn take(come: &mut Vec<u8>) -> Result<Option<(u32, Reply)>, NotSftp> {
    let Some(head) = come.first_chunk::<4>() else { return Ok(None) };
    let length = u32::from_be_bytes(*head) as usize;
    if length == 0 || length > LONGEST {
        return Err(NotSftp);
    }
    if come.len() < 4 + length {
        return Ok(None);
    }
    let packet: Vec<u8> = come.drain(..4 + length).skip(4).collect();
    let mut rest = Rest(&packet[1..]);
    let number = rest.number()?;
    let reply = match packet[0] {
        2 => return Ok(Some((0, Reply::Version(number)))),
        101 => match rest.number()? {
            0 => Reply::Ok,
            1 => Reply::End,
            code => {
                let words = rest.string().unwrap_or_default();
                let words = String::from_utf8_lossy(words).into_owned();
                Reply::Refused(if words.is_empty() { format!("error {code}") } else { words })
            }
        },
        102 => Reply::Handle(rest.string()?.to_vec()),
        103 => Reply::Data(rest.string()?.to_vec()),
        104 => {
            let mut names = Vec::new();
            for _ in 0..rest.number()? {
                names.push(rest.string()?.to_vec());
                rest.string()?;
                rest.size()?;
            }
            Reply::Names(names)
        }
        105 => Reply::Size(rest.size()?),
        201 => Reply::Extended(rest.0.to_vec()),
        _ => return Err(NotSftp),
    };
    Ok(Some((number, reply)))
}

/// Bytes free to an ordinary user, of what `statvfs@openssh.com` answers: eleven numbers of 64 bits,
/// the second the size of a block, the fifth the number of free ones.
pub fn free_bytes(answer: &[u8]) -> Option<u64> {
    let number = |index: usize| {
        let bytes = answer.get(8 * index..)?.first_chunk::<8>()?;
        Some(u64::from_be_bytes(*bytes))
    };
    number(1)?.checked_mul(number(4)?)
}

struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn bytes(&mut self, length: usize) -> Result<&'a [u8], NotSftp> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(NotSftp)?;
        self.0 = rest;
        Ok(taken)
    }

    fn number(&mut self) -> Result<u32, NotSftp> {
        let bytes = self.bytes(4)?.first_chunk::<4>().ok_or(NotSftp)?;
        Ok(u32::from_be_bytes(*bytes))
    }

    fn string(&mut self) -> Result<&'a [u8], NotSftp> {
        let length = self.number()? as usize;
        self.bytes(length)
    }

    /// The size among a file's attributes, which are taken whole.
    fn size(&mut self) -> Result<Option<u64>, NotSftp> {
        let flags = self.number()?;
        let mut size = None;
        if flags & 1 != 0 {
            let bytes = self.bytes(8)?.first_chunk::<8>().ok_or(NotSftp)?;
            size = Some(u64::from_be_bytes(*bytes));
        }
        for (flag, length) in [(2, 8), (4, 4), (8, 8)] {
            if flags & flag != 0 {
                self.bytes(length)?;
            }
        }
        if flags & 0x8000_0000 != 0 {
            for _ in 0..self.number()? {
                self.string()?;
                self.string()?;
            }
        }
        Ok(size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_the_draft_has_them() {
        assert_eq!(hello(), [0, 0, 0, 5, 1, 0, 0, 0, 3]);
        let open = Request::Open { path: b"a", write: false }.encode(7);
        assert_eq!(open, [0, 0, 0, 18, 3, 0, 0, 0, 7, 0, 0, 0, 1, b'a', 0, 0, 0, 1, 0, 0, 0, 0]);
        let sync = Request::Sync(b"h").encode(1);
        assert_eq!(&sync[4..13], [200, 0, 0, 0, 1, 0, 0, 0, 17]);
        assert!(sync.ends_with(&[0, 0, 0, 1, b'h']));
    }

    #[test]
    fn replies_are_taken_whole_or_not_yet() {
        let mut come = packet(101, &[0, 0, 0, 9, 0, 0, 0, 1]);
        let rest = come.split_off(6);
        assert_eq!(take(&mut come), Ok(None));
        come.extend(rest);
        come.extend(packet(2, &[0, 0, 0, 3]));
        assert_eq!(take(&mut come), Ok(Some((9, Reply::End))));
        assert_eq!(take(&mut come), Ok(Some((0, Reply::Version(3)))));
        assert!(come.is_empty());
    }

    #[test]
    fn a_size_is_found_among_all_attributes() {
        let mut body = vec![0, 0, 0, 1, 0x80, 0, 0, 0x0f];
        body.extend(5_u64.to_be_bytes());
        body.extend([0; 8 + 4 + 8]);
        body.extend([0, 0, 0, 1, 0, 0, 0, 1, b'x', 0, 0, 0, 0]);
        assert_eq!(take(&mut packet(105, &body)), Ok(Some((1, Reply::Size(Some(5))))));
        body.truncate(20);
        assert_eq!(take(&mut packet(105, &body)), Err(NotSftp));
    }

    #[test]
    fn what_a_start_up_file_prints_is_no_packet() {
        assert_eq!(take(&mut b"Welcome to pi1\n".to_vec()), Err(NotSftp));
    }

    #[test]
    fn free_space_is_blocks_times_their_size() {
        let answer: Vec<u8> =
            [4096_u64, 1024, 9, 8, 7, 0, 0, 0, 0, 0, 255].map(u64::to_be_bytes).concat();
        assert_eq!(free_bytes(&answer), Some(7 * 1024));
        assert_eq!(free_bytes(&answer[..20]), None);
    }
}
