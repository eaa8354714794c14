//! `cipher-survey list`.

use std::process::Command;

use crate::testbed::{ALL_CIPHERS, Options, Testbed, said};

#[test]
fn plain_names_are_those_of_ssh_dash_q() {
    let testbed = Testbed::new();
    let run = testbed.run(&["list", "--plain"]);
    assert_eq!(run.stdout, said(Command::new("ssh").args(["-Q", "cipher"])));
}

#[test]
fn the_table_has_mode_security_and_acceleration() {
    let run = Testbed::new().run(&["list"]);
    assert_eq!(run.code, Some(0));
    let row = |name: &str| run.stdout.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(row("3des-cbc").contains("broken") && row("3des-cbc").contains("168"));
    assert!(row("aes256-gcm@openssh.com").contains("AEAD"));
    assert!(row("aes128-ctr").contains("MAC") && row("aes128-ctr").contains("recommended"));
    assert!(run.stdout.contains("CVE-2016-2183"));
}

#[test]
fn a_server_is_listed_in_one_connection_without_a_failure() {
    let server = format!("LogLevel VERBOSE\n{ALL_CIPHERS}");
    let testbed = Testbed::with(Options { server: &server, ..Options::default() });
    let run = testbed.run(&["list", "testbed"]);
    assert_eq!(run.code, Some(0), "{run:?}");
    assert!(run.stdout.contains("both ends support strict KEX"), "{run:?}");
    assert!(run.stdout.contains("default chacha20-poly1305@openssh.com"), "{run:?}");
    // Both ends are this machine.
    let cpus: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("CPU ")).collect();
    assert!(cpus.len() == 2 && cpus[0] == cpus[1] && cpus[0].contains("AES"), "{run:?}");
    assert!(run.stdout.contains("a survey tells"), "{run:?}");
    let log = testbed.server_log();
    assert_eq!(log.matches("Connection from ").count(), 1, "{log}");
    assert!(!log.contains("Failed") && !log.contains("Unable to negotiate"), "{log}");
}

#[test]
fn usable_ciphers_are_those_of_both_ends() {
    let server = "Ciphers aes256-ctr,aes128-gcm@openssh.com\n";
    let testbed = Testbed::with(Options { server, ..Options::default() });
    let run = testbed.run(&["list", "testbed", "--usable", "--plain"]);
    assert_eq!(run.stdout, "aes256-ctr\naes128-gcm@openssh.com\n");
    let run = testbed.run(&["list", "testbed", "--plain"]);
    assert_eq!(run.stdout.lines().count(), 10);
}
