//! A target as the user types it: a host and, after a colon, a directory on it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use thiserror::Error;

/// `[user@]host[:dir]`, `[user@][::1][:dir]` or `ssh://[user@]host[:port][/dir]`. The host
/// is resolved by the user's own ssh_config; the directory may hold any bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    pub user: Option<String>,
    pub host: String,
    pub port: Option<u16>,
    /// Absent: the login directory. Relative: below it.
    pub directory: Option<OsString>,
}

#[derive(Debug, Error, PartialEq, Eq)]
pub enum DestinationError {
    #[error("the target {0:?} names no host; write [user@]host[:dir]")]
    NoHost(String),
    #[error("the target {0:?} has a user or host that is not UTF-8")]
    NotUtf8(String),
    #[error("the target {0:?} begins with a dash, which ssh would take for an option")]
    LeadingDash(String),
    #[error("the target {target:?} has the port {port:?}; a port is a number from 1 to 65535")]
    BadPort { target: String, port: String },
    #[error("the target {0:?} has a [ without its ]")]
    OpenBracket(String),
}

impl Destination {
    pub fn parse(text: &OsStr) -> Result<Destination, DestinationError> {
        let shown = text.to_string_lossy().into_owned();
        let bytes = text.as_bytes();
        let target = match bytes.strip_prefix(b"ssh://") {
            Some(uri) => parse_uri(uri, &shown)?,
            None => parse_scp_like(bytes, &shown)?,
        };
        let dashed = |name: &str| name.starts_with('-');
        if target.host.is_empty() {
            return Err(DestinationError::NoHost(shown));
        }
        if dashed(&target.host) || target.user.as_deref().is_some_and(dashed) {
            return Err(DestinationError::LeadingDash(shown));
        }
        Ok(target)
    }

    /// The host as messages name it.
    pub fn host_label(&self) -> String {
        match &self.user {
            Some(user) => format!("{user}@{}", self.host),
            None => self.host.clone(),
        }
    }
}

impl std::fmt::Display for Destination {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.host_label())?;
        if let Some(port) = self.port {
            write!(f, " port {port}")?;
        }
        match &self.directory {
            Some(directory) => write!(f, ":{}", directory.to_string_lossy()),
            None => Ok(()),
        }
    }
}

fn parse_scp_like(bytes: &[u8], shown: &str) -> Result<Destination, DestinationError> {
    let (user, rest) = split_user(bytes);
    let (host, directory) = if let Some(inner) = rest.strip_prefix(b"[") {
        let close =
            position(inner, b']').ok_or_else(|| DestinationError::OpenBracket(shown.into()))?;
        match &inner[close + 1..] {
            [] => (&inner[..close], None),
            [b':', directory @ ..] => (&inner[..close], Some(directory)),
            _ => return Err(DestinationError::NoHost(shown.into())),
        }
    } else {
        match position(rest, b':') {
            Some(colon) => (&rest[..colon], Some(&rest[colon + 1..])),
            None => (rest, None),
        }
    };
    build(user, host, None, directory, shown)
}

fn parse_uri(bytes: &[u8], shown: &str) -> Result<Destination, DestinationError> {
    let (authority, directory) = match position(bytes, b'/') {
        Some(slash) => (&bytes[..slash], Some(&bytes[slash + 1..])),
        None => (bytes, None),
    };
    let (user, rest) = split_user(authority);
    let (host, port) = if let Some(inner) = rest.strip_prefix(b"[") {
        let close =
            position(inner, b']').ok_or_else(|| DestinationError::OpenBracket(shown.into()))?;
        (&inner[..close], inner[close + 1..].strip_prefix(b":"))
    } else {
        match position(rest, b':') {
            Some(colon) => (&rest[..colon], Some(&rest[colon + 1..])),
            None => (rest, None),
        }
    };
    let port = match port {
        None => None,
        Some(text) => {
            let text = String::from_utf8_lossy(text).into_owned();
            match text.parse::<u16>() {
                Ok(port) if port > 0 => Some(port),
                _ => return Err(DestinationError::BadPort { target: shown.into(), port: text }),
            }
        }
    };
    build(user, host, port, directory, shown)
}

fn build(
    user: Option<&[u8]>,
    host: &[u8],
    port: Option<u16>,
    directory: Option<&[u8]>,
    shown: &str,
) -> Result<Destination, DestinationError> {
    let utf8 = |bytes: &[u8]| {
        String::from_utf8(bytes.to_vec()).map_err(|_| DestinationError::NotUtf8(shown.into()))
    };
    Ok(Destination {
        user: user.map(utf8).transpose()?,
        host: utf8(host)?,
        port,
        directory: directory
            .filter(|directory| !directory.is_empty())
            .map(|directory| OsString::from_vec(directory.to_vec())),
    })
}

/// A user name ends at the last `@` before the host, as in ssh; an `@` in the directory is
/// not one.
fn split_user(bytes: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let end = position(bytes, b':').unwrap_or(bytes.len());
    match bytes[..end].iter().rposition(|&byte| byte == b'@') {
        Some(at) => (Some(&bytes[..at]), &bytes[at + 1..]),
        None => (None, bytes),
    }
}

fn position(bytes: &[u8], wanted: u8) -> Option<usize> {
    bytes.iter().position(|&byte| byte == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Option<String>, String, Option<u16>, Option<String>) {
        let target = Destination::parse(OsStr::new(text)).unwrap();
        let directory = target.directory.map(|d| d.into_string().unwrap());
        (target.user, target.host, target.port, directory)
    }

    #[test]
    fn the_three_forms_of_a_target() {
        let own = |text: &str| Some(text.to_owned());
        assert_eq!(parsed("pi1"), (None, "pi1".into(), None, None));
        assert_eq!(parsed("me@pi1:"), (own("me"), "pi1".into(), None, None));
        assert_eq!(
            parsed("me@pi1:/mnt/a b:c@d"),
            (own("me"), "pi1".into(), None, own("/mnt/a b:c@d"))
        );
        assert_eq!(parsed("[::1]:x"), (None, "::1".into(), None, own("x")));
        assert_eq!(parsed("me@[fe80::1%eth0]"), (own("me"), "fe80::1%eth0".into(), None, None));
        assert_eq!(
            parsed("ssh://me@pi1:2222/x/y"),
            (own("me"), "pi1".into(), Some(2222), own("x/y"))
        );
        assert_eq!(parsed("ssh://[::1]:22//srv"), (None, "::1".into(), Some(22), own("/srv")));
        assert_eq!(parsed("ssh://pi1"), (None, "pi1".into(), None, None));
    }

    #[test]
    fn what_is_no_target_says_why() {
        let error = |text: &str| Destination::parse(OsStr::new(text)).unwrap_err();
        assert!(matches!(error(""), DestinationError::NoHost(_)));
        assert!(matches!(error("me@:dir"), DestinationError::NoHost(_)));
        assert!(matches!(error("-oProxyCommand=x"), DestinationError::LeadingDash(_)));
        assert!(matches!(error("-x@host"), DestinationError::LeadingDash(_)));
        assert!(matches!(error("[::1"), DestinationError::OpenBracket(_)));
        assert!(matches!(error("ssh://h:99999/"), DestinationError::BadPort { .. }));
    }

    #[test]
    fn a_directory_may_hold_any_bytes() {
        let target = Destination::parse(OsStr::from_bytes(b"h:/d\xff")).unwrap();
        assert_eq!(target.directory.unwrap().as_bytes(), b"/d\xff");
    }
}
