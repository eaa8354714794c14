//! Messages about journals that somebody else wrote.

use std::fs;
use std::path::Path;

use cipher_survey::model::units::is_obeyed;
use serde_json::{Value, json};

use crate::program::{Run, program, word};
use crate::{own, records};

const LOOPBACK: &str = "results/loopback/survey.jsonl";
/// Clears a screen, turns the direction of writing, and begins a line that would pass for ours.
const HOSTILE: &str = "\u{1b}[2J\u{202e}evil\nerror: forged";

fn told(arguments: &[&str], directory: &Path) -> Run {
    let mut program = program();
    let run = Run::of(program.args(arguments).env("XDG_DATA_HOME", directory).output().unwrap());
    let obeyed: Vec<char> = run.stderr.chars().filter(|&c| is_obeyed(c) && c != '\n').collect();
    assert!(obeyed.is_empty(), "{obeyed:?} in {:?}", run.stderr);
    assert!(run.stderr.lines().all(|line| line != "error: forged"), "{}", run.stderr);
    assert!(run.stderr.contains("evil"), "{arguments:?}: {}", run.stderr);
    run
}

fn write(path: &Path, lines: &[Value]) {
    let lines: Vec<String> = lines.iter().map(Value::to_string).collect();
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

/// Slower in downloads where it is asked for.
fn journal(slow: bool) -> Vec<Value> {
    let mut lines = records(&own(LOOPBACK));
    for pairing in lines[0]["pairings"].as_array_mut().unwrap() {
        pairing["target"] = HOSTILE.into();
        pairing["server"]["host"]["name"] = HOSTILE.into();
    }
    for line in &mut lines {
        if line["kind"] == "sample" {
            let cipher = line["cipher"].as_str().unwrap();
            line["cipher"] = format!("{cipher}{HOSTILE}").into();
            for pointer in ["/real_s", "/steady/seconds", "/client/real_s", "/server/real_s"] {
                if let Some(value) = line.pointer_mut(pointer)
                    && let Some(seconds) = value.as_f64()
                {
                    *value = (if slow { 3.0 * seconds } else { seconds }).into();
                }
            }
        }
    }
    // What is wrong with them is quoted.
    lines.push(json!({"kind": "end", "reason": HOSTILE}));
    lines.push(json!({"kind": HOSTILE}));
    lines
}

#[test]
fn no_journal_and_no_file_name_controls_the_terminal() {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join("cipher-survey");
    fs::create_dir(&directory).unwrap();
    let place = |name: &str| directory.join(format!("{name}{HOSTILE}.jsonl").replace('/', "_"));
    let (old, new) = (place("old"), place("new"));
    write(&old, &journal(false));
    write(&new, &journal(true));
    let told = |arguments: &[&str], code: i32| {
        let run = told(arguments, home.path());
        run.assert_code(code);
        run.stderr
    };
    told(&["report", word(&old), "--format", "csv"], 0);
    told(&["compare", word(&old)], 0);
    told(&["compare"], 0);
    let worse = ["compare", "--change", word(&old), word(&new), "--fail-above", "1%"];
    assert!(told(&worse, 1).contains("worse by more than --fail-above: "));

    // Journals of which nothing can be read.
    let header = |key: &str, value: Value| {
        let mut header = journal(false).swap_remove(0);
        header[key] = value;
        header
    };
    for (name, line) in [
        ("schema", header("schema", HOSTILE.into())),
        ("kind", header("kind", HOSTILE.into())),
        ("header", header("pairings", HOSTILE.into())),
        ("nothing", HOSTILE.into()),
    ] {
        let path = place(name);
        write(&path, &[line]);
        told(&["report", word(&path)], 2);
        assert!(told(&["compare", word(&old), word(&path)], 0).contains("warning: "));
        told(&["compare", "--change", word(&old), word(&path)], 2);
    }
    // Each of them is reported where the newest is searched for.
    assert!(told(&["compare"], 0).contains("header"));

    // Names of what is not there, and of what is.
    told(&["report", HOSTILE], 2);
    told(&["compare", HOSTILE], 2);
    told(&["report", word(&old), "--output", word(&new)], 2);
    told(&["report", word(&old), "--output", &format!("/nowhere/{HOSTILE}")], 2);
}
