//! The program as a user runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use crate::testbed::{CHACHA, GCM, PROGRAM, need, schema};

/// A directory for journals.
struct Place(TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().unwrap())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).env("XDG_DATA_HOME", self.0.path()).stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn journals(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.0.path().join("cipher-survey"));
        entries.into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// It ended with this code, and standard error contains these words.
fn assert_ended(output: &Output, code: i32, words: &[&str]) {
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    for word in words {
        assert!(stderr(output).contains(word), "{word:?} is not in {output:?}");
    }
}

fn has_aes() -> bool {
    fs::read_to_string("/proc/cpuinfo").unwrap().contains(" aes ")
}

/// Ratios of medians of interleaved measurements: noise falls on all alike, and the bounds are far
/// from what is usually measured (15 to 45 times, and 1).
#[test]
fn with_aes_disabled_gcm_costs_many_times_as_much_and_chacha_the_same() {
    let place = Place::new();
    let ciphers = format!("{GCM},{CHACHA}");
    let arguments = ["cores", "--cipher", &ciphers, "--size", "8192,32768", "--seconds", "8"];
    let output = place.run(&[&arguments[..], &["--format", "json"]].concat());
    assert_ended(&output, 0, &["measurements", "journal: "]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [journal] = &place.journals()[..] else { panic!("{output:?}") };
    let lines = schema::assert_journal(&fs::read_to_string(journal).unwrap(), "cores");
    assert!(lines > 100, "{lines} lines");
    let figures = report["figures"].as_array().unwrap();
    if !has_aes() {
        assert!(report["header"]["skipped"][0]["what"] == "AES disabled", "{report}");
        return;
    }
    assert_eq!(figures.len(), 2 * 2 * 2 * 2 * 2);
    for open in figures.iter().filter(|figure| figure["aes_disabled_by"].is_null()) {
        let same = |other: &&Value| {
            let keys = ["implementation", "cipher", "work", "payload_bytes"];
            !other["aes_disabled_by"].is_null() && keys.iter().all(|key| other[key] == open[key])
        };
        let aes_disabled = figures.iter().find(same).unwrap();
        let ratio = open["mb_per_s"].as_f64().unwrap() / aes_disabled["mb_per_s"].as_f64().unwrap();
        match open["cipher"] == GCM {
            true => assert!(ratio > 5.0, "{ratio} {open} {aes_disabled}"),
            false => assert!((0.6..1.7).contains(&ratio), "{ratio} {open} {aes_disabled}"),
        }
    }
}

#[test]
fn an_unknown_name_is_refused_with_the_list_of_names() {
    let place = Place::new();
    for (arguments, words) in [
        (&["--cipher", "blowfish-cbc"][..], &["unknown cipher \"blowfish-cbc\"", "3des-cbc"][..]),
        (&["--impl", "openssl"], &["unknown library \"openssl\"", "aws-lc-rs, libcrypto, ring"]),
        (&["--mac", "umac-64@openssh.com"], &["unknown MAC \"umac-64@openssh.com\"", "hmac-sha1"]),
        (&["--size", "100"], &["unknown size \"100\"", "64, 256, 1024, 8192, 32768"]),
        (&["--seconds", "1", "--size", "all"], &["do not fit into 1 s", "--seconds"]),
        (&["--seconds", "0"], &["--seconds"]),
        (&["--impl", "ring", "--cipher", "aes128-ctr"], &["nothing to measure", "ring: it has no"]),
        (&["--libcrypto", "/etc/passwd", "--impl", "libcrypto"], &["/etc/passwd can't be loaded"]),
        (&["--output", "/nonexistent/report"], &["/nonexistent/report"]),
    ] {
        let output = place.run(&[&["cores"], arguments].concat());
        assert_ended(&output, 2, words);
        assert!(output.stdout.is_empty(), "{output:?}");
    }
    assert_eq!(place.journals(), Vec::<PathBuf>::new());
}

#[test]
fn a_libcrypto_of_another_abi_is_left_out_with_its_version() {
    let place = Place::new();
    let source = place.0.path().join("old.c");
    let library = place.0.path().join("libcrypto-old.so");
    let text = "const char *SSLeay_version(int t) { return \"OpenSSL 1.0.2u  20 Dec 2019\"; }";
    fs::write(&source, text).unwrap();
    let made = Command::new(need("cc", "gcc"))
        .args(["-shared", "-fPIC", "-o"])
        .args([&library, &source])
        .status();
    assert!(made.unwrap().success());
    let library = library.to_str().unwrap();
    let few = ["--cipher", CHACHA, "--seconds", "1", "--libcrypto", library];
    let output = place.run(&[&["cores"], &few[..]].concat());
    assert_ended(&output, 0, &[]);
    let shown = stdout(&output).replace("\n  ", " ");
    for words in ["aws-lc-rs, packets of", "OpenSSL 1.0.2u", "1.1.0 or later is needed"] {
        assert!(shown.contains(words), "{words:?} is not in {shown}");
    }
    let named = place.run(&[&["cores", "--impl", "libcrypto"], &few[..]].concat());
    assert_ended(&named, 2, &["OpenSSL 1.0.2u", "EVP_CIPHER_CTX_new"]);
}

#[test]
fn any_user_can_measure_without_a_network() {
    let place = Place::new();
    // In a directory that the account can read, wherever it was built.
    let program = place.0.path().join("cipher-survey");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(place.0.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let journal = place.0.path().join("cores.jsonl");
    let output = Command::new(need("unshare", "util-linux"))
        .args(["--net", "runuser", "-u", "nobody", "--"])
        .arg(&program)
        .args(["cores", "--cipher", CHACHA, "--seconds", "1", "--journal"])
        .arg(&journal)
        .env_remove("HOME")
        .output()
        .unwrap();
    assert_ended(&output, 0, &[]);
    assert!(stdout(&output).contains(CHACHA), "{output:?}");
}

fn started(place: &Place) -> Child {
    let arguments = ["cores", "--cipher", CHACHA, "--seconds", "60"];
    let mut command = place.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    let deadline = Instant::now() + Duration::from_secs(120);
    let measured = |path: &PathBuf| fs::read_to_string(path).unwrap().contains("\"sample\"");
    while !place.journals().iter().any(measured) {
        assert!(Instant::now() < deadline, "nothing is measured");
        std::thread::sleep(Duration::from_millis(20));
    }
    child
}

fn signal(pid: u32, name: &str) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
}

#[test]
fn an_interrupt_keeps_and_shows_what_was_measured() {
    let place = Place::new();
    let child = started(&place);
    signal(child.id(), "-INT");
    let output = child.wait_with_output().unwrap();
    assert_ended(&output, 130, &["journal: "]);
    let shown = stdout(&output).replace("\n  ", " ");
    assert!(shown.contains("interrupted before all rounds were done"), "{shown}");
    let again = place.run(&["report"]);
    assert_eq!(stdout(&again), stdout(&output));
}

#[test]
fn what_was_measured_before_a_worker_process_dies_is_kept() {
    let place = Place::new();
    let child = started(&place);
    let children = format!("/proc/{0}/task/{0}/children", child.id());
    let worker = fs::read_to_string(children).unwrap();
    let worker: u32 = worker.split_whitespace().next().unwrap().parse().unwrap();
    signal(worker, "-KILL");
    let output = child.wait_with_output().unwrap();
    assert_ended(&output, 1, &["journal: "]);
    let shown = stdout(&output).replace("\n  ", " ");
    assert!(shown.contains("warning: the worker process"), "{shown}");
    assert!(shown.contains("ended (signal: 9 (SIGKILL))"), "{shown}");
    assert!(shown.contains(CHACHA), "{shown}");
}

fn kept(place: &Place, name: &str, more: &[&str]) -> PathBuf {
    let journal = place.0.path().join(name);
    let few = ["cores", "--quiet", "--cipher", GCM, "--seconds", "1", "--journal"];
    let output = place.run(&[&few[..], &[journal.to_str().unwrap()], more].concat());
    assert_ended(&output, 0, &[]);
    journal
}

#[test]
fn a_journal_of_cores_is_reported_and_compared_and_is_no_survey() {
    let place = Place::new();
    let (one, two) = (kept(&place, "one.jsonl", &[]), kept(&place, "two.jsonl", &[]));
    let (one, two) = (one.to_str().unwrap(), two.to_str().unwrap());
    for format in ["table", "json", "csv", "markdown", "html"] {
        let report = place.run(&["report", one, "--format", format]);
        assert_ended(&report, 0, &[]);
        assert!(stdout(&report).contains("aes128-gcm"), "{report:?}");
        let compared = place.run(&["compare", one, two, "--format", format]);
        assert_ended(&compared, 0, &[]);
        assert!(stdout(&compared).contains("aes128-gcm"), "{compared:?}");
    }
    let side = stdout(&place.run(&["compare", one, two]));
    assert!(side.contains("side by side: aws-lc-rs, packets of 32768 bytes, seal"), "{side}");
    let survey = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/records/scp-1.jsonl");
    let survey = survey.to_str().unwrap();
    let mixed = place.run(&["compare", one, survey]);
    assert_ended(&mixed, 2, &["1 of the 2 journals are of cores", "one kind at a time"]);
    assert_ended(&place.run(&["report", one, "--wide"]), 2, &["--wide applies to surveys only"]);
    assert_ended(&place.run(&["recommend", one]), 2, &["\"cores\"", "\"survey\" is needed"]);
    let wrong = place.run(&["report", survey, "--wide", "--cores", survey]);
    assert_ended(&wrong, 2, &["not a journal of cores"]);
    let idle = place.run(&["report", survey, "--cores", one]);
    assert_ended(&idle, 2, &["without --wide; add --wide"]);
    let unchecked = place.run(&["compare", one, two, "--fail-above", "5%"]);
    assert_ended(&unchecked, 2, &["--fail-above applies to surveys only"]);
    let explained = place.run(&["report", survey, "--wide", "--cores", one]);
    assert_ended(&explained, 0, &[]);
}
