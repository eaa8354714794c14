//! The surveys, and the measurements of cipher cores, that are kept in `results/`: how they are made,
//! and their pages, made again from their journals.
//!
//! `results/make` runs them anew; without it the pages that are kept must be what today's program
//! makes of the journals.

use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::testbed::hosts::{Host, Link};
use crate::testbed::scenarios::SlowDisk;
use crate::testbed::{Options, PROGRAM, Testbed};

/// What is kept in a folder.
struct Kept {
    name: &'static str,
    journal: &'static str,
    make: fn(&Path),
}

const SURVEY: &str = "survey.jsonl";
const CORES: &str = "cores.jsonl";

const ALL: [Kept; 6] = [
    Kept { name: "loopback", journal: SURVEY, make: loopback },
    Kept {
        name: "emulated-arm",
        journal: SURVEY,
        make: |journal| emulated("emulated-arm", Host::arm(false), journal),
    },
    Kept {
        name: "emulated-arm-aes",
        journal: SURVEY,
        make: |journal| emulated("emulated-arm-aes", Host::arm(true), journal),
    },
    Kept { name: "link-100mbit", journal: SURVEY, make: link },
    Kept { name: "slow-disk", journal: SURVEY, make: slow_disk },
    Kept { name: "cores-here", journal: CORES, make: cores },
];

/// Each form that is kept of a survey, by its file.
const FORMS: [(&str, &str); 2] = [("report.md", "markdown"), ("report.html", "html")];

/// The comparison of all surveys.
const COMPARED: [(&str, &str); 2] = [("compare.md", "markdown"), ("compare.html", "html")];

/// Runs the surveys of these names anew, or all; then their pages.
pub fn make(names: &[String]) {
    for kept in ALL.iter().filter(|kept| names.is_empty() || names.iter().any(|n| n == kept.name)) {
        let journal = root().join(kept.name).join(kept.journal);
        let _ = std::fs::remove_file(&journal);
        std::fs::create_dir_all(root().join(kept.name)).unwrap();
        eprintln!("surveying {}", kept.name);
        (kept.make)(&journal);
    }
}

/// The pages that differ from what is kept, written anew where they are accepted.
pub fn differing(accept: bool) -> Vec<String> {
    let mut differing = Vec::new();
    // A reader elsewhere can do nothing with a path of the machine that it was made on.
    for Kept { name, journal, .. } in ALL {
        let text = std::fs::read_to_string(root().join(name).join(journal)).unwrap();
        let header: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let command = header["command"].as_array().unwrap();
        if command.iter().any(|word| word.as_str().unwrap().starts_with('/')) {
            differing.push(format!("results/{name}: a path of one machine in {command:?}"));
        }
    }
    for (path, made) in pages() {
        if accept {
            std::fs::write(root().join(&path), made).unwrap();
        } else if std::fs::read(root().join(&path)).unwrap_or_default() != made {
            differing.push(format!(
                "results/{path} is not what its journal says; `cargo test --test validation -- \
                 --accept` writes it"
            ));
        }
    }
    differing
}

fn pages() -> Vec<(String, Vec<u8>)> {
    let mut pages = Vec::new();
    for Kept { name, journal, .. } in ALL {
        for (file, format) in FORMS {
            let journal = format!("{name}/{journal}");
            pages.push((format!("{name}/{file}"), said(&["report", &journal, "--format", format])));
        }
    }
    for (file, format) in COMPARED {
        let surveys = ALL.into_iter().filter(|kept| kept.journal == SURVEY);
        let journals: Vec<String> = surveys.map(|kept| format!("{}/{SURVEY}", kept.name)).collect();
        let journals = journals.iter().map(String::as_str);
        let words: Vec<&str> =
            ["compare", "--format", format].into_iter().chain(journals).collect();
        pages.push((file.into(), said(&words)));
    }
    pages
}

/// What the program prints. Paths in it are those from `results/`.
fn said(words: &[&str]) -> Vec<u8> {
    let output = Command::new(PROGRAM).args(words).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

fn loopback(journal: &Path) {
    let mut command = Command::new(PROGRAM);
    command.current_dir(journal.parent().unwrap());
    surveyed(command.args(["loopback", "--journal", SURVEY]));
}

/// What is copied to hosts. Copies of all of it fit the time that there is for them.
const FILE: &str = "file.iso";

/// As anybody would survey a host of that name, and a directory there.
fn of_host(name: &str, directory: &str, testbed: &Testbed, arguments: &[&str], journal: &Path) {
    testbed.file(FILE, 32 << 20);
    let config = std::fs::read_to_string(testbed.path("ssh_config")).unwrap();
    let named = config.replace("Host testbed\n", &format!("Host testbed {name}\n"));
    std::fs::write(testbed.path("ssh_config"), named).unwrap();
    let mut command = testbed.program();
    command.current_dir(testbed.directory.path());
    let places = ["--journal", SURVEY, "--ssh-config", "ssh_config"];
    let target = format!("{name}{directory}");
    surveyed(command.args([&target, FILE]).args(arguments).args(places));
    std::fs::copy(testbed.path(SURVEY), journal).unwrap();
}

fn emulated(name: &str, host: Host, journal: &Path) {
    let testbed = Testbed::with(Options { host, ..Options::default() });
    of_host(name, "", &testbed, &["--method", "pipe"], journal);
}

fn link(journal: &Path) {
    let link = Link::new();
    let testbed = Testbed::with(Options { host: link.host(), ..Options::default() });
    of_host("link-100mbit", "", &testbed, &[], journal);
}

/// A disk of 10 MB/s that is written to at once, where a user would mount one.
fn slow_disk(journal: &Path) {
    const AT: &str = "/mnt/usb";
    std::fs::create_dir_all(AT).unwrap();
    let testbed = Testbed::new();
    let disk = SlowDisk::of(&testbed.path("disk"), Path::new(AT));
    of_host("slow-disk", &format!(":{AT}"), &testbed, &[], journal);
    drop(disk);
    std::fs::remove_dir(AT).unwrap();
}

fn cores(journal: &Path) {
    let mut command = Command::new(PROGRAM);
    command.current_dir(journal.parent().unwrap());
    surveyed(command.args(["cores", "--impl", "all", "--seconds", "60", "--journal", CORES]));
}

/// Files are named from the directory that it runs in, and so is the program itself: the journal holds no path of
/// this machine.
fn surveyed(command: &mut Command) {
    command.arg0("cipher-survey");
    let status = command.stdout(std::process::Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}
