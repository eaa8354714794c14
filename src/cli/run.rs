//! The command line of `run`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::connect::ConnectArgs;
use super::survey::{EXIT_STATUS, SurveyArgs};
use crate::model::Method;

#[derive(Debug, Args)]
#[command(after_help = EXIT_STATUS)]
pub struct RunArgs {
    #[arg(
        required = true,
        value_hint = ValueHint::Hostname,
        help = "[user@]host[:dir], [::1]:dir or ssh://[user@]host[:port]/dir; host is a name that \
                ssh knows, and a temporary directory is made in dir (default: the login directory)"
    )]
    pub target: Option<OsString>,
    /// File to transfer, in chunks from its beginning; with one of 16 MiB or more the storage of both ends is timed
    /// too, but not with --quick [default: random data]
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
    /// Survey another host or directory in the same rounds; may be given several times
    #[arg(long, value_name = "TARGET")]
    pub also: Vec<OsString>,
    /// How the bytes are moved: sftp (the data path of scp since OpenSSH 9.0), pipe (bytes through ssh into
    /// `dd`, and back from it; no file is made of them unless --sink file), scp (a run of scp for each
    /// sample), or several [default: sftp with FILE; pipe without, and where an end has no sftp]
    #[arg(long, value_delimiter = ',', value_name = "METHOD")]
    pub method: Vec<Method>,
    /// Do not copy FILE in turn with the recommended cipher and the default, or the fastest other one, at the end (up
    /// to eight copies within 25 s; never without FILE, nor with --quick or less than three --rounds)
    #[arg(long)]
    pub no_confirm: bool,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub survey: SurveyArgs,
}
