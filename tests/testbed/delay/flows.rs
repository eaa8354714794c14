//! A firewall's memory of TCP connections.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::tun::HEADER;

/// The two ends of a connection, each an address and a port, in the order of their bytes.
type Flow = [[u8; 6]; 2];

/// Who is known, and since when nothing of it has passed.
pub struct Flows {
    forgotten_after: Duration,
    known: HashMap<Flow, Instant>,
}

impl Flows {
    pub fn forgotten_after(forgotten_after: Duration) -> Flows {
        Flows { forgotten_after, known: HashMap::new() }
    }

    /// A connection is known from its first packet until nothing of it has passed for so long. Packets
    /// of others are dropped, and neither end is told. What is not TCP over IPv4 passes.
    pub fn pass(&mut self, packet: &[u8], now: Instant) -> bool {
        let Some((flow, begins)) = read(packet) else { return true };
        let forgotten_after = self.forgotten_after;
        self.known.retain(|_, seen| now.duration_since(*seen) < forgotten_after);
        if begins || self.known.contains_key(&flow) {
            self.known.insert(flow, now);
            return true;
        }
        false
    }
}

/// The flow of a packet, and whether it is a connection's first (RFC 791, RFC 9293: SYN without ACK).
fn read(packet: &[u8]) -> Option<(Flow, bool)> {
    const TCP: u8 = 6;
    let ip = packet.get(HEADER..)?;
    let first = *ip.first()?;
    if first >> 4 != 4 || *ip.get(9)? != TCP {
        return None;
    }
    let tcp = ip.get(usize::from(first & 0xf) * 4..)?;
    let end = |address: usize, port: usize| -> Option<[u8; 6]> {
        [ip.get(address..address + 4)?, tcp.get(port..port + 2)?].concat().try_into().ok()
    };
    let mut flow = [end(12, 0)?, end(16, 2)?];
    flow.sort_unstable();
    Some((flow, tcp.get(13)? & 0x12 == 0x02))
}
