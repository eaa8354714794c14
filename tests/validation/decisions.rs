//! Surveys whose answer is known, each made once. What they have to say is asserted in
//! `tests/integration/recorded.rs` and `tests/builtin_ssh/loopback.rs`: with all tests, from what is
//! kept, since to make them anew needs a machine that does nothing else.

use std::path::Path;

use serde_json::Value;

use crate::Report;
use crate::evidence;
use crate::testbed::hosts::Link;
use crate::testbed::kept::{conclusions, reports_of};
use crate::testbed::{CHACHA, GCM, Options, Testbed, ran, rounds};

struct Survey {
    name: &'static str,
    about: &'static str,
    make: fn(&Path),
}

const ALL: [Survey; 5] = [
    Survey {
        name: "link-aes-disabled",
        about: "behind a link of 100 Mbit/s, AES disabled at the server",
        make: |journal| {
            let link = Link::new();
            let host = link.aes_disabled_host();
            let testbed = Testbed::with(Options { host, ..Options::default() });
            remote(&testbed, &["--method", "pipe"], journal);
        },
    },
    Survey {
        name: "plain-tcp",
        about: "behind the same link, one cipher, with the plain TCP rate",
        make: |journal| {
            let link = Link::new();
            let testbed = Testbed::with(Options { host: link.host(), ..Options::default() });
            let rounds = ["--method", "pipe", "--rounds", "1", "--ciphers", GCM];
            remote(&testbed, &[&rounds[..], &["--plain-tcp-port", "0"]].concat(), journal);
        },
    },
    Survey {
        name: "quick",
        about: "this machine, `--quick`",
        make: |journal| remote(&Testbed::new(), &["--method", "pipe", "--quick"], journal),
    },
    Survey {
        name: "server-aes-disabled",
        about: "loopback, AES disabled at the server, three ciphers",
        make: |journal| {
            let ciphers = format!("{CHACHA},{GCM},aes256-gcm@openssh.com");
            loopback(&["--aes", "client", "--ciphers", &ciphers], journal);
        },
    },
    Survey {
        name: "built-in-ssh",
        about: "loopback with the built-in client and server, AES at both ends and at one",
        make: |journal| {
            let ciphers = format!("{GCM},{CHACHA},aes128-ctr");
            let programs =
                ["--client", "russh", "--server", "russh", "--aes", "both,server,client"];
            let rounds = ["--rounds", "3", "--directions", "upload", "--ciphers", &ciphers];
            loopback(&[&programs[..], &rounds].concat(), journal);
        },
    },
];

fn remote(testbed: &Testbed, arguments: &[&str], journal: &Path) {
    let mut program = testbed.program();
    program.args(arguments).arg("--ssh-config").arg(testbed.path("ssh_config"));
    ran(program.arg("-q").arg("--journal").arg(journal).arg(testbed.target()));
}

fn loopback(arguments: &[&str], journal: &Path) {
    let testbed = Testbed::new();
    let mut program = testbed.program();
    ran(program.arg("loopback").args(arguments).arg("-q").arg("--journal").arg(journal));
}

pub fn measure(directory: &Path) {
    evidence::begin(directory);
    for survey in &ALL {
        let place = tempfile::tempdir().unwrap();
        let journal = place.path().join("journal");
        (survey.make)(&journal);
        let kept = directory.join(format!("{}.jsonl.gz", survey.name));
        evidence::keep_journals(&kept, &[std::fs::read(&journal).unwrap()]);
        eprintln!("{}: done", survey.name);
    }
}

pub fn report(directory: &Path) -> Report {
    let mut text = "# Surveys whose answer is known\n\n\
        Each was made once. What it has to say is asserted by the tests of the whole program.\n\n\
        | survey | what | ended | seconds | samples | conclusions |\n\
        | --- | --- | --- | ---: | ---: | --- |\n"
        .to_owned();
    for survey in &ALL {
        for report in reports_of(&directory.join(format!("{}.jsonl.gz", survey.name))) {
            let end = &report["end"];
            let conclusions = conclusions(&report).filter_map(|one| one["text"].as_str());
            text += &format!(
                "| {} | {} | {} | {:.0} | {} | {} |\n",
                survey.name,
                survey.about,
                end["reason"].as_str().map_or(String::new(), |reason| reason.replace('_', " ")),
                end["elapsed_s"].as_f64().unwrap_or_default(),
                rounds(&report).iter().filter(|sample| measured(sample)).count(),
                conclusions.collect::<Vec<_>>().join(" ")
            );
        }
    }
    Report { text, missed: Vec::new() }
}

fn measured(sample: &Value) -> bool {
    sample["outcome"] == "measured"
}
