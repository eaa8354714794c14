//! The upper bound: what the path carries without a cipher, and how that is known. Where the
//! bottleneck of the fastest cipher is a CPU, the upper bound is unknown: it is at least the rate
//! of that cipher.

use schemars::JsonSchema;
use serde::Serialize;

use crate::analysis::bottleneck::path::plain_tcp_mb_per_s;
use crate::analysis::rows::row::Row;
use crate::analysis::rows::unranked::Unranked;
use crate::model::Direction;
use crate::model::record::{PRECISION, Pairing};
use crate::model::units::significant;
use crate::stats::statistics::quotient;

/// What the path carries between two ends in one direction.
#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
pub struct UpperBound {
    pub mb_per_s: f64,
    pub basis: Basis,
    pub text: String,
}

/// How an upper bound is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, JsonSchema, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// The plain TCP rate (`--plain-tcp-port`).
    PlainTcp,
    /// The rate without a cipher (`--with-none`).
    NoCipher,
    /// The rate of the fastest cipher, whose bottleneck is the path.
    FastestCipher,
    /// The rate of the fastest cipher, whose bottleneck is a CPU or unknown: the upper bound is at
    /// least that.
    AtLeast,
}

/// A plain TCP stream is as fast as a cipher that is ahead by no more than the usual precision.
const AS_FAST: f64 = 1.0 - PRECISION;

/// The upper bound of a section. Absent where no cipher has a rate.
pub fn upper_bound(rows: &[Row], pairing: &Pairing, direction: Direction) -> Option<UpperBound> {
    let rate = |row: &&Row| row.rate_mb_per_s.unwrap_or(f64::NEG_INFINITY);
    let ranked = rows.iter().filter(|row| row.unranked.is_none());
    let fastest = ranked.max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let by_cipher = fastest.rate_mb_per_s?;
    let by_stream = plain_tcp_mb_per_s(pairing, direction);
    let unencrypted = rows.iter().find(|row| row.unranked == Some(Unranked::NoCipher));
    let without_cipher = unencrypted.and_then(|row| row.rate_mb_per_s);
    let kind = fastest.bottleneck.as_ref().map(|bottleneck| bottleneck.kind);
    // A plain TCP stream slower than a cipher was held up by something else: it says nothing of the
    // path. Where both fill the path either may be ahead by a little.
    let (mb_per_s, basis) = match (by_stream, without_cipher) {
        (Some(by_stream), _) if by_stream >= AS_FAST * by_cipher => (by_stream, Basis::PlainTcp),
        (_, Some(unencrypted)) if unencrypted >= by_cipher => (unencrypted, Basis::NoCipher),
        _ if kind.is_some_and(|kind| kind.is_of_the_path()) => (by_cipher, Basis::FastestCipher),
        _ => (by_cipher, Basis::AtLeast),
    };
    let rate = significant(mb_per_s);
    let text = match (basis, kind) {
        (Basis::PlainTcp, _) => format!("{rate} MB/s, the plain TCP rate"),
        (Basis::NoCipher, _) => format!("{rate} MB/s, the rate without a cipher"),
        (Basis::FastestCipher, Some(kind)) => {
            format!("{rate} MB/s, the rate of {} (bottleneck: {kind})", fastest.cipher)
        }
        _ => format!("at least {rate} MB/s, the rate of {}", fastest.cipher),
    };
    Some(UpperBound { mb_per_s, basis, text })
}

impl UpperBound {
    /// A rate as a fraction of the upper bound; where that is only known to be at least so much, the
    /// fraction is at most this.
    pub fn share(&self, mb_per_s: f64) -> Option<f64> {
        quotient(mb_per_s, self.mb_per_s)
    }

    pub fn is_known(&self) -> bool {
        self.basis != Basis::AtLeast
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::bottleneck::kind::Bottleneck;
    use crate::analysis::bottleneck::kind::BottleneckKind;
    use crate::analysis::bottleneck::load::Load;
    use crate::analysis::samples::startup::Startups;
    use crate::analysis::testing::{pairing, rounds};
    use crate::model::Cipher;
    use crate::model::record::{PlainTcp, Stream};

    const GCM: &str = "aes128-gcm@openssh.com";

    fn row(cipher: &str, mb_per_s: f64, kind: BottleneckKind) -> Row {
        let samples = rounds(cipher, [mb_per_s; 3]);
        let samples: Vec<_> = samples.iter().collect();
        let load = Load::default();
        Row {
            bottleneck: Some(Bottleneck {
                kind,
                evidence: String::new(),
                client: load,
                server: load,
            }),
            ..Row::of(Cipher::from(cipher), None, &samples, &Startups::default())
        }
    }

    #[test]
    fn a_path_that_is_full_is_the_upper_bound_and_a_busy_cpu_shows_at_least_so_much() {
        let rows =
            |limit| [row("aes128-ctr", 9.0, BottleneckKind::ServerCpu), row(GCM, 11.7, limit)];
        let of = |limit| upper_bound(&rows(limit), &pairing("pi1"), Direction::Upload).unwrap();
        let network = of(BottleneckKind::Network);
        assert_eq!((network.basis, network.share(9.0)), (Basis::FastestCipher, Some(9.0 / 11.7)));
        assert_eq!(network.text, format!("11.7 MB/s, the rate of {GCM} (bottleneck: network)"));
        for limit in [
            BottleneckKind::ClientCpu,
            BottleneckKind::Quota,
            BottleneckKind::Contention,
            BottleneckKind::Unknown,
        ] {
            let bound = of(limit);
            assert_eq!(bound.text, format!("at least 11.7 MB/s, the rate of {GCM}"));
        }
        assert_eq!(upper_bound(&[], &pairing("pi1"), Direction::Upload), None);
    }

    #[test]
    fn the_rate_without_a_cipher_is_the_upper_bound_unless_a_cipher_is_faster() {
        let of = |unencrypted: f64| {
            let none = Row {
                unranked: Some(Unranked::NoCipher),
                ..row("none", unencrypted, BottleneckKind::Unknown)
            };
            let rows = [row(GCM, 1800.0, BottleneckKind::ClientCpu), none];
            upper_bound(&rows, &pairing("loopback"), Direction::Upload).unwrap()
        };
        assert_eq!((of(2400.0).basis, of(2400.0).share(1800.0)), (Basis::NoCipher, Some(0.75)));
        assert_eq!(of(2400.0).text, "2400 MB/s, the rate without a cipher");
        assert_eq!((of(1700.0).basis, of(1700.0).mb_per_s), (Basis::AtLeast, 1800.0));
    }

    #[test]
    fn the_plain_tcp_rate_is_the_upper_bound_unless_a_cipher_is_faster() {
        let stream = |mb_per_s: u64| Some(Stream { bytes: 3 * mb_per_s * 1_000_000, seconds: 3.0 });
        let plain_tcp = PlainTcp { port: 5201, upload: stream(117), download: stream(8) };
        let pairing = Pairing { plain_tcp: Some(plain_tcp), ..pairing("pi1") };
        let rows = [row(GCM, 90.0, BottleneckKind::ServerCpu)];
        let up = upper_bound(&rows, &pairing, Direction::Upload).unwrap();
        assert_eq!((up.mb_per_s, up.basis), (117.0, Basis::PlainTcp));
        let down = upper_bound(&rows, &pairing, Direction::Download).unwrap();
        assert_eq!((down.mb_per_s, down.basis), (90.0, Basis::AtLeast));
        let full =
            upper_bound(&[row(GCM, 118.0, BottleneckKind::Network)], &pairing, Direction::Upload);
        assert_eq!(full.map(|full| (full.mb_per_s, full.basis)), Some((117.0, Basis::PlainTcp)));
    }
}
