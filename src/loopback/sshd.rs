//! OpenSSH's sshd as a private server, run as the calling user.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::keys::{Keys, quoted};
use super::spec::{ServerSpec, Started};
use crate::local::child::Child;
use crate::local::interrupt::Interrupt;
use crate::local::programs;
use crate::model::units::printable;

/// Where sshd is installed: seldom in the PATH of an ordinary user.
const DIRECTORIES: &[&str] =
    &["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/lib/ssh", "/opt/homebrew/sbin"];

/// Another program may take the free port before sshd does.
const TRIES: u32 = 5;

const START_TIMEOUT: Duration = Duration::from_secs(20);

/// Starts it on a free port.
pub fn start(spec: &ServerSpec, keys: &Keys, interrupt: &Interrupt) -> Result<Started> {
    let program = find().context(
        "there is no sshd on this machine; install the package openssh-server (Debian, Ubuntu, \
         Fedora) or openssh (Arch, Alpine), which need not run as a service, or use the built-in \
         server: --server russh",
    )?;
    make_privilege_separation_directory()?;
    let mut last_log = String::new();
    for _ in 0..TRIES {
        interrupt.check()?;
        let port = free_port()?;
        let config = spec.directory.join("sshd_config");
        let log = spec.directory.join("sshd.log");
        // The log of an earlier try must not be taken for that of this one.
        let _ = fs::remove_file(&log);
        fs::write(&config, server_config(spec, keys, port))?;
        let mut command = Command::new(&program);
        command.args(["-D", "-f"]).arg(&config).arg("-E").arg(&log);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((variable, value)) = spec.aes_disabled_by {
            command.env(variable, value);
        }
        let mut child = Child::spawn(&mut command, spec.cores)
            .with_context(|| format!("{} can't be started", program.display()))?;
        if listens(&mut child, &log, interrupt)? {
            return Ok(Started { child, port, sftp_server: None });
        }
        interrupt.check()?;
        last_log = fs::read_to_string(&log).unwrap_or_default();
        if !last_log.contains("Address already in use") {
            break;
        }
    }
    bail!(
        "the private sshd did not start: {}",
        printable(last_log.lines().last().unwrap_or("its log is empty"))
    )
}

/// The path of sshd, if it is installed. sshd starts itself again for each session, so it insists on an
/// absolute path.
pub fn find() -> Option<PathBuf> {
    programs::find("sshd", DIRECTORIES)
}

/// sshd started by root needs this directory (`sshd(8)`, FILES), which the service would have made.
fn make_privilege_separation_directory() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        let directory = Path::new("/run/sshd");
        if !directory.exists() {
            fs::DirBuilder::new()
                .mode(0o755)
                .recursive(true)
                .create(directory)
                .context("the directory /run/sshd, which sshd needs, can't be made")?;
        }
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    let listener =
        TcpListener::bind(("127.0.0.1", 0)).context("there is no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Waits until the log says that it listens; false if it has ended.
fn listens(child: &mut Child, log: &Path, interrupt: &Interrupt) -> Result<bool> {
    let end = Instant::now() + START_TIMEOUT;
    while Instant::now() < end && !interrupt.is_raised() {
        // The log is not there at first.
        if fs::read_to_string(log).is_ok_and(|text| text.contains("Server listening on")) {
            return Ok(true);
        }
        if child.wait(Duration::from_millis(5))?.is_some() {
            return Ok(false);
        }
    }
    Ok(false)
}

fn server_config(spec: &ServerSpec, keys: &Keys, port: u16) -> String {
    let sftp_server = [
        "/usr/lib/openssh/sftp-server",
        "/usr/libexec/openssh/sftp-server",
        "/usr/lib/ssh/sftp-server",
        "/usr/libexec/sftp-server",
    ]
    .into_iter()
    .find(|path| Path::new(path).exists())
    .unwrap_or("internal-sftp");
    let ciphers = match spec.ciphers {
        [] => String::new(),
        names => format!("Ciphers {}\n", names.join(",")),
    };
    format!(
        "ListenAddress 127.0.0.1\nPort {port}\nHostKey {host}\nAuthorizedKeysFile {authorized}\n\
         AllowUsers {user}\nPermitRootLogin prohibit-password\nPubkeyAuthentication yes\n\
         PasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\nStrictModes no\n\
         PidFile none\nAllowTcpForwarding no\nAllowAgentForwarding no\nX11Forwarding no\n\
         PermitTunnel no\nPrintMotd no\nSubsystem sftp {sftp_server}\n{ciphers}",
        host = quoted(&keys.host),
        authorized = quoted(&keys.client.with_extension("pub")),
        user = keys.user,
    )
}
