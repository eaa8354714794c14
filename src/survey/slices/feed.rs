//! Feeds open connections: first each one until the size of its slices is known, then all in turn.

use std::time::Duration;

use crate::local::interrupt::Interrupt;
use crate::model::record::FixedCost;
use crate::model::{Direction, Entry};
use crate::remote::target::Target;
use crate::survey::slices::accounts::HostsBefore;
use crate::survey::slices::live::Live;
use crate::survey::slices::sizes::{self, Amount, Sizes, amount, whole};
use crate::survey::slices::slice::Slice;
use crate::survey::slices::timing::{self, Planned};
use crate::survey::staging::Files;
use crate::transfer::error::TransferError;
use crate::transfer::method::Work;

/// How slices of a target are made.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Seconds of a slice, and of the lead-in before it.
    pub slice_s: f64,
    pub lead_in_s: f64,
}

/// A connection is fed for no more than so many times its time.
pub const MOST_FED: f64 = 1.5;

/// The first slices of a connection in a direction, in which its buffers and windows grow; they are in no
/// sample.
#[derive(Clone, Copy, Debug)]
pub struct StartUp {
    /// Each is so large a part of a slice.
    pub parts: &'static [f64],
    /// Whole slices follow until they have taken so many seconds.
    pub least_s: f64,
}

impl StartUp {
    /// The part of a slice that follows so many slices, which have taken so long; absent: none.
    pub fn next(&self, slices: usize, fed_s: f64) -> Option<f64> {
        self.parts.get(slices).copied().or((fed_s < self.least_s).then_some(1.0))
    }
}

/// sshd spends 0.1 s on the first megabytes that it receives, whatever the cipher, and nothing of the kind on
/// those that it sends (docs/method.md, "Start-up").
const UPLOAD: StartUp = StartUp { parts: &[0.125, 1.0, 1.0], least_s: 0.15 };
const DOWNLOAD: StartUp = StartUp { parts: &[1.0], least_s: 0.0 };
/// Behind a long round trip one as long as a lead-in opens TCP's window, and the rest is slower than buffers grow.
const FAR: StartUp = StartUp { parts: &[1.0], least_s: 0.0 };

impl Pace {
    /// Behind a long round trip one slice in each direction is long enough; elsewhere two tell whether they
    /// differ.
    pub fn least_passes(&self) -> u32 {
        if self.needs_lead_in() { 1 } else { 2 }
    }

    /// How often each direction of a connection is fed in a round.
    pub fn passes(&self, feed_s: f64, directions: usize) -> u32 {
        let each_s = (self.slice_s + self.lead_in_s) * directions.max(1) as f64;
        (feed_s / each_s).round().clamp(f64::from(self.least_passes()), 1000.0) as u32
    }

    fn needs_lead_in(&self) -> bool {
        self.lead_in_s > 0.0
    }

    /// `few_bytes`: so few may be moved that slices are shorter than they should be.
    pub fn start_up(&self, direction: Direction, few_bytes: bool) -> StartUp {
        let usual = match (self.needs_lead_in(), direction) {
            (true, _) => FAR,
            (false, Direction::Upload) => UPLOAD,
            (false, Direction::Download) => DOWNLOAD,
        };
        StartUp { least_s: if few_bytes { 0.0 } else { usual.least_s }, ..usual }
    }

    /// Seconds that the start-up of a connection takes in one direction.
    pub fn usual_start_up_s(&self, direction: Direction) -> f64 {
        let StartUp { parts, least_s } = self.start_up(direction, false);
        let whole_s = if self.needs_lead_in() { self.lead_in_s } else { self.slice_s };
        least_s.max(parts.iter().sum::<f64>() * whole_s)
    }

    /// Seconds of the least that an entry takes in a round.
    pub fn least_s(&self, direction: Direction) -> f64 {
        self.usual_start_up_s(direction) + self.least_passes_s()
    }

    /// The same without the start-up.
    pub fn least_passes_s(&self) -> f64 {
        f64::from(self.least_passes()) * (self.slice_s + self.lead_in_s)
    }
}

/// What feeding needs of the survey.
pub struct Feeding<'a> {
    pub target: &'a mut Target,
    pub files: &'a mut Files,
    pub hosts: &'a mut HostsBefore,
    pub sizes: &'a mut Sizes,
    pub interrupt: &'a Interrupt,
    pub pace: Pace,
    /// `--full`: each slice moves so many bytes.
    pub whole: Option<u64>,
    /// The most bytes that a connection may move in this round.
    pub most: Option<u64>,
    /// Bytes that slices have moved so far.
    pub moved: &'a mut u64,
}

/// A slice that takes longer than so many times what it should has failed …
const LATE: f64 = 20.0;
/// … and so long besides, where that is known …
const LEAST_TIMEOUT: Duration = Duration::from_secs(15);
/// … and where it is not.
const UNKNOWN_TIMEOUT: Duration = Duration::from_secs(60);

/// Nothing is known of how long a whole file takes.
const WHOLE_S: f64 = 4000.0;

/// A connection has its first slices and those that count, in both directions.
const PARTS: f64 = 10.0;

/// The first slices of a calibration grow by so much at most: the first megabytes of a connection are slow.
const GROWTH: f64 = 8.0;
/// Two slices in a row that take so many times their time tell the size.
const SETTLED: std::ops::RangeInclusive<f64> = 0.6..=1.7;
const MOST_STEPS: usize = 12;
/// Small slices after that, for the fixed cost.
const SMALL: usize = 2;
/// So many estimates of the fixed cost are enough for a race.
const ENOUGH: usize = 8;

impl Feeding<'_> {
    /// One slice of an entry, of the size that its time asks for.
    pub fn slice(&mut self, live: &mut Live, entry: &Entry) -> Result<Slice, TransferError> {
        match self.whole {
            Some(bytes) => {
                self.run(live, entry, whole(entry.configuration.method, bytes), WHOLE_S, false)
            }
            None => self.lasting(live, entry, self.pace.slice_s, true),
        }
    }

    /// One of the first slices of a fresh connection, of a part of the usual size; how long it took.
    pub fn warm_up(
        &mut self,
        live: &mut Live,
        entry: &Entry,
        part: f64,
    ) -> Result<f64, TransferError> {
        let Pace { slice_s, lead_in_s } = self.pace;
        let whole_s = if self.pace.needs_lead_in() { lead_in_s } else { slice_s };
        let slice = self.lasting(live, entry, part * whole_s, false)?;
        let real_s = slice.real_s();
        live.start_up.push(slice);
        Ok(real_s)
    }

    /// A slice of so many seconds, by the entry's rate. `led_in`: behind a long round trip a lead-in goes before
    /// it.
    fn lasting(
        &mut self,
        live: &mut Live,
        entry: &Entry,
        seconds: f64,
        led_in: bool,
    ) -> Result<Slice, TransferError> {
        let (usable, sink) = (self.files.payload.usable, self.files.sink);
        let rate = self.sizes.rate(entry).unwrap_or(0.0);
        let bytes = (rate * seconds).min(self.most_of_slice());
        let amount = amount(entry.configuration.method, bytes, usable, sink);
        self.run(live, entry, amount, seconds, led_in)
    }

    /// Finds the size of an entry's slices, and what a slice takes besides its bytes. All its slices are
    /// the connection's start-up.
    pub fn calibrate(&mut self, live: &mut Live, entry: &Entry) -> Result<(), TransferError> {
        let (usable, sink) = (self.files.payload.usable, self.files.sink);
        let method = entry.configuration.method;
        let most = self.most_of_slice();
        let of = |bytes: f64| amount(method, bytes.min(most), usable, sink);
        // Others of the race are on the same path: the slowest of them is a good guess.
        let guess = self.sizes.slowest(entry.race());
        let mut next = of(guess.unwrap_or(0.0) * self.pace.slice_s);
        let (mut settled, mut last) = (0, None);
        for _ in 0..MOST_STEPS {
            let slice = self.start_up(live, entry, next)?;
            let (real_s, moved) = (slice.real_s().max(1e-4), slice.bytes as f64);
            self.sizes.set_rate(entry, moved / real_s);
            settled = if SETTLED.contains(&(real_s / self.pace.slice_s)) { settled + 1 } else { 0 };
            let before = next;
            next = of((moved / real_s * self.pace.slice_s).min(GROWTH * moved));
            last = Some(slice);
            // One that can be neither smaller nor larger is as it is.
            if settled >= self.pace.least_passes() || next == before {
                break;
            }
        }
        let Some(large) = last else { return Ok(()) };
        // What a slice takes besides its bytes does not differ between ciphers: some tell.
        let small = if self.sizes.fixed_known(entry.race()) >= ENOUGH { 0 } else { SMALL };
        for _ in 0..small {
            let small = self.start_up(live, entry, of(0.0))?;
            if let Some(fixed) = fixed(&small, &large) {
                self.sizes.add_fixed(entry.race(), fixed);
            }
        }
        self.learn(entry, &large);
        Ok(())
    }

    fn most_of_slice(&self) -> f64 {
        self.most.map_or(f64::INFINITY, most_of_slice)
    }

    /// Takes the rate of a slice for the sizes of the next ones.
    pub fn learn(&mut self, entry: &Entry, slice: &Slice) {
        if slice.suspended.is_some() {
            return;
        }
        let fixed_s = self.sizes.fixed(entry.race()).real_s;
        let flow_s = (slice.real_s() - fixed_s).max(0.3 * slice.real_s());
        self.sizes.set_rate(entry, slice.bytes as f64 / flow_s.max(1e-4));
    }

    fn start_up(
        &mut self,
        live: &mut Live,
        entry: &Entry,
        amount: Amount,
    ) -> Result<Slice, TransferError> {
        // On an unknown path anything may take long.
        let expected_s = match self.sizes.rate(entry) {
            Some(rate) => amount.total() as f64 / rate,
            None => 0.0,
        };
        // The small ones do without.
        let led_in = expected_s > 0.5 * self.pace.slice_s;
        let slice = self.run(live, entry, amount, expected_s, led_in)?;
        live.start_up.push(slice.clone());
        Ok(slice)
    }

    fn run(
        &mut self,
        live: &mut Live,
        entry: &Entry,
        amount: Amount,
        expected_s: f64,
        led_in: bool,
    ) -> Result<Slice, TransferError> {
        let Feeding { target, files, hosts, sizes: known, interrupt, .. } = self;
        let least = if expected_s > 0.0 { LEAST_TIMEOUT } else { UNKNOWN_TIMEOUT };
        let timeout = least + Duration::from_secs_f64(LATE * expected_s);
        let connection = live.connection.as_mut();
        let led_in = led_in && self.pace.needs_lead_in();
        let lead_in = match known.rate(entry).filter(|_| led_in) {
            Some(rate) => {
                let bytes = rate * self.pace.lead_in_s;
                let usable = files.payload.usable;
                let first = sizes::amount(entry.configuration.method, bytes, usable, files.sink);
                Some(files.work(connection, entry, first, timeout, target, interrupt)?)
            }
            None => None,
        };
        let work = files.work(connection, entry, amount, timeout, target, interrupt)?;
        let planned = Planned { work, lead_in };
        let slice = timing::run(live, &planned, target, files, hosts, interrupt)?;
        live.remove_left_behind(target)?;
        let first = planned.lead_in.as_ref().map_or(0, Work::total);
        *self.moved += slice.bytes + first;
        Ok(slice)
    }
}

/// So many bytes of a slice that one each way, with its start-up, stays within what a connection may move.
pub fn most_of_slice(most: u64) -> f64 {
    most as f64 / PARTS
}

/// What a small slice takes besides its bytes, by a larger one of the same connection: the intercept of
/// times and CPU over bytes.
fn fixed(small: &Slice, large: &Slice) -> Option<FixedCost> {
    let share = small.bytes as f64 / large.bytes as f64;
    let intercept = |small: f64, large: f64| (small - share * large) / (1.0 - share);
    (share < 0.5).then(|| FixedCost {
        real_s: intercept(small.real_s(), large.real_s()),
        client_s: intercept(small.client.total_s, large.client.total_s),
        server_s: match (small.server, large.server) {
            (Some(small), Some(large)) => intercept(small.total_s, large.total_s),
            _ => 0.0,
        },
    })
}
