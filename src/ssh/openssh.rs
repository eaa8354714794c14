//! The argument list of an OpenSSH-compatible client.
//!
//! Aliases, keys, ports, known_hosts and jump hosts of the user's ssh_config keep working. What would
//! change a measurement is overridden: OpenSSH takes the first value it finds (`ssh_config(5)`), and the
//! command line comes before the files, so our options come first.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::model::{Cipher, Configuration, Destination, Mac};

/// The version of an OpenSSH client, e.g. 9.2; absent for a program that does not say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version(pub u32, pub u32);

impl Version {
    /// From what `ssh -V` prints: `OpenSSH_9.2p1 Debian-2, OpenSSL 3.0.19 …`.
    pub fn parse(text: &str) -> Option<Version> {
        let numbers = text.split("OpenSSH_").nth(1)?;
        let numbers = numbers.strip_prefix("for_Windows_").unwrap_or(numbers);
        let (major, rest) = numbers.split_once('.')?;
        let minor: String = rest.chars().take_while(char::is_ascii_digit).collect();
        Some(Version(major.parse().ok()?, minor.parse().ok()?))
    }
}

/// Options that are forced, each with the version that brought it: a client ends with an error
/// at a name that it does not know (`ssh_config(5)`: no default for `IgnoreUnknown`). Sources:
/// the release notes of OpenSSH.
const FORCED: &[(&str, Version)] = &[
    // An open master connection would be reused, and `-c` would silently have no effect.
    ("ControlMaster=no", Version(3, 9)),
    ("ControlPath=none", Version(3, 9)),
    // Nobody is there to answer, and a host key is never accepted unseen.
    ("BatchMode=yes", Version(2, 0)),
    ("StrictHostKeyChecking=yes", Version(2, 0)),
    ("UpdateHostKeys=no", Version(6, 8)),
    ("Compression=no", Version(2, 0)),
    ("ClearAllForwardings=yes", Version(2, 9)),
    ("ForwardAgent=no", Version(2, 0)),
    ("ForwardX11=no", Version(2, 0)),
    ("EscapeChar=none", Version(2, 0)),
    ("PermitLocalCommand=no", Version(4, 3)),
    ("RequestTTY=no", Version(5, 9)),
    ("RemoteCommand=none", Version(7, 6)),
    // These leave an ssh in the background that holds our pipes, or end scp with 255.
    ("ForkAfterAuthentication=no", Version(8, 7)),
    ("StdinNull=no", Version(8, 7)),
];

/// For a connection that is idle for long: no firewall forgets it, and it ends within a minute after its network
/// does.
const KEPT_ALIVE: &[(&str, Version)] =
    &[("ServerAliveInterval=5", Version(3, 8)), ("ServerAliveCountMax=9", Version(3, 8))];

/// Not with a subsystem, where it is an error.
const SESSION_TYPE: (&str, Version) = ("SessionType=default", Version(8, 7));

/// How a client program reaches a target.
#[derive(Clone, Debug)]
pub struct Connection {
    pub program: OsString,
    pub version: Option<Version>,
    pub target: Destination,
    /// `-F`.
    pub config: Option<PathBuf>,
    /// `-o`, as the user gave them.
    pub options: Vec<OsString>,
    /// `-p`.
    pub port: Option<u16>,
    /// `-i`.
    pub identities: Vec<PathBuf>,
    /// `-J`.
    pub jump: Option<OsString>,
}

impl Connection {
    /// Whether another one goes to the same server, whoever logs in there.
    pub fn has_server_of(&self, other: &Connection) -> bool {
        let way = |one: &Connection| {
            let Destination { host, port, .. } = &one.target;
            (
                host.clone(),
                *port,
                one.config.clone(),
                one.options.clone(),
                one.port,
                one.jump.clone(),
            )
        };
        way(self) == way(other)
    }
}

/// What one connection is for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Session<'a> {
    pub cipher: Option<&'a Cipher>,
    pub mac: Option<&'a Mac>,
    /// The session requests a subsystem (`-s`).
    pub subsystem: bool,
    /// `-v` once (what was negotiated) or twice (each end's proposal).
    pub verbosity: u8,
    /// Sends keepalives, since it may be idle for long.
    pub kept_alive: bool,
}

impl<'a> Session<'a> {
    /// One that moves data with a configuration, and logs what was negotiated.
    pub fn of(configuration: &'a Configuration) -> Session<'a> {
        let Configuration { cipher, mac, .. } = configuration;
        Session { cipher: Some(cipher), mac: mac.as_ref(), verbosity: 1, ..Session::default() }
    }
}

impl Connection {
    /// Arguments after the program's name, the host last; a command may follow.
    pub fn arguments(&self, session: &Session) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut push = |argument: &OsStr| arguments.push(argument.to_owned());
        let known = |since: Version| self.version.is_none_or(|version| version >= since);
        let session_type = (!session.subsystem).then_some(&SESSION_TYPE);
        let kept_alive = if session.kept_alive { KEPT_ALIVE } else { &[] };
        for (option, since) in FORCED.iter().chain(kept_alive).chain(session_type) {
            if known(*since) {
                push("-o".as_ref());
                push(option.as_ref());
            }
        }
        if let Some(cipher) = session.cipher {
            push("-c".as_ref());
            push(cipher.as_str().as_ref());
        }
        if let Some(mac) = session.mac {
            push("-m".as_ref());
            push(mac.as_str().as_ref());
        }
        if session.verbosity > 0 {
            push(format!("-{}", "v".repeat(session.verbosity.into())).as_ref());
        }
        push("-T".as_ref());
        for argument in self.destination_options() {
            push(&argument);
        }
        if session.subsystem {
            push("-s".as_ref());
        }
        push("--".as_ref());
        push(self.target.host.as_ref());
        arguments
    }

    /// What the user said about how to reach the target: `-F -o -p -i -J -l`.
    pub fn destination_options(&self) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = Vec::new();
        let mut pair = |flag: &str, value: &OsStr| {
            arguments.push(flag.into());
            arguments.push(value.to_owned());
        };
        if let Some(config) = &self.config {
            pair("-F", config.as_os_str());
        }
        for option in &self.options {
            pair("-o", option);
        }
        if let Some(port) = self.target.port.or(self.port) {
            pair("-p", port.to_string().as_ref());
        }
        for identity in &self.identities {
            pair("-i", identity.as_os_str());
        }
        if let Some(jump) = &self.jump {
            pair("-J", jump);
        }
        if let Some(user) = &self.target.user {
            pair("-l", user.as_ref());
        }
        arguments
    }
}

/// Since then scp knows `-s` (SFTP) and `-O` (the old protocol).
const KNOWS_BOTH: Version = Version(8, 7);

/// What scp speaks with the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScpProtocol {
    Sftp,
    /// The protocol of rcp, over a command of the remote shell.
    Old,
    /// The same, by an scp that knows no other.
    OldOnly,
}

impl ScpProtocol {
    /// `version`: of the local scp; `sftp`: the server has it.
    pub fn between(version: Option<Version>, sftp: bool) -> ScpProtocol {
        match version {
            Some(version) if version < KNOWS_BOTH => ScpProtocol::OldOnly,
            _ if sftp => ScpProtocol::Sftp,
            _ => ScpProtocol::Old,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection(version: Option<Version>) -> Connection {
        Connection {
            program: "ssh".into(),
            version,
            target: Destination::parse(OsStr::new("ssh://me@pi1:2222/x")).unwrap(),
            config: Some("/tmp/config".into()),
            options: vec!["Compression=yes".into()],
            port: Some(22),
            identities: vec!["key".into()],
            jump: None,
        }
    }

    fn line(version: Option<Version>, session: &Session) -> String {
        let arguments = connection(version).arguments(session);
        let texts: Vec<_> = arguments.iter().map(|a| a.to_str().unwrap()).collect();
        texts.join(" ")
    }

    #[test]
    fn versions_are_read_from_ssh_dash_big_v() {
        assert_eq!(Version::parse("OpenSSH_9.2p1 Debian-2, OpenSSL 3.0"), Some(Version(9, 2)));
        assert_eq!(Version::parse("OpenSSH_for_Windows_8.1p1, x"), Some(Version(8, 1)));
        assert_eq!(Version::parse("OpenSSH_10.0p2"), Some(Version(10, 0)));
        assert_eq!(Version::parse("Dropbear v2022.83"), None);
    }

    #[test]
    fn forced_options_come_before_those_of_the_user() {
        let cipher = Cipher::from("aes128-ctr");
        let session = Session { cipher: Some(&cipher), verbosity: 1, ..Session::default() };
        let line = line(Some(Version(9, 2)), &session);
        assert!(line.find("Compression=no").unwrap() < line.find("Compression=yes").unwrap());
        assert!(line.contains("-c aes128-ctr -v -T"));
        assert!(line.contains("-o SessionType=default"));
        assert!(line.ends_with("-p 2222 -i key -l me -- pi1"), "{line}");
    }

    #[test]
    fn a_client_is_given_only_options_that_it_knows() {
        let old = line(Some(Version(7, 5)), &Session::default());
        assert!(!old.contains("StdinNull") && !old.contains("RemoteCommand"));
        assert!(old.contains("ControlPath=none") && !old.contains("ServerAlive"));
        let silent = Session { kept_alive: true, ..Session::default() };
        assert!(line(Some(Version(7, 5)), &silent).contains("-o ServerAliveInterval=5"));
        let subsystem = Session { subsystem: true, ..Session::default() };
        let line = line(Some(Version(9, 2)), &subsystem);
        assert!(!line.contains("SessionType") && line.contains(" -s -- pi1"));
    }

    #[test]
    fn an_old_scp_knows_its_old_protocol_alone() {
        let between = |minor, sftp| ScpProtocol::between(Some(Version(8, minor)), sftp);
        assert_eq!([between(2, true), between(2, false)], [ScpProtocol::OldOnly; 2]);
        assert_eq!([between(7, true), between(7, false)], [ScpProtocol::Sftp, ScpProtocol::Old]);
        assert_eq!(ScpProtocol::between(None, true), ScpProtocol::Sftp);
    }
}
