//! Client programs that fail: wrappers around the real one.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::case::{CASE, Case, all, lines};
use crate::testbed::{GCM, Testbed};

/// The client fails with the first of them.
pub const BOTH: &str = "aes128-gcm@openssh.com,chacha20-poly1305@openssh.com";

/// A client program that does this where it is to use the one cipher, and is ssh elsewhere.
pub fn wrapped(testbed: &Testbed, does: &str) -> Vec<String> {
    let elsewhere = format!("case \" $* \" in *' -c {GCM} '*) ;; *) exec ssh \"$@\";; esac");
    program(testbed, &format!("{elsewhere}\n{does}"))
}

pub fn program(testbed: &Testbed, script: &str) -> Vec<String> {
    let client = testbed.path("client");
    fs::write(&client, format!("#!/bin/sh\nulimit -c 0\n{script}\n")).unwrap();
    fs::set_permissions(&client, PermissionsExt::from_mode(0o755)).unwrap();
    vec!["--client".into(), client.display().to_string()]
}

/// ssh, with one byte of what it brings changed. Below scp its standard output is the socket that ssh
/// has for input and has set not to block, so a write may take a part.
const FLIPPING: &str = "ssh \"$@\" | perl -e '\
    while ($read = sysread STDIN, $block, 65536) { \
        substr($block, 600000 - $n, 1) ^= \"\\1\" if $n <= 600000 && 600000 < $n + $read; \
        $n += $read; \
        for ($at = 0; $at < length $block; ) { $at += syswrite STDOUT, $block, 65536, $at; } }'";

/// The same with some bytes more.
const ADDING: &str = "perl -e '\
    while ($read = sysread STDIN, $block, 65536) { \
        substr($block, 600000 - $n, 0) = \"more\\n\" if $n <= 600000 && 600000 < $n + $read; \
        $n += $read; \
        for ($at = 0; $at < length $block; ) { $at += syswrite STDOUT, $block, 65536, $at; } }'";

/// All samples of one cipher fail, those of the other do not.
pub const FAILS: Case =
    Case { ciphers: BOTH, code: 1, measured: 2, failed: 2, file: 1 << 20, ..CASE };

const TO_FILE: &str = "--method pipe --sink file --directions download --full";
pub const FROM_FILE: &str = "--method pipe --sink file --directions upload --full";

#[test]
fn wrong_data_from_a_client_is_noticed() {
    all(&[
        Case {
            name: "one flipped byte",
            arguments: TO_FILE,
            more: |testbed| wrapped(testbed, FLIPPING),
            words: &["the downloaded data differs from FILE"],
            ..FAILS
        },
        Case {
            name: "one flipped byte below scp",
            arguments: "--method scp --directions download --full",
            more: |testbed| wrapped(testbed, FLIPPING),
            words: &["the downloaded data differs from FILE"],
            ..FAILS
        },
        Case {
            name: "too few bytes down",
            arguments: TO_FILE,
            more: |testbed| wrapped(testbed, "ssh \"$@\" | head -c 1000000"),
            words: &["1048576 bytes were sent and 1000000 arrived"],
            ..FAILS
        },
        Case {
            name: "too few bytes up",
            arguments: FROM_FILE,
            more: |testbed| wrapped(testbed, "head -c 1000000 | ssh \"$@\""),
            // dd counts whole blocks.
            words: &["1048576 bytes were asked for and 983040 arrived"],
            ..FAILS
        },
        Case {
            name: "too many bytes down",
            arguments: TO_FILE,
            more: |testbed| wrapped(testbed, &format!("ssh \"$@\" | {ADDING}")),
            after: |testbed| {
                // By the size, or by what is compared if the last of it comes too late for that.
                let reasons = reasons(testbed);
                let wrong =
                    ["1048576 bytes were asked for and 1048581 arrived", "differs from FILE"];
                assert!(wrong.iter().any(|words| reasons[0].contains(words)), "{reasons:?}");
            },
            ..FAILS
        },
        Case {
            name: "too many bytes up",
            arguments: "--method pipe --directions upload",
            more: |testbed| wrapped(testbed, &format!("{ADDING} | ssh \"$@\"")),
            words: &["an unknown command was read"],
            ..FAILS
        },
    ]);
}

/// Why samples have failed.
fn reasons(testbed: &Testbed) -> Vec<String> {
    let samples = lines(testbed, "sample");
    samples.iter().filter_map(|sample| sample["reason"].as_str().map(str::to_owned)).collect()
}

#[test]
fn a_client_that_fails_or_prints_too_much_is_reported() {
    let quiet = Case { ciphers: BOTH, measured: 4, file: 1 << 20, arguments: FROM_FILE, ..CASE };
    all(&[
        Case {
            name: "prints escapes and fails",
            arguments: FROM_FILE,
            more: |testbed| {
                wrapped(testbed, "printf '\\033]0;owned\\007\\033[31mred\\202\\n' >&2; exit 255")
            },
            words: &["\\u{1b}]0;owned\\u{7}\\u{1b}[31mred"],
            ..FAILS
        },
        Case {
            name: "dies by a signal",
            arguments: FROM_FILE,
            more: |testbed| wrapped(testbed, "sleep 0.2; kill -SEGV $$"),
            words: &["signal 11"],
            ..FAILS
        },
        Case {
            name: "floods its standard error with lines",
            more: |testbed| wrapped(testbed, &flooding("yes $(printf %0500d 0)")),
            fault: |_, survey| survey.assert_small(),
            ..quiet
        },
        Case {
            name: "floods its standard error without line ends",
            more: |testbed| wrapped(testbed, &flooding("tr \"\\000\" x </dev/zero")),
            fault: |_, survey| survey.assert_small(),
            ..quiet
        },
        Case {
            name: "is not there",
            more: |_| vec!["--client".into(), "/nonexistent/ssh".into()],
            code: 2,
            words: &["/nonexistent/ssh can't be started"],
            ..CASE
        },
    ]);
}

/// ssh, and then for two seconds all that this says on its standard error. (ssh has left that without
/// waiting, so a program may find it full and end: it is started again.)
fn flooding(program: &str) -> String {
    let flood = format!("timeout 2 sh -c 'while :; do {program}; done' >&2 2>/dev/null");
    format!("ssh \"$@\"; e=$?; {flood}; exit $e")
}
