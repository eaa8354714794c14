//! This executable as the program that scp and sftp run as their ssh (`-S`).
//!
//! They take a program there, but no arguments for it. So the temporary directory holds a link to this
//! executable, and files with the arguments of the real client. The arguments that they give (no
//! forwarding, the host) are in that list already; in scp's old protocol the last one is the remote command.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ssh::{Connection, Session};

/// The file name under which this executable is the shim.
pub const NAME: &str = "ssh-for-scp";

/// The real client with its arguments: for a command, and for the sftp subsystem.
const COMMAND_FILE: &str = "ssh-for-scp.command";
const SUBSYSTEM_FILE: &str = "ssh-for-scp.subsystem";
/// The same for scp's old protocol: scp's own remote command follows as one more word of the last one.
const OLD_FILE: &str = "ssh-for-scp.old";

/// Variables of glibc's malloc (mallopt(3)) for an sftp that moves several files. From the second `get` on it gives
/// the top of its heap back to the kernel after each reply and asks for it again with the next one: 12 page faults
/// per 32 KiB, a third of its speed. A user's own copy, whose process ends with its file, has none of that.
const KEEP_HEAP: [(&str, &str); 2] =
    [("MALLOC_MMAP_THRESHOLD_", "33554432"), ("MALLOC_TRIM_THRESHOLD_", "67108864")];

/// Lets a program keep its heap, where the user has not set it otherwise. Its ssh is left as it is.
pub fn keep_heap(command: &mut Command) {
    let is_set = |name: &str| std::env::var_os(name).is_some();
    if !KEEP_HEAP.iter().any(|(name, _)| is_set(name)) && !is_set("GLIBC_TUNABLES") {
        command.envs(KEEP_HEAP);
    }
}

/// Takes back what [`keep_heap`] has set for the program that called this one.
fn as_user_set(command: &mut Command) {
    for (name, value) in KEEP_HEAP {
        if std::env::var_os(name).is_some_and(|set| set == value) {
            command.env_remove(name);
        }
    }
}

/// Creates the link; returns the path for `scp -S`.
pub fn install(directory: &Path) -> io::Result<PathBuf> {
    let link = directory.join(NAME);
    if link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink(std::env::current_exe()?, &link)?;
    }
    Ok(link)
}

/// Writes the arguments for the next scp or sftp. `command`: what to run in place of the sftp subsystem;
/// absent: the subsystem itself.
pub fn prepare(
    directory: &Path,
    connection: &Connection,
    session: &Session,
    command: Option<&str>,
) -> io::Result<()> {
    remove(directory, OLD_FILE)?;
    match command {
        Some(command) => write(directory, COMMAND_FILE, connection, session, command)?,
        None => remove(directory, COMMAND_FILE)?,
    }
    let subsystem = Session { subsystem: true, ..*session };
    write(directory, SUBSYSTEM_FILE, connection, &subsystem, "sftp")
}

/// Writes the arguments for the next scp that speaks its old protocol. `command`: what its remote command is
/// given to, as one more word.
pub fn prepare_old(
    directory: &Path,
    connection: &Connection,
    session: &Session,
    command: &str,
) -> io::Result<()> {
    write(directory, OLD_FILE, connection, session, command)
}

fn write(
    directory: &Path,
    name: &str,
    connection: &Connection,
    session: &Session,
    last: &str,
) -> io::Result<()> {
    let mut words = vec![connection.program.clone()];
    words.extend(connection.arguments(session));
    words.push(last.into());
    let text: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
    fs::write(directory.join(name), text.join(&0))
}

fn remove(directory: &Path, name: &str) -> io::Result<()> {
    match fs::remove_file(directory.join(name)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether this process was started as the shim.
pub fn is_called(argv0: &OsStr) -> bool {
    Path::new(argv0).file_name() == Some(OsStr::new(NAME))
}

/// Executes the real client. Returns only if that fails, with the reason.
pub fn run(argv0: &OsStr, arguments: &[OsString]) -> String {
    let directory = Path::new(argv0).parent().unwrap_or(Path::new("."));
    let old = arguments.last().filter(|_| !asks_for_sftp(arguments));
    let read = match old {
        Some(_) => fs::read(directory.join(OLD_FILE)),
        None => fs::read(directory.join(COMMAND_FILE))
            .or_else(|_| fs::read(directory.join(SUBSYSTEM_FILE))),
    };
    let mut words: Vec<OsString> = match read {
        Ok(text) => text.split(|&byte| byte == 0).map(|w| OsString::from_vec(w.to_vec())).collect(),
        Err(error) => return format!("the arguments of the SSH client can't be read: {error}"),
    };
    if let (Some(own), Some(last)) = (old, words.last_mut()) {
        last.push(" ");
        last.push(quoted(own));
    }
    let Some((program, arguments)) = words.split_first() else {
        return "the arguments of the SSH client are empty".into();
    };
    let mut command = Command::new(program);
    command.args(arguments);
    as_user_set(&mut command);
    let error = command.exec();
    format!("the SSH client {} can't be started: {error}", program.to_string_lossy())
}

/// Whether the arguments that scp gives its client ask for the sftp subsystem.
fn asks_for_sftp(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument.as_bytes() == b"-s")
        && arguments.last().is_some_and(|argument| argument.as_bytes() == b"sftp")
}

/// One word of any login shell.
fn quoted(word: &OsStr) -> OsString {
    let mut quoted = vec![b'\''];
    for &byte in word.as_bytes() {
        match byte {
            b'\'' => quoted.extend(b"'\\''"),
            _ => quoted.push(byte),
        }
    }
    quoted.push(b'\'');
    OsString::from_vec(quoted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_stays_one_word() {
        let word = quoted(OsStr::new("scp -t it's"));
        let output = Command::new("sh")
            .arg("-c")
            .arg({
                let mut script = OsString::from("printf %s ");
                script.push(word);
                script
            })
            .output();
        assert_eq!(output.unwrap().stdout, b"scp -t it's");
    }

    #[test]
    fn scps_own_arguments_are_recognised() {
        // OpenSSH 9.2: scp FILE t:PATH, and the same with -O.
        let list = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(asks_for_sftp(&list("-x -oRequestTTY=no -s -- t sftp")));
        assert!(!asks_for_sftp(&list("-x -oRequestTTY=no -- t scp -t /tmp/x")));
    }
}
