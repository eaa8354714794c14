//! Dropbear, of routers and small systems.

use std::path::Path;
use std::process::Command;

use super::super::{need, ran};

/// `more`: further arguments.
pub fn command(directory: &Path, address: &str, port: u16, more: &str) -> Command {
    let key = directory.join("host_key.dropbear");
    if !key.exists() {
        ran(Command::new(need("dropbearconvert", "dropbear-bin"))
            .args(["openssh", "dropbear"])
            .args([directory.join("host_key"), key.clone()]));
    }
    let mut command = Command::new(need("dropbear", "dropbear-bin"));
    command.args(["-F", "-E", "-s", "-r"]).arg(key).arg("-p").arg(format!("{address}:{port}"));
    command.arg("-P").arg(directory.join("dropbear.pid")).args(more.split_whitespace());
    command
}
