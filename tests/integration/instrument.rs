//! What the program itself takes. Only memory is asserted; times are printed
//! (`cargo test --test integration instrument -- --nocapture`).

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::testbed::{GCM, PROGRAM, Testbed};

/// Whatever FILE's size.
const MOST_MEMORY_KB: u64 = 40_000;

/// CPU seconds of a process itself, its children excluded (`proc(5)`, fields 14 and 15 of its stat).
fn cpu_s(pid: u32) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / rustix::param::clock_ticks_per_second() as f64)
}

/// The most memory that a process ever had, while it lives.
fn peak_memory_kb(pid: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}

/// What was seen of a survey while it ran.
#[derive(Default)]
struct Seen {
    peak_kb: u64,
    /// Its own CPU when its first and its last sample of the rounds had been recorded.
    first_s: Option<f64>,
    last_s: f64,
    /// Samples of the rounds.
    rounds: usize,
    /// Its own CPU while connections were fed.
    in_samples_s: f64,
}

/// A survey of a large file, watched until its end.
fn watched(testbed: &Testbed, arguments: &[&str]) -> Seen {
    let journal = testbed.path("journal.jsonl");
    let mut command = testbed.program();
    command
        .args(["--ciphers", GCM, "-q", "--journal"])
        .arg(&journal)
        .args(arguments)
        .arg("--ssh-config")
        .arg(testbed.path("ssh_config"))
        .arg(testbed.target())
        .arg(testbed.file("large", 300 << 20))
        .stdout(Stdio::null());
    let mut child = command.spawn().unwrap();
    let pid = child.id();
    let mut seen = Seen::default();
    let status = loop {
        seen.peak_kb = seen.peak_kb.max(peak_memory_kb(pid).unwrap_or(0));
        let text = fs::read_to_string(&journal).unwrap_or_default();
        let rounds = text.matches("\"phase\":\"round\"").count();
        if let (true, Some(now_s)) = (rounds > seen.rounds, cpu_s(pid)) {
            seen.first_s.get_or_insert(now_s);
            (seen.rounds, seen.last_s) = (rounds, now_s);
        }
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    assert!(status.success(), "{status}");
    let text = fs::read_to_string(&journal).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    seen.in_samples_s = lines.last().unwrap()["own_cpu_s"].as_f64().unwrap();
    seen
}

#[test]
fn memory_does_not_grow_with_the_file() {
    let seen = watched(&Testbed::new(), &["--method", "scp,sftp,pipe", "--rounds", "1", "--full"]);
    eprintln!("peak memory {:.1} MB", seen.peak_kb as f64 / 1000.0);
    assert!(seen.peak_kb > 0 && seen.peak_kb < MOST_MEMORY_KB, "{} kB", seen.peak_kb);
}

#[test]
fn own_cpu_in_and_between_slices_is_recorded() {
    let seen = watched(&Testbed::new(), &["--method", "sftp", "--rounds", "2"]);
    let all_s = seen.last_s - seen.first_s.unwrap();
    eprintln!(
        "own CPU: {:.1} ms while connections were fed, {:.1} ms in a round with all else",
        seen.in_samples_s * 1000.0,
        all_s * 1000.0
    );
    assert!(seen.rounds == 4 && seen.in_samples_s > 0.0, "{} {}", seen.rounds, seen.in_samples_s);
}

#[test]
fn help_needs_no_host() {
    let once = || {
        let begun = Instant::now();
        let output = Command::new(PROGRAM).arg("--help").output().unwrap();
        assert!(output.status.success());
        begun.elapsed()
    };
    let best = (0..20).map(|_| once()).min().unwrap();
    eprintln!("--help takes {:.1} ms", best.as_secs_f64() * 1000.0);
}
