//! Reading and summarising the journal of a long survey, 10,000 samples, and comparing many.

use std::hint::black_box;

use cipher_survey::analysis::comparison::digest::Digest;
use cipher_survey::analysis::comparison::measure::Measure;
use cipher_survey::analysis::comparison::pivot::pivot;
use cipher_survey::analysis::summarise;
use cipher_survey::model::{Direction, Survey};
use cipher_survey::report::compare::{Comparison, Shown};
use cipher_survey::report::{Format, Style, write};
use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

fn benches(criterion: &mut Criterion) {
    let text = journal("pi1", 10_000);
    let survey = Survey::read(text.as_bytes()).expect("a journal");
    assert_eq!((survey.samples.len(), survey.problems.len()), (10_000, 0));
    let mut group = criterion.benchmark_group("10,000 samples");
    group.sample_size(20);
    group.bench_function("read", |bencher| {
        bencher.iter(|| Survey::read(black_box(text.as_bytes())));
    });
    group.bench_function("summarise", |bencher| bencher.iter(|| summarise(black_box(&survey))));
    let journals: Vec<String> = (0..200).map(|k| journal(&format!("pi{k}"), 50)).collect();
    group.bench_function("compare, of 200 surveys", |bencher| {
        bencher.iter(|| compare_all(black_box(&journals)));
    });
    group.finish();
}

/// What `compare` does between reading its files and writing; it may take 0.3 s.
fn compare_all(journals: &[String]) -> Vec<u8> {
    let digest =
        |text: &String| Digest::of("a.jsonl".into(), Survey::read(text.as_bytes()).unwrap());
    let digests: Vec<Digest> = journals.iter().map(digest).collect();
    let directions = [Direction::Upload, Direction::Download];
    let pivot = pivot(&digests, Measure::default(), &directions);
    let comparison = Comparison { digests, shown: Shown::Hosts(pivot) };
    let mut out = Vec::new();
    write(&comparison, Format::Table, &Style::default(), &mut out).unwrap();
    out
}

fn journal(target: &str, samples: usize) -> String {
    let end = |name: &str| {
        json!({
            "host": {
                "name": name, "kernel": "Linux 6.1", "machine": "x86_64", "ticks_per_s": 100,
                "proc": true, "aes": {"class": "aes", "evidence": "cpuinfo flags: aes"},
            },
            "program": "ssh", "version": "OpenSSH_9.2p1",
        })
    };
    let proposal = json!({"ciphers": [], "macs": [], "key_exchanges": []});
    let header = json!({
        "kind": "survey", "schema": "cipher-survey/2", "tool_version": "0.1.0",
        "started": "2026-02-03T04:05:06Z", "command": [], "seed": 1, "rounds": samples / 40,
        "file": {"bytes": 1_000_000_000, "full": false}, "methods": ["scp", "pipe"],
        "pairings": [{
            "target": target, "client": end("desk"), "server": end(target), "loopback": false,
            "by_default": negotiated("cipher-0"), "client_ciphers": [],
            "client_proposal": proposal, "server_proposal": proposal,
            "remote_storage": {"directory": "."}, "local_storage": {"directory": "/tmp"},
        }],
    });
    // The kind comes first, as in a real journal.
    let lines = (0..samples)
        .map(|index| sample(index).to_string().replacen('{', r#"{"kind":"sample","#, 1));
    let lines: Vec<String> = [header.to_string()].into_iter().chain(lines).collect();
    lines.join("\n")
}

/// Ten ciphers, both directions, both methods, in turn.
fn sample(index: usize) -> Value {
    let cipher = format!("cipher-{}", index % 10);
    let cpu = json!({"user_s": 0.3, "system_s": 0.1, "total_s": 0.4});
    let spent = |source: &str| json!({"source": source, "resolution_s": 1e-9, "split_resolution_s": 0.01, "bulk": cpu});
    let host = json!({
        "real_s": 2.0, "user_s": 1.0, "system_s": 0.5, "idle_s": 2.0, "iowait_s": 0.0,
        "softirq_s": 0.1, "steal_s": 0.0,
        "interfaces": [{"name": "eth0", "received_bytes": 100_000_000, "sent_bytes": 1_000_000}],
    });
    json!({
        "phase": "round", "round": index / 40 + 1, "pairing": 0,
        "method": (["scp", "pipe"][index / 20 % 2]),
        "direction": (["upload", "download"][index / 10 % 2]),
        "cipher": cipher, "asked": {"bytes": 100_000_000}, "started": "2026-02-03T04:05:07Z",
        "outcome": "measured", "negotiated": negotiated(&cipher), "bytes": 100_000_000,
        "setup_s": 0.25, "real_s": 1.0 + (index % 97) as f64 / 1000.0,
        "client": spent("wait4"), "server": spent("process"),
        "local_host": host, "remote_host": host, "at_s": index as f64,
    })
}

fn negotiated(cipher: &str) -> Value {
    let way = json!({"cipher": cipher, "mac": "umac-64-etm@openssh.com", "compression": "none"});
    json!({"client_to_server": way, "server_to_client": way, "key_exchange": "curve25519-sha256"})
}

criterion_group!(analysis, benches);
criterion_main!(analysis);
