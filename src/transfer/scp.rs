//! `scp`: the system's scp over the client program.
//!
//! scp starts its client (`-S`) with its own argument list and asks for the `sftp` subsystem. Here that
//! client is this executable under another name ([`super::shim`]). It runs the real client with the
//! survey's options and, instead of the subsystem, a command that reads the server's counters, runs
//! the same sftp-server, and reads them again.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::host::script::{one_word, watch_server};
use crate::model::Direction;

/// The host in scp's arguments. It never reaches ssh: the shim names the real one.
const HOST: &str = "remote";

/// The command in place of the sftp subsystem; absent where the sftp server is not a plain program
/// (`internal-sftp`, or a line with shell syntax).
pub fn command(mark: &str, sftp_server: &str) -> Option<String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,=@ ".contains(&byte);
    let usable = sftp_server.starts_with('/') && sftp_server.bytes().all(plain);
    usable.then(|| {
        one_word(&format!(
            "{} snap begin; {sftp_server}; e=$?; snap end; exit $e",
            watch_server(mark)
        ))
    })
}

/// The arguments of scp. `local` and `remote` are absolute paths, so that none is taken for an option or
/// a host. `-s`: SFTP also where it is not yet the default (OpenSSH 8.7 to 8.9).
pub fn arguments(shim: &Path, direction: Direction, local: &Path, remote: &[u8]) -> Vec<OsString> {
    let mut operand = Vec::from(format!("{HOST}:").as_bytes());
    match direction {
        Direction::Upload => operand.extend_from_slice(remote),
        // scp expands patterns in a source, not in a destination.
        Direction::Download => operand.extend(escape_pattern(remote)),
    }
    let operand = OsString::from_vec(operand);
    let (from, to): (&OsStr, &OsStr) = match direction {
        Direction::Upload => (local.as_os_str(), &operand),
        Direction::Download => (&operand, local.as_os_str()),
    };
    vec!["-q".into(), "-s".into(), "-S".into(), shim.into(), "--".into(), from.into(), to.into()]
}

fn escape_pattern(path: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(path.len());
    for &byte in path {
        if b"*?[]{}\\~".contains(&byte) {
            escaped.push(b'\\');
        }
        escaped.push(byte);
    }
    escaped
}

/// Whether the arguments that scp gives its client ask for the sftp subsystem.
pub fn asks_for_sftp(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument.as_bytes() == b"-s")
        && arguments.last().is_some_and(|argument| argument.as_bytes() == b"sftp")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_program_is_wrapped() {
        assert!(command("m", "internal-sftp").is_none());
        assert!(command("m", "/bin/x; rm -rf /").is_none());
        assert!(
            command("m", "/usr/lib/openssh/sftp-server -l INFO").unwrap().contains("-l INFO; e=")
        );
    }

    #[test]
    fn a_remote_source_is_not_expanded_as_a_pattern() {
        let remote = b"/srv/a[1] b/up".as_slice();
        let list = |direction| arguments(Path::new("/t/ssh"), direction, Path::new("/t/x"), remote);
        assert_eq!(list(Direction::Upload).last().unwrap().as_bytes(), b"remote:/srv/a[1] b/up");
        assert_eq!(list(Direction::Download)[5].as_bytes(), b"remote:/srv/a\\[1\\] b/up");
    }

    #[test]
    fn scps_own_arguments_are_recognised() {
        // OpenSSH 9.2: scp FILE t:PATH, and the same with -O.
        let list = |text: &str| text.split(' ').map(OsString::from).collect::<Vec<_>>();
        assert!(asks_for_sftp(&list("-x -oRequestTTY=no -s -- t sftp")));
        assert!(!asks_for_sftp(&list("-x -oRequestTTY=no -- t scp -t /tmp/x")));
    }
}
