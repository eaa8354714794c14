//! TinySSH behind tcpserver.

use std::path::Path;
use std::process::Command;

use super::super::{need, ran, said};

pub fn command(directory: &Path, address: &str, port: u16) -> Command {
    let mut command = Command::new(need("tcpserver", "ucspi-tcp"));
    command.args(["-HRDl0", address, &port.to_string()]);
    command.arg(need("tinysshd", "tinysshd"));
    command.args(["-v", "-x", "sftp=/usr/lib/openssh/sftp-server"]).arg(keys(directory));
    command
}

/// It makes keys of its own.
pub fn host_key(directory: &Path) -> String {
    said(Command::new(need("tinysshd-printkey", "tinysshd")).arg(keys(directory)))
}

fn keys(directory: &Path) -> std::path::PathBuf {
    let keys = directory.join("host_keys.tinysshd");
    if !keys.exists() {
        ran(Command::new(need("tinysshd-makekey", "tinysshd")).arg("-q").arg(&keys));
    }
    keys
}
