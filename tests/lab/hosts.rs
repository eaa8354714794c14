//! Hosts for a lab's server that this machine is not.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lab::{need, need_root, ran};

/// What a server runs on.
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

    /// An Arm server: as a Raspberry Pi 4 without its AES instructions, as a Pi 5 with them.
    pub fn arm(aes: bool) -> Host {
        let root = arm_root();
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

/// Debian's OpenSSH for arm64, unpacked and never run as such; made once.
fn arm_root() -> PathBuf {
    let root = Path::new(env!("CARGO_TARGET_TMPDIR")).join("arm64");
    if root.join("usr/sbin/sshd").exists() {
        return root;
    }
    need_root();
    let partial = root.with_extension("partial");
    let _ = fs::remove_dir_all(&partial);
    let packages = "--include=openssh-server,openssh-sftp-server";
    let unpacked = ["--mode=root", "--variant=extract", "--architectures=arm64", packages];
    ran(Command::new(need("mmdebstrap", "mmdebstrap"))
        .args(unpacked)
        .arg("bookworm")
        .arg(&partial)
        .arg("http://deb.debian.org/debian"));
    // So that this machine's accounts serve.
    for name in ["passwd", "group"] {
        let _ = fs::remove_file(partial.join("etc").join(name));
    }
    fs::rename(&partial, &root).unwrap();
    root
}

/// A network namespace behind a link of 100 Mbit/s.
pub struct Link {
    name: String,
}

impl Link {
    const HERE: &str = "10.213.77.1";
    const THERE: &str = "10.213.77.2";

    pub fn new() -> Link {
        need_root();
        need("tc", "iproute2");
        let name = format!("cslab{}", std::process::id());
        let (near, far) = (format!("{name}n"), format!("{name}f"));
        let link = Link { name: name.clone() };
        let ip = |words: &str| ran(Command::new("ip").args(words.split_whitespace()));
        ip(&format!("netns add {name}"));
        ip(&format!("link add {near} type veth peer name {far} netns {name}"));
        ip(&format!("addr add {}/24 dev {near}", Link::HERE));
        ip(&format!("link set {near} up"));
        ip(&format!("-n {name} addr add {}/24 dev {far}", Link::THERE));
        ip(&format!("-n {name} link set {far} up"));
        ip(&format!("-n {name} link set lo up"));
        let shape = "root tbf rate 100mbit burst 64kb latency 50ms";
        let tc = |words: String| ran(Command::new("tc").args(words.split_whitespace()));
        tc(format!("qdisc add dev {near} {shape}"));
        tc(format!("-n {name} qdisc add dev {far} {shape}"));
        link
    }

    /// This machine's own server behind the link, its AES instructions hidden.
    pub fn masked_host(&self) -> Host {
        let words = ["ip", "netns", "exec", &self.name];
        Host {
            under: words.map(str::to_owned).to_vec(),
            environment: vec![("OPENSSL_ia32cap", "~0x200000200000000:~0x0000060000000000")],
            address: Link::THERE.into(),
            ..Host::default()
        }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        // Its end of the veth pair goes with the namespace, and so does ours.
        let _ = Command::new("ip").args(["netns", "del", &self.name]).output();
    }
}
