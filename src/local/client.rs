//! The SSH client program of this machine: its version, ciphers and MACs.

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::local::child::output;
use crate::local::programs;
use crate::model::names::{OPENSSH, RUSSH};
use crate::model::{Cipher, Mac};
use crate::ssh::{Transcript, Version};

/// A client program and what it supports.
#[derive(Clone, Debug)]
pub struct Client {
    /// As records name it: `openssh`, `russh`, or the path that was given.
    pub name: String,
    pub program: OsString,
    /// What `ssh -V` prints.
    pub version_text: String,
    pub version: Option<Version>,
    /// Of the system's ssh, which scp and sftp come with.
    pub scp_version: Option<Version>,
    /// Absent where the program has no `-Q` (added in OpenSSH 6.3).
    pub ciphers: Option<Vec<Cipher>>,
    pub macs: Option<Vec<Mac>>,
}

impl Client {
    /// `asked`: `openssh` for the system's `ssh`, `russh` for the built-in client, or the path of an
    /// ssh-compatible program. The built-in client is a link in `directory`, which has to exist as
    /// long as the client is used.
    pub fn probe(asked: &OsStr, directory: &Path) -> Result<Client> {
        let program = match asked.to_str() {
            Some(OPENSSH) => OsString::from("ssh"),
            Some(RUSSH) => built_in(directory)?,
            _ => asked.to_owned(),
        };
        let shown = program.to_string_lossy().into_owned();
        let output = output(Command::new(&program).arg("-V")).with_context(|| {
            format!("the SSH client {shown} can't be started (-V){}", install(&program))
        })?;
        // OpenSSH prints its version on standard error.
        let text = [output.stderr, output.stdout].concat();
        let version_text =
            String::from_utf8_lossy(&text).lines().next().unwrap_or_default().to_owned();
        if version_text.is_empty() && !output.status.success() {
            bail!("{shown} is not an SSH client: with -V it prints nothing and ends with an error");
        }
        let query = |what: &str| query(&program, what);
        let version = Version::parse(&version_text);
        Ok(Client {
            name: asked.to_string_lossy().into_owned(),
            version,
            scp_version: if program == "ssh" { version } else { system_version() },
            version_text,
            ciphers: query("cipher").map(|names| names.into_iter().map(Cipher).collect()),
            macs: query("mac").map(|names| names.into_iter().map(Mac).collect()),
            program,
        })
    }

    /// A cipher that this client supports but does not propose by default, for a server that offers
    /// none of its default ciphers. Absent where the user's own `Ciphers` left the others out.
    pub fn beyond_default(&self, transcript: &Transcript) -> Option<Cipher> {
        let offered = &transcript.server_proposal.as_ref()?.ciphers;
        let own = self.ciphers.as_ref()?;
        let proposed = self.proposed_by_default()?;
        if offered.iter().any(|cipher| proposed.contains(cipher)) {
            return None;
        }
        offered.iter().find(|cipher| own.contains(cipher)).cloned()
    }

    /// The ciphers that it proposes without any configuration (`ssh -G`, since OpenSSH 6.8).
    fn proposed_by_default(&self) -> Option<Vec<Cipher>> {
        let mut command = Command::new(&self.program);
        let output = output(command.args(["-F", "/dev/null", "-G", "localhost"])).ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let names = text.lines().find_map(|line| line.strip_prefix("ciphers "))?;
        Some(names.trim().split(',').map(Cipher::from).collect())
    }

    /// Refuses ciphers and MACs that this client does not support, before anything connects.
    pub fn refuse_unknown(&self, ciphers: &[Cipher], macs: &[Mac]) -> Result<()> {
        let unsupported = |kind: &str, name: &str, known: Vec<&str>| {
            let known = known.join(", ");
            format!(
                "the client {} does not support the {kind} {name}; it supports: {known}",
                self.name
            )
        };
        if let Some(known) = &self.ciphers
            && let Some(cipher) = ciphers.iter().find(|cipher| !known.contains(cipher))
        {
            bail!(unsupported(
                "cipher",
                cipher.as_str(),
                known.iter().map(Cipher::as_str).collect()
            ));
        }
        if let Some(known) = &self.macs
            && let Some(mac) = macs.iter().find(|mac| !known.contains(mac))
        {
            bail!(unsupported("MAC", mac.as_str(), known.iter().map(Mac::as_str).collect()));
        }
        Ok(())
    }
}

/// How a client program is started, besides its arguments.
#[derive(Clone, Debug, Default)]
pub struct ClientSetting {
    /// `VARIABLE=value` that disables AES instructions.
    pub aes_disabled_by: Option<(String, String)>,
    /// The CPU cores that it is pinned to.
    pub cores: Option<Vec<u32>>,
}

impl ClientSetting {
    pub fn apply(&self, command: &mut Command) {
        if let Some((variable, value)) = &self.aes_disabled_by {
            command.env(variable, value);
        }
    }
}

/// The version of the system's ssh; absent where there is none.
fn system_version() -> Option<Version> {
    let output = output(Command::new("ssh").arg("-V")).ok()?;
    Version::parse(&String::from_utf8_lossy(&output.stderr))
}

#[cfg(feature = "russh")]
fn built_in(directory: &Path) -> Result<OsString> {
    let link = crate::builtin_ssh::Program::Client.install(directory);
    Ok(link
        .context("the built-in SSH client can't be installed in the temporary directory")?
        .into_os_string())
}

#[cfg(not(feature = "russh"))]
fn built_in(_directory: &Path) -> Result<OsString> {
    bail!("this build has no built-in SSH client (it was built without the feature russh)")
}

/// What to install, as the end of a message; empty where the program is not a standard one.
fn install(program: &OsStr) -> String {
    let remedy = program.to_str().and_then(programs::remedy);
    remedy.map_or(String::new(), |remedy| format!("; {remedy}"))
}

/// `ssh -Q what`: one name per line.
fn query(program: &OsStr, what: &str) -> Option<Vec<String>> {
    let output = output(Command::new(program).args(["-Q", what])).ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let names: Vec<String> =
        text.lines().map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect();
    (output.status.success() && !names.is_empty()).then_some(names)
}
