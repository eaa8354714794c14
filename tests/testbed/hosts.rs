//! Hosts for a testbed's server that this machine is not.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::lock_file;
use super::{lock, need, need_root, ran};

/// Hides the AES instructions of an x86 CPU from OpenSSL.
pub const AES_VARIABLE: (&str, &str) =
    ("OPENSSL_ia32cap", "~0x200000200000000:~0x0000060000000000");

/// What a server runs on.
#[derive(Clone)]
pub struct Host {
    /// The command that it runs under.
    pub under: Vec<String>,
    /// Its program, where it is not this machine's own.
    pub sshd: Option<PathBuf>,
    pub emulated: bool,
    pub environment: Vec<(&'static str, &'static str)>,
    pub address: String,
}

impl Default for Host {
    fn default() -> Host {
        Host {
            under: Vec::new(),
            sshd: None,
            emulated: false,
            environment: Vec::new(),
            address: "127.0.0.1".into(),
        }
    }
}

impl Host {
    /// This machine's own server under user-mode emulation: slow, steady, no AES.
    pub fn emulated() -> Host {
        let emulator = need("qemu-x86_64-static", "qemu-user-static");
        let under = vec![emulator.display().to_string(), "-cpu".into(), "qemu64".into()];
        Host { under, emulated: true, ..Host::default() }
    }

    /// Held to one core.
    pub fn on_core(self, core: u32) -> Host {
        let taskset = ["taskset".to_owned(), "-c".to_owned(), core.to_string()];
        Host { under: taskset.into_iter().chain(self.under).collect(), ..self }
    }

    /// OpenSSH 10.0, with the lines that its sshd_config needs.
    pub fn openssh_10() -> Host {
        Host { sshd: Some(OPENSSH_10.wrapped("sshd")), ..Host::default() }
    }

    /// Since 9.8 a connection's server process is a program of its own.
    pub fn openssh_10_config() -> String {
        format!(
            "SshdSessionPath {}\nSshdAuthPath {}\nSubsystem sftp {}\n",
            OPENSSH_10.wrapped("sshd-session").display(),
            OPENSSH_10.wrapped("sshd-auth").display(),
            OPENSSH_10.wrapped("sftp-server").display(),
        )
    }

    /// An Arm server: as a Raspberry Pi 4 without its AES instructions, as a Pi 5 with them.
    pub fn arm(aes: bool) -> Host {
        let root = ARM.root();
        let emulator = need("qemu-aarch64-static", "qemu-user-static").display().to_string();
        let words = [&emulator, "-cpu", "cortex-a53", "-L", root.to_str().unwrap()];
        Host {
            under: words.map(str::to_owned).to_vec(),
            sshd: Some(root.join("usr/sbin/sshd")),
            emulated: true,
            // NEON alone: AES is 4, PMULL 0x20 (OpenSSL's arm_arch.h).
            environment: if aes { Vec::new() } else { vec![("OPENSSL_armcap", "1")] },
            ..Host::default()
        }
    }
}

/// A release of Debian's OpenSSH, unpacked and never installed.
pub struct Unpacked {
    name: &'static str,
    suite: &'static str,
    architecture: &'static str,
    packages: &'static str,
}

const ARM: Unpacked = Unpacked {
    name: "arm64",
    suite: "bookworm",
    architecture: "arm64",
    packages: "openssh-server,openssh-sftp-server",
};

/// OpenSSH 10.0, server and client.
pub const OPENSSH_10: Unpacked = Unpacked {
    name: "openssh-10",
    suite: "trixie",
    architecture: "amd64",
    packages: "openssh-server,openssh-client,openssh-sftp-server",
};

impl Unpacked {
    /// Its root directory, made once.
    fn root(&self) -> PathBuf {
        let _alone = lock(self.name);
        let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join(self.name);
        if root.join("usr/sbin/sshd").exists() {
            return root;
        }
        need_root();
        let partial = root.with_extension("partial");
        let _ = fs::remove_dir_all(&partial);
        ran(Command::new(need("mmdebstrap", "mmdebstrap"))
            .args(["--mode=root", "--variant=extract"])
            .arg(format!("--architectures={}", self.architecture))
            .arg(format!("--include={}", self.packages))
            .arg(self.suite)
            .arg(&partial)
            .arg("http://deb.debian.org/debian"));
        // So that this machine's accounts serve.
        for name in ["passwd", "group"] {
            let _ = fs::remove_file(partial.join("etc").join(name));
        }
        fs::rename(&partial, &root).unwrap();
        root
    }

    /// A program of it, started with its own libraries.
    pub fn wrapped(&self, name: &str) -> PathBuf {
        let root = self.root();
        let places = ["usr/bin", "usr/sbin", "usr/lib/openssh"];
        let program = places
            .iter()
            .map(|place| root.join(place).join(name))
            .find(|program| program.exists())
            .unwrap_or_else(|| panic!("{} has no {name}", self.suite));
        let wrapper = root.join(format!("with-libraries-{name}"));
        if !wrapper.exists() {
            let root = root.display();
            let script = format!(
                "#!/bin/sh\nexec {root}/usr/lib64/ld-linux-x86-64.so.2 \
                 --library-path {root}/usr/lib/x86_64-linux-gnu {} \"$@\"\n",
                program.display()
            );
            fs::write(&wrapper, script).unwrap();
            fs::set_permissions(&wrapper, fs::Permissions::from_mode(0o755)).unwrap();
        }
        wrapper
    }
}

/// A network namespace behind a link of 100 Mbit/s.
pub struct Link {
    name: String,
    /// The third part of its addresses.
    net: u32,
    /// No other link has these.
    _lock: File,
}

impl Link {
    pub fn new() -> Link {
        need_root();
        need("tc", "iproute2");
        let free = (77..177).find_map(|net| {
            let lock = lock_file(&format!("link-{net}"));
            lock.try_lock().is_ok().then_some((net, lock))
        });
        let (net, lock) = free.expect("a hundred links are in use");
        let name = format!("cs-link-{net}");
        // Of a test that was killed.
        remove(&name);
        let (local, remote) = (format!("{name}n"), format!("{name}f"));
        let link = Link { name: name.clone(), net, _lock: lock };
        let ip = |words: &str| ran(Command::new("ip").args(words.split_whitespace()));
        ip(&format!("netns add {name}"));
        ip(&format!("link add {local} type veth peer name {remote} netns {name}"));
        ip(&format!("addr add {}/24 dev {local}", link.address(1)));
        ip(&format!("link set {local} up"));
        ip(&format!("-n {name} addr add {}/24 dev {remote}", link.address(2)));
        ip(&format!("-n {name} link set {remote} up"));
        ip(&format!("-n {name} link set lo up"));
        let shape = "root tbf rate 100mbit burst 64kb latency 50ms";
        let tc = |words: String| ran(Command::new("tc").args(words.split_whitespace()));
        tc(format!("qdisc add dev {local} {shape}"));
        tc(format!("-n {name} qdisc add dev {remote} {shape}"));
        link
    }

    fn address(&self, end: u32) -> String {
        format!("10.213.{}.{end}", self.net)
    }

    /// Takes the remote end of the link down. (With the local one down, packets would take another route.)
    pub fn cut(&self) {
        self.set("down");
    }

    pub fn mend(&self) {
        self.set("up");
    }

    fn set(&self, how: &str) {
        let name = &self.name;
        let words = format!("-n {name} link set {name}f {how}");
        ran(Command::new("ip").args(words.split_whitespace()));
    }

    /// Makes the remote address unreachable: connecting fails at once.
    pub fn refuse(&self) {
        let words = format!("-n {} addr flush dev {0}f", self.name);
        ran(Command::new("ip").args(words.split_whitespace()));
        let words = format!("route add unreachable {}/32", self.address(2));
        ran(Command::new("ip").args(words.split_whitespace()));
    }

    /// This machine's own server behind the link.
    pub fn host(&self) -> Host {
        let words = ["ip", "netns", "exec", &self.name];
        Host {
            under: words.map(str::to_owned).to_vec(),
            address: self.address(2),
            ..Host::default()
        }
    }

    /// The same, its AES instructions hidden.
    pub fn aes_disabled_host(&self) -> Host {
        Host { environment: vec![AES_VARIABLE], ..self.host() }
    }
}

/// The pair first, which is gone at once; what a namespace holds goes some time after it.
fn remove(name: &str) {
    let _ = Command::new("ip").args(["link", "del", &format!("{name}n")]).output();
    let _ = Command::new("ip").args(["netns", "del", name]).output();
}

impl Drop for Link {
    fn drop(&mut self) {
        remove(&self.name);
        // Only where it was refused.
        let refused = format!("{}/32", self.address(2));
        let _ = Command::new("ip").args(["route", "del", "unreachable", &refused]).output();
    }
}
