//! A private sshd of this machine: on 127.0.0.1 only, with keys made for the one run, as the
//! calling user, gone when we are gone however that happens.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::model::units::printable;
use crate::run::child::{Child, output};
use crate::run::interrupt::Interrupt;

/// The host's alias in the client's configuration.
pub const ALIAS: &str = "loopback";

/// A running server.
#[derive(Debug)]
pub struct PrivateSshd {
    child: Child,
    /// For `ssh -F`: knows the alias, its port and keys, and nothing of the user's.
    pub client_config: PathBuf,
    /// Where the survey's directory is to be.
    pub target_directory: PathBuf,
}

/// What a server is made with.
#[derive(Clone, Debug)]
pub struct Setup<'a> {
    /// A directory for keys and configuration; nobody else may enter it.
    pub directory: &'a Path,
    /// Cipher names to offer; empty: the server's default.
    pub ciphers: &'a [String],
    pub mask: Option<&'a (String, String)>,
    pub cores: Option<&'a [u32]>,
}

/// Where sshd lies: seldom in an ordinary user's PATH.
const DIRECTORIES: &[&str] =
    &["/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/lib/ssh", "/opt/homebrew/sbin"];

/// A free port may be taken by another before sshd has it.
const TRIES: u32 = 5;

const START_PATIENCE: Duration = Duration::from_secs(20);

impl PrivateSshd {
    pub fn start(setup: &Setup, interrupt: &Interrupt) -> Result<PrivateSshd> {
        let program = find()?;
        fs::DirBuilder::new()
            .mode(0o700)
            .create(setup.directory)
            .with_context(|| format!("{} can't be made", setup.directory.display()))?;
        let keys = Keys::make(setup.directory)?;
        make_privilege_separation_directory()?;
        let mut last_log = String::new();
        for _ in 0..TRIES {
            interrupt.check()?;
            let port = free_port()?;
            let config = setup.directory.join("sshd_config");
            let log = setup.directory.join("sshd.log");
            // The log of an earlier try says nothing of this one.
            let _ = fs::remove_file(&log);
            fs::write(&config, server_config(setup, &keys, port))?;
            let mut command = Command::new(&program);
            command.args(["-D", "-f"]).arg(&config).arg("-E").arg(&log);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            if let Some((variable, value)) = setup.mask {
                command.env(variable, value);
            }
            let mut child = Child::spawn(&mut command, setup.cores)
                .with_context(|| format!("{} can't be started", program.display()))?;
            if listens(&mut child, &log, interrupt)? {
                let client_config = setup.directory.join("ssh_config");
                fs::write(&client_config, keys.client_config(port)?)?;
                let target_directory = setup.directory.join("target");
                fs::create_dir(&target_directory)?;
                return Ok(PrivateSshd { child, client_config, target_directory });
            }
            interrupt.check()?;
            last_log = fs::read_to_string(&log).unwrap_or_default();
            if !last_log.contains("Address already in use") {
                break;
            }
        }
        bail!(
            "the private sshd did not start: {}",
            printable(last_log.lines().last().unwrap_or("it says nothing"))
        )
    }

    pub fn end(mut self) {
        self.child.end();
    }
}

/// The server's path, or what to install.
fn find() -> Result<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .chain(DIRECTORIES.iter().map(PathBuf::from))
        .map(|directory| directory.join("sshd"))
        // sshd starts itself again for each session, so it insists on an absolute path.
        .find(|candidate| candidate.is_absolute() && candidate.is_file());
    found.context(
        "no sshd on this machine, and loopback needs one; install the package openssh-server \
         (Debian, Ubuntu, Fedora) or openssh (Arch, Alpine); it need not run as a service",
    )
}

/// sshd started by root wants this directory (`sshd(8)`, FILES); a service would have made it.
fn make_privilege_separation_directory() -> Result<()> {
    if rustix::process::geteuid().is_root() {
        let directory = Path::new("/run/sshd");
        if !directory.exists() {
            fs::DirBuilder::new()
                .mode(0o755)
                .recursive(true)
                .create(directory)
                .context("/run/sshd, which sshd needs, can't be made")?;
        }
    }
    Ok(())
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no port is free on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}

/// Waits until the server says so; false if it has ended.
fn listens(child: &mut Child, log: &Path, interrupt: &Interrupt) -> Result<bool> {
    let end = Instant::now() + START_PATIENCE;
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

fn server_config(setup: &Setup, keys: &Keys, port: u16) -> String {
    let sftp_server = [
        "/usr/lib/openssh/sftp-server",
        "/usr/libexec/openssh/sftp-server",
        "/usr/lib/ssh/sftp-server",
        "/usr/libexec/sftp-server",
    ]
    .into_iter()
    .find(|path| Path::new(path).exists())
    .unwrap_or("internal-sftp");
    let ciphers = match setup.ciphers {
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

/// Keys of one run.
struct Keys {
    host: PathBuf,
    client: PathBuf,
    user: String,
    directory: PathBuf,
}

impl Keys {
    fn make(directory: &Path) -> Result<Keys> {
        let (host, client) = (directory.join("host_key"), directory.join("client_key"));
        for key in [&host, &client] {
            let mut command = Command::new("ssh-keygen");
            command
                .args(["-q", "-t", "ed25519", "-N", "", "-C", "cipher-survey loopback", "-f"])
                .arg(key);
            let output = output(&mut command)
                .context("ssh-keygen can't be started; install the package openssh-client")?;
            if !output.status.success() {
                bail!(
                    "ssh-keygen made no key: {}",
                    printable(String::from_utf8_lossy(&output.stderr).trim())
                );
            }
        }
        Ok(Keys { host, client, user: user_name()?, directory: directory.to_owned() })
    }

    fn client_config(&self, port: u16) -> Result<String> {
        let known_hosts = self.directory.join("known_hosts");
        let public = fs::read_to_string(self.host.with_extension("pub"))?;
        let mut file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&known_hosts)?;
        std::io::Write::write_all(
            &mut file,
            format!("[127.0.0.1]:{port} {}\n", public.trim()).as_bytes(),
        )?;
        Ok(format!(
            "Host {ALIAS}\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  IdentityFile {key}\n  \
             IdentitiesOnly yes\n  IdentityAgent none\n  UserKnownHostsFile {known}\n  \
             GlobalKnownHostsFile /dev/null\n",
            user = self.user,
            key = quoted(&self.client),
            known = quoted(&known_hosts),
        ))
    }
}

/// A path in sshd_config or ssh_config; both know double quotes.
fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn user_name() -> Result<String> {
    let output = output(Command::new("id").arg("-un")).context("'id' can't be started")?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if name.is_empty() {
        bail!("the calling user has no name ('id -un'), which sshd needs");
    }
    Ok(name)
}
