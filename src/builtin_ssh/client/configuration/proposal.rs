//! The algorithms that are proposed: what a directive asks for, as far as russh has it.

use russh::keys::ssh_key::{Algorithm, EcdsaCurve, HashAlg};
use russh::{cipher, kex, mac};

use crate::builtin_ssh::algorithms;
use crate::builtin_ssh::client::error::Error;

/// A signature algorithm of host keys (RFC 8332 for RSA), with the name that ssh has for the key.
pub type HostKeyAlgorithm = Algorithm;

/// Host key algorithms in OpenSSH's order; no `ssh-rsa`, whose hash is SHA-1.
pub const HOST_KEYS: &[HostKeyAlgorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

pub fn ciphers(asked: Option<&str>, allow_none: bool) -> Result<Vec<cipher::Name>, Error> {
    let default = algorithms::DEFAULT_CIPHERS.iter().map(AsRef::as_ref).collect();
    let known = names(algorithms::CIPHERS);
    let names = chosen(asked, default, &known);
    let unknown = |name: &str| {
        let hint = if name == "none" { "; none needs -o AllowNone=yes" } else { "" };
        Error::UnknownCipher(name.to_owned(), known.join(", ") + hint)
    };
    all_known(&names, unknown, |name| {
        algorithms::cipher(name).filter(|_| allow_none || name != "none")
    })
}

pub fn macs(asked: Option<&str>, allow_none: bool) -> Result<Vec<mac::Name>, Error> {
    let known = names(algorithms::MACS);
    let names = chosen(asked, known.clone(), &known);
    let unknown =
        |name: &str| Error::UnknownAlgorithm("MAC spec", name.to_owned(), known.join(", "));
    all_known(&names, unknown, |name| {
        algorithms::mac(name).filter(|_| allow_none || name != "none")
    })
}

/// The key exchanges that can be asked for.
pub fn key_exchange_names() -> Vec<&'static str> {
    names(algorithms::KEY_EXCHANGES).into_iter().filter(|name| !is_marker(name)).collect()
}

fn is_marker(name: &str) -> bool {
    name.starts_with("ext-info") || name.starts_with("kex-strict")
}

/// Key exchanges, followed by the markers of extensions (RFC 8308) and strict key exchange.
pub fn key_exchanges(asked: Option<&str>) -> Result<Vec<kex::Name>, Error> {
    let all = algorithms::KEY_EXCHANGES;
    let known = key_exchange_names();
    let names = chosen(asked, known.clone(), &known);
    let unknown =
        |name: &str| Error::UnknownAlgorithm("KexAlgorithms", name.to_owned(), known.join(", "));
    let mut chosen = all_known(&names, unknown, |name| {
        all.iter().find(|kex| kex.as_ref() == name && !is_marker(name)).copied()
    })?;
    chosen.extend(all.iter().filter(|kex| is_marker(kex.as_ref())));
    Ok(chosen)
}

/// Absent where nothing was asked for: then the algorithms of known keys come first.
pub fn host_keys(asked: Option<&str>) -> Result<Option<Vec<HostKeyAlgorithm>>, Error> {
    if asked.is_none() {
        return Ok(None);
    }
    let known: Vec<&str> = HOST_KEYS.iter().map(Algorithm::as_str).collect();
    let names = chosen(asked, known.clone(), &known);
    let unknown = |name: &str| {
        Error::UnknownAlgorithm("HostKeyAlgorithms", name.to_owned(), known.join(", "))
    };
    let chosen = all_known(&names, unknown, |name| {
        HOST_KEYS.iter().find(|algorithm| algorithm.as_str() == name).cloned()
    })?;
    Ok(Some(chosen))
}

fn names<T: AsRef<str>>(all: &'static [T]) -> Vec<&'static str> {
    all.iter().map(AsRef::as_ref).collect()
}

/// A list of ssh_config(5): `a,b`; `+a` after the default, `^a` before it, `-a*` out of it.
fn chosen<'a>(asked: Option<&'a str>, default: Vec<&'a str>, known: &[&'a str]) -> Vec<&'a str> {
    let Some(asked) = asked else { return default };
    let list = |text: &'a str| -> Vec<&'a str> {
        text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect()
    };
    let without = |names: Vec<&'a str>, out: &[&str]| -> Vec<&'a str> {
        let is_out = |name: &&str| out.iter().any(|out| super::pattern::matches(out, name));
        names.into_iter().filter(|name| !is_out(name)).collect()
    };
    match asked.split_at_checked(1) {
        Some(("+", more)) => {
            let more = list(more);
            without(default, &more).into_iter().chain(more).collect()
        }
        Some(("^", first)) => {
            let first = list(first);
            let rest = without(default, &first);
            first.into_iter().chain(rest).collect()
        }
        Some(("-", out)) => without(default, &list(out)),
        _ => {
            let names = list(asked);
            // A list of several names was written for OpenSSH, which has more algorithms.
            let ours = names.iter().filter(|name| known.contains(name)).count();
            if names.len() > 1 && ours > 0 {
                return names
                    .into_iter()
                    .filter(|name| known.contains(name) || *name == "none")
                    .collect();
            }
            names
        }
    }
}

fn all_known<T>(
    names: &[&str],
    unknown: impl Fn(&str) -> Error,
    find: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, Error> {
    let found: Result<Vec<T>, Error> =
        names.iter().map(|name| find(name).ok_or_else(|| unknown(name))).collect();
    match found {
        Ok(found) if found.is_empty() => Err(unknown("")),
        found => found,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(asked: Option<&str>) -> Vec<String> {
        let ciphers = ciphers(asked, false).unwrap();
        ciphers.iter().map(|name| name.as_ref().to_owned()).collect()
    }

    #[test]
    fn a_list_may_put_first_put_last_or_leave_out() {
        assert_eq!(names_of(Some("aes128-cbc")), ["aes128-cbc"]);
        assert_eq!(names_of(Some("^aes256-ctr"))[0], "aes256-ctr");
        assert_eq!(names_of(Some("^aes256-ctr")).len(), names_of(None).len());
        assert_eq!(names_of(Some("+3des-cbc")).last().unwrap(), "3des-cbc");
        assert!(!names_of(Some("-aes*-ctr")).iter().any(|name| name.ends_with("-ctr")));
    }

    #[test]
    fn what_russh_lacks_is_left_out_of_a_list_and_refused_by_itself() {
        assert_eq!(names_of(Some("rijndael,aes128-ctr")), ["aes128-ctr"]);
        let refusal = ciphers(Some("rijndael"), false).unwrap_err().to_string();
        assert!(refusal.starts_with("Unknown cipher type 'rijndael'"), "{refusal}");
        assert!(refusal.contains("aes256-gcm@openssh.com"), "{refusal}");
    }

    #[test]
    fn none_must_be_allowed() {
        assert!(ciphers(Some("none"), false).is_err() && macs(Some("none"), false).is_err());
        assert_eq!(ciphers(Some("none"), true).unwrap(), [cipher::NONE]);
        assert_eq!(macs(Some("none"), true).unwrap(), [mac::NONE]);
    }

    #[test]
    fn strict_key_exchange_is_always_proposed() {
        let chosen = key_exchanges(Some("curve25519-sha256")).unwrap();
        let names: Vec<&str> = chosen.iter().map(AsRef::as_ref).collect();
        assert_eq!(names[0], "curve25519-sha256");
        assert!(names.contains(&"kex-strict-c-v00@openssh.com") && names.contains(&"ext-info-c"));
        assert!(key_exchanges(Some("ext-info-c")).is_err());
    }
}
