//! The built-in client against OpenSSH's, and against the least that a russh program can do.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use cipher_survey::model::Direction;
use serde::{Deserialize, Serialize};

use crate::Report;
use crate::ends::Ends;
use crate::evidence::{self, middle, pseudo_median};
use crate::minimal;
use crate::series::many;
use crate::testbed::{ALL_CIPHERS, CHACHA, GCM, Options, PROGRAM};

const ROUNDS: usize = 15;
/// Both ends have it, and no transfer's bottleneck is the MAC alone.
const MAC: &str = "hmac-sha2-256-etm@openssh.com";
/// With the bytes of a transfer: about half a second each.
const JUDGED: [(&str, u64); 6] = [
    (GCM, 512 << 20),
    ("aes256-gcm@openssh.com", 512 << 20),
    (CHACHA, 256 << 20),
    ("aes128-ctr", 256 << 20),
    ("aes192-ctr", 256 << 20),
    ("aes256-ctr", 256 << 20),
];
/// Where russh itself is the bottleneck: it encrypts one block per call.
const SHOWN: [(&str, u64); 2] = [("aes128-cbc", 128 << 20), ("3des-cbc", 8 << 20)];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Client {
    OpenSsh,
    BuiltIn,
    Minimal,
}

const CLIENTS: [Client; 3] = [Client::OpenSsh, Client::BuiltIn, Client::Minimal];

/// One transfer, or a connection that moves one byte.
#[derive(Serialize, Deserialize)]
struct Run {
    round: usize,
    client: Client,
    /// Absent: a connection that moves one byte, measured until it arrives.
    transfer: Option<(String, Direction, u64)>,
    seconds: f64,
    /// User and system seconds by `wait4`.
    cpu_s: f64,
    largest_kib: i64,
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    let ends = Ends::new(Options { server: ALL_CIPHERS, ordinary: true, ..Options::default() });
    let link = ends.testbed.path("russh");
    std::os::unix::fs::symlink(PROGRAM, &link).unwrap();
    let mut runs = Vec::new();
    for round in 0..many(ROUNDS) {
        for k in 0..JUDGED.len() + SHOWN.len() {
            let (cipher, bytes) =
                JUDGED.iter().chain(&SHOWN).copied().cycle().nth(k + round).unwrap();
            for direction in [Direction::Upload, Direction::Download] {
                for client in turned(round + k) {
                    // Where russh is the bottleneck the least program is no faster than the client.
                    if client == Client::Minimal && SHOWN.iter().any(|(name, _)| *name == cipher) {
                        continue;
                    }
                    let file = ends.testbed.path(&format!("data-{bytes}"));
                    if !file.exists() {
                        ends.testbed.file(&format!("data-{bytes}"), bytes);
                    }
                    runs.push(run(&ends, round, client, Some((cipher, direction, bytes)), &file));
                }
            }
        }
        for client in turned(round) {
            runs.push(run(&ends, round, client, None, Path::new("/dev/null")));
        }
        eprintln!("round {} of {ROUNDS}", round + 1);
    }
    evidence::keep_figures(&directory.join("runs.jsonl.gz"), &runs);
}

/// Another order each time.
fn turned(by: usize) -> impl Iterator<Item = Client> {
    (0..CLIENTS.len()).map(move |k| CLIENTS[(k + by) % CLIENTS.len()])
}

#[allow(clippy::zombie_processes, reason = "wait4 reaps it")]
fn run(
    ends: &Ends,
    round: usize,
    client: Client,
    transfer: Option<(&str, Direction, u64)>,
    file: &Path,
) -> Run {
    let (cipher, direction) =
        transfer.map_or((GCM, Direction::Download), |(cipher, direction, _)| (cipher, direction));
    let remote = match (transfer, direction) {
        (None, _) => "echo".to_owned(),
        (_, Direction::Upload) => "cat >/dev/null".to_owned(),
        (_, Direction::Download) => format!("cat {}", file.display()),
    };
    let mut command = match client {
        Client::OpenSsh => ssh(ends, "ssh", cipher, &remote),
        Client::BuiltIn => ssh(ends, ends.testbed.path("russh").to_str().unwrap(), cipher, &remote),
        Client::Minimal => {
            let own = std::env::current_exe().unwrap();
            let mut command = Ends::on_the_clients_core(own.to_str().unwrap());
            command.args([minimal::WORD, &ends.testbed.port().to_string(), cipher, MAC, &remote]);
            command.arg(ends.testbed.path("client_key"));
            command
        }
    };
    match direction {
        Direction::Upload => command.stdin(File::open(file).unwrap()),
        Direction::Download => command.stdin(Stdio::null()),
    };
    command.stdout(if transfer.is_none() { Stdio::piped() } else { Stdio::null() });
    let started = Instant::now();
    let mut child = command.spawn().unwrap();
    let first_byte_s = child.stdout.take().map(|mut stdout| {
        stdout.read_exact(&mut [0]).unwrap();
        started.elapsed().as_secs_f64()
    });
    let (cpu_s, largest_kib) = wait4(child.id()).unwrap();
    Run {
        round,
        client,
        transfer: transfer.map(|(cipher, direction, bytes)| (cipher.into(), direction, bytes)),
        seconds: first_byte_s.unwrap_or_else(|| started.elapsed().as_secs_f64()),
        cpu_s,
        largest_kib,
    }
}

fn ssh(ends: &Ends, program: &str, cipher: &str, remote: &str) -> Command {
    let mut command = Ends::on_the_clients_core(program);
    command.args(["-c", cipher, "-m", MAC, "-F"]).arg(ends.testbed.path("ssh_config"));
    command.args(["testbed", remote]);
    command
}

/// CPU seconds and KiB of a child, which has to succeed.
fn wait4(pid: u32) -> io::Result<(f64, i64)> {
    let mut status = 0;
    // SAFETY: rusage is plain data for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to live locals of the right type.
    if unsafe { libc::wait4(pid as i32, &mut status, 0, &mut usage) } < 0 {
        return Err(io::Error::last_os_error());
    }
    assert_eq!(status, 0, "a client failed");
    let seconds = |time: libc::timeval| time.tv_sec as f64 + time.tv_usec as f64 / 1e6;
    Ok((seconds(usage.ru_utime) + seconds(usage.ru_stime), usage.ru_maxrss))
}

/// One cipher in one direction: the built-in client's figures as multiples of the others'.
struct Compared {
    direction: Direction,
    cipher: &'static str,
    /// MB/s of OpenSSH and of the built-in client.
    mb_per_s: (f64, f64),
    /// Rate and CPU against OpenSSH.
    openssh: (f64, f64),
    /// The same against the least program, where that was measured.
    least: Option<(f64, f64)>,
}

impl Compared {
    fn of(runs: &[Run], direction: Direction, cipher: &'static str, bytes: u64) -> Compared {
        let transfer = (cipher.to_string(), direction, bytes);
        let of = |client: Client| bulks(runs, client, &transfer);
        let (open, own, least) = (of(Client::OpenSsh), of(Client::BuiltIn), of(Client::Minimal));
        let mb_per_s = |bulks: &[(f64, f64)]| {
            let rate = |(seconds, _): &(f64, f64)| bytes as f64 / 1e6 / seconds;
            middle(&bulks.iter().map(rate).collect::<Vec<f64>>())
        };
        let against = |other: &[(f64, f64)]| {
            (ratio(other, &own, |bulk| bulk.0), ratio(&own, other, |bulk| bulk.1))
        };
        Compared {
            direction,
            cipher,
            mb_per_s: (mb_per_s(&open), mb_per_s(&own)),
            openssh: against(&open),
            least: (!least.is_empty()).then(|| against(&least)),
        }
    }

    fn row(&self) -> String {
        let Compared { direction, cipher, mb_per_s: (open, own), openssh: (rate, cpu), .. } = self;
        let row =
            format!("| {direction} | {cipher} | {open:.0} | {own:.0} | {rate:.2} | {cpu:.2} |");
        match self.least {
            Some((rate, cpu)) => format!("{row} {rate:.2} | {cpu:.2} |\n"),
            None => row + "\n",
        }
    }
}

pub fn report(directory: &Path) -> Report {
    let runs: Vec<Run> = evidence::figures(&directory.join("runs.jsonl.gz"));
    let rounds = 1 + runs.iter().map(|run| run.round).max().unwrap_or(0);
    let directions = [Direction::Upload, Direction::Download];
    let compared = |of: &[(&'static str, u64)]| -> Vec<Compared> {
        let pairs = directions.iter().flat_map(|way| of.iter().map(move |of| (*way, of)));
        pairs
            .map(|(direction, (cipher, bytes))| Compared::of(&runs, direction, cipher, *bytes))
            .collect()
    };
    let (judged, shown) = (compared(&JUDGED), compared(&SHOWN));
    let mut text = introduction(rounds);
    text.extend(judged.iter().map(Compared::row));
    let mut missed = Vec::new();
    let mut against_least = String::new();
    for direction in directions {
        let judged = judged.iter().filter(|one| one.direction == direction);
        for Compared { cipher, openssh: (rate, _), .. } in judged.clone() {
            if *rate < 0.92 {
                missed.push(format!("{direction} {cipher}: {rate:.2} of OpenSSH's rate"));
            }
        }
        let (rate, cpu) = geometric_means(judged.filter_map(|one| one.least));
        against_least +=
            &format!("; against the least program, {direction}: rate {rate:.3}, CPU {cpu:.3}");
        if rate < 0.95 {
            missed.push(format!("{direction}: {rate:.3} of the least program's rate"));
        }
        if cpu > 1.05 {
            missed.push(format!("{direction}: {cpu:.3} times the least program's CPU"));
        }
    }
    let (rate, cpu) = geometric_means(judged.iter().map(|one| one.openssh));
    text += &format!(
        "\nGeometric means against OpenSSH: rate {rate:.3}, CPU {cpu:.3}{against_least}.\n"
    );
    let (setup, mut bounds) = setup_and_memory(&runs);
    text += &setup;
    text += &slow_in_russh(&shown);
    bounds.insert(0, (rate < 1.0, format!("the geometric mean of the rates is {rate:.3}")));
    bounds.insert(1, (cpu > 1.0, format!("the geometric mean of CPU is {cpu:.3}")));
    bounds.push((rounds < 15, format!("only {rounds} rounds")));
    missed.extend(bounds.into_iter().filter_map(|(missed, text)| missed.then_some(text)));
    Report { text, missed }
}

fn introduction(rounds: usize) -> String {
    format!(
        "# The built-in client\n\n\
         {rounds} interleaved rounds against one sshd (OpenSSH), each end on a core of its own: \
         every transfer by OpenSSH's `ssh`, by the built-in client, and by the least that a russh \
         program can do (`tests/validation/minimal.rs`); MAC {MAC} where one is needed. Time from \
         the program's start to its end and its CPU by `wait4`, each less the median of a connection \
         that moves one byte. Rates and CPU are those of the built-in client as multiples of the \
         other's: the pseudo-median of the rounds (Hodges and Lehmann). Bounds: against OpenSSH \
         the geometric mean of the rates at least 1, none below 0.92, that of CPU at most 1; \
         against the least program rate and CPU within 5 %, each way; until the first byte 1.2 times \
         OpenSSH's; 64 MB of memory.\n\n\
         | direction | cipher | OpenSSH, MB/s | built-in, MB/s | rate | CPU | rate, least | CPU, \
         least |\n| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
    )
}

/// Time until the first byte and memory, and which of their bounds are missed.
fn setup_and_memory(runs: &[Run]) -> (String, Vec<(bool, String)>) {
    let first_byte = |client: Client| {
        let empty = runs.iter().filter(|run| run.client == client && run.transfer.is_none());
        middle(&empty.map(|run| run.seconds).collect::<Vec<_>>())
    };
    let (open_s, own_s) = (first_byte(Client::OpenSsh), first_byte(Client::BuiltIn));
    let own = runs.iter().filter(|run| run.client == Client::BuiltIn);
    let largest_mb = own.map(|run| run.largest_kib).max().unwrap_or(0) as f64 * 1024.0 / 1e6;
    let text = format!(
        "\nUntil the first byte: {:.0} ms, OpenSSH {:.0} ms, {:.2} times. Most memory of any \
         transfer: {largest_mb:.0} MB.\n\n",
        1e3 * own_s,
        1e3 * open_s,
        own_s / open_s
    );
    let late = "the first byte takes more than 1.2 times as long".to_owned();
    let bounds = vec![
        (own_s > 1.2 * open_s, late),
        (largest_mb > 64.0, format!("{largest_mb:.0} MB of memory")),
    ];
    (text, bounds)
}

fn slow_in_russh(shown: &[Compared]) -> String {
    let rows: String = shown.iter().map(Compared::row).collect();
    format!(
        "Where russh itself is the bottleneck, since it encrypts CBC one block per call \
         (no bound):\n\n\
         | direction | cipher | OpenSSH, MB/s | built-in, MB/s | rate | CPU |\n\
         | --- | --- | ---: | ---: | ---: | ---: |\n{rows}"
    )
}

/// Real and CPU seconds of the bulk, round by round.
fn bulks(runs: &[Run], client: Client, of: &(String, Direction, u64)) -> Vec<(f64, f64)> {
    let empty: Vec<&Run> =
        runs.iter().filter(|run| run.client == client && run.transfer.is_none()).collect();
    let seconds = middle(&empty.iter().map(|run| run.seconds).collect::<Vec<_>>());
    let cpu_s = middle(&empty.iter().map(|run| run.cpu_s).collect::<Vec<_>>());
    let same = |run: &&Run| run.client == client && run.transfer.as_ref() == Some(of);
    runs.iter().filter(same).map(|run| (run.seconds - seconds, run.cpu_s - cpu_s)).collect()
}

/// One figure of the first as a multiple of the second's.
fn ratio(first: &[(f64, f64)], second: &[(f64, f64)], figure: fn(&(f64, f64)) -> f64) -> f64 {
    let both = first.iter().zip(second);
    let logs: Vec<f64> = both.map(|(a, b)| (figure(a) / figure(b)).ln()).collect();
    pseudo_median(&logs)[1].exp()
}

fn geometric_means(pairs: impl Iterator<Item = (f64, f64)>) -> (f64, f64) {
    let (first, second): (Vec<f64>, Vec<f64>) = pairs.unzip();
    (geometric_mean(&first), geometric_mean(&second))
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}
