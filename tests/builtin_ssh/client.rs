//! The built-in client with OpenSSH's sshd.

mod faults;
mod hosts;
mod transfers;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use cipher_survey::ssh::failure::{Failure, FailureKind};
use sha2::{Digest, Sha256};

use crate::testbed::{PROGRAM, Run, Testbed};

/// MiB of the large transfers.
fn mib() -> u64 {
    std::env::var("CIPHER_SURVEY_TEST_MIB").map_or(64, |text| text.parse().unwrap())
}

/// A testbed with the client under its own name.
struct Client {
    testbed: Testbed,
}

impl Client {
    fn new() -> Client {
        Client::of(Testbed::new())
    }

    fn of(testbed: Testbed) -> Client {
        std::os::unix::fs::symlink(PROGRAM, testbed.path("russh")).unwrap();
        Client { testbed }
    }

    fn path(&self) -> PathBuf {
        self.testbed.path("russh")
    }

    fn config(&self) -> PathBuf {
        self.testbed.path("ssh_config")
    }

    /// The client with the testbed's configuration and an empty standard input.
    fn command(&self) -> Command {
        let mut command = Command::new(self.path());
        command.arg("-F").arg(self.config()).env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command().args(arguments).output().unwrap())
    }

    /// It ends with 255, with these words on standard error and nothing on standard output.
    fn refused(&self, arguments: &[&str], words: &[&str]) -> Run {
        let run = self.run(arguments);
        assert_eq!(run.code, Some(255), "{run:?}");
        assert!(run.stdout.is_empty(), "{run:?}");
        for word in words {
            assert!(run.stderr.contains(word), "{word:?} is not in {run:?}");
        }
        run
    }
}

/// The failure as a survey reads it.
fn read(run: &Run) -> Failure {
    Failure::read(&run.stderr, "testbed")
}

fn assert_kind(run: &Run, kind: FailureKind) {
    assert_eq!(read(run).kind, kind, "{run:?}");
}

fn sha256(path: &Path) -> Vec<u8> {
    let (mut file, mut hash) = (File::open(path).unwrap(), Sha256::new());
    let mut block = vec![0; 1 << 20];
    loop {
        match file.read(&mut block).unwrap() {
            0 => return hash.finalize().to_vec(),
            count => hash.update(&block[..count]),
        }
    }
}

fn assert_equal(one: &Path, other: &Path) {
    assert!(sha256(one) == sha256(other), "{one:?} and {other:?} differ");
}
