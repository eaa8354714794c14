use std::time::{Duration, Instant};

use super::*;
use crate::model::Direction;

/// A slice of 100 MB/s; the server's CPU is half of the client's.
fn slice(seconds: f64, client_s: f64) -> Slice {
    let begun = Instant::now();
    let times = |total_s| CpuTimes { user_s: 0.0, system_s: total_s, total_s };
    let bytes = (100e6 * seconds) as u64;
    Slice {
        direction: Direction::Upload,
        started: "2026-01-02T03:04:05Z".into(),
        begun,
        ended: begun + Duration::from_secs_f64(seconds),
        bytes,
        client: times(client_s),
        client_waits: Waits { run_delay_s: Some(0.01), throttled_s: None },
        server: Some(times(client_s / 2.0)),
        server_waits: Waits::default(),
        helpers: Some(times(0.001)),
        wire: Some(WireBytes { sent: bytes + 1000, received: 10 }),
        local_host: Some(HostDelta { real_s: seconds, user_s: 1.0, ..HostDelta::default() }),
        remote_host: None,
        sha256: None,
        suspended: None,
    }
}

fn of() -> Of {
    let setup = CpuTimes { total_s: 0.08, ..CpuTimes::default() };
    Of {
        setup_client: setup,
        setup_server: None,
        fine: true,
        fixed: FixedCost { real_s: 0.01, ..FixedCost::default() },
        ticks_per_s: 100,
        remote_ticks_per_s: 250,
    }
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

#[test]
fn slices_are_summed_with_the_sources_and_resolutions_of_both_ends() {
    let summed = sum(&[slice(0.05, 0.02), slice(0.1, 0.04)], &[false, false], &of()).unwrap();
    assert_eq!((summed.bytes, summed.slices.count), (15_000_000, 2));
    assert!(near(summed.real_s, 0.15));
    let (client, server) = (summed.client, summed.server.unwrap());
    assert_eq!((client.source, server.source), (Source::Clock, Source::Process));
    assert!(near(client.bulk.total_s, 0.06) && near(server.bulk.total_s, 0.03));
    assert!(near(client.setup.unwrap().total_s, 0.08) && server.setup.is_none());
    assert!(near(server.helpers.unwrap().total_s, 0.002));
    assert_eq!((client.split_resolution_s, server.split_resolution_s), (0.01, 0.004));
    assert_eq!(server.resolution_s, SCHEDSTAT_RESOLUTION_S);
    assert!(near(client.waits.run_delay_s.unwrap(), 0.02) && client.waits.throttled_s.is_none());
    assert_eq!(summed.wire, Some(WireBytes { sent: 15_002_000, received: 20 }));
    assert!(near(summed.local_host.unwrap().user_s, 2.0) && summed.remote_host.is_none());
    // In ticks.
    let coarse = Of { fine: false, ..of() };
    let summed = sum(&[slice(0.05, 0.02)], &[false], &coarse).unwrap();
    assert_eq!(summed.server.unwrap().resolution_s, 0.004);
}

#[test]
fn what_is_missing_of_one_slice_is_missing_and_no_smaller_sum() {
    let mut other = slice(0.1, 0.04);
    (other.server, other.wire, other.local_host) = (None, None, None);
    other.client_waits.run_delay_s = None;
    let summed = sum(&[slice(0.05, 0.02), other], &[false, false], &of()).unwrap();
    assert!(summed.server.is_none() && summed.wire.is_none() && summed.local_host.is_none());
    assert!(summed.client.waits.run_delay_s.is_none());
    assert!(near(summed.client.bulk.total_s, 0.06));
}

#[test]
fn slices_with_a_key_exchange_and_suspended_ones_are_counted_and_left_out() {
    let stopped = Slice { suspended: Some("stopped".into()), ..slice(3.0, 0.5) };
    let slices = [slice(0.05, 0.02), slice(0.5, 0.5), stopped.clone(), slice(0.05, 0.02)];
    let summed = sum(&slices, &[false, true, false, false], &of()).unwrap();
    let Slices { count, with_key_exchange, suspended, .. } = summed.slices;
    assert_eq!((count, with_key_exchange, suspended), (2, 1, 1));
    assert!(near(summed.real_s, 0.1) && near(summed.client.bulk.total_s, 0.04));
    assert!(sum(&[stopped], &[false], &of()).is_none());
    assert!(sum(&[slice(0.05, 0.02)], &[true], &of()).is_none());
    assert!(sum(&[], &[], &of()).is_none());
}

#[test]
fn the_spread_is_that_of_rates_without_the_fixed_cost() {
    // Of 0.04 s and 0.09 s flow they move 5 and 10 MB: 125 and 111 MB/s.
    let summed = sum(&[slice(0.05, 0.02), slice(0.1, 0.02)], &[false; 2], &of()).unwrap();
    let expected = (5.0 / 0.04_f64 / (10.0 / 0.09)).ln() / 2_f64.sqrt();
    assert!(near(summed.slices.spread.unwrap(), expected), "{:?}", summed.slices.spread);
    let one = sum(&[slice(0.05, 0.02)], &[false], &of()).unwrap();
    assert_eq!(one.slices.spread, None);
}
