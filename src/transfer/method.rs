//! The seam of all methods: what opens a connection, and what a connection can do. Rounds, accounting, proof
//! and records know methods by this alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::local::client::ClientSetting;
use crate::local::cpu::Processes;
use crate::local::interrupt::Interrupt;
use crate::local::socket::TcpSocket;
use crate::local::temporary::Payload;
use crate::model::record::{SetupTimes, Spent};
use crate::model::{self, Configuration, CpuTimes, Direction, Sink};
use crate::ssh::{self, Transcript};
use crate::transfer::error::TransferError;

/// A way to move bytes.
pub trait Method: Sync {
    /// The program of this machine that it starts, besides the SSH client.
    fn program(&self) -> Option<&'static str> {
        None
    }

    /// What the method needs and an end does not have; asked before any slice.
    fn needs(&self, ends: &Ends) -> Result<(), Missing>;

    /// Begins to open a connection; [`Connection::wait_until_open`] ends that.
    fn open(
        &self,
        configuration: &Configuration,
        at: &Site,
    ) -> Result<Box<dyn Connection>, TransferError>;
}

/// A connection that is open, or, for a method that runs a program per transfer, what is needed to run it.
pub trait Connection {
    /// Waits until it can move data; nothing else may be asked of it before.
    fn wait_until_open(&mut self, interrupt: &Interrupt) -> Result<(), TransferError>;

    /// Moves what `work` says; between the two readings of the clock nothing else is done.
    fn run(
        &mut self,
        work: &Work,
        interrupt: &Interrupt,
        observer: &mut dyn Observer,
    ) -> Result<Moved, TransferError>;

    fn setup(&self) -> &Setup;

    /// When keys were exchanged again so far.
    fn key_exchanges(&mut self) -> &[KeyExchange];

    /// Ends it in order, waiting for its client at most for `time`; after that the client is ended.
    fn close(self: Box<Self>, time: Duration) -> Closed;
}

/// Is told of a transfer while it runs.
pub trait Observer {
    /// The session is up, and bytes begin to move.
    fn begins(&mut self) {}
    /// So many bytes have moved so far.
    fn moved(&mut self, _bytes: u64) {}
}

/// Is told, and does nothing.
impl Observer for () {}

/// What both ends have, as far as methods need it.
#[derive(Clone, Debug)]
pub struct Ends {
    /// The remote host, as messages name it.
    pub host: String,
    /// The account has a shell.
    pub shell: bool,
    /// Why there is no SFTP: the server's own words. Absent: there is.
    pub no_sftp: Option<String>,
    /// What start-up files print at each login, to standard output, where a protocol is expected.
    pub printed_at_login: Option<String>,
    /// Programs of the remote host that were looked for and not found.
    pub missing_tools: Vec<String>,
    /// Programs of this machine that methods start and that were not found.
    pub missing_programs: Vec<&'static str>,
    /// Of the local scp and sftp.
    pub scp_version: Option<ssh::Version>,
}

/// What a method needs and an end does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    pub what: String,
    pub remedy: String,
}

impl Ends {
    /// What to do about start-up files that print.
    pub fn quiet_login(&self) -> Option<String> {
        self.printed_at_login.as_ref().map(|_| {
            "use --method pipe, or end the start-up file early where there is no terminal: \
             [ -t 1 ] || return"
                .to_owned()
        })
    }
}

/// Where connections go, and what all connections of a target have in common.
#[derive(Clone, Copy, Debug)]
pub struct Site<'a> {
    pub connection: &'a ssh::Connection,
    pub setting: &'a ClientSetting,
    /// Begins the lines of a remote command's report.
    pub mark: &'a str,
    /// The program of the server's sftp subsystem, where it is one; else the subsystem itself is used.
    pub sftp_server: Option<&'a str>,
    /// The survey's directory on the remote host, and its temporary one on this machine.
    pub remote_directory: &'a [u8],
    pub scratch: &'a Path,
    /// The program that scp and sftp run as their ssh ([`crate::transfer::shim`]).
    pub shim: &'a Path,
    pub payload: &'a Payload,
    pub sink: Sink,
    /// Clock ticks per second of either end.
    pub ticks_per_s: u32,
    pub remote_ticks_per_s: u32,
    pub scp: ssh::ScpProtocol,
}

/// What a connection is to move.
#[derive(Clone, Debug)]
pub struct Work {
    pub direction: Direction,
    /// A multiple of [`crate::transfer::pipe::BLOCK`] for `pipe` into no file; a chunk's size elsewhere.
    pub bytes: u64,
    /// So many transfers of so many bytes at once: several of a FILE that is smaller than a slice.
    pub times: u32,
    /// The local file that is sent by name, where the method sends one.
    pub local_chunk: Option<PathBuf>,
    /// The names of the files that it makes begin so; a fresh one for each slice.
    pub name: String,
    /// The name of the file in the survey's directory that is fetched, where the method fetches one.
    pub source: String,
    /// A transfer that takes longer has failed.
    pub timeout: Duration,
}

impl Work {
    /// Bytes of all its transfers.
    pub fn total(&self) -> u64 {
        self.bytes * u64::from(self.times)
    }
}

/// What was moved.
#[derive(Clone, Debug)]
pub struct Moved {
    pub begun: Instant,
    pub ended: Instant,
    /// Bytes of payload that were asked for and sent, as far as this program knows.
    pub bytes: u64,
    /// Bytes that the other end says arrived, or were sent; absent where a file's size tells.
    pub confirmed: Option<u64>,
    /// The files that it made, to be measured and removed after the clock.
    pub made: Made,
    /// This program or the client was stopped meanwhile; why the times are wrong.
    pub stopped: Option<String>,
    /// Of a method that runs a program per transfer: all that the run shows.
    pub run: Option<Box<Run>>,
}

/// Files that a transfer made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Made {
    #[default]
    Nothing,
    /// In the survey's directory on the remote host.
    Remote(Vec<String>),
    Local(Vec<PathBuf>),
    /// The connection's own file on this machine, which it removes itself.
    Stays(PathBuf),
}

/// A run of a program, from its start to its end.
#[derive(Clone, Debug)]
pub struct Run {
    pub setup: Setup,
    pub closed: Closed,
    /// CPU of the bulk at the server, where the remote command read it.
    pub server: Option<Spent>,
    pub client_waits: model::Waits,
    /// Seconds from the start of the program to its end; idle time between its setup and its bulk apart.
    pub whole_s: f64,
}

/// What a connection's setup showed.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    pub times: SetupTimes,
    pub transcript: Transcript,
    /// CPU of the client program and its children until then.
    pub client: CpuTimes,
    pub processes: Option<Processes>,
    pub socket: Option<TcpSocket>,
    /// The server's process for this connection and all above it; empty where the session does not tell.
    pub chain: Vec<u32>,
    /// The remote shell in the session.
    pub shell: Option<u32>,
    /// How the remote end counts what it reads, where there is a choice.
    pub way: Option<String>,
}

/// When keys were exchanged again, by the client's log.
#[derive(Clone, Copy, Debug)]
pub struct KeyExchange {
    pub begun: Instant,
    /// Absent: not yet over.
    pub ended: Option<Instant>,
}

impl KeyExchange {
    /// Whether some of it was in this time.
    pub fn overlaps(&self, begun: Instant, ended: Instant) -> bool {
        self.begun <= ended && self.ended.is_none_or(|end| end >= begun)
    }
}

/// What a connection's end showed.
#[derive(Clone, Debug, Default)]
pub struct Closed {
    /// CPU of the client program and the children that it reaped (`wait4`); absent where it did not end.
    pub client: Option<CpuTimes>,
    /// The whole log.
    pub transcript: Transcript,
}
