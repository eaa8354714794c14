//! How to reach a host.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;

/// The options that ssh has for a connection.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Connection")]
pub struct ConnectArgs {
    /// SSH client program: `openssh` (the system's), `russh` (built in), or the path of an
    /// ssh-compatible one; a survey compares several in the same rounds
    #[arg(long, value_delimiter = ',', value_name = "PROGRAM", default_value = "openssh")]
    pub client: Vec<OsString>,
    /// ssh_config file to read instead of the user's and the system's (ssh -F)
    #[arg(long, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// Option in the form of ssh_config; those that would change the measurement are overridden
    #[arg(short = 'o', value_name = "OPTION")]
    pub options: Vec<OsString>,
    /// Port of the SSH server
    #[arg(short = 'p', value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub port: Option<u16>,
    /// Private key to log in with
    #[arg(short = 'i', value_name = "FILE")]
    pub identity: Vec<PathBuf>,
    /// Jump host to connect through; the CPU of its tunnel is included in the client's
    #[arg(short = 'J', value_name = "HOST")]
    pub jump: Option<OsString>,
}
