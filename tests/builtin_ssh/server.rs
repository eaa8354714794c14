//! OpenSSH's clients with the built-in server.

mod faults;
mod library;
mod load;
mod sessions;
mod transfers;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::testbed::{PROGRAM, need, ran};

/// The name of its one user.
const USER: &str = "somebody";

/// A running server with a directory of its own.
struct BuiltInServer {
    directory: TempDir,
    server: Child,
    /// The server ends with it.
    stdin: Option<ChildStdin>,
    port: u16,
}

impl BuiltInServer {
    fn new() -> BuiltInServer {
        BuiltInServer::with(&[])
    }

    /// With further arguments.
    fn with(arguments: &[&str]) -> BuiltInServer {
        let directory = directory();
        let mut server = server(directory.path()).args(arguments).spawn().unwrap();
        let port = port(&mut server);
        let builtin = BuiltInServer { directory, stdin: server.stdin.take(), server, port };
        builtin.write_client_config();
        builtin
    }

    fn write_client_config(&self) {
        let port = self.port;
        let root = self.path("").display().to_string();
        let host_key = fs::read_to_string(self.path("host_key.pub")).unwrap();
        fs::write(self.path("known_hosts"), format!("[127.0.0.1]:{port} {host_key}")).unwrap();
        let config = format!(
            "Host builtin\n  HostName 127.0.0.1\n  Port {port}\n  User {USER}\n  \
             IdentityFile {root}client_key\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
             UserKnownHostsFile {root}known_hosts\n  GlobalKnownHostsFile /dev/null\n  \
             BatchMode yes\n  LogLevel ERROR\n"
        );
        fs::write(self.path("ssh_config"), config).unwrap();
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// One of OpenSSH's clients with our configuration.
    fn client(&self, name: &str) -> Command {
        let mut command = Command::new(need(name, "openssh-client"));
        command.arg("-F").arg(self.path("ssh_config")).stdin(Stdio::null());
        command.env_remove("SSH_AUTH_SOCK");
        command
    }

    /// `ssh` with options and a remote command.
    fn ssh(&self, options: &[&str], command: &str) -> Command {
        let mut ssh = self.client("ssh");
        ssh.args(options).arg("builtin").arg(command);
        ssh
    }

    /// The output of a remote command, which must succeed.
    #[track_caller]
    fn says(&self, command: &str) -> String {
        let output = self.ssh(&[], command).output().unwrap();
        assert!(output.status.success(), "{command}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A file of random bytes.
    fn file(&self, name: &str, bytes: u64) -> PathBuf {
        let path = self.path(name);
        let mut from = File::open("/dev/urandom").unwrap().take(bytes);
        std::io::copy(&mut from, &mut File::create(&path).unwrap()).unwrap();
        path
    }

    /// A line of the server's `/proc/PID/status`, as a number.
    fn status(&self, key: &str) -> u64 {
        let text = fs::read_to_string(format!("/proc/{}/status", self.server.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap();
        line.trim_start_matches(':').split_whitespace().next().unwrap().parse().unwrap()
    }
}

impl Drop for BuiltInServer {
    fn drop(&mut self) {
        drop(self.stdin.take());
        // The test may have ended it; otherwise it ends with its input.
        if !ends(&mut self.server) {
            let _ = self.server.kill();
            let _ = self.server.wait();
        }
    }
}

/// A directory with keys and the program under its own name.
fn directory() -> TempDir {
    let directory = tempfile::Builder::new().prefix("cs-builtin-").tempdir().unwrap();
    for key in ["host_key", "client_key", "other_key"] {
        let file = directory.path().join(key);
        let mut keygen = Command::new(need("ssh-keygen", "openssh-client"));
        ran(keygen.args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(file));
    }
    symlink(PROGRAM, directory.path().join("russh-sshd")).unwrap();
    directory
}

/// The server's command line, with its required options.
fn server(directory: &Path) -> Command {
    let mut command = Command::new(directory.join("russh-sshd"));
    command.arg("--host-key").arg(directory.join("host_key"));
    command.arg("--authorized-key").arg(directory.join("client_key.pub"));
    command.args(["--user", USER]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command
}

/// The port that the server says it listens on.
fn port(server: &mut Child) -> u16 {
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let port = line.strip_prefix("Server listening on 127.0.0.1 port ");
    port.and_then(|port| port.trim_end().strip_suffix('.')).expect(&line).parse().unwrap()
}

/// The one line of a run that is refused before it listens.
#[track_caller]
fn refused(output: Output) -> String {
    assert_eq!(output.status.code(), Some(255), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with("russh-sshd: "), "{said}");
    said
}

/// Whether it becomes so within some seconds.
fn eventually(mut so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + Duration::from_secs(30);
    while Instant::now() < deadline {
        if so() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

fn ends(child: &mut Child) -> bool {
    eventually(|| child.try_wait().unwrap().is_some())
}

/// Whether a process lives: it is neither gone nor a zombie.
fn lives(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
}

fn sha256(path: &Path) -> String {
    let mut hash = Sha256::new();
    let mut file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).unwrap() {
            0 => break,
            count => hash.update(&block[..count]),
        }
    }
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Bytes of the large transfers.
fn large() -> u64 {
    let mib = std::env::var("CIPHER_SURVEY_TEST_MIB").map_or(64, |text| text.parse().unwrap());
    mib * 1024 * 1024
}
