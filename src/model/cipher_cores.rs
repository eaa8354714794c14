//! The journal of `cores`: what cipher cores cost per packet. The first line is the [`CoresHeader`], each further line a [`CoresSample`], the last a [`Footer`].

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::host::HostProfile;
use super::journal::{JournalError, JournalLine, lines, read_header};
use super::names::{Cipher, Mac};
use super::record::{Footer, SCHEMA};

/// One line of it.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum CoresRecord {
    #[serde(rename = "cores")]
    Header(Box<CoresHeader>),
    #[serde(rename = "sample")]
    Sample(Box<CoresSample>),
    #[serde(rename = "end")]
    Footer(Footer),
}

/// What was measured, where, with what.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct CoresHeader {
    pub schema: String,
    pub tool_version: String,
    /// RFC 3339, UTC.
    pub started: String,
    /// The program's arguments as given.
    pub command: Vec<String>,
    /// Of the order in which each round's measurements were made.
    pub seed: u64,
    pub rounds: u32,
    /// This machine first. Samples name a host by its index.
    pub hosts: Vec<CoresHost>,
    pub implementations: Vec<Library>,
    /// What is not measured, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skipped: Vec<LeftOut>,
}

/// A host whose cores were measured.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct CoresHost {
    /// As the user gave it; absent: this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    pub profile: HostProfile,
    /// What its kernel says its first core runs at (cpufreq, or cpuinfo).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claimed_hz: Option<f64>,
    /// What `openssl version` prints on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub openssl: Option<String>,
}

/// A library of cipher cores.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct Library {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its path, where the user named another than the system's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
}

/// What is not measured, and why.
#[derive(Clone, Debug, PartialEq, Eq, JsonSchema, Serialize, Deserialize)]
pub struct LeftOut {
    pub what: String,
    pub reason: String,
}

/// The work of one end on a packet.
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
pub enum Work {
    /// The sender's: encrypt and authenticate.
    Seal,
    /// The receiver's: verify and decrypt.
    Open,
}

impl std::fmt::Display for Work {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Work::Seal => "seal",
            Work::Open => "open",
        })
    }
}

/// How records name a host's own `openssl speed`. It has no packets: of a cipher that needs a MAC
/// it measures the cipher alone.
pub const OPENSSL_SPEED: &str = "openssl speed";

/// What is measured: once in each round.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, JsonSchema, Serialize, Deserialize,
)]
pub struct Subject {
    /// Index of the host in the header.
    pub host: usize,
    /// `VARIABLE=value` in the environment of the process, which disables AES instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "mask")]
    pub aes_disabled_by: Option<String>,
    /// One of the header's, or `openssl speed`.
    pub implementation: String,
    pub cipher: Cipher,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mac: Option<Mac>,
    pub work: Work,
    /// Of each packet.
    pub payload_bytes: u32,
}

/// One measurement.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize, Deserialize)]
pub struct CoresSample {
    #[serde(flatten)]
    pub subject: Subject,
    /// From 1.
    pub round: u32,
    /// Packets in all, and the seconds that they took.
    pub packets: u64,
    pub real_s: f64,
    /// Packets per timed batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_packets: Option<u32>,
    /// The median time of a batch; few batches are disturbed by what else ran on the core.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_median_s: Option<f64>,
    /// Core cycles of a batch by the kernel's counter (`perf_event_open(2)`), their median.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch_median_cycles: Option<f64>,
    /// The core's frequency just before, by a chain of dependent instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub core_hz: Option<f64>,
    /// Seconds from the start until it ended.
    pub at_s: f64,
}

impl CoresSample {
    /// Seconds per packet.
    pub fn packet_s(&self) -> f64 {
        match (self.batch_packets, self.batch_median_s) {
            (Some(packets), Some(seconds)) => seconds / f64::from(packets),
            _ => self.real_s / self.packets as f64,
        }
    }

    /// Whether figures can be made of it.
    fn is_sane(&self) -> bool {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        let others = [self.batch_median_cycles, self.core_hz];
        self.subject.payload_bytes > 0
            && self.batch_packets != Some(0)
            && positive(self.packet_s())
            && positive(self.mb_per_s())
            && others.into_iter().flatten().all(positive)
    }

    /// Megabytes of payload per second.
    pub fn mb_per_s(&self) -> f64 {
        f64::from(self.subject.payload_bytes) / self.packet_s() / 1e6
    }

    /// Core cycles per byte of payload: counted, or else from the core's frequency.
    pub fn cycles_per_byte(&self) -> Option<f64> {
        let payload = f64::from(self.subject.payload_bytes);
        match (self.batch_packets, self.batch_median_cycles, self.core_hz) {
            (Some(packets), Some(cycles), _) => Some(cycles / f64::from(packets) / payload),
            (_, _, Some(hz)) => Some(self.packet_s() * hz / payload),
            _ => None,
        }
    }
}

/// All that such a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Cores {
    pub header: CoresHeader,
    /// In the order in which they ended.
    pub samples: Vec<CoresSample>,
    /// Absent: the journal was cut off.
    pub footer: Option<Footer>,
    /// One sentence for each line that was left out.
    pub problems: Vec<String>,
}

impl Cores {
    /// Reads a journal: JSON lines, the header first. Unknown keys are ignored.
    ///
    /// # Errors
    /// [`JournalError`]: it is none, or of another kind.
    pub fn read(text: &[u8]) -> Result<Cores, JournalError> {
        let mut lines = lines(text);
        let header = read_header(lines.next().ok_or(JournalError::Empty)?.bytes, "cores")?;
        // What is read is passed on in the words of this schema.
        let header = CoresHeader { schema: SCHEMA.into(), ..header };
        let mut cores = Cores { header, samples: Vec::new(), footer: None, problems: Vec::new() };
        for line in lines {
            if let Err(problem) = cores.take(&line) {
                cores.problems.push(problem);
            }
        }
        Ok(cores)
    }

    /// Adds one line, or says why it is left out.
    fn take(&mut self, line: &JournalLine) -> Result<(), String> {
        let number = line.number;
        match serde_json::from_slice(line.bytes).map_err(|error| line.unreadable(&error))? {
            CoresRecord::Sample(sample) if sample.subject.host >= self.header.hosts.len() => {
                return Err(format!(
                    "line {number} names host {}, which the header does not have, and was left out",
                    sample.subject.host
                ));
            }
            CoresRecord::Sample(sample) if !sample.is_sane() => {
                return Err(format!("line {number} measured nothing and was left out"));
            }
            CoresRecord::Sample(sample) => self.samples.push(*sample),
            CoresRecord::Footer(footer) => self.footer = Some(footer),
            CoresRecord::Header(_) => {
                return Err(format!("line {number} is a second header: ignored"));
            }
        }
        Ok(())
    }
}
