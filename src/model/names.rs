//! SSH names as negotiated, and the small enumerations of a survey.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An SSH cipher name as it stands in a KEXINIT (RFC 4253, section 7.1),
/// e.g. `aes128-gcm@openssh.com`. Any name is allowed: what the catalog does not
/// know is surveyed like the rest.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Cipher(pub String);

/// An SSH MAC name, e.g. `umac-64-etm@openssh.com`.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Mac(pub String);

/// How records name the client program and the server of OpenSSH, and the built-in ones.
pub const OPENSSH: &str = "openssh";
pub const RUSSH: &str = "russh";

/// What two built-in ends can be told to negotiate in place of a cipher and a MAC (RFC 4253,
/// section 6.3): it shows what everything but the cipher costs.
pub const NONE: &str = "none";

/// What OpenSSH's log shows in place of a MAC where the cipher is an AEAD.
pub const IMPLICIT_MAC: &str = "<implicit>";

macro_rules! ssh_name {
    ($name:ident) => {
        impl $name {
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl From<&str> for $name {
            fn from(name: &str) -> Self {
                Self(name.to_owned())
            }
        }
    };
}
ssh_name!(Cipher);
ssh_name!(Mac);

/// Which way the bulk of the bytes goes, seen from this machine.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    JsonSchema,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Upload,
    Download,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Direction::Upload => "upload",
            Direction::Download => "download",
        })
    }
}

/// How the bytes move.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    JsonSchema,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// The system's sftp over the client program: the data path of scp since OpenSSH 9.0.
    Sftp,
    /// The system's scp, over the client program.
    Scp,
    /// A session whose remote loop takes and sends bytes with dd; no file is written.
    Pipe,
}

impl Method {
    /// Whether transfers of this method put a file on an end, which then must be sized, checked and
    /// removed; else bytes are dropped.
    pub fn makes_files(self, sink: Sink) -> bool {
        match self {
            Method::Sftp | Method::Scp => true,
            Method::Pipe => sink == Sink::File,
        }
    }

    /// Whether its program takes files by their names, so that what it sends has to be a file of its own.
    pub fn names_files(self) -> bool {
        matches!(self, Method::Sftp | Method::Scp)
    }

    /// Whether a connection carries one transfer after the other; else each transfer is a run of a program,
    /// with a connection of its own.
    pub fn stays_open(self) -> bool {
        matches!(self, Method::Sftp | Method::Pipe)
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Method::Sftp => "sftp",
            Method::Scp => "scp",
            Method::Pipe => "pipe",
        })
    }
}

/// Where `pipe` puts the bytes at their destination.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    JsonSchema,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Sink {
    /// Counts and drops them; no file is written at either end.
    #[default]
    Null,
    /// Writes them into a file, so that storage is part of the transfer.
    File,
}
