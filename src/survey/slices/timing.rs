//! Runs one slice: nothing between the two readings of its clock but the transfer, all accounts around it.

use std::time::Duration;

use crate::local::interrupt::Interrupt;
use crate::model::record::WireBytes;
use crate::remote::accounts;
use crate::remote::target::Target;
use crate::survey::made::{check_bytes, take};
use crate::survey::slices::accounts::HostsBefore;
use crate::survey::slices::live::Live;
use crate::survey::slices::slice::Slice;
use crate::survey::staging::Files;
use crate::transfer::error::TransferError;
use crate::transfer::method::Work;
use crate::transfer::proof;

/// What a slice moves, and how much goes before its clock.
#[derive(Clone, Debug)]
pub struct Planned {
    pub work: Work,
    /// What goes first, untimed, so that TCP does not begin a slice as after idling.
    pub lead_in: Option<Work>,
}

/// The machine slept in a slice if its two clocks, of which one stands still then, differ by more.
const SLEPT: Duration = Duration::from_millis(100);

/// Runs a slice. Between the two readings of its clock nothing is done but the transfer.
pub fn run(
    live: &mut Live,
    planned: &Planned,
    target: &mut Target,
    files: &mut Files,
    hosts: &mut HostsBefore,
    interrupt: &Interrupt,
) -> Result<Slice, TransferError> {
    refresh(live, target, hosts)?;
    let lead_in_bytes = lead_in(live, planned, interrupt)?;
    // The counters of the whole host then stand for its processes, and can't be shared by bytes: other work is
    // in them. The connection idles for one round trip, too short for TCP to take notice.
    if lead_in_bytes > 0 && live.remote.servers.is_empty() {
        read_anew(live, target, hosts)?;
    }
    let work = &planned.work;
    let started = jiff::Timestamp::now().to_string();
    let before = live.local.read();
    let asleep = asleep();
    let moved = live.connection.run(work, interrupt, &mut ())?;
    let slept = self::asleep().saturating_sub(asleep);
    let after = live.local.read();
    let reading = accounts::read(target, &live.remote)?;
    let (local_host, remote_host) =
        hosts.advance(target, reading.as_ref().and_then(|reading| reading.host.as_ref()));
    let wire = before.wire.zip(after.wire).map(|(from, to)| WireBytes {
        sent: to.sent.saturating_sub(from.sent),
        received: to.received.saturating_sub(from.received),
    });
    let sha256 = files.compare(&live.configuration, &moved.made, work.bytes, interrupt);
    check_bytes(&moved, take(&moved.made, target)?)?;
    let sha256 = sha256?;
    if let Some(wire) = wire {
        proof::check_wire(work.direction, moved.bytes, wire, target.is_proxied())
            .map_err(TransferError::Other)?;
    }
    let suspended = moved.stopped.clone().or_else(|| {
        (slept > SLEPT).then(|| format!("the machine slept for {:.0} s", slept.as_secs_f64()))
    });
    // The server's processes were last read before the lead-in: its share goes by bytes.
    let share = moved.bytes as f64 / (moved.bytes + lead_in_bytes).max(1) as f64;
    let remote = live.remote_growth(reading, share);
    Ok(Slice {
        direction: work.direction,
        started,
        sha256,
        begun: moved.begun,
        ended: moved.ended,
        bytes: moved.bytes,
        client: after.cpu - before.cpu,
        client_waits: after.waits.since(before.waits),
        server: remote.server,
        server_waits: remote.waits,
        helpers: remote.helpers,
        wire,
        local_host,
        remote_host,
        suspended,
    })
}

/// Reads both ends anew where something else was done since the last slice, which is not to be in this one:
/// other connections of a server that has one process for all, chunks that were put in place, logins.
fn refresh(
    live: &mut Live,
    target: &mut Target,
    hosts: &mut HostsBefore,
) -> Result<(), TransferError> {
    match live.remote.shared || hosts.are_stale() {
        true => read_anew(live, target, hosts),
        false => Ok(()),
    }
}

/// Reads both ends; what they have spent so far is in no slice.
fn read_anew(
    live: &mut Live,
    target: &mut Target,
    hosts: &mut HostsBefore,
) -> Result<(), TransferError> {
    let reading = accounts::read(target, &live.remote)?;
    hosts.advance(target, reading.as_ref().and_then(|reading| reading.host.as_ref()));
    live.remote_growth(reading, 1.0);
    Ok(())
}

/// Moves the lead-in; returns its bytes.
fn lead_in(
    live: &mut Live,
    planned: &Planned,
    interrupt: &Interrupt,
) -> Result<u64, TransferError> {
    let Some(work) = &planned.lead_in else { return Ok(0) };
    let moved = live.connection.run(work, interrupt, &mut ())?;
    check_bytes(&moved, None)?;
    // Removed later: the connection must not idle now.
    live.left_behind.push(moved.made);
    Ok(moved.bytes)
}

/// How long this machine has slept since it was started.
fn asleep() -> Duration {
    use rustix::time::{ClockId, clock_gettime};
    let read = |clock| {
        let time = clock_gettime(clock);
        Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
    };
    let monotonic = read(ClockId::Monotonic);
    read(ClockId::Boottime).saturating_sub(monotonic)
}
