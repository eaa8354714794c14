//! The command line of `cores`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueHint};

use super::connect::ConnectArgs;
use super::output::{JournalArgs, SheetArgs};

/// Measure what each cipher costs the CPU: SSH packets are encrypted and decrypted in memory, without
/// network, sockets or disk. Without a target it takes about 20 seconds.
#[derive(Debug, Args)]
#[command(after_help = "Exit status: 0 complete, 1 some measurements failed, 2 nothing could be \
                        measured, 130 interrupted.")]
pub struct CoresArgs {
    /// Also measure these hosts (names that ssh knows) with their own `openssl speed`; nothing is
    /// installed on them
    #[arg(value_name = "TARGET", value_hint = ValueHint::Hostname)]
    pub targets: Vec<OsString>,
    /// Libraries: aws-lc-rs, libcrypto (the system's, which its ssh uses), ring, rustcrypto, or `all`
    #[arg(
        long = "impl",
        value_delimiter = ',',
        value_name = "LIBRARY",
        default_value = "aws-lc-rs,libcrypto",
        help_heading = "What is compared"
    )]
    pub implementations: Vec<String>,
    /// Measure only these ciphers
    #[arg(
        long = "cipher",
        alias = "ciphers",
        value_delimiter = ',',
        value_name = "CIPHER",
        help_heading = "What is compared"
    )]
    pub ciphers: Vec<String>,
    /// MACs to measure with each cipher that needs one, or `all`
    #[arg(
        long = "mac",
        alias = "macs",
        value_delimiter = ',',
        value_name = "MAC",
        default_value = "hmac-sha2-256-etm@openssh.com",
        help_heading = "What is compared"
    )]
    pub macs: Vec<String>,
    /// Bytes of payload per packet: 64, 256, 1024, 8192, 32768, or `all`; OpenSSH's bulk packets
    /// hold 32768
    #[arg(
        long = "size",
        alias = "sizes",
        value_delimiter = ',',
        value_name = "BYTES",
        default_value = "32768",
        help_heading = "What is compared"
    )]
    pub sizes: Vec<String>,
    /// Measure with AES instructions enabled, disabled, or both [default: both where the CPU has
    /// them]
    #[arg(long, value_delimiter = ',', value_name = "STATE", help_heading = "What is compared")]
    pub aes: Vec<AesState>,
    /// Seconds that the measurements on this machine take; targets take their own time
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u32).range(1..=86400),
          help_heading = "How it is measured")]
    pub seconds: u32,
    /// libcrypto to load instead of the system's
    #[arg(long, value_name = "PATH", help_heading = "How it is measured")]
    pub libcrypto: Option<PathBuf>,
    /// Seed of the shuffled order; the same seed gives the same order
    #[arg(long, value_name = "N", help_heading = "How it is measured")]
    pub seed: Option<u64>,
    #[command(flatten)]
    pub connect: ConnectArgs,
    #[command(flatten)]
    pub journal: JournalArgs,
    #[command(flatten)]
    pub output: SheetArgs,
    /// Measure what standard input asks for
    #[arg(long, hide = true)]
    pub worker: bool,
}

/// Whether AES instructions are enabled in the process that measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum AesState {
    Enabled,
    Disabled,
}

impl AesState {
    /// Whether this state is to be measured; nothing asked for means both.
    pub fn is_asked(self, asked: &[AesState]) -> bool {
        asked.is_empty() || asked.contains(&self)
    }
}
