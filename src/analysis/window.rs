//! What the windows of SSH channels allow (RFC 4254, section 5.2): so many bytes may be on their way in a direction.

use crate::model::record::Pairing;
use crate::model::units::MB;
use crate::model::{Direction, Method};

/// The window that OpenSSH grants (`channels.h`, CHAN_SES_WINDOW_DEFAULT). scp and sftp have no more on their way
/// either: 64 requests of 32 KiB.
const OPENSSH_BYTES: u64 = 2 << 20;

/// The window that Dropbear grants unless `-W` says otherwise (`default_options.h`, DEFAULT_RECV_WINDOW).
const DROPBEAR_BYTES: u64 = 24_576;

/// The share of a window in flight from which on it is the bottleneck.
const USED: f64 = 0.7;
/// The same of a window that the server is known to have granted. Dropbear grants more once a third of its window was
/// read (`RECV_WINDOWEXTEND`), so two thirds may be all that is in flight.
const GRANTED_USED: f64 = 0.6;
/// More than so many times a window in flight proves that the window is larger.
const PROVED_LARGER: f64 = 1.3;
/// At a shorter round trip a window is no bottleneck: what was measured is mostly the remote shell's time.
const LEAST_ROUND_TRIP_S: f64 = 0.002;

/// A window that is full.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Full {
    pub window_bytes: u64,
    pub in_flight_bytes: f64,
    pub round_trip_s: f64,
}

impl Full {
    /// What it allows.
    pub fn mb_per_s(&self) -> f64 {
        self.window_bytes as f64 / self.round_trip_s / MB
    }
}

/// It is the server's own, and smaller than OpenSSH's.
pub fn is_small(window_bytes: u64) -> bool {
    window_bytes < OPENSSH_BYTES
}

/// What the server grants, as far as it is known; older journals have its version alone.
fn server_window(pairing: &Pairing) -> Option<u64> {
    let is_dropbear = pairing.server.version.to_lowercase().contains("dropbear");
    let recorded = pairing.server_window_bytes.filter(|&bytes| bytes > 0);
    recorded.or(is_dropbear.then_some(DROPBEAR_BYTES))
}

/// Whether the window of a direction is the server's own, and smaller than OpenSSH's.
pub fn has_small_window(pairing: &Pairing, direction: Direction) -> bool {
    direction == Direction::Upload && server_window(pairing).is_some_and(is_small)
}

/// Whether a rate fills the window of its direction: the receiving end grants it.
pub fn full(
    pairing: &Pairing,
    direction: Direction,
    method: Method,
    mb_per_s: f64,
) -> Option<Full> {
    let round_trip_s = pairing.round_trip_s.filter(|&seconds| seconds >= LEAST_ROUND_TRIP_S)?;
    let granted = match direction {
        Direction::Upload => server_window(pairing),
        // Only the server sees what the client grants.
        Direction::Download => None,
    };
    let used = if granted.is_some() { GRANTED_USED } else { USED };
    let granted = granted.unwrap_or(OPENSSH_BYTES);
    let window_bytes = if method.names_files() { granted.min(OPENSSH_BYTES) } else { granted };
    let in_flight_bytes = mb_per_s * MB * round_trip_s;
    let share = in_flight_bytes / window_bytes as f64;
    (used..PROVED_LARGER).contains(&share).then_some(Full {
        window_bytes,
        in_flight_bytes,
        round_trip_s,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::testing::pairing;

    fn of(window: Option<u64>, direction: Direction, method: Method, mb_per_s: f64) -> Option<u64> {
        let pairing =
            Pairing { round_trip_s: Some(0.02), server_window_bytes: window, ..pairing("router") };
        full(&pairing, direction, method, mb_per_s).map(|full| full.window_bytes)
    }

    #[test]
    fn the_window_is_that_of_the_receiving_end() {
        let (up, down, pipe) = (Direction::Upload, Direction::Download, Method::Pipe);
        // 1.15 MB/s × 20 ms: Dropbear's 24 KiB.
        assert_eq!(of(Some(24576), up, pipe, 1.15), Some(24576));
        assert_eq!(of(Some(24576), down, pipe, 1.15), None);
        assert_eq!(of(Some(24576), down, pipe, 90.0), Some(OPENSSH_BYTES));
        assert_eq!(of(None, up, pipe, 90.0), Some(OPENSSH_BYTES));
        assert_eq!(of(None, up, pipe, 20.0), None);
    }

    #[test]
    fn more_in_flight_proves_a_larger_window() {
        let up = Direction::Upload;
        assert_eq!(of(None, up, Method::Pipe, 300.0), None);
        // A window of 16 MiB, which sftp's requests do not fill.
        assert_eq!(of(Some(16 << 20), up, Method::Pipe, 700.0), Some(16 << 20));
        assert_eq!(of(Some(16 << 20), up, Method::Sftp, 90.0), Some(OPENSSH_BYTES));
    }
}
