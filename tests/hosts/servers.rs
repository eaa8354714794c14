//! Servers.

use crate::matrix::{ALL, Row, hosts, testbed};
use crate::testbed::hosts::Host;
use crate::testbed::remote::Remote;
use crate::testbed::servers::Make;
use crate::testbed::{Options, Testbed};

/// A server of another make.
fn of(make: Make, guest: bool, server: &str) -> Testbed {
    let remote = Remote { guest, shell: "/bin/bash", ..Remote::default() };
    testbed(Options { make, server, remote: Some(remote), ..Options::default() })
}

/// OpenSSH 10.0, with the penalties that are its default.
pub fn openssh_10(guest: bool, more: &str) -> Testbed {
    let remote = Remote { guest, shell: "/bin/bash", ..Remote::default() };
    let server = Host::openssh_10_config() + more;
    let host = Host::openssh_10();
    testbed(Options { server: &server, host, remote: Some(remote), ..Options::default() })
}

hosts! {
    openssh_10_of_an_ordinary_account: Row {
        host: "OpenSSH 10.0",
        testbed: || openssh_10(true, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    openssh_10_of_root: Row {
        host: "OpenSSH 10.0, root",
        testbed: || openssh_10(false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    openssh_that_offers_what_clients_do_not_propose: Row {
        host: "a server with nothing but old ciphers (3des-cbc)",
        testbed: || testbed(Options { server: "Ciphers 3des-cbc\n", remote: Some(Remote::default()), ..Options::default() }),
        arguments: &["--ciphers", "3des-cbc"],
        outcome: ALL,
        says: &["3des-cbc is named explicitly"],
        note: "ssh by itself can't connect; the survey asks for a cipher that both have",
    },
    dropbear_of_an_ordinary_account: Row {
        host: "Dropbear 2022.83",
        testbed: || of(Make::Dropbear, true, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    dropbear_of_root: Row {
        host: "Dropbear 2022.83, root",
        testbed: || of(Make::Dropbear, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    tinysshd_behind_tcpserver: Row {
        host: "TinySSH behind tcpserver",
        testbed: || of(Make::Tinysshd, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "chacha20-poly1305 alone",
    },
    asyncssh_with_one_process_for_all_connections: Row {
        host: "AsyncSSH",
        testbed: || of(Make::Asyncssh, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "one process for all connections: its CPU is the server's while nobody else is connected",
    },
}
