//! Slow storage.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::testbed::relay::Relay;
use crate::testbed::{Testbed, need, need_root, ran, said};

/// A file system on a loop device whose writes the block controller holds to 10 MB/s.
pub struct SlowDisk {
    mounted: PathBuf,
    limits: PathBuf,
    number: String,
}

impl SlowDisk {
    pub const BYTES_PER_S: u32 = 10_000_000;

    pub fn new(at: &Path) -> SlowDisk {
        SlowDisk::of(&at.with_file_name("disk"), at)
    }

    /// With a file for what is on it.
    pub fn of(image: &Path, at: &Path) -> SlowDisk {
        need_root();
        fs::File::create(image).unwrap().set_len(1 << 30).unwrap();
        ran(Command::new(need("mkfs.ext4", "e2fsprogs"))
            .args(["-q", "-E", "lazy_itable_init=0"])
            .arg(image));
        // Each write waits for the disk: what is slow is then slow from the first byte.
        ran(Command::new("mount").args(["-o", "loop,sync"]).arg(image).arg(at));
        fs::set_permissions(at, fs::Permissions::from_mode(0o777)).unwrap();
        let device = said(Command::new("stat").args(["-c", "%Hd:%Ld"]).arg(at));
        let number = device.trim().to_owned();
        let limits = PathBuf::from("/sys/fs/cgroup/blkio/blkio.throttle.write_bps_device");
        let disk = SlowDisk { mounted: at.to_owned(), limits, number };
        disk.limit(SlowDisk::BYTES_PER_S);
        disk
    }

    /// 0: no limit.
    pub fn limit(&self, bytes_per_s: u32) {
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
pub struct SlowFuse {
    at: PathBuf,
    _relay: Relay,
}

impl SlowFuse {
    pub fn new(testbed: &Testbed, at: &Path) -> SlowFuse {
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
