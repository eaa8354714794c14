//! The journal: JSON lines. The first line is the [`Header`], then a line for each [`Connection`] and each
//! [`Sample`] as it ends, the last a [`Footer`]. These are the wire types: raw numbers, units in the key
//! names, nothing rounded. A new optional key keeps the schema's version; anything else raises it. What
//! version 1 wrote stays readable for ever: its keys and values are aliases here
//! (`tests/integration/records.rs`). `docs/record.md` explains each key.

mod connection;
mod footer;
mod header;
mod sample;
mod storage;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::host::{Disk, HostDelta, Interface};
pub use connection::{Connection, ConnectionCpu, Outcome, SetupTimes, SliceSum, WireBytes};
pub use footer::{Footer, StopReason};
pub use header::{FileInfo, Header, PRECISION, PairedEnd, Pairing, PlainTcp, Skip};
pub use sample::{Asked, Check, Digests, FixedCost, Phase, Sample, Slices, Spent, Steady};
pub use storage::{EndStorage, StorageRates, Stream};

/// The schema that this program writes.
pub const SCHEMA: &str = "cipher-survey/2";

/// The schemas that this program reads.
pub const READABLE: [&str; 2] = ["cipher-survey/1", SCHEMA];

/// One line of a journal.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Record {
    #[serde(rename = "survey")]
    Header(Box<Header>),
    Connection(Box<Connection>),
    #[serde(alias = "trial")]
    Sample(Box<Sample>),
    #[serde(rename = "end")]
    Footer(Footer),
}
