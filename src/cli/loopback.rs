//! The command line of `loopback`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::survey::{EXIT_STATUS, SurveyArgs};
use crate::loopback::spec::ServerProgram;
use crate::model::{AesEnds, Method};

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct LoopbackArgs {
    /// File to transfer, in chunks from its beginning [default: random data]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Which ends may use AES instructions; they are disabled at the other [default: both,client
    /// where the CPU has them]
    #[arg(long, value_delimiter = ',', value_name = "ENDS", help_heading = "What is compared")]
    pub aes: Option<Vec<AesEnds>>,
    /// Survey all ciphers of the client, not only those that sshd offers by default; the built-in
    /// server always offers all that it has
    #[arg(long, help_heading = "What is compared")]
    pub all: bool,
    /// Do not pin client and server to separate halves of the CPU cores
    #[arg(long, help_heading = "How it is measured")]
    pub no_pin: bool,
    /// How the bytes are moved: sftp (the data path of scp since OpenSSH 9.0), pipe (bytes through ssh into
    /// `dd`, and back from it; no file is made of them unless --sink file), scp (a run of scp for each
    /// sample), or several [default: sftp with FILE; pipe without, and where there is no sftp]
    #[arg(long, value_delimiter = ',', value_name = "METHOD")]
    pub method: Vec<Method>,
    /// SSH client programs to compare: `openssh` (the system's), `russh` (built in), or the path of
    /// an ssh-compatible one [default: openssh where ssh and sshd are installed, else russh]
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM", help_heading = "What is compared")]
    pub client: Vec<OsString>,
    /// SSH servers to compare [default: openssh where ssh and sshd are installed, else russh]
    #[arg(long, value_delimiter = ',', value_name = "SERVER", help_heading = "What is compared")]
    pub server: Vec<ServerProgram>,
    /// Also measure russh with no cipher at all: what everything but the cipher costs (needs
    /// --client russh --server russh)
    #[arg(long, help_heading = "What is compared")]
    pub with_none: bool,
    #[command(flatten)]
    pub survey: SurveyArgs,
}
