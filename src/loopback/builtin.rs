//! The built-in server as a private one.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::keys::Keys;
use super::spec::{ServerSpec, Started};
use crate::builtin_ssh::Program;
use crate::builtin_ssh::algorithms::{CIPHERS, MACS};
use crate::local::child::Child;
use crate::local::interrupt::{Interrupt, POLL_INTERVAL};
use crate::model::names::NONE;
use crate::model::units::printable;

const START_TIMEOUT: Duration = Duration::from_secs(20);

/// What it prints once it listens. The kernel chooses a free port.
const LISTENS: &str = "Server listening on 127.0.0.1 port ";

/// Starts the server. Its standard input is a pipe from this program: when that ends, so does the
/// server.
pub fn start(spec: &ServerSpec, keys: &Keys, interrupt: &Interrupt) -> Result<Started> {
    let program = Program::Server.install(spec.directory)?;
    let sftp_server = Program::SftpServer.install(spec.directory)?;
    let mut command = Command::new(&program);
    command.arg("--host-key").arg(&keys.host);
    command.arg("--authorized-key").arg(keys.client.with_extension("pub"));
    command.arg("--user").arg(&keys.user).arg("--sftp-server").arg(&sftp_server);
    if spec.with_none {
        let and_none = |names: Vec<&str>| [names, vec![NONE]].concat().join(",");
        command.arg("--ciphers").arg(and_none(CIPHERS.iter().map(AsRef::as_ref).collect()));
        command.arg("--macs").arg(and_none(MACS.iter().map(AsRef::as_ref).collect()));
    }
    let log = spec.directory.join("sshd.log");
    let log_file = fs::File::create(&log)?;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log_file);
    if let Some((variable, value)) = spec.aes_disabled_by {
        command.env(variable, value);
    }
    let mut child = Child::spawn(&mut command, spec.cores)
        .with_context(|| format!("{} can't be started", program.display()))?;
    let Some(stdout) = child.stdout.take() else {
        bail!("the built-in server has no standard output");
    };
    let (sender, lines) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    let end = Instant::now() + START_TIMEOUT;
    while Instant::now() < end {
        interrupt.check()?;
        let heard = lines.recv_timeout(POLL_INTERVAL);
        if let Some(port) = heard.iter().find_map(|line| port(line)) {
            return Ok(Started { child, port, sftp_server: Some(sftp_server) });
        }
        if child.try_wait()?.is_some() {
            break;
        }
    }
    let said = fs::read_to_string(&log).unwrap_or_default();
    let last = said.lines().last().unwrap_or("its log is empty");
    bail!("the built-in SSH server did not start: {}", printable(last))
}

fn port(line: &str) -> Option<u16> {
    line.strip_prefix(LISTENS)?.trim_end_matches('.').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::port;

    #[test]
    fn the_port_is_read_from_what_the_server_says() {
        assert_eq!(port("Server listening on 127.0.0.1 port 40022."), Some(40022));
        assert_eq!(port("Server listening on 127.0.0.1 port none"), None);
    }
}
