//! A testbed whose client programs and whose server's processes are in control groups of their own.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::testbed::cgroup::Cgroup;
use crate::testbed::hosts::{Host, OPENSSH_10};
use crate::testbed::{Options, Testbed, descendants};

/// Who serves whom.
pub struct Combination {
    pub name: &'static str,
    pub ordinary: bool,
    pub new: bool,
}

impl Combination {
    /// A file of its evidence.
    pub fn file(&self, directory: &Path, what: &str) -> PathBuf {
        directory.join(format!("{}-{what}.jsonl.gz", self.name))
    }
}

pub const ALL: [Combination; 4] = [
    Combination { name: "openssh-9.2-root", ordinary: false, new: false },
    Combination { name: "openssh-9.2-ordinary", ordinary: true, new: false },
    Combination { name: "openssh-10.0-root", ordinary: false, new: true },
    Combination { name: "openssh-10.0-ordinary", ordinary: true, new: true },
];

/// Nanoseconds of CPU, a line for each process that has left the server's group.
const LEFT: &str = "left";

/// A testbed whose processes are in groups of their own.
pub struct Bed {
    pub testbed: Testbed,
    pub file: PathBuf,
    /// Programs of connections that are measured.
    pub clients: Cgroup,
    /// The server's processes for the control connection.
    control: Cgroup,
    /// What the server has started: shells, sftp-server. After the testbed, with which they end.
    _helpers: Cgroup,
    /// With the file of what these have spent before they left the server's group.
    place: tempfile::TempDir,
}

impl Bed {
    /// With a file of so many bytes.
    pub fn new(combination: &Combination, bytes: u64) -> Bed {
        let place = tempfile::Builder::new().prefix("cs-forced-").tempdir().unwrap();
        fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let helpers = Cgroup::empty("helpers");
        helpers.open_to_all();
        // What the server starts leaves the server's group first, and says what it has spent there.
        let left = place.path().join(LEFT);
        fs::write(&left, "").unwrap();
        fs::set_permissions(&left, fs::Permissions::from_mode(0o666)).unwrap();
        let forced = place.path().join("forced");
        script(
            &forced,
            &format!(
                "echo $$ > {}\nread -r spent rest </proc/$$/schedstat\necho $spent >>{}\n\
                 exec sh -c \"$SSH_ORIGINAL_COMMAND\"",
                helpers.processes().display(),
                left.display()
            ),
        );
        let host = if combination.new { Host::openssh_10() } else { Host::default() };
        let own = if combination.new { Host::openssh_10_config() } else { String::new() };
        // A bash that is not the first one reads no .bashrc, whose CPU would be in the server's group.
        let server = format!("ForceCommand {}\nSetEnv SHLVL=2\n{own}", forced.display());
        let testbed = Testbed::with(Options {
            ordinary: combination.ordinary,
            cgroup: true,
            host,
            server: &server,
            ..Options::default()
        });
        let clients = Cgroup::empty("client");
        let bin = testbed.path("bin");
        fs::create_dir(&bin).unwrap();
        for name in ["ssh", "scp", "sftp"] {
            let program = match combination.new {
                true => OPENSSH_10.wrapped(name).display().to_string(),
                false => format!("/usr/bin/{name}"),
            };
            let join = format!(
                "{{ : > {}; echo $$ > {}; }}",
                begun(&testbed).display(),
                clients.processes().display()
            );
            // The control connection's ssh is told no cipher.
            let which = if name == "ssh" { "*' -c '*" } else { "*" };
            let text = format!("case \" $* \" in {which}) {join};; esac\nexec {program} \"$@\"");
            script(&bin.join(name), &text);
        }
        let file = testbed.file("data", bytes);
        let control = Cgroup::empty("control");
        Bed { testbed, file, clients, control, _helpers: helpers, place }
    }

    /// Seconds of CPU of the server's processes so far.
    pub fn server_s(&self) -> f64 {
        let left = fs::read_to_string(self.place.path().join(LEFT)).unwrap();
        let left_s: f64 = left.lines().map(|line| line.parse::<f64>().unwrap() / 1e9).sum();
        self.testbed.cgroup.as_ref().unwrap().cpu_s() - left_s
    }

    /// Moves the server's processes for the control connection out of the server's group: they are there
    /// before the first client is started that is told a cipher.
    pub fn keep_control_apart(&self, stop: &AtomicBool) {
        let mut control: Vec<u32> = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            let sessions = self.testbed.sessions();
            if !begun(&self.testbed).exists() {
                control = sessions;
            }
            for &pid in &control {
                self.control.take(pid);
                descendants(pid).into_iter().for_each(|pid| self.control.take(pid));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// It is there as soon as a client was started that is told a cipher.
pub fn begun(testbed: &Testbed) -> PathBuf {
    testbed.path("begun")
}

fn script(path: &Path, text: &str) {
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
