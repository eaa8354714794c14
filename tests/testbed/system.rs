//! This machine: its programs, accounts, processes and files.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ACCOUNT;

/// A program's path, or a failure that names its package.
pub fn need(program: &str, package: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|directory| directory.join(program))
        .find(|path| path.is_file())
        .unwrap_or_else(|| panic!("this test needs {program}: install {package}, or run tests/run"))
}

pub fn need_root() {
    assert!(rustix::process::geteuid().is_root(), "this test needs root: run tests/run as root");
}

/// Held by one thread of one process at a time, until it is dropped.
pub fn lock(name: &str) -> File {
    let lock = lock_file(name);
    lock.lock().unwrap();
    lock
}

/// The same for all who test on this machine.
pub fn lock_file(name: &str) -> File {
    let path = Path::new("/tmp").join(format!("cs-test-{name}.lock"));
    File::options().create(true).append(true).open(path).unwrap()
}

pub fn make_account() {
    need_root();
    let exists =
        || Command::new("id").arg(ACCOUNT).output().is_ok_and(|output| output.status.success());
    if !exists() {
        ran(Command::new(need("useradd", "passwd")).args(["-m", "-s", "/bin/bash", ACCOUNT]));
    }
    // Without PAM an account without password is locked.
    ran(Command::new(need("usermod", "passwd")).args(["-p", "*", ACCOUNT]));
}

pub fn ran(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
}

pub fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// Gives this thread priority over all others, so that it is in time on a busy machine too (where the kernel
/// allows it).
pub fn be_first() {
    let thread = rustix::thread::gettid().as_raw_nonzero().to_string();
    let mut chrt = Command::new(need("chrt", "util-linux"));
    let _ = chrt.args(["--fifo", "--pid", "1", &thread]).output();
}

/// All processes.
pub fn processes() -> Vec<u32> {
    let number = |entry: fs::DirEntry| entry.file_name().to_str()?.parse().ok();
    fs::read_dir("/proc").unwrap().flatten().filter_map(number).collect()
}

/// Empty where the process has ended.
pub fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// When a process began, in ticks since boot. (Numbers of processes start again at their limit.)
pub fn started(pid: u32) -> u64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // Field 22 of proc(5); the name is the second.
    let mut fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    fields.nth(19).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

pub fn children(pid: u32) -> Vec<u32> {
    let text = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    text.split_whitespace().map(|pid| pid.parse().unwrap()).collect()
}

pub fn descendants(pid: u32) -> Vec<u32> {
    let own = children(pid);
    let below: Vec<u32> = own.iter().flat_map(|&child| descendants(child)).collect();
    [own, below].concat()
}

pub fn walk(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        found.push(entry.path());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            found.extend(walk(&entry.path()));
        }
    }
    found
}
