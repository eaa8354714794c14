//! The argument list of `russh-sshd`.

use std::ffi::OsString;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};
use russh::{cipher, mac};

use crate::builtin_ssh::algorithms::{self, CIPHERS, MACS};
use crate::model::units::printable;

/// The usage message.
pub const USAGE: &str = "usage: russh-sshd --host-key FILE --authorized-key FILE.pub --user NAME \
     [--address 127.0.0.1] [--port N] [--ciphers NAMES] [--macs NAMES] [--sftp-server FILE]";

/// The options of the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The server's private key.
    pub host_key: PathBuf,
    /// The client's public key.
    pub authorized_key: PathBuf,
    /// The name of the user.
    pub user: String,
    /// Always a loopback address.
    pub address: IpAddr,
    /// 0: any free port.
    pub port: u16,
    /// Offered ciphers, most preferred first.
    pub ciphers: Vec<cipher::Name>,
    /// Offered MACs, most preferred first.
    pub macs: Vec<mac::Name>,
    /// The SFTP server; absent: this executable.
    pub sftp_server: Option<PathBuf>,
}

impl Options {
    /// Reads the argument list, before anything starts.
    pub fn parse(arguments: &[OsString]) -> Result<Options> {
        let (mut host_key, mut authorized_key, mut user) = (None, None, None);
        let (mut address, mut port, mut sftp_server) = (Ipv4Addr::LOCALHOST.into(), 0, None);
        let (mut ciphers, mut macs) = (CIPHERS.to_vec(), MACS.to_vec());
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            let name = word.to_string_lossy();
            let known = [
                "--host-key",
                "--authorized-key",
                "--user",
                "--address",
                "--port",
                "--ciphers",
                "--macs",
                "--sftp-server",
            ];
            ensure!(known.contains(&&*name), "unknown option {}; {USAGE}", printable(&name));
            let value = words.next().with_context(|| format!("{name} needs a value; {USAGE}"))?;
            let text =
                || value.to_str().with_context(|| format!("the value of {name} is not UTF-8 text"));
            match &*name {
                "--host-key" => host_key = Some(PathBuf::from(value)),
                "--authorized-key" => authorized_key = Some(PathBuf::from(value)),
                "--user" => user = Some(text()?.to_owned()),
                "--address" => address = loopback(text()?)?,
                "--port" => {
                    port = text()?.parse().with_context(|| {
                        format!(
                            "--port takes 0 to 65535, not {}",
                            printable(&value.to_string_lossy())
                        )
                    })?;
                }
                "--ciphers" => ciphers = names(text()?, "cipher", CIPHERS, algorithms::cipher)?,
                "--macs" => macs = names(text()?, "MAC", MACS, algorithms::mac)?,
                _ => sftp_server = Some(PathBuf::from(value)),
            }
        }
        Ok(Options {
            host_key: host_key.with_context(|| format!("--host-key is missing; {USAGE}"))?,
            authorized_key: authorized_key
                .with_context(|| format!("--authorized-key is missing; {USAGE}"))?,
            user: user.with_context(|| format!("--user is missing; {USAGE}"))?,
            address,
            port,
            ciphers,
            macs,
            sftp_server,
        })
    }
}

fn loopback(text: &str) -> Result<IpAddr> {
    let address: IpAddr = text
        .parse()
        .with_context(|| format!("--address takes 127.0.0.1 or ::1, not {}", printable(text)))?;
    ensure!(
        address.is_loopback(),
        "{address} is not a loopback address; this server is for this machine only: \
         use 127.0.0.1 or ::1"
    );
    Ok(address)
}

/// A list of names as `ssh -c` takes it. `none` protects nothing, so it is offered only where it is
/// named.
fn names<Name: Copy + AsRef<str>>(
    text: &str,
    kind: &str,
    all: &[Name],
    find: fn(&str) -> Option<Name>,
) -> Result<Vec<Name>> {
    text.split(',')
        .map(|name| match find(name) {
            Some(known) => Ok(known),
            None => {
                let all: Vec<&str> = all.iter().map(AsRef::as_ref).collect();
                bail!("russh has no {kind} {}; it has {},none", printable(name), all.join(","))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEAST: &str = "--host-key k --authorized-key k.pub --user me";

    fn parse(line: &str) -> Result<Options> {
        let words: Vec<OsString> = line.split_whitespace().map(OsString::from).collect();
        Options::parse(&words)
    }

    #[track_caller]
    fn refused(line: &str, why: &str) {
        let error = format!("{:#}", parse(line).unwrap_err());
        assert!(error.contains(why), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn by_default_all_ciphers_are_offered_on_any_free_port() {
        let options = parse(LEAST).unwrap();
        assert_eq!((options.address, options.port), (Ipv4Addr::LOCALHOST.into(), 0));
        assert_eq!(options.ciphers, CIPHERS);
        assert!(!options.ciphers.contains(&cipher::NONE));
        assert!(!options.macs.contains(&mac::NONE));
    }

    #[test]
    fn names_keep_their_order_and_none_must_be_named() {
        let options = parse(&format!("{LEAST} --ciphers none,aes128-ctr --macs none")).unwrap();
        assert_eq!(options.ciphers, [cipher::NONE, cipher::AES_128_CTR]);
        assert_eq!(options.macs, [mac::NONE]);
    }

    #[test]
    fn a_bad_value_is_refused_with_the_valid_ones() {
        refused(&format!("{LEAST} --ciphers aes128-ctr,twofish"), "no cipher twofish; it has cha");
        refused(&format!("{LEAST} --macs umac-64@openssh.com"), "hmac-sha2-256-etm@openssh.com");
        refused(&format!("{LEAST} --address 0.0.0.0"), "not a loopback address");
        refused(&format!("{LEAST} --address localhost"), "127.0.0.1 or ::1");
        refused(&format!("{LEAST} --port 65536"), "0 to 65535");
        refused(&format!("{LEAST} --verbose"), "unknown option --verbose");
        refused("--host-key k --user me", "--authorized-key is missing");
        refused("--host-key", "needs a value");
    }

    proptest! {
        #[test]
        fn any_arguments_are_read_or_refused(words in prop::collection::vec(".{0,20}", 0..6)) {
            let words: Vec<OsString> = words.into_iter().map(OsString::from).collect();
            let _ = Options::parse(&words);
        }

        #[test]
        fn only_loopback_addresses_are_accepted(address: IpAddr) {
            let taken = parse(&format!("{LEAST} --address {address}")).is_ok();
            prop_assert_eq!(taken, address.is_loopback());
        }
    }
}
