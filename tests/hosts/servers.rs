//! Servers.

use crate::lab::far::Far;
use crate::lab::hosts::Host;
use crate::lab::servers::Make;
use crate::lab::{Lab, Options};
use crate::matrix::{ALL, Row, hosts, lab};

/// A server of another make.
fn of(make: Make, guest: bool, server: &str) -> Lab {
    let far = Far { guest, shell: "/bin/bash", ..Far::default() };
    lab(Options { make, server, far: Some(far), ..Options::default() })
}

/// OpenSSH 10.0, with the penalties that are its default.
pub fn openssh_10(guest: bool, more: &str) -> Lab {
    let far = Far { guest, shell: "/bin/bash", ..Far::default() };
    let server = Host::openssh_10_config() + more;
    let host = Host::openssh_10();
    lab(Options { server: &server, host, far: Some(far), ..Options::default() })
}

hosts! {
    openssh_10_of_an_ordinary_account: Row {
        host: "OpenSSH 10.0",
        lab: || openssh_10(true, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    openssh_10_of_root: Row {
        host: "OpenSSH 10.0, root",
        lab: || openssh_10(false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    openssh_that_offers_what_clients_do_not_propose: Row {
        host: "a server with nothing but old ciphers (3des-cbc)",
        lab: || lab(Options { server: "Ciphers 3des-cbc\n", far: Some(Far::default()), ..Options::default() }),
        arguments: &["--ciphers", "3des-cbc"],
        outcome: ALL,
        says: &["3des-cbc is asked for"],
        note: "ssh by itself can't connect; the survey asks for a cipher that both have",
    },
    dropbear_of_an_ordinary_account: Row {
        host: "Dropbear 2022.83",
        lab: || of(Make::Dropbear, true, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    dropbear_of_root: Row {
        host: "Dropbear 2022.83, root",
        lab: || of(Make::Dropbear, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "",
    },
    tinysshd_behind_tcpserver: Row {
        host: "TinySSH behind tcpserver",
        lab: || of(Make::Tinysshd, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "chacha20-poly1305 alone",
    },
    asyncssh_without_a_process_a_session: Row {
        host: "AsyncSSH",
        lab: || of(Make::Asyncssh, false, ""),
        arguments: &[],
        outcome: ALL,
        says: &[],
        note: "one process for all sessions: its CPU is the server's while nobody else is connected",
    },
}
