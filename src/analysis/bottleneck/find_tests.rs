use super::*;
use crate::analysis::bottleneck::path::plain_tcp_mb_per_s;
use crate::analysis::samples::startup::Startups;
use crate::analysis::testing::{pairing, sample, spent};
use crate::model::Sink;
use crate::model::record::{Disk, EndStorage, HostDelta, PlainTcp, Steady, StorageRates, Stream};
use crate::model::{Source, Waits};

const GCM: &str = "aes128-gcm@openssh.com";
const CHACHA: &str = "chacha20-poly1305@openssh.com";

/// An upload of one second in which the ends were busy for these shares of it.
fn upload(cipher: &str, client: f64, server: f64) -> Sample {
    Sample {
        real_s: Some(1.0),
        client: Some(spent(Source::Wait4, client)),
        server: Some(spent(Source::Process, server)),
        ..sample(cipher, 1, 100.0)
    }
}

fn waiting(mut sample: Sample, run_delay_s: f64, throttled_s: f64) -> Sample {
    let waits = Waits { run_delay_s: Some(run_delay_s), throttled_s: Some(throttled_s) };
    sample.server.as_mut().unwrap().waits = waits;
    sample
}

/// The bottlenecks of samples with these rates, one sample per row.
fn of(rows: &[(&Sample, f64)], pairing: &Pairing) -> Vec<(BottleneckKind, String)> {
    let lists: Vec<Vec<&Sample>> = rows.iter().map(|(sample, _)| vec![*sample]).collect();
    let transfers: Vec<Option<Transfers>> = lists
        .iter()
        .zip(rows)
        .map(|(samples, (_, rate))| Some(Transfers { samples, rate_mb_per_s: *rate }))
        .collect();
    let path = Path {
        pairing,
        sink: Sink::Null,
        pipe_mb_per_s: None,
        plain_tcp_mb_per_s: plain_tcp_mb_per_s(pairing, Direction::Upload),
        startups: &Startups::default(),
    };
    let kinds = bottlenecks(&transfers, &path);
    kinds.into_iter().flatten().map(|bottleneck| (bottleneck.kind, bottleneck.evidence)).collect()
}

fn one(sample: &Sample) -> (BottleneckKind, String) {
    of(&[(sample, 100.0)], &pairing("pi1")).remove(0)
}

#[test]
fn the_busier_end_is_the_bottleneck() {
    assert_eq!(one(&upload(GCM, 0.3, 0.97)).0, BottleneckKind::ServerCpu);
    assert_eq!(one(&upload(GCM, 0.98, 0.95)).0, BottleneckKind::ClientCpu);
    let (kind, evidence) = one(&upload(GCM, 0.6, 0.7));
    assert_eq!(kind, BottleneckKind::Unknown);
    assert_eq!(evidence, "the client is busy 60 % of one core, the server 70 %");
}

#[test]
fn a_quota_is_no_contention() {
    // A throttled process waits for a CPU too.
    let (kind, evidence) = one(&waiting(upload(GCM, 0.1, 0.3), 0.7, 0.65));
    assert_eq!(kind, BottleneckKind::Quota);
    assert!(evidence.contains("the server is throttled 65 % of the time"), "{evidence}");
    let (kind, evidence) = one(&waiting(upload(GCM, 0.1, 0.5), 0.45, 0.0));
    assert_eq!(kind, BottleneckKind::Contention);
    assert!(evidence.contains("the server waits for a CPU 45 % of the time"), "{evidence}");
    // A little of either is no bottleneck, but a process that waits for a CPU could use it.
    let (kind, evidence) = one(&waiting(upload(GCM, 0.1, 0.81), 0.13, 0.0));
    assert_eq!(kind, BottleneckKind::ServerCpu);
    assert_eq!(evidence, "busy 81 % of one core, waiting for a CPU 13 %");
    assert_eq!(one(&waiting(upload(GCM, 0.1, 0.7), 0.13, 0.0)).0, BottleneckKind::Unknown);
}

#[test]
fn ciphers_of_other_costs_that_are_equally_fast_show_the_network() {
    let (cheap, expensive) = (upload(GCM, 0.1, 0.2), upload(CHACHA, 0.2, 0.5));
    // A slow file system would look the same.
    assert_eq!(
        of(&[(&cheap, 11.7), (&expensive, 11.6)], &pairing("pi1"))[0].0,
        BottleneckKind::Unknown
    );
    assert_eq!(
        of(&[(&cheap, 11.7), (&cheap, 11.7)], &pairing("pi1"))[0].0,
        BottleneckKind::Unknown
    );
    let piped = |sample| Sample { method: crate::model::Method::Pipe, ..sample };
    let (cheap, expensive) = (piped(cheap), piped(expensive));
    let kinds = of(&[(&cheap, 11.7), (&expensive, 11.6)], &pairing("pi1"));
    assert!(kinds.iter().all(|(kind, _)| *kind == BottleneckKind::Network), "{kinds:?}");
    // One alone, one that is slower: unknown.
    assert_eq!(of(&[(&cheap, 11.7)], &pairing("pi1"))[0].0, BottleneckKind::Unknown);
    assert_eq!(
        of(&[(&cheap, 11.7), (&expensive, 9.0)], &pairing("pi1"))[0].0,
        BottleneckKind::Unknown
    );
}

#[test]
fn where_both_ends_idle_and_no_file_is_made_ciphers_of_equal_cost_show_the_network_too() {
    let by_pipe = |client, server| Sample {
        method: crate::model::Method::Pipe,
        ..upload(GCM, client, server)
    };
    let two =
        |sample: &Sample, rate| of(&[(sample, 11.7), (sample, rate)], &pairing("pi1")).remove(0);
    let (kind, evidence) = two(&by_pipe(0.1, 0.2), 11.6);
    assert_eq!(kind, BottleneckKind::Network);
    assert!(evidence.starts_with("11.7 MB/s, as fast as another cipher; the client"));
    assert_eq!(two(&by_pipe(0.1, 0.2), 9.0).0, BottleneckKind::Unknown);
    assert_eq!(two(&by_pipe(0.1, 0.6), 11.6).0, BottleneckKind::Unknown);
}

#[test]
fn storage_that_was_timed_and_is_much_faster_is_ruled_out() {
    let of = |write_s| {
        let stream = |seconds| Some(Stream { bytes: 100_000_000, seconds });
        let end = EndStorage { read: stream(0.1), write: stream(write_s), ..EndStorage::default() };
        let storage_rates = Some(StorageRates { local: end.clone(), remote: end });
        let sample = upload(GCM, 0.1, 0.2);
        of(&[(&sample, 11.7), (&sample, 11.6)], &Pairing { storage_rates, ..pairing("pi1") })[0].0
    };
    assert_eq!(of(0.2), BottleneckKind::Network);
    assert_eq!(of(8.0), BottleneckKind::Unknown);
}

#[test]
fn storage_without_memory_before_it_that_is_as_slow_by_itself_is_the_bottleneck() {
    let of = |cached_bytes, write_s, busy| {
        let write = Some(Stream { bytes: 100_000_000, seconds: write_s });
        let remote = EndStorage { write, cached_bytes, ..EndStorage::default() };
        let storage_rates = Some(StorageRates { local: EndStorage::default(), remote });
        let sample = upload(GCM, 0.1, busy);
        of(&[(&sample, 10.0)], &Pairing { storage_rates, ..pairing("pi1") }).remove(0)
    };
    let (kind, evidence) = of(Some(0), 10.5, 0.2);
    assert_eq!(kind, BottleneckKind::Storage);
    assert!(evidence.starts_with("10.0 MB/s, and 9.52 MB/s into a file at the server without SSH"));
    assert_eq!(of(Some(0), 5.0, 0.2).0, BottleneckKind::Unknown);
    assert_eq!(of(Some(0), 10.5, 0.85).0, BottleneckKind::Unknown);
    // Slices stay in memory.
    assert_eq!(of(Some(1 << 30), 10.5, 0.2).0, BottleneckKind::Unknown);
    assert_eq!(of(None, 10.5, 0.2).0, BottleneckKind::Unknown);
}

#[test]
fn a_busy_end_stays_busy_where_the_rate_falls() {
    let mut sample = upload(GCM, 0.95, 0.2);
    // The steady part was slower than the whole.
    sample.steady = Some(Steady { bytes: 60_000_000, seconds: 0.7, skipped_s: 0.3 });
    assert_eq!(one(&sample).0, BottleneckKind::ClientCpu);
}

#[test]
fn a_full_window_shows_in_the_round_trip() {
    let remote = Pairing { round_trip_s: Some(0.05), ..pairing("pi1") };
    let sample = upload(GCM, 0.2, 0.2);
    let (kind, evidence) = of(&[(&sample, 38.0)], &remote).remove(0);
    assert_eq!(kind, BottleneckKind::Window, "{evidence}");
    assert!(evidence.contains("1.90 MB in flight (50.0 ms"), "{evidence}");
    assert_eq!(of(&[(&sample, 20.0)], &remote)[0].0, BottleneckKind::Unknown);
}

#[test]
fn a_busy_disk_is_the_bottleneck_where_files_are_made() {
    let delta = HostDelta {
        real_s: 1.0,
        disk: Some(Disk {
            device: "/dev/sda".into(),
            read_bytes: 0,
            written_bytes: 1,
            busy_s: 0.95,
        }),
        ..HostDelta::default()
    };
    let sample = Sample { remote_host: Some(delta), ..upload(GCM, 0.2, 0.2) };
    let (kind, evidence) = one(&sample);
    assert_eq!(kind, BottleneckKind::Storage);
    assert!(evidence.contains("the server's disk is busy 95 %"), "{evidence}");
    let into_no_file = Sample { method: crate::model::Method::Pipe, ..sample };
    assert_eq!(one(&into_no_file).0, BottleneckKind::Unknown);
}

/// A server of four cores, its process busy for half of one, and its whole host for so many.
fn on_a_busy_host(
    host_s: f64,
    softirq_s: f64,
    run_delay_s: Option<f64>,
) -> (BottleneckKind, String) {
    let mut sample = upload(GCM, 0.2, 0.5);
    sample.server.as_mut().unwrap().waits.run_delay_s = run_delay_s;
    let user_s = host_s - softirq_s;
    sample.remote_host = Some(HostDelta { real_s: 1.0, user_s, softirq_s, ..HostDelta::default() });
    let mut pairing = pairing("pi1");
    pairing.server.host.cores = Some(4);
    of(&[(&sample, 100.0)], &pairing).remove(0)
}

#[test]
fn a_host_that_is_busy_with_other_work_is_no_cpu_bottleneck_of_ssh() {
    let (kind, evidence) = on_a_busy_host(3.9, 0.1, None);
    assert_eq!(kind, BottleneckKind::Contention);
    assert_eq!(evidence, "all cores of the server are busy 98 %, 82 % with other work");
    // The process hardly waits for a CPU: other work of a lower priority.
    assert_eq!(on_a_busy_host(3.9, 0.1, Some(0.05)).0, BottleneckKind::Unknown);
    // It does, and could not use a whole core.
    let (kind, evidence) = on_a_busy_host(3.9, 0.1, Some(0.25));
    assert_eq!(kind, BottleneckKind::Contention);
    assert!(evidence.ends_with("its SSH process waits for a CPU 25 % of the time"), "{evidence}");
    let (kind, evidence) = on_a_busy_host(3.9, 0.1, Some(0.4));
    assert_eq!(kind, BottleneckKind::Contention);
    assert!(evidence.starts_with("the server waits for a CPU 40 %"), "{evidence}");
    // The rest of the host moves its packets.
    assert_eq!(on_a_busy_host(3.9, 3.0, None).0, BottleneckKind::ServerCpu);
}

#[test]
fn nothing_is_named_from_what_is_too_short_or_too_coarse() {
    let short = |real_s| {
        let mut sample = upload(GCM, 0.0, real_s);
        sample.real_s = Some(real_s);
        one(&sample)
    };
    assert_eq!(short(0.2).0, BottleneckKind::ServerCpu);
    let (kind, evidence) = short(0.009);
    assert_eq!(
        (kind, &*evidence),
        (BottleneckKind::Unknown, "9.00 ms of transfer are too short to tell")
    );
    // `ps` may tell whole seconds.
    let mut coarse = upload(GCM, 0.1, 1.0);
    coarse.server.as_mut().unwrap().resolution_s = 1.0;
    let (kind, evidence) = one(&coarse);
    assert_eq!(kind, BottleneckKind::Unknown);
    assert_eq!(evidence, "the client is busy 10 % of one core, the server ?");
}

#[test]
fn a_pipe_that_is_much_faster_than_a_file_shows_slow_storage() {
    let sample = upload(GCM, 0.1, 0.2);
    let pairing = pairing("pi1");
    let of = |sample: &Sample, pipe_mb_per_s| {
        let path = Path {
            pairing: &pairing,
            sink: Sink::Null,
            pipe_mb_per_s: Some(pipe_mb_per_s),
            plain_tcp_mb_per_s: None,
            startups: &Startups::default(),
        };
        let samples = [sample];
        let transfers = Transfers { samples: &samples, rate_mb_per_s: 20.0 };
        let bottleneck = bottlenecks(&[Some(transfers)], &path).remove(0).unwrap();
        (bottleneck.kind, bottleneck.evidence)
    };
    let (kind, evidence) = of(&sample, 300.0);
    assert_eq!(kind, BottleneckKind::Storage);
    assert!(
        evidence.contains("20.0 MB/s into a file at the server, 300 MB/s by pipe into none"),
        "{evidence}"
    );
    assert_eq!(of(&sample, 30.0).0, BottleneckKind::Unknown);
    // A helper that is busy all the time is no disk.
    let mut helped = sample;
    helped.server.as_mut().unwrap().helpers = Some(spent(Source::Process, 0.95).bulk);
    assert_eq!(of(&helped, 300.0).0, BottleneckKind::ServerCpu);
}

#[test]
fn a_rate_equal_to_the_plain_tcp_rate_shows_the_network() {
    let stream = Some(Stream { bytes: 24_000_000, seconds: 2.0 });
    let plain_tcp = PlainTcp { port: 5201, upload: stream, download: None };
    let pairing = Pairing { plain_tcp: Some(plain_tcp), ..pairing("pi1") };
    let mut sample = upload(GCM, 0.1, 0.2);
    sample.local_host = Some(HostDelta { resent_segments: Some(250), ..HostDelta::default() });
    let (kind, evidence) = of(&[(&sample, 11.7)], &pairing).remove(0);
    assert_eq!(kind, BottleneckKind::Network);
    assert!(evidence.starts_with("11.7 MB/s, a plain TCP stream 12.0"), "{evidence}");
    assert!(evidence.ends_with("2.50 TCP segments retransmitted per MB"), "{evidence}");
    assert_eq!(of(&[(&sample, 8.0)], &pairing)[0].0, BottleneckKind::Unknown);
}
