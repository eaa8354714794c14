//! `cipher-survey compare` on saved surveys.

use std::fs;
use std::path::Path;

use crate::own;
use crate::program::{Run, program, run, word};
use crate::schema_1::in_words_of_schema_2;

const LOOPBACK: &str = "results/loopback/survey.jsonl";

fn kept() -> String {
    word(&own(LOOPBACK)).to_owned()
}

#[test]
fn a_comparison_shows_the_reversal_in_a_hundred_columns() {
    let output = program().env("COLUMNS", "100").args(["compare", &kept()]).output().unwrap();
    let run = Run::of(output);
    run.assert_code(0);
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100), "{}", run.stdout);
    assert!(run.stdout.lines().count() <= 40, "{}", run.stdout);
    let best = |cipher: &str| -> Vec<bool> {
        let line = run.stdout.lines().find(|line| line.starts_with(cipher)).unwrap();
        line.split_whitespace()
            .filter(|word| word.contains('.') && word.parse::<f64>().is_ok())
            .map(|times| times == "1.00")
            .collect()
    };
    assert_eq!(best("aes128-gcm@openssh.com"), [true, false], "{}", run.stdout);
    assert_eq!(best("chacha20-poly1305@openssh.com"), [false, true], "{}", run.stdout);
}

#[test]
fn files_directories_patterns_and_the_newest_of_each_target() {
    let directory = tempfile::tempdir().unwrap();
    let data = directory.path().join("cipher-survey");
    fs::create_dir(&data).unwrap();
    let text = fs::read_to_string(own(LOOPBACK)).unwrap();
    let place = |name: &str, target: &str| {
        let of_target =
            text.replace("\"target\":\"loopback\"", &format!("\"target\":\"{target}\""));
        fs::write(data.join(name), of_target).unwrap();
    };
    place("20260101T000000000Z-pi1.jsonl", "pi1");
    place("20260102T000000000Z-pi1.jsonl", "pi1");
    place("20260101T000000000Z-pi2.jsonl", "pi2");
    let pattern = format!("{}/*pi2*", data.display());
    let shown = |arguments: &[&str]| {
        let run = Run::of(
            program().env("XDG_DATA_HOME", directory.path()).args(arguments).output().unwrap(),
        );
        run.assert_code(0);
        let document: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        let surveys = document["surveys"].as_array().unwrap().clone();
        let names = surveys.iter().map(|survey| survey["journal"].as_str().unwrap().to_owned());
        let names = names.map(|name| Path::new(&name).file_name().unwrap().to_owned());
        names.map(|name| name.into_string().unwrap()).collect::<Vec<_>>()
    };
    let newest = ["20260101T000000000Z-pi2.jsonl", "20260102T000000000Z-pi1.jsonl"];
    assert_eq!(shown(&["compare", "--format", "json"]), newest);
    assert_eq!(shown(&["compare", "--format", "json", word(&data)]).len(), 3);
    assert_eq!(shown(&["compare", "--format", "json", &pattern]), newest[..1]);
    // A file that is named twice is one survey.
    let twice = ["compare", "--format", "json", &pattern, word(&data)];
    assert_eq!(shown(&twice).len(), 3);

    let none = Run::of(program().env("XDG_DATA_HOME", "/nowhere").arg("compare").output().unwrap());
    none.assert_code(2);
    assert!(none.stderr.contains("no saved journal in /nowhere"), "{}", none.stderr);
    let missing = run(&["compare", "/nowhere/*.jsonl"]);
    missing.assert_code(2);
    assert!(missing.stderr.contains("/nowhere/*.jsonl"), "{}", missing.stderr);
}

#[test]
fn a_damaged_journal_loses_what_is_damaged_with_a_warning() {
    let directory = tempfile::tempdir().unwrap();
    let text = in_words_of_schema_2(&fs::read_to_string(own(LOOPBACK)).unwrap());
    let with_lines = |end: &str| text.replace('\n', end);
    let newer = text.replacen("cipher-survey/2", "cipher-survey/3", 1);
    let unknown = text.replace("\"kind\":\"sample\",", "\"kind\":\"sample\",\"new\":{},");
    let dos = with_lines("\r\n");
    let binary = [0xff, 0x00, 0x1b, 0x5b].repeat(500);
    let cases: [(&str, &[u8], Option<&str>); 7] = [
        ("torn", &text.as_bytes()[..text.len() - 700], Some("torn")),
        ("dos", dos.as_bytes(), None),
        ("unknown", unknown.as_bytes(), None),
        ("newer", newer.as_bytes(), Some("cipher-survey/3")),
        ("binary", &binary, Some("not a journal")),
        ("empty", b"", Some("is empty")),
        ("array", b"[]\n[]\n", Some("not the header")),
    ];
    for (name, bytes, warning) in cases {
        let path = directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        // With a whole one, so that there is something to compare.
        let run = run(&["compare", &kept(), word(&path)]);
        run.assert_code(0);
        match warning {
            Some(words) => assert!(run.stderr.contains(words), "{name}: {}", run.stderr),
            None => assert_eq!(run.stderr, "", "{name}"),
        }
        let readable = matches!(name, "torn" | "dos" | "unknown");
        assert_eq!(run.stdout.contains(name), readable, "{name}: {}", run.stdout);
    }
    let alone = run(&["compare", word(&directory.path().join("binary"))]);
    alone.assert_code(2);
    assert!(alone.stderr.contains("nothing to compare"), "{}", alone.stderr);
}

#[test]
fn a_journal_of_many_bad_lines_gives_one_warning() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("damaged.jsonl");
    let bad = "rubbish\n".repeat(50);
    fs::write(&path, fs::read_to_string(own(LOOPBACK)).unwrap() + &bad).unwrap();
    for arguments in [&["compare", word(&path)][..], &["compare", "--change", &kept(), word(&path)]]
    {
        let run = run(arguments);
        run.assert_code(0);
        assert_eq!(run.stderr.lines().count(), 1, "{}", run.stderr);
        let warning = format!("warning: {}: the journal is damaged: line ", path.display());
        let told = run.stderr.starts_with(&warning) && run.stderr.ends_with("; and 49 more\n");
        assert!(told, "{}", run.stderr);
    }
}

#[test]
fn what_has_nothing_to_compare_writes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    // Downloads alone, of which uploads are asked.
    let text = fs::read_to_string(own(LOOPBACK)).unwrap();
    let kept: Vec<&str> =
        text.lines().filter(|line| !line.contains("\"direction\":\"upload\"")).collect();
    let path = directory.path().join("downloads.jsonl");
    fs::write(&path, kept.join("\n") + "\n").unwrap();
    let output = directory.path().join("output");
    let asked = ["--direction", "upload", "--output", word(&output)];
    for verb in [&["compare", word(&path)][..], &["compare", "--change", word(&path), word(&path)]]
    {
        let refused = run(&[verb, &asked].concat());
        refused.assert_code(2);
        let told = ["nothing was measured", "nothing in common"];
        assert!(told.iter().any(|words| refused.stderr.contains(words)), "{}", refused.stderr);
        assert!(!output.exists());
    }
}

#[test]
fn a_change_for_the_worse_fails_only_with_fail_above() {
    let directory = tempfile::tempdir().unwrap();
    // Each download of one cipher takes twice as long as it did.
    let text = fs::read_to_string(own(LOOPBACK)).unwrap();
    let slowed = text.lines().map(|line| {
        let mut record: serde_json::Value = serde_json::from_str(line).unwrap();
        let is_slow = record["cipher"] == "aes128-ctr" && record["direction"] == "download";
        if is_slow && record["phase"] == "round" {
            for pointer in ["/real_s", "/steady/seconds", "/client/real_s", "/server/real_s"] {
                if let Some(value) = record.pointer_mut(pointer)
                    && let Some(seconds) = value.as_f64()
                {
                    *value = (3.0 * seconds).into();
                }
            }
        }
        // The kind comes first, as in a real journal.
        record.to_string()
    });
    let slow = directory.path().join("slow.jsonl");
    fs::write(&slow, slowed.collect::<Vec<_>>().join("\n") + "\n").unwrap();
    let change = ["compare", "--change", &kept(), word(&slow)];
    run(&change).assert_code(0);
    let failed = run(&[&change[..], &["--fail-above", "10%"]].concat());
    failed.assert_code(1);
    assert!(failed.stderr.contains("throughput of aes128-ctr"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("chacha20"), "{}", failed.stderr);
    assert!(failed.stdout.contains("!0.3"), "{}", failed.stdout);
    let same = run(&["compare", "--change", &kept(), &kept(), "--fail-above", "0%"]);
    same.assert_code(0);
    run(&["compare", "--fail-above", "10%", &kept()]).assert_code(2);
}
