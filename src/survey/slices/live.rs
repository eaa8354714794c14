//! A connection that is open: what identifies it at both ends, what it has carried, and its line in the
//! journal.

use std::time::{Duration, Instant};

use crate::host::reading::Reading;
use crate::local::cpu::CLOCK_RESOLUTION_S;
use crate::local::interrupt::Interrupt;
use crate::model::record::{self, ConnectionCpu, Outcome, SliceSum};
use crate::model::{Configuration, CpuTimes, Negotiated, Source};
use crate::remote::accounts::{self, ServerAccount};
use crate::remote::target::Target;
use crate::survey::made::take;
use crate::survey::slices::accounts::LocalAccount;
use crate::survey::slices::slice::{RemoteGrowth, Slice};
use crate::survey::staging::Files;
use crate::transfer;
use crate::transfer::error::TransferError;
use crate::transfer::method::{Closed, Connection, Made};
use crate::transfer::proof;

/// How long a client may take to end in order.
pub const CLOSE_TIME: Duration = Duration::from_secs(5);

/// An open connection of a configuration.
pub struct Live {
    pub number: u32,
    pub configuration: Configuration,
    pub connection: Box<dyn Connection>,
    pub local: LocalAccount,
    pub remote: ServerAccount,
    /// The proof of its cipher.
    pub negotiated: Negotiated,
    /// Slices that count, in the order in which they ran.
    pub slices: Vec<Slice>,
    /// Those before, in which buffers and windows grow.
    pub start_up: Vec<Slice>,
    /// Files of lead-ins that are still to be removed.
    pub left_behind: Vec<Made>,
    /// Seconds that were spent on opening it, waiting included.
    pub opened_s: f64,
    pub backoff_s: f64,
    started: String,
    /// The remote readings at the end of the setup, and the latest one.
    first: Option<Reading>,
    last: Option<Reading>,
}

/// A login that is under way.
pub struct Login {
    number: u32,
    configuration: Configuration,
    connection: Box<dyn Connection>,
    /// The server's processes for connections that were there before.
    known: Vec<u32>,
    started: String,
    /// Seconds that it has kept others waiting.
    took_s: f64,
}

impl Login {
    /// Begins to open a connection.
    pub fn begin(
        number: u32,
        configuration: &Configuration,
        target: &mut Target,
        files: &Files,
    ) -> Result<Login, TransferError> {
        let (began, started) = (Instant::now(), jiff::Timestamp::now().to_string());
        let known = accounts::connections(target)?;
        let method = transfer::method(configuration.method);
        Ok(Login {
            number,
            configuration: configuration.clone(),
            connection: method.open(configuration, &files.site(target))?,
            known,
            started,
            took_s: began.elapsed().as_secs_f64(),
        })
    }

    pub fn is_of(&self, configuration: &Configuration) -> bool {
        self.configuration == *configuration
    }

    /// Waits until the connection is open, proves what it negotiated, and finds its processes at both ends.
    pub fn end(self, target: &mut Target, interrupt: &Interrupt) -> Result<Live, TransferError> {
        let Login { number, configuration, mut connection, known, started, took_s } = self;
        let began = Instant::now();
        connection.wait_until_open(interrupt)?;
        let setup = connection.setup();
        let negotiated =
            proof::negotiated(&configuration, &setup.transcript).map_err(TransferError::Other)?;
        let remote = accounts::find(target, &setup.chain, setup.shell, &known)?;
        let Some(processes) = setup.processes.clone() else {
            return Err(TransferError::Other("the client's processes are not known".into()));
        };
        let first = accounts::read(target, &remote)?;
        Ok(Live {
            number,
            configuration,
            local: LocalAccount::of(processes, setup.socket),
            connection,
            remote,
            negotiated,
            slices: Vec::new(),
            start_up: Vec::new(),
            left_behind: Vec::new(),
            opened_s: took_s + began.elapsed().as_secs_f64(),
            backoff_s: 0.0,
            started,
            last: first.clone(),
            first,
        })
    }
}

impl Live {
    /// What the remote account has grown by since the last reading; this one is then the last.
    pub fn remote_growth(&mut self, reading: Option<Reading>, share: f64) -> RemoteGrowth {
        let Some(now) = reading else { return RemoteGrowth::default() };
        let growth = self.last.as_ref().map(|before| RemoteGrowth::between(before, &now, share));
        self.last = Some(now);
        growth.unwrap_or_default()
    }

    /// CPU of the server's processes in the setup; absent where one serves other connections too.
    pub fn setup_server(&self) -> Option<CpuTimes> {
        self.first.as_ref().filter(|_| !self.remote.shared)?.server
    }

    /// Whether its server CPU is in nanoseconds.
    pub fn is_fine(&self) -> bool {
        self.last.as_ref().is_some_and(|reading| reading.fine)
    }

    /// Removes the files of lead-ins.
    pub fn remove_left_behind(&mut self, target: &mut Target) -> Result<(), TransferError> {
        for made in std::mem::take(&mut self.left_behind) {
            take(&made, target)?;
        }
        Ok(())
    }

    /// Which of its slices had a key re-exchange in them, by their index.
    pub fn with_key_exchange(&mut self) -> Vec<bool> {
        let times = self.connection.key_exchanges().to_vec();
        let has = |slice: &Slice| times.iter().any(|time| time.overlaps(slice.begun, slice.ended));
        self.slices.iter().map(has).collect()
    }

    /// Ends the connection, within `time`; its line in the journal.
    pub fn close(
        mut self,
        round: u32,
        outcome: Outcome,
        ticks_per_s: u32,
        time: Duration,
    ) -> record::Connection {
        let exchanged = self.with_key_exchange();
        let with_keys = self.slices.iter().zip(exchanged).filter(|(_, with)| *with);
        let key_exchanges = sums(with_keys.map(|(slice, _)| slice));
        let wire = self.local.read().wire;
        let setup = self.connection.setup().clone();
        let server = self.server_total(ticks_per_s);
        let all = self.slices.iter().chain(&self.start_up);
        let slices_s = all.map(|slice| slice.client.total_s).sum();
        let closed = self.connection.close(time);
        let Configuration { pairing, method, cipher, mac } = self.configuration;
        record::Connection {
            number: self.number,
            round,
            pairing,
            method,
            cipher,
            mac,
            started: self.started,
            outcome: match wrong(&closed, setup.client, slices_s) {
                Some(reason) => Outcome::Failed { reason, remedy: None },
                None => outcome,
            },
            negotiated: Some(self.negotiated),
            setup: Some(setup.times),
            client: closed.client.map(|times| ConnectionCpu {
                times,
                setup: Some(setup.client),
                helpers: None,
                source: Source::Wait4,
                resolution_s: CLOCK_RESOLUTION_S,
            }),
            server,
            server_missing: None,
            start_up: sums(self.start_up.iter()),
            key_exchanges,
            dd: setup.way,
            wire,
            backoff_s: self.backoff_s,
        }
    }

    /// All that the server's processes have spent until the last reading.
    fn server_total(&self, ticks_per_s: u32) -> Option<ConnectionCpu> {
        let (first, last) = (self.first.as_ref()?, self.last.as_ref()?);
        let (setup, total) = (first.server?, last.server?);
        let tick = 1.0 / f64::from(ticks_per_s.max(1));
        let helpers = last.helpers.zip(first.helpers).map(|(to, from)| to - from);
        Some(ConnectionCpu {
            // A process that serves all connections has spent the rest on others.
            times: if self.remote.shared { total - setup } else { total },
            setup: (!self.remote.shared).then_some(setup),
            helpers,
            source: Source::Process,
            // Children that were reaped, those of the key exchange, are counted in ticks.
            resolution_s: tick,
        })
    }
}

/// Why a connection's figures are wrong, seen from its end.
fn wrong(closed: &Closed, setup: CpuTimes, slices_s: f64) -> Option<String> {
    if closed.transcript.renegotiated_otherwise {
        return Some("another cipher was negotiated during the transfer".into());
    }
    // rusage is in microseconds and the clocks in nanoseconds, of another account of the kernel.
    let (total_s, clocks_s) = (closed.client?.total_s, setup.total_s + slices_s);
    (clocks_s > 1.01 * total_s + 0.02).then(|| {
        format!(
            "the CPU clocks of the client show {clocks_s:.3} s for setup and slices, and wait4 \
             {total_s:.3} s for all of it"
        )
    })
}

/// Slices summed by direction.
pub fn sums<'a>(slices: impl Iterator<Item = &'a Slice>) -> Vec<SliceSum> {
    let mut sums: Vec<SliceSum> = Vec::new();
    for slice in slices {
        let at = sums.iter().position(|sum| sum.direction == slice.direction);
        let index = at.unwrap_or_else(|| {
            sums.push(SliceSum {
                direction: slice.direction,
                slices: 0,
                bytes: 0,
                real_s: 0.0,
                client_s: Some(0.0),
                server_s: Some(0.0),
            });
            sums.len() - 1
        });
        let sum = &mut sums[index];
        let more = |so_far: Option<f64>, times: Option<CpuTimes>| Some(so_far? + times?.total_s);
        sum.slices += 1;
        sum.bytes += slice.bytes;
        sum.real_s += slice.real_s();
        sum.client_s = more(sum.client_s, Some(slice.client));
        sum.server_s = more(sum.server_s, slice.server);
    }
    sums
}
