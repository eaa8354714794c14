//! What the client program on this machine is and supports.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::child::output;
use crate::client::Version;
use crate::model::{Cipher, Mac};

/// A client program and what it is built with.
#[derive(Clone, Debug)]
pub struct Client {
    pub program: std::ffi::OsString,
    /// What it says of itself (`ssh -V`).
    pub says: String,
    pub version: Option<Version>,
    /// Absent where the program has no `-Q` (it came with OpenSSH 6.3).
    pub ciphers: Option<Vec<Cipher>>,
    pub macs: Option<Vec<Mac>>,
}

impl Client {
    pub fn probe(program: &OsStr) -> Result<Client> {
        let shown = program.to_string_lossy().into_owned();
        let output = output(Command::new(program).arg("-V")).with_context(|| {
            format!("the SSH client {shown} can't be started{}", missing(program))
        })?;
        // OpenSSH says its version on standard error.
        let text = [output.stderr, output.stdout].concat();
        let says = String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        if says.is_empty() && !output.status.success() {
            bail!("{shown} is not an SSH client: 'ssh -V' says nothing and ends with an error");
        }
        Ok(Client {
            program: program.to_owned(),
            version: Version::parse(&says),
            says,
            ciphers: query(program, "cipher").map(|names| names.into_iter().map(Cipher).collect()),
            macs: query(program, "mac").map(|names| names.into_iter().map(Mac).collect()),
        })
    }
}

/// The package to install, where a standard program is missing.
pub fn missing(program: &OsStr) -> &'static str {
    match program.to_str() {
        Some("ssh" | "scp") => {
            "; install the OpenSSH client (Debian, Ubuntu: openssh-client; Fedora: \
             openssh-clients)"
        }
        _ => "",
    }
}

/// `ssh -Q what`, a name a line.
fn query(program: &OsStr, what: &str) -> Option<Vec<String>> {
    let output = output(Command::new(program).args(["-Q", what])).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !names.is_empty()).then_some(names)
}
