//! A remote host that differs from this machine in its accounts, shells and file systems: the server
//! has a mount namespace of its own, so that this machine stays as it is and several testbeds may run
//! at once.

pub mod programs;
pub mod sftp;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::{Options, Testbed, need_root};

/// The ordinary account of such a host, which exists nowhere else.
pub const GUEST: &str = "guest";
const GUEST_ID: u32 = 4711;

/// Its home, and root's: each directory above it is root's, as some servers require.
pub const HOME: &str = "/mnt";

#[derive(Clone, Copy, Default)]
pub struct Remote<'a> {
    /// Log in as [`GUEST`], not as root.
    pub guest: bool,
    /// The login shell; empty: `/bin/sh`.
    pub shell: &'a str,
    /// Files of the home directory.
    pub home: &'a [(&'a str, &'a str)],
    /// Lines of shell that change what the server sees, `$testbed` being the testbed's directory.
    pub change: &'a str,
    /// The path of the testbed's `remote` as its server sees it, where that is another one.
    pub seen: &'a str,
}

impl Remote<'_> {
    /// A testbed on such a host.
    pub fn testbed(self) -> Testbed {
        Testbed::with(Options { remote: Some(self), ..Options::default() })
    }

    pub fn user(&self) -> &'static str {
        if self.guest { GUEST } else { "root" }
    }

    /// Lays it out in the testbed; returns the command that a server runs under.
    pub fn lay_out(&self, testbed: &Path) -> Vec<String> {
        need_root();
        let id = if self.guest { GUEST_ID } else { 0 };
        let home = testbed.join("home");
        fs::create_dir_all(home.join(".ssh")).unwrap();
        fs::copy(testbed.join("client_key.pub"), home.join(".ssh/authorized_keys")).unwrap();
        for (name, text) in self.home {
            fs::create_dir_all(home.join(name).parent().unwrap()).unwrap();
            fs::write(home.join(name), text).unwrap();
            fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        fs::set_permissions(home.join(".ssh"), fs::Permissions::from_mode(0o700)).unwrap();
        for path in [home.join(".ssh/authorized_keys"), home.join(".ssh"), home.clone()] {
            std::os::unix::fs::chown(path, Some(id), Some(id)).unwrap();
        }
        fs::set_permissions(&home, fs::Permissions::from_mode(0o755)).unwrap();
        std::os::unix::fs::chown(testbed.join("remote"), Some(id), Some(id)).unwrap();
        let shell = if self.shell.is_empty() { "/bin/sh" } else { self.shell };
        let account = |name: &str, id: u32, password: &str| {
            format!("{name}:{password}:{id}:{id}::{HOME}:{shell}\n")
        };
        let accounts = account("root", 0, "x") + &account(GUEST, GUEST_ID, "x");
        write_with(testbed, "passwd", &accounts);
        // Neither has a password; without PAM a locked account could not log in.
        write_with(testbed, "shadow", &format!("root:*:1::::::\n{GUEST}:*:1::::::\n"));
        write_with(testbed, "shells", &format!("{shell}\n"));
        let enter = testbed.join("enter");
        // The directory, not its files: whoever makes an account renames those, and a file that is
        // replaced loses what is mounted on it, in every namespace.
        let script = format!(
            "set -e\ntestbed={}\nmount -t overlay -o lowerdir=\"$testbed/etc:/etc\" testbed /etc\n\
             mount --bind \"$testbed/home\" {HOME}\n{}\nexec \"$@\"\n",
            testbed.display(),
            self.change
        );
        fs::write(&enter, script).unwrap();
        ["unshare", "-m", "sh", enter.to_str().unwrap()].map(str::to_owned).to_vec()
    }
}

/// This machine's file of that name, our lines before it: the first one of a name counts.
fn write_with(testbed: &Path, name: &str, ours: &str) {
    let theirs = fs::read_to_string(Path::new("/etc").join(name)).unwrap();
    fs::create_dir_all(testbed.join("etc")).unwrap();
    let path = testbed.join("etc").join(name);
    fs::write(&path, format!("{ours}{theirs}")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}
