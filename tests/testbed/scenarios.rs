//! Testbeds whose bottleneck is known.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::cgroup::Quota;
use super::hosts::{AES_VARIABLE, Host, Link};
use super::relay::Relay;
use super::{CHACHA, GCM, Options, Testbed, need, need_root, ran};

/// A testbed with one bottleneck.
pub struct Scenario {
    pub name: &'static str,
    /// The bottleneck that has to be named, as in JSON.
    pub bottleneck: &'static str,
    pub ciphers: [&'static str; 2],
    run: fn(&Scenario, &Path) -> Value,
}

const AES_256: &str = "aes256-gcm@openssh.com";

pub const ALL: [Scenario; 10] = [
    Scenario { name: "link", bottleneck: "network", ciphers: [GCM, CHACHA], run: link },
    Scenario {
        name: "server-quota",
        bottleneck: "quota",
        ciphers: [GCM, CHACHA],
        run: server_quota,
    },
    Scenario {
        name: "client-quota",
        bottleneck: "quota",
        ciphers: [GCM, CHACHA],
        run: client_quota,
    },
    Scenario {
        name: "server-aes-disabled",
        bottleneck: "server_cpu",
        ciphers: [GCM, AES_256],
        run: aes_disabled_by,
    },
    Scenario {
        name: "client-aes-disabled",
        bottleneck: "client_cpu",
        ciphers: [GCM, AES_256],
        run: client_aes_disabled_by,
    },
    Scenario { name: "emulated", bottleneck: "server_cpu", ciphers: [GCM, CHACHA], run: emulated },
    Scenario { name: "storage", bottleneck: "storage", ciphers: [GCM, CHACHA], run: storage },
    Scenario {
        name: "storage-fuse",
        bottleneck: "storage",
        ciphers: [GCM, CHACHA],
        run: storage_fuse,
    },
    Scenario { name: "relay", bottleneck: "window", ciphers: [GCM, CHACHA], run: relay },
    Scenario {
        name: "neighbour",
        bottleneck: "contention",
        ciphers: [GCM, CHACHA],
        run: neighbour,
    },
];

impl Scenario {
    pub fn named(name: &str) -> &'static Scenario {
        ALL.iter().find(|scenario| scenario.name == name).unwrap()
    }

    /// A survey of one round of two ciphers; its JSON. The journal goes to a file.
    pub fn run(&self, journal: &Path) -> Value {
        (self.run)(self, journal)
    }

    fn survey(&self, testbed: &Testbed, target: &str, arguments: &[&str], journal: &Path) -> Value {
        let ciphers = self.ciphers.join(",");
        let always = ["--directions", "upload", "--rounds", "1", "--ciphers", &ciphers];
        let journal = ["--journal", journal.to_str().unwrap(), target];
        testbed.survey(&[&always[..], arguments, &journal].concat())
    }
}

const PIPE: [&str; 2] = ["--method", "pipe"];
/// Stores files.
const SFTP: [&str; 2] = ["--method", "sftp"];

/// The ends of a machine of two cores apart from each other, as `loopback` holds them: it is the
/// bottleneck under test that is to show, not that a client and a server share a core.
fn apart(host: Host) -> Host {
    host.on_core(1)
}

/// A client program that does something before it becomes ssh.
fn client(testbed: &Testbed, before: &str) -> String {
    let wrapper = testbed.path("client");
    fs::write(&wrapper, format!("#!/bin/sh\n{before}\nexec taskset -c 0 ssh \"$@\"\n")).unwrap();
    fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
    wrapper.display().to_string()
}

fn link(scenario: &Scenario, journal: &Path) -> Value {
    let link = Link::new();
    let testbed = Testbed::with(Options { host: link.host(), ..Options::default() });
    scenario.survey(&testbed, &testbed.target(), &PIPE, journal)
}

fn server_quota(scenario: &Scenario, journal: &Path) -> Value {
    let host = apart(Host::default());
    let testbed = Testbed::with(Options { quota: Some(0.3), host, ..Options::default() });
    scenario.survey(&testbed, &testbed.target(), &PIPE, journal)
}

fn client_quota(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let quota = Quota::empty(0.3);
    let client = client(&testbed, &format!("echo $$ > {}", quota.processes().display()));
    scenario.survey(
        &testbed,
        &testbed.target(),
        &[&PIPE[..], &["--client", &client]].concat(),
        journal,
    )
}

fn aes_disabled_by(scenario: &Scenario, journal: &Path) -> Value {
    let host = Host { environment: vec![AES_VARIABLE], ..apart(Host::default()) };
    let testbed = Testbed::with(Options { host, ..Options::default() });
    let client = client(&testbed, "");
    scenario.survey(
        &testbed,
        &testbed.target(),
        &[&PIPE[..], &["--client", &client]].concat(),
        journal,
    )
}

fn client_aes_disabled_by(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let client = client(&testbed, &format!("export {}='{}'", AES_VARIABLE.0, AES_VARIABLE.1));
    scenario.survey(
        &testbed,
        &testbed.target(),
        &[&PIPE[..], &["--client", &client]].concat(),
        journal,
    )
}

fn emulated(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: Host::arm(false), ..Options::default() });
    scenario.survey(&testbed, &testbed.target(), &[], journal)
}

/// A disk of 10 MB/s.
fn storage(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::new();
    let disk = SlowDisk::new(&testbed.path("remote"));
    let survey = scenario.survey(&testbed, &testbed.target(), &SFTP, journal);
    drop(disk);
    survey
}

/// A file system in user space, which no disk's counters show: another sshd behind a slow relay.
fn storage_fuse(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::new();
    let mounted = SlowFuse::new(&testbed, &testbed.path("remote"));
    let survey = scenario.survey(&testbed, &testbed.target(), &SFTP, journal);
    drop(mounted);
    survey
}

/// A round trip of 50 ms.
fn relay(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let relay = Relay::new(testbed.port(), Relay::distant());
    let port = relay.port.to_string();
    let options = ["-p", &port, "-o", &format!("HostKeyAlias={}", testbed.host_key_alias())];
    scenario.survey(&testbed, &testbed.target(), &[&PIPE[..], &options].concat(), journal)
}

/// Another process on the server's core.
fn neighbour(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let spin = ["-c", "1", "sh", "-c", "while :; do :; done"];
    let neighbour = Ended(Command::new("taskset").args(spin).spawn().unwrap());
    let client = client(&testbed, "");
    let arguments = [&PIPE[..], &["--client", &client]].concat();
    let survey = scenario.survey(&testbed, &testbed.target(), &arguments, journal);
    drop(neighbour);
    survey
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A file system on a loop device whose writes the block controller holds to 10 MB/s.
pub struct SlowDisk {
    mounted: PathBuf,
    limits: PathBuf,
    number: String,
}

impl SlowDisk {
    pub const BYTES_PER_S: u32 = 10_000_000;

    pub fn new(at: &Path) -> SlowDisk {
        need_root();
        let image = at.with_file_name("disk");
        fs::File::create(&image).unwrap().set_len(1 << 30).unwrap();
        ran(Command::new(need("mkfs.ext4", "e2fsprogs"))
            .args(["-q", "-E", "lazy_itable_init=0"])
            .arg(&image));
        // Each write waits for the disk: what is slow is then slow from the first byte.
        ran(Command::new("mount").args(["-o", "loop,sync"]).arg(&image).arg(at));
        fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap();
        let device = super::said(Command::new("stat").args(["-c", "%Hd:%Ld"]).arg(at));
        let number = device.trim().to_owned();
        let limits = PathBuf::from("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device");
        let disk = SlowDisk { mounted: at.to_owned(), limits, number };
        disk.limit(SlowDisk::BYTES_PER_S);
        disk
    }

    /// 0: no limit.
    fn limit(&self, bytes_per_s: u32) {
        fs::write(&self.limits, format!("{} {bytes_per_s}", self.number))
            .expect("this needs the block controller (cgroup v1 blkio), writable by root");
    }
}

impl Drop for SlowDisk {
    fn drop(&mut self) {
        self.limit(0);
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).status();
    }
}

/// sshfs of a directory of this machine through a relay of 10 MB/s.
struct SlowFuse {
    at: PathBuf,
    _relay: Relay,
}

impl SlowFuse {
    fn new(testbed: &Testbed, at: &Path) -> SlowFuse {
        need_root();
        let relay = Relay::new(testbed.port(), Relay::narrow());
        let behind = testbed.path("behind");
        fs::create_dir(&behind).unwrap();
        let mut sshfs = Command::new(need("sshfs", "sshfs"));
        sshfs
            .arg(format!("testbed:{}", behind.display()))
            .arg(at)
            .arg("-F")
            .arg(testbed.path("ssh_config"))
            .args(["-p", &relay.port.to_string(), "-o", "allow_other"])
            .arg("-o")
            .arg(format!("HostKeyAlias={}", testbed.host_key_alias()))
            .stdin(Stdio::null());
        ran(&mut sshfs);
        SlowFuse { at: at.to_owned(), _relay: relay }
    }
}

impl Drop for SlowFuse {
    fn drop(&mut self) {
        let _ = Command::new("fusermount3").args(["-u", "-z"]).arg(&self.at).status();
    }
}
