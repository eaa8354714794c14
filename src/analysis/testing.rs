//! Small synthetic surveys for tests: 100 MB a trial, the client spending 1 CPU-s per GB and
//! the server 2, read to the nanosecond.

use crate::model::cores::{Cores, CoresHeader, CoresHost, Library, Sample, Subject, Work};
use crate::model::record::{
    Asked, End, FileInfo, Header, Outcome, PairedEnd, Pairing, Phase, SCHEMA, Spent, StopReason,
    Trial,
};
use crate::model::{
    AesClass, AesEvidence, Cipher, CpuTimes, Direction, HostProfile, Mac, Method, Negotiated,
    OneWay, Proposal, Sink, Source, Survey, Waits,
};

pub const BYTES: u64 = 100_000_000;

/// One host `pi1` without AES, asked by `desk` with AES; three rounds were asked for.
pub fn survey(trials: Vec<Trial>) -> Survey {
    let header = Header {
        schema: SCHEMA.into(),
        tool_version: "0.1.0".into(),
        started: "2026-02-03T04:05:06Z".into(),
        command: vec!["cipher-survey".into(), "pi1".into()],
        seed: 7,
        rounds: Some(3),
        precision: 0.03,
        thorough: false,
        budget_s: Some(180.0),
        file: FileInfo { name: Some("debian.iso".into()), bytes: 10 * BYTES, full: false },
        methods: vec![Method::Scp],
        sink: Sink::Null,
        pairings: vec![pairing("pi1")],
    };
    let end = End {
        reason: StopReason::RoundsDone,
        elapsed_s: 60.0,
        backoff_s: 0.0,
        own_cpu_s: None,
        detail: None,
    };
    Survey { header, trials, end: Some(end), problems: vec![] }
}

/// The same machine at both ends, once as it is and once with its server masked; trials of
/// the second kind have `pairing` 1.
pub fn loopback(trials: Vec<Trial>) -> Survey {
    let mut open = pairing("loopback");
    open.loopback = true;
    open.server.host = open.client.host.clone();
    open.client.pinned = Some(vec![0]);
    open.server.pinned = Some(vec![1]);
    let mut masked = open.clone();
    masked.server.mask = Some("OPENSSL_ia32cap=~0x200000200000000:~0x0000060000000000".into());
    let mut survey = survey(trials);
    survey.header.pairings = vec![open, masked];
    survey
}

pub fn pairing(target: &str) -> Pairing {
    let end = |host, program: &str, version: &str| PairedEnd {
        host,
        program: program.into(),
        version: version.into(),
        mask: None,
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
        unasked: negotiated("chacha20-poly1305@openssh.com", "<implicit>"),
        client_ciphers: vec![],
        client_proposal: Proposal::default(),
        server_proposal: Proposal::default(),
        far_storage: Default::default(),
        near_storage: Default::default(),
        proxy: None,
        rekey_limit: None,
        round_trip_s: None,
        beside: None,
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
pub fn trial(cipher: &str, round: u32, mb_per_s: f64) -> Trial {
    let real_s = BYTES as f64 / 1e6 / mb_per_s;
    Trial {
        phase: Phase::Round,
        round,
        pairing: 0,
        method: Method::Scp,
        direction: Direction::Upload,
        cipher: Cipher::from(cipher),
        mac: None,
        asked: Asked::Bytes(BYTES),
        started: "2026-02-03T04:05:07Z".into(),
        outcome: Outcome::Measured,
        negotiated: Some(negotiated(cipher, if needs_mac(cipher) { MAC } else { "<implicit>" })),
        bytes: Some(BYTES),
        handshake_s: Some(0.25),
        real_s: Some(real_s),
        steady: None,
        client: Some(spent(Source::Wait4, 0.1)),
        server: Some(spent(Source::Inside, 0.2)),
        server_missing: None,
        server_checks: vec![],
        near_host: None,
        far_host: None,
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
        handshake: None,
        helpers: None,
        with_helpers: false,
        waits: Waits::default(),
    }
}

/// Three rounds of one cipher at these rates.
pub fn rounds<const N: usize>(cipher: &str, mb_per_s: [f64; N]) -> Vec<Trial> {
    (1..).zip(mb_per_s).map(|(round, rate)| trial(cipher, round, rate)).collect()
}

/// The trial, failed.
pub fn failed(mut trial: Trial, reason: &str, remedy: Option<&str>) -> Trial {
    trial.outcome = Outcome::Failed { reason: reason.into(), remedy: remedy.map(str::to_owned) };
    trial.negotiated = None;
    trial.bytes = None;
    trial.real_s = None;
    trial.client = None;
    trial.server = None;
    trial
}

/// The trials with a change made to each.
pub fn each(mut trials: Vec<Trial>, change: impl Fn(&mut Trial)) -> Vec<Trial> {
    trials.iter_mut().for_each(change);
    trials
}

pub fn with_mac(mac: &str) -> impl Fn(&mut Trial) {
    let mac = mac.to_owned();
    move |trial| {
        trial.mac = Some(Mac(mac.clone()));
        trial.negotiated = Some(negotiated(trial.cipher.as_str(), &mac));
    }
}

/// A journal of cores of `desk` alone, with libcrypto.
pub fn cores(samples: Vec<Sample>) -> Cores {
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
    let end = survey(vec![]).end;
    Cores { header, samples, end, problems: vec![] }
}

/// A packet of 32 KiB sealed, at so many MB/s on a core of 3.6 GHz.
pub fn sample(cipher: &str, masked: bool, round: u32, mb_per_s: f64) -> Sample {
    let mask = "OPENSSL_ia32cap=~0x200000200000000:~0x0000060000000000";
    Sample {
        subject: Subject {
            host: 0,
            mask: masked.then(|| mask.into()),
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
