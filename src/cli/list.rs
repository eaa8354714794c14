//! The command line of `list`.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use super::connect::ConnectArgs;

#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 there are ciphers to list, 2 there are none.")]
pub struct ListArgs {
    /// Also connect to this host once and show which ciphers its server offers
    #[arg(value_hint = ValueHint::Hostname)]
    pub target: Option<OsString>,
    /// Print names only, one per line, as `ssh -Q cipher` does
    #[arg(long)]
    pub plain: bool,
    /// Show only ciphers that both ends support
    #[arg(long, requires = "target")]
    pub usable: bool,
    #[command(flatten)]
    pub connect: ConnectArgs,
}
