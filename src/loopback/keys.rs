//! Keys for one run: the host key, and the only client key that the server accepts.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::local::child::output;

/// The host's alias in the client's configuration.
pub const ALIAS: &str = "loopback";

const COMMENT: &str = "cipher-survey loopback";

/// Paths of private keys. The public key has the same name with `.pub` appended.
#[derive(Debug)]
pub struct Keys {
    pub host: PathBuf,
    pub client: PathBuf,
    /// The calling user, the only one who may log in.
    pub user: String,
    directory: PathBuf,
}

impl Keys {
    /// Makes them in a directory that only the user may enter.
    pub fn make(directory: &Path) -> Result<Keys> {
        let (host, client) = (directory.join("host_key"), directory.join("client_key"));
        for key in [&host, &client] {
            make(key).with_context(|| format!("the key {} can't be made", key.display()))?;
        }
        Ok(Keys { host, client, user: user_name()?, directory: directory.to_owned() })
    }

    /// Writes an ssh_config with the alias, its port and keys, and nothing of the user's.
    pub fn write_client_config(&self, port: u16) -> Result<PathBuf> {
        let known_hosts = self.directory.join("known_hosts");
        let public = fs::read_to_string(self.host.with_extension("pub"))?;
        let mut file = fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&known_hosts)?;
        file.write_all(format!("[127.0.0.1]:{port} {}\n", public.trim()).as_bytes())?;
        let config = self.directory.join("ssh_config");
        fs::write(
            &config,
            format!(
                "Host {ALIAS}\n  HostName 127.0.0.1\n  Port {port}\n  User {user}\n  \
                 IdentityFile {key}\n  IdentitiesOnly yes\n  IdentityAgent none\n  \
                 UserKnownHostsFile {known}\n  GlobalKnownHostsFile /dev/null\n",
                user = self.user,
                key = quoted(&self.client),
                known = quoted(&known_hosts),
            ),
        )?;
        Ok(config)
    }
}

/// An Ed25519 key pair in OpenSSH's format, without a passphrase.
#[cfg(feature = "russh")]
fn make(path: &Path) -> Result<()> {
    use russh::keys::ssh_key::LineEnding;
    use russh::keys::{Algorithm, PrivateKey};

    let mut key = PrivateKey::random(&mut rand::rng(), Algorithm::Ed25519)?;
    key.set_comment(COMMENT);
    key.write_openssh_file(path, LineEnding::LF)?;
    key.public_key().write_openssh_file(path.with_extension("pub"))?;
    Ok(())
}

#[cfg(not(feature = "russh"))]
fn make(path: &Path) -> Result<()> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", COMMENT, "-f"]).arg(path);
    let output = output(&mut command)
        .context("ssh-keygen can't be started; install the package openssh-client")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("ssh-keygen says: {}", crate::model::units::printable(said.trim()));
    }
    Ok(())
}

/// A path in sshd_config or ssh_config; both know double quotes.
pub fn quoted(path: &Path) -> String {
    format!("\"{}\"", path.display())
}

fn user_name() -> Result<String> {
    let output = output(Command::new("id").arg("-un")).context("'id' can't be started")?;
    let name = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if name.is_empty() {
        bail!("'id -un' names no user, and an SSH server needs one");
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_the_owner_may_read_the_keys_and_openssh_can() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::make(directory.path()).unwrap();
        for key in [&keys.host, &keys.client] {
            assert_eq!(fs::metadata(key).unwrap().permissions().mode() & 0o777, 0o600);
            let mut command = Command::new("ssh-keygen");
            let output = output(command.args(["-y", "-P", "", "-f"]).arg(key)).unwrap();
            let derived = String::from_utf8(output.stdout).unwrap();
            let public = fs::read_to_string(key.with_extension("pub")).unwrap();
            assert_eq!(derived.trim(), public.trim());
        }
        let config = fs::read_to_string(keys.write_client_config(4022).unwrap()).unwrap();
        assert!(config.starts_with("Host loopback\n") && config.contains("Port 4022"));
    }
}
