//! The path between the two ends: a shared machine, a proxy, key exchanges, the window.

use schemars::JsonSchema;
use serde::Serialize;

use super::words::Words;
use crate::analysis::rows::table::Table;
use crate::analysis::window;
use crate::model::record::Pairing;
use crate::model::units::{significant, size};

#[derive(Clone, Debug, PartialEq, JsonSchema, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schemars(inline)]
pub enum ConnectionWarning {
    SharedMachine,
    Proxy {
        target: String,
        proxy: String,
    },
    RekeyLimit {
        target: String,
        limit: String,
    },
    /// The rate is near what the window of an SSH channel allows at that round trip.
    Window {
        target: String,
        window_bytes: u64,
        round_trip_ms: f64,
        allowed_mb_per_s: f64,
        fastest_mb_per_s: f64,
    },
}

impl ConnectionWarning {
    pub(super) fn words(&self) -> Words {
        match self {
            Self::SharedMachine => Words::new(
                "both ends run on one machine and share its cores and memory, unlike two hosts",
                "compare ciphers with it, but take rates from a survey of the real host",
            ),
            Self::Proxy { target, proxy } => Words::new(
                format!("{target} is reached through {proxy}: the client CPU includes that tunnel"),
                "compare costs with each other only, or survey without the proxy",
            ),
            Self::RekeyLimit { target, limit } => Words::new(
                format!(
                    "RekeyLimit {limit} is set for {target}: the figures include key exchanges"
                ),
                "unset it in ssh_config, or expect the same of long transfers",
            ),
            Self::Window {
                target,
                window_bytes,
                round_trip_ms,
                allowed_mb_per_s,
                fastest_mb_per_s,
            } => Words::new(
                format!(
                    "{target}: {} MB/s is near the {} MB/s that an SSH channel's window of {} allows at a \
                     round trip of {} ms",
                    significant(*fastest_mb_per_s),
                    significant(*allowed_mb_per_s),
                    size(*window_bytes),
                    significant(*round_trip_ms)
                ),
                match window::is_small(*window_bytes) {
                    true => SMALL_WINDOW,
                    false => {
                        "the bottleneck is the window, not the cipher: run several transfers at once"
                    }
                },
            ),
        }
    }
}

/// Dropbear(8), `-W`; OpenWrt's name for it.
const SMALL_WINDOW: &str = "the bottleneck is the server's window, not the cipher: enlarge it (Dropbear: \
     -W 1048576; OpenWrt: RecvWindowSize), or run several transfers at once";

/// What is special about how the ends are connected, each once.
pub fn set_up(pairings: &[Pairing]) -> Vec<ConnectionWarning> {
    let mut found = Vec::new();
    for pairing in pairings {
        let target = || pairing.target.clone();
        let shared = is_one_machine(pairing).then_some(ConnectionWarning::SharedMachine);
        let proxy = pairing.proxy.clone();
        let proxy = proxy.map(|proxy| ConnectionWarning::Proxy { target: target(), proxy });
        let limit = pairing.rekey_limit.clone();
        let rekey = limit.map(|limit| ConnectionWarning::RekeyLimit { target: target(), limit });
        for warning in [shared, proxy, rekey].into_iter().flatten() {
            if !found.contains(&warning) {
                found.push(warning);
            }
        }
    }
    found
}

/// Whether the counters of both ends are those of the same host.
pub fn is_one_machine(pairing: &Pairing) -> bool {
    let (client, server) = (&pairing.client.host, &pairing.server.host);
    pairing.loopback || (&client.name, &client.kernel) == (&server.name, &server.kernel)
}

/// Compares the fastest rate of each table with what the window of its direction allows.
pub fn window(pairing: &Pairing, tables: &[Table], index: usize) -> Option<ConnectionWarning> {
    let of = |table: &Table| {
        let own = table.sections.iter().filter(|section| section.pairing == index);
        let rates = own.flat_map(|section| &section.rows).filter_map(|row| row.rate_mb_per_s);
        let fastest = rates.reduce(f64::max)?;
        let full = window::full(pairing, table.direction, table.method, fastest)?;
        Some(ConnectionWarning::Window {
            target: pairing.target.clone(),
            window_bytes: full.window_bytes,
            round_trip_ms: 1e3 * full.round_trip_s,
            allowed_mb_per_s: full.mb_per_s(),
            fastest_mb_per_s: fastest,
        })
    };
    tables.iter().filter(|_| !pairing.loopback).find_map(of)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::summarise;
    use crate::analysis::testing::{loopback, rounds, survey};
    use crate::analysis::warnings::Finding;
    use crate::model::Survey;
    use crate::model::record::Sample;

    fn two() -> Vec<Sample> {
        [rounds("aes128-ctr", [20.0; 3]), rounds("aes256-ctr", [30.0; 3])].concat()
    }

    fn found(survey: &Survey) -> Vec<Finding> {
        summarise(survey).warnings.into_iter().map(|warning| warning.finding).collect()
    }

    #[test]
    fn what_pairings_have_in_common_is_said_once() {
        let mut survey = loopback(two());
        for pairing in &mut survey.header.pairings {
            pairing.proxy = Some("ProxyJump gate".into());
            pairing.rekey_limit = Some("1G".into());
        }
        let found = found(&survey);
        assert!(
            matches!(
                found[..],
                [
                    Finding::Connection(ConnectionWarning::SharedMachine),
                    Finding::Connection(ConnectionWarning::Proxy { .. }),
                    Finding::Connection(ConnectionWarning::RekeyLimit { .. })
                ]
            ),
            "{found:?}"
        );
    }

    #[test]
    fn one_machine_by_another_name_is_found() {
        let mut survey = survey(two());
        let pairing = &mut survey.header.pairings[0];
        pairing.target = "localhost".into();
        pairing.server.host = pairing.client.host.clone();
        assert_eq!(found(&survey), [Finding::Connection(ConnectionWarning::SharedMachine)]);
    }

    #[test]
    fn a_rate_near_the_window_of_a_channel_is_found() {
        let mut survey = survey(two());
        survey.header.pairings[0].round_trip_s = Some(0.04);
        // 2 MiB in 40 ms are 52.4 MB/s, of which 70 % are 36.7.
        assert_eq!(found(&survey), []);
        survey.header.pairings[0].round_trip_s = Some(0.06);
        let found = found(&survey);
        assert!(
            matches!(found[..], [Finding::Connection(ConnectionWarning::Window { .. })]),
            "{found:?}"
        );
    }
}
