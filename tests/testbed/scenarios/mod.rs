//! Testbeds whose bottleneck is known.

mod storage;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

use serde_json::Value;

use super::cgroup::Quota;
use super::delay::{Delay, Manner, Rate};
use super::hosts::{AES_VARIABLE, Host, Link};
use super::relay::Relay;
use super::remote::Remote;
use super::servers::Make;
use super::{CHACHA, GCM, Options, Testbed};
use storage::SlowFuse;

pub use storage::SlowDisk;

/// A testbed with one bottleneck.
pub struct Scenario {
    pub name: &'static str,
    /// The bottleneck that has to be named, as in JSON.
    pub bottleneck: &'static str,
    pub ciphers: [&'static str; 2],
    run: fn(&Scenario, &Path) -> Value,
}

const AES_256: &str = "aes256-gcm@openssh.com";

const CTR: &str = "aes128-ctr";

pub const ALL: [Scenario; 15] = [
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
    Scenario {
        name: "busy-host",
        bottleneck: "contention",
        ciphers: [GCM, CHACHA],
        run: busy_host,
    },
    Scenario {
        name: "dropbear",
        bottleneck: "window",
        ciphers: [CTR, CHACHA],
        run: |scenario, journal| dropbear(scenario, "", WAY, journal),
    },
    Scenario {
        name: "large-window",
        bottleneck: "window",
        ciphers: [CTR, CHACHA],
        run: |scenario, journal| dropbear(scenario, "-W 3500000", LONG_WAY, journal),
    },
    Scenario {
        name: "beyond-window",
        bottleneck: "network",
        ciphers: [CTR, CHACHA],
        run: |scenario, journal| dropbear(scenario, "-W 10000000", LONG_LINK, journal),
    },
    Scenario { name: "small-file", bottleneck: "unknown", ciphers: [GCM, CHACHA], run: small_file },
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
        self.survey_of(testbed, &[target], arguments, journal)
    }

    /// Of a target and a file.
    fn survey_of(
        &self,
        testbed: &Testbed,
        of: &[&str],
        arguments: &[&str],
        journal: &Path,
    ) -> Value {
        let ciphers = self.ciphers.join(",");
        let always = ["--directions", "upload", "--rounds", "1", "--ciphers", &ciphers];
        let journal = ["--journal", journal.to_str().unwrap()];
        testbed.survey(&[&always[..], arguments, &journal, of].concat())
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
    // Of a smaller one storage is not timed.
    let file = testbed.file("file.iso", 16 << 20);
    let of = [&*testbed.target(), file.to_str().unwrap()];
    let survey = scenario.survey_of(&testbed, &of, &SFTP, journal);
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

/// Other people's work on both cores.
fn busy_host(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let spin = || Ended(Command::new("sh").args(["-c", "while :; do :; done"]).spawn().unwrap());
    let others: [Ended; 4] = std::array::from_fn(|_| spin());
    let client = client(&testbed, "");
    let arguments = [&PIPE[..], &["--client", &client]].concat();
    let survey = scenario.survey(&testbed, &testbed.target(), &arguments, journal);
    drop(others);
    survey
}

/// Round trips.
const WAY: Manner = Manner { delay: Duration::from_millis(10), rate: None, forgotten_after: None };
const LONG_WAY: Manner = Manner { delay: Duration::from_millis(100), ..WAY };
/// More is in flight than OpenSSH's window allows when it is full, and less than TCP allows here.
const LONG_LINK: Manner =
    Manner { rate: Some(Rate { bytes_per_s: 12e6, queue_bytes: 6e6 }), ..LONG_WAY };

/// A server whose window is not OpenSSH's.
fn dropbear(scenario: &Scenario, server: &str, manner: Manner, journal: &Path) -> Value {
    let remote = Some(Remote { shell: "/bin/sh", ..Remote::default() });
    let options = Options { make: Make::Dropbear, server, remote, ..Options::default() };
    let testbed = Delay::new(manner).by_cubic().testbed(options);
    scenario.survey(&testbed, &testbed.target(), &PIPE, journal)
}

/// What is over before anything could limit it.
fn small_file(scenario: &Scenario, journal: &Path) -> Value {
    let testbed = Testbed::with(Options { host: apart(Host::default()), ..Options::default() });
    let file = testbed.file("small.iso", 500_000);
    let arguments = ["--method", "scp", "--full", "--no-confirm"];
    let target = testbed.target();
    scenario.survey_of(&testbed, &[&target, file.to_str().unwrap()], &arguments, journal)
}

/// A process that ends with its test.
struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
