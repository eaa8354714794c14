//! Client programs.

use crate::matrix::{ALL, Outcome, Row, SSH_10, Server, hosts, survey, testbed, with_remote};
use crate::testbed::remote::Remote;
use crate::testbed::servers::Make;
use crate::testbed::{CHACHA, Options, Testbed, need, rounds};
use serde_json::Value;

fn ssh_75() -> Testbed {
    need("ssh1", "openssh-client-ssh1");
    testbed(Options {
        remote: Some(Remote { guest: true, ..Remote::default() }),
        ..Options::default()
    })
}

hosts! {
    the_client_of_openssh_10: Row {
        host: "OpenSSH 10.0",
        testbed: || with_remote(Remote { guest: true, ..Remote::default() }),
        arguments: &["--client", SSH_10, "--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "by --client",
    },
    the_built_in_client_where_sftp_alone_is_allowed: Row {
        host: "russh, the built-in one, to an account for SFTP alone",
        testbed: crate::accounts::sftp_only,
        arguments: &["--client", "russh"],
        outcome: Outcome::Surveyed { methods: &["sftp", "scp"], server: Server::Missing("SFTP") },
        says: &["allows SFTP alone"],
        note: "as the system's client",
    },
    several_clients: Row {
        host: "OpenSSH and russh, side by side",
        testbed: || with_remote(Remote { guest: true, ..Remote::default() }),
        arguments: &["--client", "openssh,russh", "--directions", "upload"],
        outcome: ALL,
        says: &[],
        note: "each has a directory and a control connection of its own",
    },
    the_client_of_openssh_75: Row {
        host: "OpenSSH 7.5",
        testbed: ssh_75,
        arguments: &["--client", "ssh1", "--ciphers", CHACHA],
        outcome: ALL,
        says: &[],
        note: "options that it does not know are left out; scp is that of the system",
    },
}

/// OpenSSL 3 has these ciphers in no provider that is loaded; `ssh -Q cipher` lists them all the same.
#[test]
fn a_cipher_that_both_ends_list_and_that_fails_is_a_row_with_its_reason() {
    need("ssh1", "openssh-client-ssh1");
    let ciphers = "chacha20-poly1305@openssh.com,arcfour128,blowfish-cbc,cast128-cbc";
    let remote = Remote { shell: "/bin/bash", ..Remote::default() };
    let testbed = testbed(Options {
        make: Make::Asyncssh,
        server: ciphers,
        remote: Some(remote),
        ..Options::default()
    });
    let how = ["--client", "ssh1", "--ciphers", ciphers, "--method", "pipe"];
    let run = survey(&testbed, &[&how[..], &["--directions", "upload"]].concat());
    assert_eq!(run.code, Some(1), "{run:?}");
    let survey: Value = serde_json::from_str(&run.stdout).unwrap();
    let outcomes: Vec<(&str, &str)> = rounds(&survey)
        .into_iter()
        .map(|sample| {
            let reason = sample["reason"].as_str().or(sample["outcome"].as_str());
            (sample["cipher"].as_str().unwrap(), reason.unwrap())
        })
        .collect();
    assert_eq!(outcomes.len(), 4, "{outcomes:?}");
    for (cipher, outcome) in outcomes {
        match cipher {
            CHACHA => assert_eq!(outcome, "measured"),
            _ => assert!(outcome.contains("on testbed"), "{cipher}: {outcome}"),
        }
    }
    testbed.assert_nothing_left();
}
