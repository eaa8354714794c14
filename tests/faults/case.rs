//! One row of a table of faults: where and what → outcome, exit code, messages, leftovers.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cipher_survey::model::units::is_obeyed;
use serde_json::Value;

use crate::testbed::relay::{Manner, Relay};
use crate::testbed::{GCM, Run, Testbed, children, command_line, descendants, measured, rounds};

/// A fault in a survey of one cipher.
#[derive(Clone, Copy)]
pub struct Case {
    /// Where, and what.
    pub name: &'static str,
    /// The host, and whatever of it is not as usual.
    pub testbed: fn() -> Testbed,
    /// Arguments besides those that all have.
    pub arguments: &'static str,
    /// Arguments that are known only once the testbed is made.
    pub more: fn(&Testbed) -> Vec<String>,
    /// Of the program.
    pub environment: fn(&Testbed) -> Vec<(&'static str, String)>,
    /// Is done while the survey runs.
    pub fault: fn(&mut Testbed, &mut Survey),
    pub ciphers: &'static str,
    pub rounds: u32,
    /// Bytes of FILE; none: no FILE.
    pub file: u64,
    pub code: i32,
    /// Samples of the rounds.
    pub measured: usize,
    pub failed: usize,
    /// So many of those that fail may be measured instead: they were running when the fault came.
    pub escape: usize,
    /// What standard error says, or the reason of a failed sample.
    pub words: &'static [&'static str],
    /// Checks what is left on either end, and removes it.
    pub after: fn(&mut Testbed),
}

/// Small files by scp: a sample takes half a second.
pub const SMALL: &str = "--method scp --limit 1MiB";
/// Uploads, nothing stored.
pub const LONG: &str = "--method pipe --directions upload";

/// A survey without a fault.
pub const CASE: Case = Case {
    name: "",
    testbed: Testbed::new,
    arguments: "",
    more: |_| Vec::new(),
    fault: |_, _| {},
    ciphers: GCM,
    rounds: 2,
    file: 0,
    code: 0,
    measured: 0,
    failed: 0,
    escape: 0,
    environment: |_| Vec::new(),
    words: &[],
    after: |_| {},
};

/// A survey that runs.
pub struct Survey {
    child: Child,
}

impl Survey {
    pub fn start(testbed: &Testbed, arguments: &[&str], environment: &[(&str, String)]) -> Survey {
        let mut command = testbed.program();
        command
            .envs(environment.iter().map(|(name, value)| (name, value)))
            .args(["--format", "json"])
            .args(arguments)
            .arg("--ssh-config")
            .arg(testbed.path("ssh_config"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Survey { child: command.spawn().unwrap() }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The client program of the control connection: the one with a verbose log.
    pub fn control(&self) -> u32 {
        let is_control = |pid: &u32| command_line(*pid).contains(" -vv ");
        children(self.id()).into_iter().find(is_control).expect("the control connection's client")
    }

    /// The client programs of samples; below scp and sftp it is a child of a child.
    pub fn clients(&self) -> Vec<u32> {
        let is_sample = |pid: &u32| command_line(*pid).contains(" -v ");
        descendants(self.id()).into_iter().filter(is_sample).collect()
    }

    /// The client program of the present sample, once it is in mid-transfer.
    pub fn client(&self) -> u32 {
        const MOVED: u64 = 2 << 20;
        within(Duration::from_secs(120), "a sample is in mid-transfer", || {
            self.clients().into_iter().find(|&pid| moved(pid) > MOVED)
        })
    }

    /// The client program of a connection that carries a slice just now.
    pub fn in_a_slice(&self) -> u32 {
        within(Duration::from_secs(120), "a slice", || self.parted().0.first().copied())
    }

    /// The client program of a connection that waits for its turn while another one carries a slice.
    pub fn between_slices(&self) -> u32 {
        within(Duration::from_secs(120), "a slice of another connection", || {
            let (moving, idle) = self.parted();
            if moving.is_empty() { None } else { idle.first().copied() }
        })
    }

    /// Client programs that move data just now, and those that have moved some and do not just now.
    fn parted(&self) -> (Vec<u32>, Vec<u32>) {
        const SLICE: u64 = 64 << 10;
        let before: Vec<(u32, u64)> =
            self.clients().into_iter().map(|pid| (pid, moved(pid))).collect();
        std::thread::sleep(Duration::from_millis(10));
        let fed = before.into_iter().filter(|(_, bytes)| *bytes > SLICE);
        let (moving, idle): (Vec<_>, Vec<_>) =
            fed.partition(|(pid, bytes)| moved(*pid) > bytes + SLICE);
        let pids = |of: Vec<(u32, u64)>| of.into_iter().map(|(pid, _)| pid).collect();
        (pids(moving), pids(idle))
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// It never keeps much of its input in memory.
    pub fn assert_small(&self) {
        const MOST_KIB: u64 = 150 << 10;
        while let Some(peak) = self.peak_kib() {
            assert!(peak < MOST_KIB, "{peak} KiB");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Absent once it has ended.
    fn peak_kib(&self) -> Option<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.split_whitespace().next()?.parse().ok()
    }

    pub fn end(self) -> Run {
        Run::of(self.child.wait_with_output().unwrap())
    }
}

impl Case {
    fn run(&self) {
        let mut testbed = (self.testbed)();
        let _mounts = Mounts::below(testbed.directory.path());
        let (target, more, many) =
            (testbed.target(), (self.more)(&testbed), self.rounds.to_string());
        let file = (self.file > 0).then(|| testbed.file("FILE", self.file).display().to_string());
        let mut arguments = vec!["--ciphers", self.ciphers, "--rounds", &many, "--seed", "1"];
        arguments.extend(self.arguments.split_whitespace());
        arguments.extend(more.iter().map(String::as_str));
        arguments.push(&target);
        arguments.extend(file.as_deref());
        let mut survey = Survey::start(&testbed, &arguments, &(self.environment)(&testbed));
        (self.fault)(&mut testbed, &mut survey);
        let run = survey.end();
        let report = serde_json::from_str::<Value>(&run.stdout).unwrap_or_default();
        // With the remedies, which are in the report.
        let said = format!("{}\n{}", run.stderr, report["summary"]["failures"]);
        let told = || format!("{:?} {said}\n{}", run.code, testbed.server_log());
        assert_eq!(run.code, Some(self.code), "{}", told());
        for word in self.words {
            assert!(said.contains(word), "{word:?} is not in {}", told());
        }
        for shown in [&run.stderr, &run.stdout] {
            let obeyed = shown.chars().find(|&c| c != '\n' && is_obeyed(c));
            assert_eq!(obeyed, None, "{}", told());
        }
        if self.code == 2 {
            assert!(run.stderr.starts_with("error: ") || run.stderr.contains("\nerror: "));
        } else {
            let (all, good) = (rounds(&report).len(), measured(&report).len());
            let escaped = good.saturating_sub(self.measured).min(self.escape);
            let failed = self.failed.saturating_sub(escaped);
            assert_eq!((good, all - good), (self.measured + escaped, failed), "{}", told());
        }
        (self.after)(&mut testbed);
        testbed.assert_nothing_left();
    }
}

/// The lines of the last survey's journal that are of one kind.
pub fn lines(testbed: &Testbed, kind: &str) -> Vec<Value> {
    let text = fs::read_to_string(testbed.journals().pop().unwrap()).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

/// One connection has failed, with a reason, and another one of its round and configuration did what was left.
pub fn was_opened_again(testbed: &mut Testbed) {
    let connections = lines(testbed, "connection");
    let (failed, good): (Vec<&Value>, Vec<&Value>) =
        connections.iter().partition(|line| line["outcome"] == "failed");
    assert!(failed.len() == 1, "{failed:#?}");
    assert!(failed[0]["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{failed:#?}");
    let again = |line: &&Value| {
        ["round", "cipher", "method"].iter().all(|key| line[key] == failed[0][key])
            && line["number"].as_u64() > failed[0]["number"].as_u64()
    };
    let second = good.into_iter().find(again);
    let second = second.unwrap_or_else(|| panic!("{connections:#?}"));
    let samples = lines(testbed, "sample");
    assert!(samples.iter().any(|sample| sample["connection"] == second["number"]), "{samples:#?}");
}

/// No connection but the control connection has failed.
pub fn none_was_opened_again(testbed: &mut Testbed) {
    let connections = lines(testbed, "connection");
    assert!(connections.iter().all(|line| line["outcome"] == "measured"), "{connections:#?}");
}

/// Bytes that a process has read.
fn moved(pid: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/io")).unwrap_or_default();
    let read = text.lines().find_map(|line| line.strip_prefix("rchar: "));
    read.and_then(|bytes| bytes.parse().ok()).unwrap_or(0)
}

/// Takes away what was mounted below a directory, whatever became of the test.
struct Mounts(PathBuf);

impl Mounts {
    fn below(directory: &Path) -> Mounts {
        Mounts(directory.to_owned())
    }
}

impl Drop for Mounts {
    fn drop(&mut self) {
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
        let places = mounts.lines().filter_map(|line| line.split(' ').nth(1));
        for place in places.filter(|place| Path::new(place).starts_with(&self.0)) {
            let _ = Command::new("umount").args(["-l", place]).status();
        }
    }
}

/// Runs a table, all of it, and names what failed.
pub fn all(cases: &[Case]) {
    all_at_once(cases, 2);
}

/// So many cases at a time.
pub fn all_at_once(cases: &[Case], at_once: usize) {
    let (next, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..at_once.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = Instant::now();
                    if catch_unwind(AssertUnwindSafe(|| case.run())).is_err() {
                        failed.lock().unwrap().push(case.name);
                    }
                    eprintln!("{:5.1} s  {}", begun.elapsed().as_secs_f64(), case.name);
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap();
    assert!(failed.is_empty(), "failed: {failed:#?}");
}

/// Waits until there is something.
pub fn within<T>(time: Duration, what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + time;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {time:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn kill(signal: &str, pid: u32) {
    let status = Command::new("kill").args([signal, &pid.to_string()]).status();
    assert!(status.unwrap().success(), "{pid}");
}

/// Through a relay that makes a small file last.
pub fn by_a_narrow_way(testbed: &Testbed) -> Vec<String> {
    by(testbed, Relay::narrow())
}

pub fn by(testbed: &Testbed, manner: Manner) -> Vec<String> {
    let relay = Relay::new(testbed.port(), manner);
    let alias = format!("HostKeyAlias={}", testbed.host_key_alias());
    ["-p", &relay.port.to_string(), "-o", &alias].map(str::to_owned).to_vec()
}
