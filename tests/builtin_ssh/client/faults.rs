//! How the client ends, and its messages.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cipher_survey::ssh::failure::FailureKind;

use super::{Client, assert_kind, read};
use crate::testbed::{Options, Run, Testbed, need, ran};

#[test]
fn the_client_ends_with_the_status_of_the_remote_command() {
    let client = Client::new();
    assert_eq!(client.run(&["testbed", "exit 0"]).code, Some(0));
    assert_eq!(client.run(&["testbed", "exit 17"]).code, Some(17));
    let killed = client.run(&["testbed", "kill -9 $$"]);
    assert_eq!((killed.code, killed.stderr.as_str()), (Some(255), ""), "as ssh has it");
    let said = client.run(&["testbed", "echo out; echo err >&2"]);
    assert_eq!((said.stdout.as_str(), said.stderr.as_str()), ("out\n", "err\n"));
    let missing = client.refused(&["-s", "testbed", "nosuch"], &["subsystem request failed"]);
    assert_eq!(missing.code, Some(255));
}

#[test]
fn either_end_may_close_first() {
    let client = Client::new();
    // The remote command reads nothing, and our input never ends.
    let mut child = client
        .command()
        .args(["testbed", "echo done"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child.stdout.take().unwrap().read_to_string(&mut said).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(said, "done\n");
    // The remote command closes its output long before it ends: our reader sees that at once.
    let mut child = client
        .command()
        .args(["testbed", "exec >&- 2>&-; read x; exit 5"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    assert_eq!(child.stdout.take().unwrap().read(&mut [0; 1]).unwrap(), 0);
    assert!(child.try_wait().unwrap().is_none());
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(5));
    let run = Run::of(client.command().args(["-n", "testbed", "cat"]).output().unwrap());
    assert_eq!(run.code, Some(0));
}

#[test]
fn a_reader_that_goes_away_ends_the_client_quietly() {
    let client = Client::new();
    let mut child = client
        .command()
        .args(["testbed", "yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let run = Run::of(child.wait_with_output().unwrap());
    assert_eq!((line.as_str(), run.code, run.stderr.as_str()), ("y\n", Some(255), ""));
}

#[test]
fn bad_usage_is_one_line() {
    let client = Client::new();
    let unknown =
        client.refused(&["-c", "rijndael", "testbed", "true"], &["aes128-gcm@openssh.com"]);
    assert_kind(&unknown, FailureKind::BadUsage);
    for arguments in [
        &["-c", "none", "testbed", "true"][..],
        &["-m", "umac-64@openssh.com", "testbed", "true"],
        &["-o", "NoSuch=1", "testbed", "true"],
        &["-Z", "testbed", "true"],
        &["-o", "RevokedHostKeys=/x", "testbed", "true"],
    ] {
        let run = client.refused(arguments, &[]);
        assert_eq!(run.stderr.lines().count(), 1, "{run:?}");
        assert_kind(&run, FailureKind::BadUsage);
    }
}

#[test]
fn what_the_server_lacks_is_reported_with_its_offer() {
    let options = Options { server: "Ciphers aes128-ctr\n", ..Options::default() };
    let client = Client::of(Testbed::with(options));
    let run = client.refused(
        &["-c", "aes256-ctr", "testbed", "true"],
        &["no matching cipher found. Their offer: aes128-ctr"],
    );
    assert_kind(&run, FailureKind::NoCommonAlgorithm);
}

#[test]
fn a_key_that_is_not_accepted_is_reported() {
    let client = Client::new();
    let config = fs::read_to_string(client.config()).unwrap();
    let with_key = |name: &str| {
        let config = config.replace("client_key", name);
        fs::write(client.config(), config).unwrap();
    };
    let keygen = |name: &str, passphrase: &str| {
        let mut keygen = Command::new("ssh-keygen");
        keygen.args(["-q", "-t", "ed25519", "-N", passphrase, "-f"]).arg(client.testbed.path(name));
        ran(&mut keygen);
    };
    keygen("wrong_key", "");
    with_key("wrong_key");
    let wrong = client.refused(&["testbed", "true"], &["Permission denied (publickey"]);
    assert_kind(&wrong, FailureKind::Denied);
    keygen("locked_key", "secret");
    with_key("locked_key");
    let locked = client.refused(&["testbed", "true"], &["encrypted", "ssh-add"]);
    assert_kind(&locked, FailureKind::Denied);
    with_key("no_key");
    client.refused(&["testbed", "true"], &["no such identity", "Permission denied (publickey"]);
}

#[test]
fn keys_of_the_agent_are_used() {
    let client = Client::new();
    let socket = client.testbed.path("agent");
    let agent = Command::new(need("ssh-agent", "openssh-client"))
        .arg("-D")
        .arg("-a")
        .arg(&socket)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let _ended = Ended(agent);
    wait_until(|| socket.exists());
    let key = client.testbed.path("client_key");
    let mut add = Command::new("ssh-add");
    ran(add.arg("-q").arg(&key).env("SSH_AUTH_SOCK", &socket).stdin(Stdio::null()));
    // The public part alone says which of the agent's keys is meant.
    fs::copy(client.testbed.path("client_key.pub"), client.testbed.path("kept.pub")).unwrap();
    fs::remove_file(&key).unwrap();
    let agent = format!("IdentityAgent={}", socket.display());
    let run = client.run(&["-v", "-o", &agent, "testbed", "echo in"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "in\n"), "{run:?}");
    let rsa = client.testbed.path("rsa");
    ran(Command::new("ssh-keygen").args(["-q", "-t", "rsa", "-N", "", "-f"]).arg(&rsa));
    let public = fs::read_to_string(client.testbed.path("rsa.pub")).unwrap();
    fs::write(client.testbed.path("client_key.pub"), public).unwrap();
    let run = client.run(&["-i", rsa.to_str().unwrap(), "testbed", "echo rsa"]);
    assert_eq!((run.code, run.stdout.as_str()), (Some(0), "rsa\n"), "{run:?}");
}

#[test]
fn host_keys_are_checked_strictly() {
    let client = Client::new();
    let file = client.testbed.path("known_hosts");
    let known = fs::read_to_string(&file).unwrap();
    let other = fs::read_to_string(client.testbed.path("client_key.pub")).unwrap();
    let name = client.testbed.host_key_alias();
    fs::write(&file, "").unwrap();
    let unknown = client.refused(&["testbed", "true"], &["No ED25519 host key is known for"]);
    assert_kind(&unknown, FailureKind::HostKeyUnknown);
    fs::write(&file, format!("{name} {other}")).unwrap();
    let changed = client.refused(&["testbed", "true"], &["REMOTE HOST IDENTIFICATION HAS CHANGED"]);
    assert_kind(&changed, FailureKind::HostKeyChanged);
    assert!(read(&changed).remedy.is_some());
    let key = known.split_once(' ').unwrap().1;
    fs::write(&file, format!("{known}@revoked * {key}")).unwrap();
    let revoked = client.refused(&["testbed", "true"], &["REVOKED HOST KEY"]);
    assert_kind(&revoked, FailureKind::HostKeyRevoked);
    fs::write(&file, &known).unwrap();
    ran(Command::new("ssh-keygen").arg("-H").arg("-f").arg(&file));
    assert!(!fs::read_to_string(&file).unwrap().contains("127.0.0.1"));
    assert_eq!(client.run(&["testbed", "true"]).code, Some(0), "hashed");
}

#[test]
fn a_host_certificate_is_accepted_from_a_known_authority() {
    let client = Client::new();
    let at = |name: &str| client.testbed.path(name).display().to_string();
    ran(Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f", &at("ca")]));
    let sign =
        ["-q", "-s", &at("ca"), "-I", "testbed", "-h", "-n", "127.0.0.1", &at("host_key.pub")];
    ran(Command::new("ssh-keygen").args(sign));
    let mut config = fs::read_to_string(at("sshd_config")).unwrap();
    config.push_str(&format!("HostCertificate {}\n", at("host_key-cert.pub")));
    fs::write(at("sshd_config"), config).unwrap();
    let mut client = client;
    client.testbed.stop_listening();
    client.testbed.listen_again();
    let authority = fs::read_to_string(client.testbed.path("ca.pub")).unwrap();
    fs::write(client.testbed.path("known_hosts"), format!("@cert-authority * {authority}"))
        .unwrap();
    assert_eq!(client.run(&["testbed", "true"]).code, Some(0));
    let stranger = fs::read_to_string(client.testbed.path("client_key.pub")).unwrap();
    fs::write(client.testbed.path("known_hosts"), format!("@cert-authority * {stranger}")).unwrap();
    client.refused(&["testbed", "true"], &["Host key verification failed."]);
}

#[test]
fn a_server_that_is_absent_or_goes_away_is_reported() {
    let mut client = Client::new();
    let session = client
        .command()
        .args(["-v", "testbed", "cat /dev/zero"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until(|| !client.testbed.sessions().is_empty());
    std::thread::sleep(Duration::from_millis(500));
    for pid in client.testbed.sessions() {
        kill("-9", pid);
    }
    let run = Run::of(session.wait_with_output().unwrap());
    assert_eq!(run.code, Some(255), "{run:?}");
    assert_kind(&run, FailureKind::Broken);
    client.testbed.stop_listening();
    let refused = client.refused(&["testbed", "true"], &["Connection refused"]);
    assert_kind(&refused, FailureKind::Refused);
    let unknown = client.refused(&["-o", "HostName=no-such-host.invalid", "testbed", "true"], &[]);
    assert_kind(&unknown, FailureKind::UnknownHost);
}

#[test]
fn a_silent_server_is_given_up() {
    let client = Client::new();
    let options = ["-o", "ServerAliveInterval=1", "-o", "ServerAliveCountMax=1"];
    let mut session = client
        .command()
        .args(options)
        .args(["testbed", "echo up; exec sleep 600"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    session.stdout.as_mut().unwrap().read_exact(&mut [0; 3]).unwrap();
    let sessions = client.testbed.sessions();
    for pid in &sessions {
        kill("-STOP", *pid);
    }
    let begun = Instant::now();
    let run = Run::of(session.wait_with_output().unwrap());
    for pid in sessions {
        kill("-9", pid);
    }
    assert_eq!(run.code, Some(255), "{run:?}");
    assert!(run.stderr.contains("Timeout, server 127.0.0.1 not responding."), "{run:?}");
    assert!(begun.elapsed() < Duration::from_secs(30));
}

fn kill(signal: &str, pid: u32) {
    let _ = Command::new("kill").args([signal, &pid.to_string()]).output();
}

fn wait_until(done: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !done() {
        assert!(Instant::now() < deadline, "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

struct Ended(std::process::Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
