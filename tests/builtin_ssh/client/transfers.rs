//! Files arrive unharmed over the client.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use cipher_survey::ssh::log::Transcript;

use super::{Client, assert_equal, mib};
use crate::testbed::{ALL_CIPHERS, GCM, Options, Testbed, need, ran};

/// A large file, and the files that it is to be copied to on both hosts.
struct Files {
    here: std::path::PathBuf,
    there: std::path::PathBuf,
    back: std::path::PathBuf,
}

impl Files {
    fn new(client: &Client) -> Files {
        let here = client.testbed.file("big", mib() << 20);
        let there = client.testbed.path("remote").join("big");
        Files { here, there, back: client.testbed.path("back") }
    }

    fn assert_arrived(&self) {
        assert_equal(&self.here, &self.there);
        assert_equal(&self.here, &self.back);
    }
}

#[test]
fn ssh_moves_a_file_both_ways() {
    let client = Client::new();
    let files = Files::new(&client);
    let there = files.there.display();
    ran(client
        .command()
        .args(["testbed", &format!("cat > {there}")])
        .stdin(File::open(&files.here).unwrap()));
    let back = File::create(&files.back).unwrap();
    ran(client.command().args(["testbed", &format!("cat {there}")]).stdout(back));
    files.assert_arrived();
}

#[test]
fn both_ways_at_once_through_pipes() {
    let client = Client::new();
    let here = client.testbed.file("big", mib() << 20);
    let mut child = client
        .command()
        .args(["testbed", "cat"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let sent = fs::read(&here).unwrap();
    let received = std::thread::scope(|scope| {
        scope.spawn(|| {
            to.write_all(&sent).unwrap();
            drop(to);
        });
        let mut received = Vec::new();
        from.read_to_end(&mut received).unwrap();
        received
    });
    assert!(child.wait().unwrap().success());
    assert!(sent == received, "{} bytes became {}", sent.len(), received.len());
}

#[test]
fn scp_in_both_of_its_protocols() {
    let client = Client::new();
    let files = Files::new(&client);
    for protocol in [&[][..], &["-O"]] {
        let scp = |from: &str, to: &str| {
            let mut scp = Command::new(need("scp", "openssh-client"));
            scp.args(protocol).arg("-q").arg("-S").arg(client.path());
            ran(scp.arg("-F").arg(client.config()).args([from, to]));
        };
        let remote = format!("testbed:{}", files.there.display());
        scp(files.here.to_str().unwrap(), &remote);
        scp(&remote, files.back.to_str().unwrap());
        files.assert_arrived();
    }
}

#[test]
fn sftp() {
    let client = Client::new();
    let files = Files::new(&client);
    let mut child = Command::new(need("sftp", "openssh-client"))
        .args(["-q", "-b", "-", "-S"])
        .arg(client.path())
        .arg("-F")
        .arg(client.config())
        .arg("testbed")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (here, there, back) = (files.here.display(), files.there.display(), files.back.display());
    let batch = format!("put {here} {there}\nget {there} {back}\n");
    child.stdin.take().unwrap().write_all(batch.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    files.assert_arrived();
}

/// The argument of `rsync -e`.
fn remote_shell(client: &Client) -> String {
    format!("{} -F {}", client.path().display(), client.config().display())
}

#[test]
fn rsync() {
    let client = Client::new();
    let files = Files::new(&client);
    let rsync = |from: &str, to: &str| {
        ran(Command::new(need("rsync", "rsync")).args(["-e", &remote_shell(&client), from, to]));
    };
    let remote = format!("testbed:{}", files.there.display());
    rsync(files.here.to_str().unwrap(), &remote);
    rsync(&remote, files.back.to_str().unwrap());
    files.assert_arrived();
}

#[test]
fn sshfs() {
    let client = Client::new();
    let files = Files::new(&client);
    let mounted = client.testbed.path("mounted");
    fs::create_dir(&mounted).unwrap();
    let remote = format!("testbed:{}", client.testbed.path("remote").display());
    ran(Command::new(need("sshfs", "sshfs"))
        .arg("-o")
        .arg(format!("ssh_command={}", remote_shell(&client)))
        .arg(remote)
        .arg(&mounted));
    let unmount = Unmount(&mounted);
    fs::copy(&files.here, mounted.join("big")).unwrap();
    fs::copy(mounted.join("big"), &files.back).unwrap();
    drop(unmount);
    files.assert_arrived();
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(self.0).status();
    }
}

#[test]
fn trees_of_small_files_with_odd_names() {
    let client = Client::new();
    let tree = client.testbed.path("tree");
    let odd = ["plain", "with space", "ünïcode", "quo'te\"s", "do$lar", "-dash", "a;b&c", "*?["];
    for number in 0..2_000 {
        let directory = tree.join(format!("d {}", number % 20));
        fs::create_dir_all(&directory).unwrap();
        let name = format!("{} {number}", odd[number % odd.len()]);
        fs::write(directory.join(name), vec![number as u8; number % 700]).unwrap();
    }
    let remote = client.testbed.path("remote");
    let same = |other: &Path| ran(Command::new("diff").arg("-r").arg(&tree).arg(other));
    ran(Command::new(need("rsync", "rsync"))
        .args(["-a", "-e", &remote_shell(&client)])
        .arg(format!("{}/", tree.display()))
        .arg(format!("testbed:{}/rsync/", remote.display())));
    same(&remote.join("rsync"));
    ran(Command::new(need("scp", "openssh-client"))
        .args(["-q", "-r", "-S"])
        .arg(client.path())
        .arg("-F")
        .arg(client.config())
        .arg(format!("testbed:{}", tree.display()))
        .arg(client.testbed.path("copied")));
    same(&client.testbed.path("copied"));
}

#[test]
fn every_cipher_of_both_ends_shows_in_the_log() {
    let options = Options { server: ALL_CIPHERS, ..Options::default() };
    let client = Client::of(Testbed::with(options));
    let ciphers = client.run(&["-Q", "cipher"]).stdout;
    assert_eq!(ciphers.lines().count(), 10, "{ciphers}");
    let sent = client.testbed.file("some", 1 << 20);
    for cipher in ciphers.lines() {
        let back = client.testbed.path("back");
        let output = client
            .command()
            .args(["-vv", "-c", cipher, "-m", "hmac-sha2-256-etm@openssh.com", "testbed", "cat"])
            .stdin(File::open(&sent).unwrap())
            .stdout(File::create(&back).unwrap())
            .output()
            .unwrap();
        assert_equal(&sent, &back);
        let transcript = Transcript::parse(&String::from_utf8(output.stderr).unwrap());
        let negotiated = transcript.negotiated.unwrap();
        for way in [&negotiated.client_to_server, &negotiated.server_to_client] {
            assert_eq!(way.cipher.as_str(), cipher);
            let mac =
                if cipher.contains('@') { "<implicit>" } else { "hmac-sha2-256-etm@openssh.com" };
            assert_eq!((way.mac.as_str(), way.compression.as_str()), (mac, "none"));
        }
        let proposal = transcript.client_proposal.unwrap();
        assert_eq!(proposal.ciphers.len(), 1);
        let server = transcript.server_proposal.unwrap();
        assert!(
            server.ciphers.len() >= 10
                && server.key_exchanges.iter().any(|name| name.contains("strict"))
        );
        assert!(transcript.session_up && !transcript.multiplexed);
        assert!(transcript.server_version.unwrap().starts_with("OpenSSH"));
        assert!(transcript.received.unwrap() > 1 << 20);
    }
}

#[test]
fn keys_are_exchanged_again_during_a_transfer() {
    let client = Client::new();
    let sent = client.testbed.file("some", 8 << 20);
    let back = client.testbed.path("back");
    let output = client
        .command()
        .args(["-v", "-o", "RekeyLimit=1M", "testbed", "cat"])
        .stdin(File::open(&sent).unwrap())
        .stdout(File::create(&back).unwrap())
        .output()
        .unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{log}");
    assert_equal(&sent, &back);
    assert!(log.matches("kex: server->client").count() > 4, "{log}");
    assert!(!Transcript::parse(&log).renegotiated_otherwise);
}

/// A fast server and a slow reader: what waits between them is bounded.
#[test]
fn memory_is_bounded_however_slow_the_reader() {
    let client = Client::new();
    let big = client.testbed.file("big", 256 << 20);
    let command = format!("cat {}; read x", big.display());
    let mut child = client
        .command()
        .args(["-c", GCM, "testbed", &command])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut from = child.stdout.take().unwrap();
    let mut first = [0; 1];
    from.read_exact(&mut first).unwrap();
    // Long enough to have read all of it.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let taken = std::io::copy(&mut from.by_ref().take((256 << 20) - 1), &mut std::io::sink());
    assert_eq!(taken.unwrap(), (256 << 20) - 1);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 64 << 10, "{peak} KiB");
    drop(child.stdin.take());
    child.wait().unwrap();
}
