//! A server written with asyncssh: one process for all connections, and old ciphers.

use std::path::Path;
use std::process::Command;

use super::super::need;

const PROGRAM: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/tests/testbed/servers/asyncssh_server.py");

/// `more`: the ciphers that it offers.
pub fn command(directory: &Path, address: &str, port: u16, more: &str) -> Command {
    // Debian's own Python, whose packages the others do not see.
    let python = need("/usr/bin/python3", "python3");
    need("/usr/lib/python3/dist-packages/asyncssh/__init__.py", "python3-asyncssh");
    let mut command = Command::new(python);
    command.args(["-W", "ignore", PROGRAM]).arg(directory).args([address, &port.to_string()]);
    command.args(more.split_whitespace());
    command
}
