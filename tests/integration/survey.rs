//! Whole surveys of one host.

use std::collections::HashSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::testbed::relay::Relay;
use crate::testbed::{ALL_CIPHERS, CHACHA, GCM, Options, Run, Testbed, measured, rounds, said};

#[test]
fn runs_of_scp_are_proved_and_accounted() {
    let testbed = Testbed::with(Options { server: ALL_CIPHERS, ..Options::default() });
    let file = testbed.file("file.iso", 16 << 20);
    let file = file.to_str().unwrap();
    let ciphers = format!("{GCM},aes128-ctr,3des-cbc");
    let base = ["--method", "scp", "--rounds", "1", "--full", "--ciphers", &ciphers];
    let target = testbed.target();
    let arguments = [&base[..], &[&target, file]].concat();
    let survey = testbed.survey(&arguments);
    let mut seen = HashSet::new();
    for sample in measured(&survey) {
        let text = |key: &str| sample[key].as_str().unwrap().to_owned();
        for way in ["client_to_server", "server_to_client"] {
            assert_eq!(sample["negotiated"][way]["cipher"], sample["cipher"]);
            assert_eq!(sample["negotiated"][way]["compression"], "none");
        }
        assert_eq!(sample["bytes"], 16 << 20);
        assert_eq!(sample["server"]["source"], "process");
        assert_eq!(sample["client"]["source"], "wait4");
        assert!(sample.get("slices").is_none(), "{sample}");
        for end in ["client", "server"] {
            assert!(sample[end]["bulk"]["total_s"].as_f64().unwrap() > 0.0, "{sample}");
            assert!(sample[end]["resolution_s"].as_f64().unwrap() > 0.0);
        }
        for host in ["local_host", "remote_host"] {
            assert!(sample[host]["real_s"].as_f64().unwrap() > 0.0);
        }
        assert!(sample["setup_s"].as_f64().unwrap() > 0.0);
        // With --full each download is compared with FILE.
        let downloaded = sample["direction"] == "download";
        assert_eq!(sample.get("sha256").is_some(), downloaded, "{sample}");
        seen.insert((text("direction"), text("cipher")));
    }
    assert_eq!(seen.len(), 6, "{seen:?}");
    // Each run has a connection of its own, its retries and calibration too.
    let connections = survey["connections"].as_array().unwrap();
    for sample in measured(&survey) {
        let own = connections.iter().find(|line| line["number"] == sample["connection"]).unwrap();
        assert_eq!(own["cipher"], sample["cipher"], "{own}");
    }
    let digests: Vec<&Value> =
        survey["samples"].as_array().unwrap().iter().filter_map(|t| t.get("sha256")).collect();
    assert!(!digests.is_empty());
    assert!(digests.iter().all(|digests| digests["sent"] == digests["received"]));
    let hash = said(Command::new("sha256sum").arg(file));
    assert!(digests.iter().any(|d| hash.starts_with(d["sent"].as_str().unwrap())));
    testbed.assert_nothing_left();
}

#[test]
fn macs_are_swept_for_the_ciphers_that_need_one() {
    let testbed = Testbed::new();
    let macs = "umac-64-etm@openssh.com,hmac-sha2-256";
    let ciphers = format!("aes128-ctr,{GCM}");
    let survey = testbed.survey(&[
        "--method",
        "pipe",
        "--directions",
        "upload",
        "--rounds",
        "1",
        "--limit",
        "1MiB",
        "--full",
        "--macs",
        macs,
        "--ciphers",
        &ciphers,
        &testbed.target(),
    ]);
    let pairs: HashSet<(String, String)> = measured(&survey)
        .iter()
        .map(|sample| {
            let way = &sample["negotiated"]["client_to_server"];
            let text = |key: &str| way[key].as_str().unwrap().to_owned();
            (text("cipher"), text("mac"))
        })
        .collect();
    let pair = |cipher: &str, mac: &str| (cipher.to_owned(), mac.to_owned());
    let expected = [
        pair("aes128-ctr", "umac-64-etm@openssh.com"),
        pair("aes128-ctr", "hmac-sha2-256"),
        pair(GCM, "<implicit>"),
    ];
    assert_eq!(pairs, HashSet::from(expected));
}

#[test]
fn a_pipe_writes_a_file_only_where_it_is_told_to() {
    let testbed = Testbed::new();
    // A pipe moves whole blocks.
    let bytes = 77 << 16;
    let file = testbed.file("file", bytes);
    let base = ["--method", "pipe", "--rounds", "1", "--full", "--ciphers", GCM];
    let target = testbed.target();
    let to_file = ["--sink", "file", &target, file.to_str().unwrap()];
    let survey = testbed.survey(&[&base[..], &to_file].concat());
    let samples = measured(&survey);
    assert_eq!(samples.len(), 2);
    assert!(samples.iter().all(|sample| sample["bytes"] == bytes), "{samples:?}");
    assert!(samples.iter().any(|sample| sample.get("sha256").is_some()), "{samples:?}");
    testbed.assert_nothing_left();

    let named = [&base[..], &["--dry-run", &target, file.to_str().unwrap()]].concat();
    let run = testbed.run(&named);
    assert!(run.stderr.contains("writes no files"), "{run:?}");
    let run = testbed.run(&[&named[..], &["--sink", "file"]].concat());
    assert!(run.stderr.contains("writes temporary files remotely (in "), "{run:?}");
    // The CPU of the other end, and what it means.
    assert!(run.stderr.contains("AES") && run.stderr.contains("a survey tells"), "{run:?}");
}

/// Names of all files in the program's temporary directory while it runs.
fn files_made(testbed: &Testbed, arguments: &[&str]) -> HashSet<String> {
    let mut command = testbed.program();
    command.args(arguments).arg("--ssh-config").arg(testbed.path("ssh_config"));
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let mut seen = HashSet::new();
    let status = loop {
        for scratch in fs::read_dir(testbed.path("tmp")).unwrap().flatten() {
            let files = fs::read_dir(scratch.path()).into_iter().flatten().flatten();
            seen.extend(files.map(|file| file.file_name().into_string().unwrap()));
        }
        match child.try_wait().unwrap() {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    };
    assert!(status.success(), "{status} {seen:?}");
    seen
}

#[test]
fn a_chunk_is_copied_locally_only_for_what_sends_it() {
    let testbed = Testbed::new();
    let target = testbed.target();
    let made = |method: &str| {
        let base = ["--rounds", "1", "--ciphers", GCM, "--limit", "8MiB", "--method", method];
        let seen = files_made(&testbed, &[&base[..], &[&target]].concat());
        assert!(seen.contains("random-data"), "{seen:?}");
        seen.iter().filter(|name| name.starts_with("chunk-")).count()
    };
    assert_eq!(made("pipe"), 0);
    assert!(made("sftp") > 0);
    testbed.assert_nothing_left();
}

#[test]
fn two_directories_give_two_tables() {
    let testbed = Testbed::new();
    fs::create_dir(testbed.path("remote/other")).unwrap();
    let also = format!("{}/other", testbed.target());
    let survey = testbed.survey(&[
        "--method",
        "pipe",
        "--directions",
        "download",
        "--rounds",
        "1",
        "--ciphers",
        GCM,
        "--also",
        &also,
        &testbed.target(),
    ]);
    assert_eq!(survey["summary"]["tables"].as_array().unwrap().len(), 2);
    assert_eq!(measured(&survey).len(), 2);
    testbed.assert_nothing_left();
}

#[test]
fn a_dry_run_prints_the_plan_and_leaves_nothing() {
    let testbed = Testbed::new();
    let target = testbed.target();
    let file = testbed.file("file", 4 << 20);
    let run = testbed.run(&["--dry-run", "--rounds", "2", &target, file.to_str().unwrap()]);
    assert_eq!(run.code, Some(0), "{run:?}");
    // Six ciphers that a server offers by default.
    let plan = "plan: 2 rounds; a round opens 6 connections, each fed in turn for about ";
    assert!(run.stderr.contains(plan) && run.stderr.contains("; moves at most 7 GiB; "), "{run:?}");
    assert!(run.stderr.contains("writes temporary files remotely (in "), "{run:?}");
    assert!(run.stderr.contains(testbed.path("remote").to_str().unwrap()), "{run:?}");
    assert!(run.stdout.is_empty() && testbed.journals().is_empty());
    assert!(!run.stderr.contains("to time the storage"), "{run:?}");
    let large = testbed.file("large", 16 << 20);
    let run = testbed.run(&["--dry-run", &target, large.to_str().unwrap()]);
    assert!(
        run.stderr.contains(" and locally, first up to 256 MiB to time the storage\n"),
        "{run:?}"
    );
    // Whole files can't be made smaller: twelve of 4 MiB.
    let run = testbed.run(&["--dry-run", "--full", &target, file.to_str().unwrap()]);
    assert!(run.stderr.contains("; moves 48 MiB a round; "), "{run:?}");
    testbed.assert_nothing_left();
}

#[test]
fn no_more_is_moved_than_allowed() {
    let testbed = Testbed::new();
    let target = testbed.target();
    let file = testbed.file("file", 8 << 20);
    let base = ["--rounds", "9", "--ciphers", GCM, "--max-bytes", "40MB", &target];
    for method in ["sftp", "pipe"] {
        let more = ["--method", method, file.to_str().unwrap()];
        let survey = testbed.survey(&[&base[..], &more].concat());
        // All rounds that were asked for fit into it.
        assert_eq!(survey["end"]["reason"], "rounds_done", "{}", survey["end"]);
        assert_eq!(measured(&survey).len(), 18, "{survey}");
        let wire = |key: &str| {
            let lines = survey["connections"].as_array().unwrap().iter();
            lines.map(|line| line["wire"][key].as_u64().unwrap()).sum::<u64>()
        };
        let moved = wire("sent") + wire("received");
        // A slice that has begun is not cut off, and chunks are put in place.
        assert!((10_000_000..60_000_000).contains(&moved), "{method}: {moved}");
    }
    let survey =
        testbed.survey(&[&base[..], &["--method", "scp", file.to_str().unwrap()]].concat());
    let moved = |sample: &Value| sample["bytes"].as_u64().unwrap();
    let moved: u64 = measured(&survey).iter().map(|sample| moved(sample)).sum();
    assert!((10_000_000..50_000_000).contains(&moved), "scp: {moved}");

    // Whole files can't be made smaller.
    let full = ["--full", "--ciphers", GCM, "--max-bytes", "10MB", &target, file.to_str().unwrap()];
    let run = testbed.run(&full);
    let both = "one round of --full moves 16 MiB, more than --max-bytes 9.5 MiB";
    assert!(run.code == Some(2) && run.stderr.contains(both), "{run:?}");
    testbed.assert_nothing_left();
}

#[test]
fn the_same_seed_gives_the_same_order() {
    let testbed = Testbed::new();
    let order = || -> Vec<String> {
        let survey = testbed.survey(&[
            "--method",
            "pipe",
            "--rounds",
            "2",
            "--limit",
            "1MiB",
            "--full",
            "--seed",
            "7",
            &testbed.target(),
        ]);
        let name = |sample: &&Value| format!("{}{}", sample["direction"], sample["cipher"]);
        rounds(&survey).iter().map(name).collect()
    };
    let first = order();
    assert_eq!(first.len(), 24);
    assert_eq!(first, order());
    // Rounds differ from each other.
    assert_ne!(first[..12], first[12..]);
}

#[test]
fn the_report_comes_from_the_journal_alone() {
    let testbed = Testbed::new();
    let target = testbed.target();
    let base = ["--method", "pipe", "--rounds", "1", "--limit", "1MiB", "--full", "--ciphers", GCM];
    let run = testbed.run(&[&base[..], &[&target]].concat());
    assert_eq!(run.code, Some(0), "{run:?}");
    let [journal] = testbed.journals().try_into().unwrap();
    let again = testbed.program().arg("report").arg(&journal).output().unwrap();
    assert_eq!(String::from_utf8(again.stdout).unwrap(), run.stdout);
    assert!(
        run.stdout
            .lines()
            .all(|line| { line.chars().count() <= 80 || line.starts_with("Journal: ") }),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("aes128-gcm") && run.stdout.contains("Journal: "));

    // A named journal is never overwritten, and a report is written whole or not at all.
    let named = testbed.path("mine.jsonl");
    let named = named.to_str().unwrap();
    let output = testbed.path("report.json");
    let out = ["--journal", named, "--format", "json", "--output", output.to_str().unwrap()];
    let run = testbed.run(&[&base[..], &out, &[&target]].concat());
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), ""), "{run:?}");
    let report: Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
    assert_eq!(measured(&report).len(), 2);
    let run = testbed.run(&[&base[..], &["--journal", named, &target]].concat());
    run.assert_refused(&["exists", "--journal"]);
    testbed.assert_nothing_left();
}

#[test]
fn a_budget_ends_the_rounds() {
    let testbed = Testbed::new();
    let arguments = ["--method", "pipe", "--budget", "4s", "--rounds", "99", "--ciphers", GCM];
    let survey = testbed.survey(&[&arguments[..], &[&testbed.target()]].concat());
    assert_eq!(survey["end"]["reason"], "budget");
    let samples = measured(&survey);
    let fed_s: f64 = samples.iter().map(|sample| sample["real_s"].as_f64().unwrap()).sum();
    assert!(samples.len() >= 2 && samples.len() < 2 * 99, "{}", samples.len());
    assert!(fed_s < 4.0, "{fed_s}");
}

/// Through a relay of 1 Mbit/s, where a file of the usual size would take minutes.
#[test]
fn a_slow_path_has_its_rounds() {
    let testbed = Testbed::new();
    let relay = Relay::new(testbed.port(), Relay::crawling());
    let (port, alias) =
        (relay.port.to_string(), format!("HostKeyAlias={}", testbed.host_key_alias()));
    let base = ["--directions", "upload", "--budget", "30s", "-p", &port, "-o", &alias];
    let ciphers = format!("{GCM},{CHACHA}");
    let survey = testbed.survey(&[&base[..], &["--ciphers", &ciphers, &testbed.target()]].concat());
    assert!(measured(&survey).len() >= 4, "{survey}");
    testbed.assert_nothing_left();
}

#[test]
fn an_unwritable_report_is_refused_at_the_start_and_printed_at_the_end() {
    let testbed = Testbed::with(Options { server: "LogLevel VERBOSE\n", ..Options::default() });
    let target = testbed.target();
    let taken = testbed.file("taken", 1);
    let out = |path: &Path| testbed.run(&["--output", path.to_str().unwrap(), &target]);
    out(&taken).assert_refused(&["taken exists", "--output"]);
    out(&testbed.path("none/report")).assert_refused(&["none/report", "can't be written"]);
    assert_eq!(testbed.server_log().matches("Connection from").count(), 0);

    let directory = testbed.path("reports");
    fs::create_dir(&directory).unwrap();
    let mut command = testbed.program();
    command
        .args(["--method", "pipe", "--directions", "upload", "--rounds", "2", "--ciphers", GCM])
        .args(["--format", "json", "--output"])
        .arg(directory.join("report"))
        .args([&target, "--ssh-config"])
        .arg(testbed.path("ssh_config"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    testbed.wait_for_round();
    fs::remove_dir(&directory).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!(run.code, Some(1), "{run:?}");
    assert!(run.stdout.contains("MB/s") && run.stdout.contains("aes128-gcm"), "{run:?}");
    let journal = testbed.journals().pop().unwrap();
    assert!(run.stderr.contains(journal.to_str().unwrap()), "{run:?}");
}
