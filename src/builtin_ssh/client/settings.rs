//! What a connection is to be like, from the directives that count for it.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use russh::{Limits, cipher, kex, mac};

use super::directives::Directives;
use super::error::Error;
use super::proposed::{self, HostKeyAlgorithm};
use super::tokens::Tokens;

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
    /// Named by the user, so worth a word where one is missing.
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

/// What stands between us and the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// A shell's command line, its tokens replaced.
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

/// Where OpenSSH looks for keys when told nothing, as far as russh reads them.
const IDENTITIES: [&str; 3] = ["~/.ssh/id_rsa", "~/.ssh/id_ecdsa", "~/.ssh/id_ed25519"];

impl Settings {
    /// `host` is the name that was given; the first value of each keyword counts.
    pub fn new(host: &str, directives: &Directives) -> Result<Settings, Error> {
        directives.refuse_what_is_not_done()?;
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
        let path = |text: &str| tokens.path(text);
        let named: Vec<&str> = directives.all("identityfile").filter(|f| *f != "none").collect();
        let identities = match (named.is_empty(), first("identityfile")) {
            (true, None) => IDENTITIES.iter().map(|name| path(name)).collect(),
            _ => named.iter().map(|name| path(name)).collect::<Result<Vec<_>, _>>(),
        }?;
        let user_files =
            first("userknownhostsfile").unwrap_or("~/.ssh/known_hosts ~/.ssh/known_hosts2");
        let global_files = first("globalknownhostsfile")
            .unwrap_or("/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2");
        let mut known_hosts = tokens.paths(user_files)?;
        known_hosts.extend(tokens.paths(global_files)?);
        let certificates = directives.all("certificatefile").filter(|file| *file != "none");
        let allow_none = directives.is_on("allownone");
        Ok(Settings {
            host: host.to_owned(),
            family: match first("addressfamily") {
                None | Some("any") => Family::Any,
                Some("inet") => Family::Inet,
                Some("inet6") => Family::Inet6,
                Some(other) => return Err(bad("AddressFamily", other)),
            },
            bind_address: given("bindaddress").map(str::to_owned),
            connect_timeout: duration(given("connecttimeout"), "ConnectTimeout")?,
            tcp_keepalive: first("tcpkeepalive") != Some("no"),
            proxy: proxy(directives, &tokens)?,
            host_key_alias: given("hostkeyalias").map(str::to_owned),
            host_key_algorithms: proposed::host_keys(first("hostkeyalgorithms"))?,
            known_hosts,
            identities,
            identities_named: !named.is_empty(),
            identities_only: directives.is_on("identitiesonly"),
            certificates: certificates.map(path).collect::<Result<_, _>>()?,
            agent: agent(first("identityagent"), &tokens)?,
            ciphers: proposed::ciphers(first("ciphers"), allow_none)?,
            macs: proposed::macs(first("macs"), allow_none)?,
            key_exchanges: proposed::key_exchanges(first("kexalgorithms"))?,
            rekey: rekey(first("rekeylimit"))?,
            alive_interval: duration(given("serveraliveinterval"), "ServerAliveInterval")?,
            alive_count_max: number(first("serveralivecountmax"), "ServerAliveCountMax", 3)?,
            environment: environment(directives)?,
            session: match first("sessiontype") {
                None | Some("default") => SessionType::Default,
                Some("none") => SessionType::None,
                Some("subsystem") => SessionType::Subsystem,
                Some(other) => return Err(bad("SessionType", other)),
            },
            no_stdin: directives.is_on("stdinnull"),
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

    /// A session without cipher or MAC goes to this machine only, never over a network. `to`:
    /// where the connection would go; absent for one through a proxy.
    pub fn refuse_unprotected(&self, to: Option<IpAddr>) -> Result<(), Error> {
        let unprotected = self.ciphers.contains(&cipher::NONE) || self.macs.contains(&mac::NONE);
        match to {
            Some(address) if address.is_loopback() => Ok(()),
            _ if unprotected => Err(Error::Said(format!(
                "cipher and MAC 'none' are for a server of this machine only, and {} is not on a \
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

/// `RekeyLimit bytes [time]`. russh renews keys after 1 GiB or an hour at the latest.
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
    // Whichever is met first counts, `none` too.
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

/// `IdentityAgent`, or what the environment says.
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
