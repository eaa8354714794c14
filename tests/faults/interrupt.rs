//! ^C in a terminal, SIGTERM and SIGKILL during a survey.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use serde_json::Value;

use crate::case::kill;
use crate::copies;
use crate::testbed::scenarios::SlowDisk;
use crate::testbed::{GCM, PROGRAM, Run, Testbed};

/// The program in a terminal of its own; what is typed goes in, what is shown comes out.
pub struct Terminal {
    keyboard: File,
    child: Child,
    screen: std::thread::JoinHandle<String>,
}

impl Terminal {
    pub fn start(testbed: &Testbed, arguments: &[&str]) -> Terminal {
        Terminal::start_in(testbed, arguments, &std::env::var("PATH").unwrap())
    }

    fn start_in(testbed: &Testbed, arguments: &[&str], path: &str) -> Terminal {
        let master: OwnedFd =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let open = || File::options().read(true).write(true).open(&name).unwrap();
        // setsid makes the terminal the controlling one, so that ^C becomes a signal.
        let child = Command::new("setsid")
            .args(["--ctty", "--wait", PROGRAM])
            .args(arguments)
            .env("PATH", path)
            .env("TMPDIR", testbed.path("tmp"))
            .env("XDG_DATA_HOME", testbed.path("xdg"))
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let keyboard = File::from(master);
        let mut from = keyboard.try_clone().unwrap();
        let screen = std::thread::spawn(move || {
            let mut shown = Vec::new();
            let mut buffer = [0; 4096];
            // The read fails once nobody has the terminal open.
            while let Ok(read) = from.read(&mut buffer) {
                if read == 0 {
                    break;
                }
                shown.extend_from_slice(&buffer[..read]);
            }
            String::from_utf8_lossy(&shown).into_owned()
        });
        Terminal { keyboard, child, screen }
    }

    /// ^C ends the program in time, which says so.
    fn interrupted_within(mut self, time: Duration) {
        self.keyboard.write_all(b"\x03").unwrap();
        let typed = Instant::now();
        let (code, screen) = self.end();
        assert!(typed.elapsed() < time, "{:?}", typed.elapsed());
        assert_eq!(code, Some(130), "{screen}");
        assert!(screen.contains("interrupted"), "{screen}");
    }

    pub fn end(mut self) -> (Option<i32>, String) {
        let code = self.child.wait().unwrap().code();
        (code, self.screen.join().unwrap())
    }
}

fn journal_is_readable(testbed: &Testbed) {
    let journal = testbed.journals().pop().unwrap();
    let report = Run::of(testbed.program().arg("report").arg(&journal).output().unwrap());
    assert_eq!(report.code, Some(0), "{report:?}");
    assert!(report.stdout.contains("aes128-gcm") && report.stdout.contains("MB/s"), "{report:?}");
}

#[test]
fn ctrl_c_ends_a_survey_in_order() {
    let testbed = Testbed::new();
    let config = testbed.path("ssh_config");
    let config = config.to_str().unwrap();
    let target = testbed.target();
    let arguments = [
        "--method",
        "pipe,scp",
        "--ciphers",
        GCM,
        "--rounds",
        "9",
        "--ssh-config",
        config,
        &target,
    ];
    let mut terminal = Terminal::start(&testbed, &arguments);
    testbed.wait_for_round();
    terminal.keyboard.write_all(b"\x03").unwrap();
    let typed = Instant::now();
    let (code, screen) = terminal.end();
    assert!(typed.elapsed() < Duration::from_secs(10), "{:?}", typed.elapsed());
    assert_eq!(code, Some(130), "{screen}");
    assert!(screen.contains("MB/s") && screen.contains("interrupted"), "{screen}");
    journal_is_readable(&testbed);
    testbed.assert_nothing_left();
}

#[test]
fn ctrl_c_ends_copies_and_keeps_what_was_measured() {
    let (testbed, client, _quota) = Testbed::slow_by_default();
    let (config, file) = (testbed.path("ssh_config"), testbed.file("FILE", copies::BYTES));
    let places =
        ["--ssh-config", config.to_str().unwrap(), &testbed.target(), file.to_str().unwrap()];
    let named = [&copies::ARGUMENTS[..], &["--client", &client], &places].concat();
    let terminal = Terminal::start(&testbed, &named);
    testbed.wait_for_samples_of("confirmation", 1);
    terminal.interrupted_within(Duration::from_secs(10));
    let journal = testbed.journals().pop().unwrap();
    let text = fs::read_to_string(&journal).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!((&last["kind"], &last["reason"]), (&"end".into(), &"interrupted".into()));
    let report = Run::of(testbed.program().arg("report").arg(&journal).output().unwrap());
    assert!(report.stdout.contains("copies: scp FILE"), "{report:?}");
    testbed.assert_nothing_left();
}

#[test]
fn ctrl_c_ends_the_timing_of_storage() {
    let testbed = Testbed::new();
    let disk = SlowDisk::new(&testbed.path("remote"));
    let file = testbed.file("FILE", 64 << 20);
    let config = testbed.path("ssh_config");
    let target = testbed.target();
    let places = ["--ssh-config", config.to_str().unwrap(), &target, file.to_str().unwrap()];
    let terminal = Terminal::start(&testbed, &[&["--ciphers", GCM], &places[..]].concat());
    let written = testbed.path("remote").join(".cipher-survey/storage");
    let deadline = Instant::now() + Duration::from_secs(20);
    while !written.exists() {
        assert!(Instant::now() < deadline, "no storage was timed");
        std::thread::sleep(Duration::from_millis(20));
    }
    terminal.interrupted_within(Duration::from_secs(10));
    assert!(testbed.journals().is_empty());
    testbed.assert_nothing_left();
    drop(disk);
}

#[test]
fn ctrl_c_ends_a_loopback_and_its_server() {
    let testbed = Testbed::new();
    let mut terminal = Terminal::start(&testbed, &["loopback", "--ciphers", GCM, "--rounds", "9"]);
    testbed.wait_for_round();
    terminal.keyboard.write_all(b"\x03").unwrap();
    let (code, screen) = terminal.end();
    assert_eq!(code, Some(130), "{screen}");
    testbed.assert_nothing_left();
}

/// A host that accepts the connection and never sends anything.
#[test]
fn ctrl_c_ends_a_list_that_waits_for_its_host() {
    let testbed = Testbed::new();
    let mute = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = mute.local_addr().unwrap().port().to_string();
    let config = testbed.path("ssh_config");
    let arguments = ["list", "testbed", "-p", &port, "--ssh-config", config.to_str().unwrap()];
    let terminal = Terminal::start(&testbed, &arguments);
    let _connection = mute.accept().unwrap();
    terminal.interrupted_within(Duration::from_secs(4));
    testbed.assert_nothing_left();
}

/// A server that takes its time, and what is asked for before it is started.
#[test]
fn ctrl_c_ends_a_loopback_that_is_just_starting() {
    let testbed = Testbed::new();
    for (name, script) in [("sshd", "sleep 1000"), ("id", "sleep 1; exec /usr/bin/id \"$@\"")] {
        let bin = testbed.path(&format!("bin-{name}"));
        fs::create_dir(&bin).unwrap();
        let (program, begun) = (bin.join(name), bin.join("begun"));
        let script = format!("#!/bin/sh\n: > {}\n{script}\n", begun.display());
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
        let terminal = Terminal::start_in(&testbed, &["loopback", "--ciphers", GCM], &path);
        let deadline = Instant::now() + Duration::from_secs(10);
        while !begun.exists() {
            assert!(Instant::now() < deadline, "{name} was not started");
            std::thread::sleep(Duration::from_millis(10));
        }
        terminal.interrupted_within(Duration::from_secs(4));
        testbed.assert_nothing_left();
    }
}

/// Shells put a signal off while they wait for their input.
#[test]
fn a_remote_shell_that_got_a_signal_still_cleans_up() {
    let testbed = Testbed::new();
    let mut command = testbed.program();
    command
        .args(["--method", "pipe", "--ciphers", GCM, "--rounds", "9", &testbed.target()])
        .arg("--ssh-config")
        .arg(testbed.path("ssh_config"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    testbed.wait_for_round();
    // During a sample, when it is not asked anything.
    std::thread::sleep(Duration::from_millis(1000));
    let owner = fs::read_to_string(testbed.path("remote/.cipher-survey/owner")).unwrap();
    kill("-TERM", owner.split_whitespace().nth(3).unwrap().parse().unwrap());
    std::thread::sleep(Duration::from_millis(100));
    child.kill().unwrap();
    child.wait().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while testbed.path("remote/.cipher-survey").exists() {
        assert!(Instant::now() < deadline, "{:?}", testbed.left());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// 50 moments, those at which something begins or ends among them by chance. Each row of five has a
/// testbed of its own.
#[test]
fn an_interrupt_at_any_moment_leaves_nothing() {
    let seed: u64 = rand::random();
    eprintln!("seed {seed}");
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
    let moments: Vec<u64> = (0..50).map(|_| random.random_range(0..4500)).collect();
    std::thread::scope(|scope| {
        for (row, moments) in moments.chunks(10).enumerate() {
            scope.spawn(move || {
                let testbed = Testbed::new();
                for (index, &milliseconds) in moments.iter().enumerate() {
                    let method = ["pipe", "sftp", "scp"][(row + index) % 3];
                    interrupt_after(&testbed, method, milliseconds);
                }
            });
        }
    });
}

/// `SigCgt` of proc(5): a bit a signal, from 1.
fn catches_interrupts(pid: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
    u64::from_str_radix(caught.trim(), 16).unwrap() & (1 << (libc::SIGINT - 1)) != 0
}

fn interrupt_after(testbed: &Testbed, method: &str, milliseconds: u64) {
    let mut command = testbed.program();
    command
        .args(["--method", method, "--sink", "file", "--limit", "4MiB", "--rounds", "99"])
        .args(["--ciphers", GCM, &testbed.target(), "--ssh-config"])
        .arg(testbed.path("ssh_config"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    std::thread::sleep(Duration::from_millis(milliseconds));
    // Before the program has taken the signal over, the signal itself ends it.
    let taken_over = catches_interrupts(child.id());
    kill("-INT", child.id());
    let signalled = Instant::now();
    let code = child.wait().unwrap().code();
    assert!(code == Some(130) || !taken_over, "{code:?} after {milliseconds} ms");
    assert!(taken_over || milliseconds < 1000, "not taken over after {milliseconds} ms");
    let took = signalled.elapsed();
    assert!(took < Duration::from_secs(10), "{took:?} after {milliseconds} ms");
    testbed.assert_nothing_left();
    for journal in testbed.journals() {
        reports_all_of(testbed, &journal);
        fs::remove_file(journal).unwrap();
    }
}

/// Whatever was measured until an interrupt is in the report.
fn reports_all_of(testbed: &Testbed, journal: &Path) {
    let text = fs::read_to_string(journal).unwrap();
    // A header that was not written yet is no journal.
    if !text.contains('\n') {
        return;
    }
    let written = text.matches("\"kind\":\"sample\"").count();
    let mut report = testbed.program();
    report.args(["report", "--format", "json"]).arg(journal);
    let run = Run::of(report.output().unwrap());
    assert_eq!(run.code, Some(0), "{run:?}\n{text}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(report["samples"].as_array().unwrap().len(), written, "{run:?}\n{text}");
}

#[test]
fn after_a_kill_the_remote_shell_cleans_up_and_the_next_survey_does_the_rest() {
    let testbed = Testbed::new();
    let start = |arguments: &[&str]| {
        let mut command = testbed.program();
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let config = testbed.path("ssh_config");
    let target = testbed.target();
    let run =
        ["--ciphers", GCM, "--rounds", "9", "--ssh-config", config.to_str().unwrap(), &target];
    for arguments in [&run[..], &["loopback", "--ciphers", GCM, "--rounds", "9"]] {
        for journal in testbed.journals() {
            fs::remove_file(journal).unwrap();
        }
        let mut child = start(arguments);
        testbed.wait_for_round();
        child.kill().unwrap();
        child.wait().unwrap();
        journal_is_readable(&testbed);
        // All that stays is our local temporary directory.
        let deadline = Instant::now() + Duration::from_secs(10);
        while testbed
            .left()
            .iter()
            .any(|left| !left.contains("/tmp/cipher-survey-") || left.contains(": "))
        {
            assert!(Instant::now() < deadline, "{:?}", testbed.left());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
    let base = ["--method", "pipe", "--ciphers", GCM, "--rounds", "1", &target];
    testbed.survey(&base);
    testbed.assert_nothing_left();
}

/// As a crash or a full disk tears it.
#[test]
fn a_journal_with_a_torn_last_line_is_read_without_it() {
    let testbed = Testbed::new();
    let survey = ["--method", "scp", "--limit", "1MiB", "--rounds", "2", "--ciphers", GCM];
    testbed.survey(&[&survey[..], &[&testbed.target()]].concat());
    let journal = testbed.journals().pop().unwrap();
    let whole = fs::read(&journal).unwrap();
    let last = whole.trim_ascii_end().iter().rposition(|&byte| byte == b'\n').unwrap() + 1;
    let torn = testbed.path("torn");
    // In its last line, and in the one before it: a sample.
    for length in [last + 1, last + (whole.len() - last) / 2, last - 20] {
        fs::write(&torn, &whole[..length]).unwrap();
        for verb in ["report", "compare", "recommend"] {
            let run = Run::of(testbed.program().arg(verb).arg(&torn).output().unwrap());
            assert_eq!(run.code, Some(0), "{verb}: {run:?}");
            assert!(run.stdout.contains("aes128-gcm"), "{verb}: {run:?}");
        }
        let run = Run::of(testbed.program().arg("report").arg(&torn).output().unwrap());
        let said = run.stdout + &run.stderr;
        assert!(said.contains("is torn and was left out"), "{said}");
    }
}
