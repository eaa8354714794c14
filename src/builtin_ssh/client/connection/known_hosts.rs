//! Whether a server's host key is known, by the files of sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT", as
//! strictly as `StrictHostKeyChecking yes`: never a question, never a new line. The crate ssh-key reads
//! a line; `docs/builtin-ssh.md` says why the verdict is ours.

use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use russh::keys::PublicKey;
use russh::keys::ssh_key::certificate::CertType;
use russh::keys::ssh_key::known_hosts::{Entry, HostPatterns, Marker};
use russh::keys::ssh_key::{Algorithm, Certificate, HashAlg};
use sha1::Sha1;

use crate::builtin_ssh::client::configuration::pattern;

/// The lines of all files that match one server.
#[derive(Debug, Default)]
pub struct KnownHosts {
    lines: Vec<Line>,
    /// The server's name in messages.
    name: String,
    /// The principal that a certificate must list.
    principal: String,
    /// The file that a key would be added to.
    first_file: PathBuf,
}

#[derive(Debug)]
struct Line {
    file: PathBuf,
    number: usize,
    marker: Option<Marker>,
    key: PublicKey,
    /// It matches the name with its port. A line that only matches the name without a port accepts its
    /// key, and refuses no other.
    exact: bool,
}

impl KnownHosts {
    /// `name` is [`crate::builtin_ssh::client::configuration::settings::Settings::host_key_name`]; `bare` is without a port.
    pub fn read(files: &[PathBuf], name: &str, bare: &str) -> KnownHosts {
        let mut known = KnownHosts {
            name: name.to_owned(),
            principal: bare.to_owned(),
            first_file: files.first().cloned().unwrap_or_default(),
            ..KnownHosts::default()
        };
        for file in files {
            if let Ok(bytes) = std::fs::read(file) {
                known.add(file, &String::from_utf8_lossy(&bytes), name, bare);
            }
        }
        known
    }

    fn add(&mut self, file: &Path, text: &str, name: &str, bare: &str) {
        for (index, line) in text.lines().enumerate() {
            // A line that is no entry, or has a type of key that russh lacks, accepts no key.
            let Ok(entry) = line.trim().parse::<Entry>() else { continue };
            let exact = names(entry.host_patterns(), name);
            if exact || names(entry.host_patterns(), bare) {
                self.lines.push(Line {
                    file: file.to_owned(),
                    number: index + 1,
                    marker: entry.marker().cloned(),
                    key: entry.public_key().clone(),
                    exact,
                });
            }
        }
    }

    /// Puts the algorithms of known keys first, as ssh does: a server with several keys is then asked
    /// for one that can be checked.
    pub fn known_first(&self, algorithms: Vec<Algorithm>) -> Vec<Algorithm> {
        let is_known = |algorithm: &Algorithm| {
            self.plain().any(|line| same_kind(&line.key.algorithm(), algorithm))
        };
        let (first, rest): (Vec<_>, Vec<_>) = algorithms.into_iter().partition(is_known);
        first.into_iter().chain(rest).collect()
    }

    /// Whether a certificate authority is known for the server: only then are certificates asked for.
    pub fn has_authority(&self) -> bool {
        self.lines.iter().any(|line| line.marker == Some(Marker::CertAuthority))
    }

    /// Checks a key: the messages for the debug log, or why it is refused.
    pub fn check(&self, key: &PublicKey) -> Result<String, String> {
        self.check_revoked(key)?;
        let kind = kind(&key.algorithm());
        if let Some(line) = self.plain().find(|line| line.key.key_data() == key.key_data()) {
            return Ok(format!(
                "Host '{}' is known and matches the {kind} host key.\ndebug1: Found key in {}:{}",
                self.name,
                line.file.display(),
                line.number
            ));
        }
        let other = self
            .plain()
            .find(|line| line.exact && same_kind(&line.key.algorithm(), &key.algorithm()));
        match other {
            Some(line) => Err(self.changed_key(key, line)),
            None => Err(format!(
                "No {kind} host key is known for {} and you have requested strict checking.",
                self.name
            )),
        }
    }

    /// Checks a certificate: it must be signed by a known authority, for this host, and valid now.
    pub fn check_certificate(&self, certificate: &Certificate) -> Result<String, String> {
        let authority = PublicKey::from(certificate.signature_key().clone());
        self.check_revoked(&authority)?;
        self.check_revoked(&PublicKey::from(certificate.public_key().clone()))?;
        let refused = |why: &str| format!("Certificate invalid: {why}");
        let line = self
            .lines
            .iter()
            .filter(|line| line.marker == Some(Marker::CertAuthority))
            .find(|line| line.key.key_data() == authority.key_data())
            .ok_or_else(|| {
                format!(
                    "No host certificate authority of {} is known for {} and you have requested \
                     strict checking.",
                    authority.fingerprint(HashAlg::Sha256),
                    self.name
                )
            })?;
        if certificate.cert_type() != CertType::Host {
            return Err(refused("not a host certificate"));
        }
        let principals = certificate.valid_principals();
        if !principals.is_empty() && !principals.contains(&self.principal) {
            return Err(refused(&format!("name is not a listed principal: {}", self.principal)));
        }
        if !certificate.critical_options().is_empty() {
            return Err(refused("it has a critical option that is not understood"));
        }
        let fingerprint = authority.fingerprint(HashAlg::Sha256);
        certificate
            .validate([&fingerprint])
            .map_err(|error| refused(&format!("expired, not yet valid or not signed: {error}")))?;
        Ok(format!(
            "Host '{}' is known and matches the host certificate.\ndebug1: Found CA key in {}:{}",
            self.name,
            line.file.display(),
            line.number
        ))
    }

    fn plain(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(|line| line.marker.is_none())
    }

    fn check_revoked(&self, key: &PublicKey) -> Result<(), String> {
        let revoked = self.lines.iter().find(|line| {
            line.marker == Some(Marker::Revoked) && line.key.key_data() == key.key_data()
        });
        let Some(line) = revoked else { return Ok(()) };
        let kind = kind(&key.algorithm());
        let banner = banner("       WARNING: REVOKED HOST KEY DETECTED!               ");
        Err(format!(
            "{banner}\nThe {kind} host key for {} is marked as revoked.\n\
             This could mean that a stolen key is being used to impersonate this host.\n\
             Offending {kind} key in {}:{}",
            self.name,
            line.file.display(),
            line.number
        ))
    }

    fn changed_key(&self, key: &PublicKey, line: &Line) -> String {
        let kind = kind(&key.algorithm());
        let banner = banner("    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     ");
        let (file, name) = (line.file.display(), &self.name);
        format!(
            "{banner}\nIT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\n\
             Someone could be eavesdropping on you right now (man-in-the-middle attack)!\n\
             It is also possible that a host key has just been changed.\n\
             The fingerprint for the {kind} key sent by the remote host is\n{}.\n\
             Please contact your system administrator.\n\
             Add correct host key in {} to get rid of this message.\n\
             Offending {kind} key in {file}:{}\n  remove with:\n  \
             ssh-keygen -f \"{file}\" -R \"{name}\"\n\
             Host key for {name} has changed and you have requested strict checking.",
            key.fingerprint(HashAlg::Sha256),
            self.first_file.display(),
            line.number,
        )
    }
}

fn banner(text: &str) -> String {
    let line = "@".repeat(text.len() + 2);
    format!("{line}\n@{text}@\n{line}")
}

/// Whether an entry is for this name.
fn names(patterns: &HostPatterns, name: &str) -> bool {
    match patterns {
        HostPatterns::Patterns(patterns) => {
            pattern::list_matches(patterns.iter().map(String::as_str), name)
        }
        HostPatterns::HashedName { salt, hash } => Hmac::<Sha1>::new_from_slice(salt)
            .is_ok_and(|mac| mac.chain_update(name).finalize().into_bytes()[..] == hash[..]),
    }
}

/// RSA keys are of one kind, whatever hash they sign with.
fn same_kind(one: &Algorithm, other: &Algorithm) -> bool {
    kind(one) == kind(other) && (kind(one) != "ECDSA" || one == other)
}

/// The name in OpenSSH's messages.
pub fn kind(algorithm: &Algorithm) -> &'static str {
    match algorithm {
        Algorithm::Ed25519 => "ED25519",
        Algorithm::Ecdsa { .. } => "ECDSA",
        Algorithm::Rsa { .. } => "RSA",
        Algorithm::Dsa => "DSA",
        Algorithm::SkEd25519 => "ED25519-SK",
        Algorithm::SkEcdsaSha2NistP256 => "ECDSA-SK",
        _ => "UNKNOWN",
    }
}

#[cfg(test)]
#[path = "known_hosts_tests.rs"]
mod tests;
