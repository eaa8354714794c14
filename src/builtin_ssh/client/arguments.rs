//! The argument list of OpenSSH's `ssh`, as scp, sftp, sshfs, rsync and a survey use it. Pure: any
//! bytes in, a request or a message of one line out.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::configuration::directives::Directives;
use super::error::Error;
use super::log::Level;

/// What the caller wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// `-V`.
    Version,
    /// `-Q`: the names of one kind.
    Query(String),
    Session(Box<Invocation>),
}

/// A connection, as the command line asks for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The host as it was given, without user and port.
    pub host: String,
    /// `-o`, and the flags that stand for one, in their order: the first value of each counts.
    pub directives: Directives,
    /// `-F`.
    pub config: Option<PathBuf>,
    /// `-E`.
    pub log_file: Option<PathBuf>,
    /// `-v`, `-q`; absent where LogLevel decides.
    pub level: Option<Level>,
    /// The command or the name of the subsystem, as the bytes that were given.
    pub command: Vec<u8>,
    /// `-s`.
    pub subsystem: bool,
    /// `-N`.
    pub no_session: bool,
    /// `-n`.
    pub no_stdin: bool,
    /// `-W`: the server connects to this host and port, and the standard streams are that connection.
    pub forward: Option<(String, u16)>,
    /// `-G`.
    pub print_settings: bool,
}

/// Flags without a value and without effect: this client has no terminal, never forwards an agent or
/// X11, never compresses, and has one protocol (`-2`).
const NO_EFFECT: &[u8] = b"2TxaACk";

/// Flags with a value that stand for a directive.
const DIRECTIVES: &[(u8, &str)] = &[
    (b'p', "port"),
    (b'l', "user"),
    (b'i', "identityfile"),
    (b'J', "proxyjump"),
    (b'c', "ciphers"),
    (b'm', "macs"),
    (b'b', "bindaddress"),
];

impl Request {
    /// Reads the arguments after the program's name.
    pub fn parse(arguments: &[OsString]) -> Result<Request, Error> {
        let mut words = arguments.iter().map(OsString::as_os_str);
        let mut invocation = Invocation::default();
        let mut host = None;
        let mut only_words = false;
        while let Some(word) = words.next() {
            let bytes = word.as_bytes();
            match bytes.split_first() {
                Some((b'-', flags)) if !only_words && !flags.is_empty() => {
                    if flags == b"-" {
                        only_words = true;
                    } else if let Some(request) = invocation.flags(flags, &mut words)? {
                        return Ok(request);
                    }
                }
                _ if host.is_none() => host = Some(text(bytes, "the host")?),
                _ => {
                    invocation.command = words.fold(bytes.to_vec(), |mut command, word| {
                        command.push(b' ');
                        command.extend(word.as_bytes());
                        command
                    });
                    break;
                }
            }
        }
        let host = host.ok_or_else(|| Error::Usage("no host was given".to_owned()))?;
        invocation.set_destination(&host)?;
        if invocation.subsystem && invocation.command.is_empty() {
            return Err(Error::Usage("-s needs the name of a subsystem after the host".to_owned()));
        }
        Ok(Request::Session(Box::new(invocation)))
    }
}

impl Invocation {
    /// One argument with flags, without its dash: `xaT`, `p2222`, `oKey=value`.
    fn flags<'a>(
        &mut self,
        flags: &[u8],
        words: &mut impl Iterator<Item = &'a OsStr>,
    ) -> Result<Option<Request>, Error> {
        let mut rest = flags;
        while let Some((&flag, after)) = rest.split_first() {
            rest = after;
            match flag {
                b'v' => self.level = Some(Level::louder(self.level)),
                b'q' => self.level = Some(Level::Quiet),
                b'n' => self.no_stdin = true,
                b'N' => self.no_session = true,
                b's' => self.subsystem = true,
                b'4' => self.directives.push("addressfamily", "inet"),
                b'6' => self.directives.push("addressfamily", "inet6"),
                b'G' => self.print_settings = true,
                b'V' => return Ok(Some(Request::Version)),
                _ if NO_EFFECT.contains(&flag) => {}
                _ => {
                    let Some(value) = value_of(flag, rest, words)? else {
                        let flag = char::from(flag).escape_default();
                        return Err(Error::Usage(format!("unknown option -- {flag}")));
                    };
                    return self.set(flag, value);
                }
            }
        }
        Ok(None)
    }

    /// A flag with its value.
    fn set(&mut self, flag: u8, value: Vec<u8>) -> Result<Option<Request>, Error> {
        match flag {
            b'F' => self.config = Some(OsString::from_vec(value).into()),
            b'E' => self.log_file = Some(OsString::from_vec(value).into()),
            b'o' => self.directives.push_line(text(&value, "the value of -o")?.as_str())?,
            b'Q' => return Ok(Some(Request::Query(text(&value, "the value of -Q")?))),
            b'W' => {
                let value = text(&value, "the value of -W")?;
                let (host, port) = host_and_port(&value);
                let port = port.ok_or_else(|| {
                    Error::Usage(format!("bad forwarding '{value}': -W needs HOST:PORT"))
                })?;
                self.forward = Some((host.to_owned(), port));
            }
            _ => {
                let value = text(&value, "a flag's value")?;
                if flag == b'p' && !value.parse::<u16>().is_ok_and(|port| port > 0) {
                    return Err(Error::Usage(format!("Bad port '{value}'")));
                }
                if let Some((_, keyword)) = DIRECTIVES.iter().find(|(known, _)| *known == flag) {
                    self.directives.push(keyword, &value);
                }
            }
        }
        Ok(None)
    }

    /// `[user@]host` or `ssh://[user@]host[:port]`.
    fn set_destination(&mut self, destination: &str) -> Result<(), Error> {
        let uri = destination.strip_prefix("ssh://");
        let named = uri.map_or(destination, |uri| uri.trim_end_matches('/'));
        let (user, host) = match named.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, named),
        };
        let (host, port) = if uri.is_some() { host_and_port(host) } else { (host, None) };
        if host.is_empty() || host.starts_with('-') || user.is_some_and(str::is_empty) {
            return Err(Error::Usage(format!("'{destination}' names no host")));
        }
        if uri.is_some() && port.is_none() && host.contains(':') && !host.contains("::") {
            return Err(Error::Usage(format!("'{destination}' has a bad port")));
        }
        // `-l` and `-p` count before what the destination says.
        if let Some(user) = user {
            self.directives.push("user", user);
        }
        if let Some(port) = port {
            self.directives.push("port", &port.to_string());
        }
        self.host = host.to_owned();
        Ok(())
    }
}

/// The value of a flag that takes one: the rest of its argument, or the next argument.
fn value_of<'a>(
    flag: u8,
    rest: &[u8],
    words: &mut impl Iterator<Item = &'a OsStr>,
) -> Result<Option<Vec<u8>>, Error> {
    let takes = b"FoEQW".contains(&flag) || DIRECTIVES.iter().any(|(known, _)| *known == flag);
    if !takes {
        return Ok(None);
    }
    if !rest.is_empty() {
        return Ok(Some(rest.to_vec()));
    }
    let value = words.next().ok_or_else(|| {
        Error::Usage(format!("option requires an argument -- {}", char::from(flag)))
    })?;
    Ok(Some(value.as_bytes().to_vec()))
}

/// `host:port`, `[host]:port`, or either part alone.
pub fn host_and_port(text: &str) -> (&str, Option<u16>) {
    if let Some((host, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, after.strip_prefix(':').and_then(|port| port.parse().ok()));
    }
    match text.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') => match port.parse() {
            Ok(port) => (host, Some(port)),
            Err(_) => (text, None),
        },
        _ => (text, None),
    }
}

fn text(bytes: &[u8], what: &str) -> Result<String, Error> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.contains(['\0', '\n']) => Ok(text.to_owned()),
        _ => Err(Error::Usage(format!("{what} is not a line of UTF-8 text"))),
    }
}

#[cfg(test)]
#[path = "arguments_tests.rs"]
mod tests;
