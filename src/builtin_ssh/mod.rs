//! The built-in SSH, over russh: three programs, each of which is this executable started under
//! another name. So all clients and servers are started, accounted for and ended in the same way, AES
//! can be disabled for one of them alone, each can be pinned to a core, and scp, sftp, rsync and sshfs
//! can be given a path.

pub mod algorithms;
mod client;
mod server;

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// A program that this executable is besides `cipher-survey`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Program {
    /// An SSH client with the argument list of OpenSSH's `ssh`.
    Client,
    /// An SSH server for this machine alone.
    Server,
    /// It serves SFTP on its standard streams, as OpenSSH's `sftp-server` does.
    SftpServer,
}

/// The hidden verb, which the name of a [`Program`] follows.
pub const VERB: &str = "built-in";

impl Program {
    const ALL: [Program; 3] = [Program::Client, Program::Server, Program::SftpServer];

    /// The file name under which this executable is this program.
    pub fn name(self) -> &'static str {
        match self {
            Program::Client => "russh",
            Program::Server => "russh-sshd",
            Program::SftpServer => "russh-sftp-server",
        }
    }

    /// The name after the hidden verb.
    fn word(self) -> &'static str {
        match self {
            Program::Client => "ssh",
            Program::Server => "sshd",
            Program::SftpServer => "sftp-server",
        }
    }

    /// The program that this process was started as, and its arguments: by the name of the
    /// executable, or by the hidden verb.
    pub fn called(words: &[OsString]) -> Option<(Program, &[OsString])> {
        let (argv0, arguments) = words.split_first()?;
        let file = Path::new(argv0).file_name();
        if let Some(program) = Program::ALL.into_iter().find(|p| file == Some(OsStr::new(p.name())))
        {
            return Some((program, arguments));
        }
        let (verb, arguments) = arguments.split_first()?;
        let (word, arguments) = arguments.split_first().filter(|_| verb == VERB)?;
        let program = Program::ALL.into_iter().find(|program| word == program.word())?;
        Some((program, arguments))
    }

    /// Makes a link to this executable under the program's name, in a directory of the caller's.
    pub fn install(self, directory: &Path) -> io::Result<PathBuf> {
        let link = directory.join(self.name());
        match std::os::unix::fs::symlink(std::env::current_exe()?, &link) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
            _ => Ok(link),
        }
    }

    /// Runs this program to its end.
    pub fn run(self, arguments: &[OsString]) -> ExitCode {
        match self {
            Program::Client => client::run(arguments),
            Program::Server => server::run(arguments),
            Program::SftpServer => server::sftp::run(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn called(line: &str) -> Option<(Program, usize)> {
        let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        Program::called(&words).map(|(program, arguments)| (program, arguments.len()))
    }

    #[test]
    fn a_program_is_chosen_by_the_name_of_the_executable_or_by_the_hidden_verb() {
        assert_eq!(called("/tmp/x/russh -v pi1"), Some((Program::Client, 2)));
        assert_eq!(called("russh-sftp-server"), Some((Program::SftpServer, 0)));
        assert_eq!(called("cipher-survey built-in sshd --port 0"), Some((Program::Server, 2)));
        assert_eq!(called("cipher-survey built-in"), None);
        assert_eq!(called("cipher-survey pi1 built-in"), None);
    }
}
