//! This executable as the program that scp runs as its ssh (`-S`).
//!
//! scp takes a program there, but no arguments for it. So the temporary directory holds a link to this
//! executable, and files with the arguments of the real client. The arguments that scp gives (no
//! forwarding, the host) are in that list already.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::ssh::{Connection, Session};
use crate::transfer::scp::asks_for_sftp;

/// The file name under which this executable is the shim.
pub const NAME: &str = "ssh-for-scp";

/// The real client with its arguments: for a command, and for the sftp subsystem.
const COMMAND_FILE: &str = "ssh-for-scp.command";
const SUBSYSTEM_FILE: &str = "ssh-for-scp.subsystem";

/// Creates the link; returns the path for `scp -S`.
pub fn install(directory: &Path) -> io::Result<PathBuf> {
    let link = directory.join(NAME);
    if link.symlink_metadata().is_err() {
        std::os::unix::fs::symlink(std::env::current_exe()?, &link)?;
    }
    Ok(link)
}

/// Writes the arguments for the next scp. `command`: what to run in place of the sftp subsystem;
/// absent: the subsystem itself.
pub fn prepare(
    directory: &Path,
    connection: &Connection,
    session: &Session,
    command: Option<&str>,
) -> io::Result<()> {
    let write = |name: &str, subsystem: bool, last: &str| {
        let mut words = vec![connection.program.clone()];
        words.extend(connection.arguments(&Session { subsystem, ..*session }));
        words.push(last.into());
        let text: Vec<&[u8]> = words.iter().map(|word| word.as_bytes()).collect();
        fs::write(directory.join(name), text.join(&0))
    };
    match command {
        Some(command) => write(COMMAND_FILE, false, command)?,
        None => {
            let stale = directory.join(COMMAND_FILE);
            if stale.exists() {
                fs::remove_file(stale)?;
            }
        }
    }
    write(SUBSYSTEM_FILE, true, "sftp")
}

/// Whether this process was started as the shim.
pub fn is_called(argv0: &OsStr) -> bool {
    Path::new(argv0).file_name() == Some(OsStr::new(NAME))
}

/// Executes the real client. Returns only if that fails, with the reason.
pub fn run(argv0: &OsStr, arguments: &[OsString]) -> String {
    let directory = Path::new(argv0).parent().unwrap_or(Path::new("."));
    if !asks_for_sftp(arguments) {
        return "this scp does not use SFTP; cipher-survey needs scp of OpenSSH 8.7 or later; use \
                --method pipe"
            .into();
    }
    let read = fs::read(directory.join(COMMAND_FILE))
        .or_else(|_| fs::read(directory.join(SUBSYSTEM_FILE)));
    let words: Vec<OsString> = match read {
        Ok(text) => text.split(|&byte| byte == 0).map(|w| OsString::from_vec(w.to_vec())).collect(),
        Err(error) => return format!("the arguments of the SSH client can't be read: {error}"),
    };
    let Some((program, arguments)) = words.split_first() else {
        return "the arguments of the SSH client are empty".into();
    };
    let error = Command::new(program).args(arguments).exec();
    format!("the SSH client {} can't be started: {error}", program.to_string_lossy())
}
