//! The settings of a connection, from its directives.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use russh::{Limits, cipher, kex, mac};

use super::directives::Directives;
use super::proposal::{self, HostKeyAlgorithm};
use super::tokens::Tokens;
use crate::builtin_ssh::client::error::Error;

#[derive(Clone, Debug)]
pub struct Settings {
    /// As it was given on the command line.
    pub host: String,
    pub hostname: String,
    pub port: u16,
    pub user: String,
    pub family: Family,
    pub bind_address: Option<String>,
    pub connect_timeout: Option<Duration>,
    pub tcp_keepalive: bool,
    pub proxy: Option<Proxy>,
    pub host_key_alias: Option<String>,
    pub host_key_algorithms: Option<Vec<HostKeyAlgorithm>>,
    /// User files first.
    pub known_hosts: Vec<PathBuf>,
    pub identities: Vec<PathBuf>,
    /// The user names files, so a message says where one is missing.
    pub identities_named: bool,
    pub identities_only: bool,
    pub certificates: Vec<PathBuf>,
    pub agent: Option<PathBuf>,
    pub ciphers: Vec<cipher::Name>,
    pub macs: Vec<mac::Name>,
    pub key_exchanges: Vec<kex::Name>,
    pub rekey: Limits,
    pub alive_interval: Option<Duration>,
    pub alive_count_max: u32,
    pub environment: Vec<(String, String)>,
    pub session: SessionType,
    pub no_stdin: bool,
    pub command: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    Any,
    Inet,
    Inet6,
}

/// What carries the connection instead of TCP to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// A shell's command line, its tokens expanded.
    Command(String),
    /// Hosts, the nearest first.
    Jump(Vec<String>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SessionType {
    Default,
    None,
    Subsystem,
}

/// OpenSSH's default files with keys, as far as russh can read them.
const IDENTITIES: [&str; 3] = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

impl Settings {
    /// `host` is the name that was given; the first value of each keyword counts.
    pub fn new(host: &str, directives: &Directives) -> Result<Settings, Error> {
        directives.refuse_unsupported()?;
        let first = |keyword| directives.first(keyword);
        let given = |keyword| first(keyword).filter(|value| !value.eq_ignore_ascii_case("none"));
        let port = number(first("port"), "Port", 22)?;
        let mut tokens = Tokens::new(host, port);
        if let Some(user) = first("user") {
            tokens.remote_user = user.to_owned();
        }
        if let Some(name) = first("hostname") {
            tokens.hostname = tokens.expand(name)?;
        }
        let certificates = directives.all("certificatefile").filter(|file| *file != "none");
        let (identities, identities_named) = identities(directives, &tokens)?;
        let allow_none = directives.is_yes("allownone");
        Ok(Settings {
            host: host.to_owned(),
            family: family(first("addressfamily"))?,
            bind_address: given("bindaddress").map(str::to_owned),
            connect_timeout: duration(given("connecttimeout"), "ConnectTimeout")?,
            tcp_keepalive: first("tcpkeepalive") != Some("no"),
            proxy: proxy(directives, &tokens)?,
            host_key_alias: given("hostkeyalias").map(str::to_owned),
            host_key_algorithms: proposal::host_keys(first("hostkeyalgorithms"))?,
            known_hosts: known_hosts(directives, &tokens)?,
            identities,
            identities_named,
            identities_only: directives.is_yes("identitiesonly"),
            certificates: certificates.map(|name| tokens.path(name)).collect::<Result<_, _>>()?,
            agent: agent(first("identityagent"), &tokens)?,
            ciphers: proposal::ciphers(first("ciphers"), allow_none)?,
            macs: proposal::macs(first("macs"), allow_none)?,
            key_exchanges: proposal::key_exchanges(first("kexalgorithms"))?,
            rekey: rekey(first("rekeylimit"))?,
            alive_interval: duration(given("serveraliveinterval"), "ServerAliveInterval")?,
            alive_count_max: number(first("serveralivecountmax"), "ServerAliveCountMax", 3)?,
            environment: environment(directives)?,
            session: session(first("sessiontype"))?,
            no_stdin: directives.is_yes("stdinnull"),
            command: given("remotecommand").map(|line| tokens.expand(line)).transpose()?,
            hostname: tokens.hostname.clone(),
            user: tokens.remote_user.clone(),
            port,
        })
    }

    /// The name under which the host key is known: `name`, or `[name]:port` for another port.
    pub fn host_key_name(&self) -> String {
        match &self.host_key_alias {
            Some(alias) => alias.to_ascii_lowercase(),
            None if self.port == 22 => self.hostname.to_ascii_lowercase(),
            None => format!("[{}]:{}", self.hostname.to_ascii_lowercase(), self.port),
        }
    }

    /// Refuses a connection without cipher or MAC that is not to this machine. `to` is where it would
    /// go; absent for one through a proxy.
    pub fn refuse_unprotected(&self, to: Option<IpAddr>) -> Result<(), Error> {
        let unprotected = self.ciphers.contains(&cipher::NONE) || self.macs.contains(&mac::NONE);
        match to {
            Some(address) if address.is_loopback() => Ok(()),
            _ if unprotected => Err(Error::Message(format!(
                "cipher and MAC 'none' are for servers on this machine only, and {} is not on a \
                 loopback address",
                self.hostname
            ))),
            _ => Ok(()),
        }
    }
}

fn bad(keyword: &str, value: &str) -> Error {
    Error::BadConfiguration(format!("{keyword} {value}: unsupported value"))
}

fn number<N: std::str::FromStr>(
    value: Option<&str>,
    keyword: &str,
    default: N,
) -> Result<N, Error> {
    value.map_or(Ok(default), |text| text.parse().map_err(|_| bad(keyword, text)))
}

fn family(value: Option<&str>) -> Result<Family, Error> {
    match value {
        None | Some("any") => Ok(Family::Any),
        Some("inet") => Ok(Family::Inet),
        Some("inet6") => Ok(Family::Inet6),
        Some(other) => Err(bad("AddressFamily", other)),
    }
}

fn session(value: Option<&str>) -> Result<SessionType, Error> {
    match value {
        None | Some("default") => Ok(SessionType::Default),
        Some("none") => Ok(SessionType::None),
        Some("subsystem") => Ok(SessionType::Subsystem),
        Some(other) => Err(bad("SessionType", other)),
    }
}

/// The files with keys, and whether the user names any.
fn identities(directives: &Directives, tokens: &Tokens) -> Result<(Vec<PathBuf>, bool), Error> {
    let named: Vec<&str> = directives.all("identityfile").filter(|file| *file != "none").collect();
    let names = match directives.first("identityfile") {
        None => &IDENTITIES[..],
        Some(_) => &named,
    };
    let paths: Result<_, _> = names.iter().map(|name| tokens.path(name)).collect();
    Ok((paths?, !named.is_empty()))
}

/// The user's files, then the system's.
fn known_hosts(directives: &Directives, tokens: &Tokens) -> Result<Vec<PathBuf>, Error> {
    let files = |keyword, default| tokens.paths(directives.first(keyword).unwrap_or(default));
    let mut all = files("userknownhostsfile", "~/.ssh/known_hosts ~/.ssh/known_hosts2")?;
    let system = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";
    all.extend(files("globalknownhostsfile", system)?);
    Ok(all)
}

/// A time of sshd_config(5): `15`, `2m`, `1h30m`. Zero is none.
fn duration(value: Option<&str>, keyword: &str) -> Result<Option<Duration>, Error> {
    let Some(text) = value else { return Ok(None) };
    let mut total: u64 = 0;
    let mut digits = String::new();
    for letter in text.chars().chain(['s']) {
        if letter.is_ascii_digit() {
            digits.push(letter);
            continue;
        }
        let unit = match letter.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return Err(bad(keyword, text)),
        };
        if !digits.is_empty() {
            let count: u64 = digits.parse().map_err(|_| bad(keyword, text))?;
            total = total.saturating_add(count.saturating_mul(unit));
            digits.clear();
        }
    }
    Ok(Some(Duration::from_secs(total)).filter(|time| !time.is_zero()))
}

/// `RekeyLimit bytes [time]`. russh exchanges keys again after 1 GiB or an hour at the latest.
fn rekey(value: Option<&str>) -> Result<Limits, Error> {
    const MOST: usize = 1 << 30;
    let mut words = value.unwrap_or("default none").split_whitespace();
    let amount = words.next().unwrap_or("default");
    let (digits, unit) = match amount.as_bytes().last() {
        Some(b'K' | b'k') => (&amount[..amount.len() - 1], 1 << 10),
        Some(b'M' | b'm') => (&amount[..amount.len() - 1], 1 << 20),
        Some(b'G' | b'g') => (&amount[..amount.len() - 1], 1 << 30),
        _ => (amount, 1),
    };
    let bytes = match digits {
        "default" => MOST,
        digits => digits.parse::<usize>().map_err(|_| bad("RekeyLimit", amount))?,
    };
    let bytes = match bytes.saturating_mul(unit) {
        0 => MOST,
        bytes => bytes.min(MOST),
    };
    let time = duration(words.next().filter(|time| *time != "none"), "RekeyLimit")?;
    Ok(Limits::new(bytes, bytes, time.unwrap_or(Duration::from_secs(3_600))))
}

fn proxy(directives: &Directives, tokens: &Tokens) -> Result<Option<Proxy>, Error> {
    // The first of both counts, `none` too.
    for (keyword, value) in directives.iter() {
        return Ok(match (keyword, value) {
            ("proxycommand" | "proxyjump", "none") => None,
            ("proxycommand", command) => Some(Proxy::Command(tokens.expand(command)?)),
            ("proxyjump", hosts) => {
                Some(Proxy::Jump(hosts.split(',').map(|host| host.trim().to_owned()).collect()))
            }
            _ => continue,
        });
    }
    Ok(None)
}

/// `IdentityAgent`, or `SSH_AUTH_SOCK` of the environment.
fn agent(value: Option<&str>, tokens: &Tokens) -> Result<Option<PathBuf>, Error> {
    let from_variable =
        |name: &str| std::env::var_os(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    match value {
        None | Some("SSH_AUTH_SOCK") => Ok(from_variable("SSH_AUTH_SOCK")),
        Some("none") => Ok(None),
        Some(text) => match text.strip_prefix('$').filter(|rest| !rest.starts_with('{')) {
            Some(name) => Ok(from_variable(name)),
            None => tokens.path(text).map(Some),
        },
    }
}

/// `SendEnv` and `SetEnv`.
fn environment(directives: &Directives) -> Result<Vec<(String, String)>, Error> {
    let mut environment = Vec::new();
    for assignment in directives.all("setenv") {
        let assignment = assignment.trim_matches('"');
        let (name, value) = assignment.split_once('=').ok_or_else(|| bad("SetEnv", assignment))?;
        environment.push((name.to_owned(), value.trim_matches('"').to_owned()));
    }
    let patterns: Vec<&str> = directives.all("sendenv").flat_map(str::split_whitespace).collect();
    for (name, value) in std::env::vars() {
        let is_sent = patterns.iter().any(|pattern| super::pattern::matches(pattern, &name));
        if is_sent && !environment.iter().any(|(known, _)| *known == name) {
            environment.push((name, value));
        }
    }
    Ok(environment)
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
