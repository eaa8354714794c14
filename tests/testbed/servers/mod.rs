//! Servers of other makes than OpenSSH's, each with the testbed's keys.

mod asyncssh;
mod dropbear;
mod tinysshd;

use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

/// Who made a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Make {
    #[default]
    OpenSsh,
    Dropbear,
    /// One process per connection, started by tcpserver; chacha20-poly1305 is its only cipher.
    Tinysshd,
    /// One process for all connections, in Python.
    Asyncssh,
}

impl Make {
    /// Its command, on an address and a port; what it says goes to the log.
    pub fn command(self, directory: &Path, address: &str, port: u16, more: &str) -> Command {
        match self {
            Make::OpenSsh => unreachable!("it has a file of its own"),
            Make::Dropbear => dropbear::command(directory, address, port, more),
            Make::Tinysshd => tinysshd::command(directory, address, port),
            Make::Asyncssh => asyncssh::command(directory, address, port, more),
        }
    }

    /// The line of its host key for known_hosts, without the host.
    pub fn host_key(self, directory: &Path) -> String {
        match self {
            Make::Tinysshd => tinysshd::host_key(directory),
            _ => fs::read_to_string(directory.join("host_key.pub")).unwrap(),
        }
    }
}

/// Waits until a process listens on a port, without connecting, since the server would count that.
pub fn listens(child: &mut Child, port: u16) -> bool {
    let end = format!(":{port:04X}");
    let deadline = Instant::now() + Duration::from_secs(120);
    while Instant::now() < deadline && child.try_wait().unwrap().is_none() {
        // Of its own network namespace.
        let table = |name| fs::read_to_string(format!("/proc/{}/net/{name}", child.id()));
        let tables = ["tcp", "tcp6"].map(table);
        let listening = tables.into_iter().flatten().any(|table| {
            table.lines().any(|line| {
                let words: Vec<&str> = line.split_whitespace().collect();
                words.get(1).is_some_and(|at| at.ends_with(&end)) && words.get(3) == Some(&"0A")
            })
        });
        if listening {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}
