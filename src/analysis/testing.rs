//! Small synthetic surveys for tests: 100 MB per sample, the client spending 1 CPU-s per GB and
//! the server 2, read to the nanosecond, and 0.02 s of each end in the setup.

use crate::model::cipher_cores::{
    Cores, CoresHeader, CoresHost, CoresSample, Library, Subject, Work,
};
use crate::model::record::{
    Asked, FileInfo, FixedCost, Footer, Header, Outcome, PairedEnd, Pairing, Phase, SCHEMA, Sample,
    Slices, Spent, StopReason,
};
use crate::model::{
    AesClass, AesEvidence, Cipher, CpuTimes, Direction, HostProfile, Mac, Method, Negotiated,
    OneWay, Proposal, Sink, Source, Survey, Waits,
};

pub const BYTES: u64 = 100_000_000;

/// One host `pi1` without AES, asked by `desk` with AES; three rounds were asked for.
pub fn survey(samples: Vec<Sample>) -> Survey {
    let header = Header {
        schema: SCHEMA.into(),
        tool_version: "0.1.0".into(),
        started: "2026-02-03T04:05:06Z".into(),
        command: vec!["cipher-survey".into(), "pi1".into()],
        seed: 7,
        rounds: Some(3),
        interim_analyses: vec![],
        precision: 0.03,
        thorough: false,
        budget_s: Some(180.0),
        file: FileInfo { name: Some("debian.iso".into()), bytes: 10 * BYTES, full: false },
        methods: vec![Method::Scp],
        sink: Sink::Null,
        pairings: vec![pairing("pi1")],
    };
    let footer = Footer {
        reason: StopReason::RoundsDone,
        elapsed_s: 60.0,
        backoff_s: 0.0,
        own_cpu_s: None,
        detail: None,
    };
    Survey { header, connections: vec![], samples, footer: Some(footer), problems: vec![] }
}

/// The same machine at both ends, once with AES enabled and once with AES disabled at the server;
/// samples of the second kind have `pairing` 1.
pub fn loopback(samples: Vec<Sample>) -> Survey {
    let mut open = pairing("loopback");
    open.loopback = true;
    open.server.host = open.client.host.clone();
    open.client.pinned = Some(vec![0]);
    open.server.pinned = Some(vec![1]);
    let mut aes_disabled = open.clone();
    aes_disabled.server.aes_disabled_by =
        Some("OPENSSL_ia32cap=~0x200000200000000:~0x0000060000000000".into());
    let mut survey = survey(samples);
    survey.header.pairings = vec![open, aes_disabled];
    survey
}

/// Both ends do strict KEX.
pub fn strict(survey: &mut Survey) {
    let pairing = &mut survey.header.pairings[0];
    for end in [&mut pairing.client_proposal, &mut pairing.server_proposal] {
        end.key_exchanges.push("kex-strict-c-v00@openssh.com".into());
    }
}

pub fn pairing(target: &str) -> Pairing {
    let end = |host, program: &str, version: &str| PairedEnd {
        host,
        program: program.into(),
        version: version.into(),
        aes_disabled_by: None,
        pinned: None,
    };
    Pairing {
        target: target.into(),
        client: end(
            host("desk", "AMD Ryzen 5 3600 6-Core Processor", AesClass::Aes),
            "ssh",
            "OpenSSH_9.2p1 Debian-2+deb12u7, OpenSSL 3.0.17 1 Jul 2025",
        ),
        server: end(
            host(target, "Cortex-A53", AesClass::NoAes),
            "sshd",
            "SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u7",
        ),
        loopback: false,
        by_default: negotiated("chacha20-poly1305@openssh.com", "<implicit>"),
        connects_by_default: None,
        client_ciphers: vec![],
        client_proposal: Proposal::default(),
        server_proposal: Proposal::default(),
        remote_storage: Default::default(),
        local_storage: Default::default(),
        proxy: None,
        rekey_limit: None,
        round_trip_s: None,
        server_window_bytes: None,
        plain_tcp: None,
        storage_rates: None,
        skipped: vec![],
    }
}

fn host(name: &str, cpu: &str, class: AesClass) -> HostProfile {
    let evidence = match class {
        AesClass::Aes => "cpuinfo flags: aes pclmulqdq",
        _ => "cpuinfo features: no aes",
    };
    HostProfile {
        name: name.into(),
        kernel: "Linux 6.1.0-37".into(),
        machine: "x86_64".into(),
        os: None,
        cpu_model: Some(cpu.into()),
        cores: Some(4),
        aes: AesEvidence { class, evidence: evidence.into() },
        governor: None,
        memory_bytes: None,
        ticks_per_s: 100,
        proc: true,
    }
}

pub fn negotiated(cipher: &str, mac: &str) -> Negotiated {
    let way = OneWay { cipher: Cipher::from(cipher), mac: mac.into(), compression: "none".into() };
    Negotiated {
        client_to_server: way.clone(),
        server_to_client: way,
        key_exchange: "curve25519-sha256".into(),
    }
}

/// A measured upload of 100 MB by scp at so many MB/s.
pub fn sample(cipher: &str, round: u32, mb_per_s: f64) -> Sample {
    let real_s = BYTES as f64 / 1e6 / mb_per_s;
    Sample {
        phase: Phase::Round,
        round,
        pairing: 0,
        method: Method::Scp,
        direction: Direction::Upload,
        cipher: Cipher::from(cipher),
        mac: None,
        asked: Asked::Bytes(BYTES),
        connection: None,
        slices: None,
        wire: None,
        started: "2026-02-03T04:05:07Z".into(),
        outcome: Outcome::Measured,
        negotiated: Some(negotiated(cipher, if needs_mac(cipher) { MAC } else { "<implicit>" })),
        bytes: Some(BYTES),
        setup_s: Some(0.25),
        real_s: Some(real_s),
        whole_s: None,
        steady: None,
        client: Some(spent(Source::Wait4, 0.1)),
        server: Some(spent(Source::Process, 0.2)),
        server_missing: None,
        server_checks: vec![],
        local_host: None,
        remote_host: None,
        sha256: None,
        backoff_s: 0.0,
        at_s: 0.0,
    }
}

pub const MAC: &str = "umac-64-etm@openssh.com";

fn needs_mac(cipher: &str) -> bool {
    !(cipher.contains("gcm") || cipher.contains("poly1305"))
}

pub fn spent(source: Source, total_s: f64) -> Spent {
    Spent {
        source,
        resolution_s: 1e-9,
        split_resolution_s: 0.01,
        bulk: CpuTimes { user_s: total_s * 0.75, system_s: total_s * 0.25, total_s },
        real_s: None,
        setup: Some(CpuTimes { user_s: 0.01, system_s: 0.01, total_s: 0.02 }),
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    }
}

/// Three rounds of one cipher at these rates.
pub fn rounds<const N: usize>(cipher: &str, mb_per_s: [f64; N]) -> Vec<Sample> {
    (1..).zip(mb_per_s).map(|(round, rate)| sample(cipher, round, rate)).collect()
}

/// The sample, failed.
pub fn failed(mut sample: Sample, reason: &str, remedy: Option<&str>) -> Sample {
    sample.outcome = Outcome::Failed { reason: reason.into(), remedy: remedy.map(str::to_owned) };
    sample.negotiated = None;
    sample.bytes = None;
    sample.real_s = None;
    sample.client = None;
    sample.server = None;
    sample
}

/// Makes a sample one of so many slices, each with so many seconds of fixed cost, half as much CPU at the client
/// and a quarter at the server.
pub fn sliced(sample: &mut Sample, count: u32, fixed_s: f64) {
    let fixed = FixedCost { real_s: fixed_s, client_s: fixed_s / 2.0, server_s: fixed_s / 4.0 };
    sample.asked = Asked::Seconds(1.0);
    sample.slices =
        Some(Slices { count, spread: Some(0.2), fixed, with_key_exchange: 0, suspended: 0 });
}

/// The samples with a change made to each.
pub fn each(mut samples: Vec<Sample>, change: impl Fn(&mut Sample)) -> Vec<Sample> {
    samples.iter_mut().for_each(change);
    samples
}

pub fn with_mac(mac: &str) -> impl Fn(&mut Sample) {
    let mac = mac.to_owned();
    move |sample| {
        sample.mac = Some(Mac(mac.clone()));
        sample.negotiated = Some(negotiated(sample.cipher.as_str(), &mac));
    }
}

/// A journal of cores of `desk` alone, with libcrypto.
pub fn cores(samples: Vec<CoresSample>) -> Cores {
    let header = CoresHeader {
        schema: SCHEMA.into(),
        tool_version: "0.1.0".into(),
        started: "2026-02-03T04:05:06Z".into(),
        command: vec!["cipher-survey".into(), "cores".into()],
        seed: 7,
        rounds: 6,
        hosts: vec![CoresHost {
            target: None,
            profile: pairing("pi1").client.host,
            claimed_hz: Some(3.6e9),
            openssl: None,
        }],
        implementations: vec![Library {
            name: "libcrypto".into(),
            version: Some("OpenSSL 3.0.17 1 Jul 2025".into()),
            path: None,
        }],
        skipped: vec![],
    };
    let footer = survey(vec![]).footer;
    Cores { header, samples, footer, problems: vec![] }
}

/// A packet of 32 KiB sealed, at so many MB/s on a core of 3.6 GHz.
pub fn cores_sample(cipher: &str, aes_disabled: bool, round: u32, mb_per_s: f64) -> CoresSample {
    let aes_disabled_by = "OPENSSL_ia32cap=~0x200000200000000:~0x0000060000000000";
    CoresSample {
        subject: Subject {
            host: 0,
            aes_disabled_by: aes_disabled.then(|| aes_disabled_by.into()),
            implementation: "libcrypto".into(),
            cipher: cipher.into(),
            mac: None,
            work: Work::Seal,
            payload_bytes: 32768,
        },
        round,
        packets: 400,
        real_s: 400.0 * 32768.0 / mb_per_s / 1e6,
        batch_packets: Some(4),
        batch_median_s: Some(4.0 * 32768.0 / mb_per_s / 1e6),
        batch_median_cycles: None,
        core_hz: Some(3.6e9),
        at_s: 1.0,
    }
}
