//! Directives of ssh_config(5), by their keywords in lower case, whatever their source.

use crate::builtin_ssh::client::error::Error;

/// In the order in which they were read; the first value of a keyword counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directives(Vec<(String, String)>);

/// Keywords that this client applies.
const APPLIED: &[&str] = &[
    "addressfamily",
    "allownone",
    "bindaddress",
    "certificatefile",
    "ciphers",
    "clearallforwardings",
    "connecttimeout",
    "forkafterauthentication",
    "globalknownhostsfile",
    "hostkeyalgorithms",
    "hostkeyalias",
    "hostname",
    "identitiesonly",
    "identityagent",
    "identityfile",
    "kexalgorithms",
    "loglevel",
    "macs",
    "port",
    "proxycommand",
    "proxyjump",
    "rekeylimit",
    "remotecommand",
    "requesttty",
    "sendenv",
    "serveralivecountmax",
    "serveraliveinterval",
    "sessiontype",
    "setenv",
    "stdinnull",
    "tcpkeepalive",
    "user",
    "userknownhostsfile",
];

/// Keywords without an effect, since this client never asks, shares, forwards, compresses or learns.
const NO_EFFECT: &[&str] = &[
    "addkeystoagent",
    "batchmode",
    "canonicaldomains",
    "canonicalizefallbacklocal",
    "canonicalizehostname",
    "canonicalizemaxdots",
    "canonicalizepermittedcnames",
    "casignaturealgorithms",
    "challengeresponseauthentication",
    "checkhostip",
    "compression",
    "compressionlevel",
    "connectionattempts",
    "controlmaster",
    "controlpath",
    "controlpersist",
    "enableescapecommandline",
    "enablesshkeysign",
    "escapechar",
    "exitonforwardfailure",
    "fingerprinthash",
    "forwardagent",
    "forwardx11",
    "forwardx11timeout",
    "forwardx11trusted",
    "gatewayports",
    "gssapiauthentication",
    "gssapidelegatecredentials",
    "gssapikeyexchange",
    "gssapikexalgorithms",
    "gssapirenewalforcesrekey",
    "gssapitrustdns",
    "hashknownhosts",
    "hostbasedacceptedalgorithms",
    "hostbasedauthentication",
    "ignoreunknown",
    "ipqos",
    "kbdinteractiveauthentication",
    "kbdinteractivedevices",
    "logverbose",
    "nohostauthenticationforlocalhost",
    "numberofpasswordprompts",
    "obscurekeystroketiming",
    "passwordauthentication",
    "permitlocalcommand",
    "permitremoteopen",
    "preferredauthentications",
    "protocol",
    "pubkeyacceptedalgorithms",
    "pubkeyacceptedkeytypes",
    "requiredrsasize",
    "securitykeyprovider",
    "streamlocalbindmask",
    "streamlocalbindunlink",
    "stricthostkeychecking",
    "syslogfacility",
    "updatehostkeys",
    "verifyhostkeydns",
    "versionaddendum",
    "visualhostkey",
    "warnweakcrypto",
    "xauthlocation",
];

/// Keywords that are refused unless they have one of these values.
const REFUSED: &[(&str, &[&str])] = &[
    ("dynamicforward", &[]),
    ("forkafterauthentication", &["no"]),
    ("knownhostscommand", &["none"]),
    ("localcommand", &["none"]),
    ("localforward", &[]),
    ("pkcs11provider", &["none"]),
    ("proxyusefdpass", &["no"]),
    // There is no other way to log in.
    ("pubkeyauthentication", &["yes", "true", "unbound", "host-bound"]),
    ("remoteforward", &[]),
    ("requesttty", &["no", "auto"]),
    ("revokedhostkeys", &["none"]),
    ("tunnel", &["no", "false"]),
    ("tunneldevice", &["any:any"]),
];

impl Directives {
    /// Adds a directive whose keyword is known.
    pub fn push(&mut self, keyword: &str, value: &str) {
        self.0.push((keyword.to_owned(), value.to_owned()));
    }

    /// `Key=value`, `Key value` or `Key = "value"`.
    pub fn push_line(&mut self, line: &str) -> Result<(), Error> {
        let line = line.trim();
        let end = line.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(line.len());
        let (keyword, rest) = line.split_at(end);
        let rest = rest.trim_start();
        let value = rest.strip_prefix('=').unwrap_or(rest).trim();
        if !is_known(keyword) {
            return Err(Error::BadOption(keyword.to_owned()));
        }
        if value.is_empty() {
            return Err(Error::Usage(format!("the option {keyword} has no value")));
        }
        let keyword = keyword.to_ascii_lowercase();
        // A command is the rest of its line, and lists keep their quotes.
        let value = match keyword.as_str() {
            "proxycommand"
            | "remotecommand"
            | "userknownhostsfile"
            | "globalknownhostsfile"
            | "setenv" => value,
            _ => value.strip_prefix('"').and_then(|v| v.strip_suffix('"')).unwrap_or(value),
        };
        self.push(&keyword, value);
        Ok(())
    }

    /// The value that counts.
    pub fn first(&self, keyword: &str) -> Option<&str> {
        self.all(keyword).next()
    }

    /// All values of a keyword that may have several.
    pub fn all(&self, keyword: &str) -> impl Iterator<Item = &str> {
        self.iter().filter(move |(known, _)| *known == keyword).map(|(_, value)| value)
    }

    /// Whether the value is `yes`.
    pub fn is_yes(&self, keyword: &str) -> bool {
        matches!(self.first(keyword), Some("yes" | "true"))
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(keyword, value)| (keyword.as_str(), value.as_str()))
    }

    /// Adds those of another source, which count after these.
    pub fn append(&mut self, other: Directives) {
        self.0.extend(other.0);
    }

    /// Refuses what would change a connection and is not supported, so that nothing is ignored.
    pub fn refuse_unsupported(&self) -> Result<(), Error> {
        for (keyword, value) in self.iter() {
            let Some((_, harmless)) = REFUSED.iter().find(|(known, _)| *known == keyword) else {
                continue;
            };
            let cleared = keyword.ends_with("forward") && self.is_yes("clearallforwardings");
            let idle = keyword == "localcommand" && !self.is_yes("permitlocalcommand");
            let counts = self.first(keyword) == Some(value);
            if counts && !cleared && !idle && !harmless.contains(&value) {
                return Err(Error::Unsupported(format!("{keyword} {value}")));
            }
        }
        Ok(())
    }
}

impl FromIterator<(String, String)> for Directives {
    fn from_iter<T: IntoIterator<Item = (String, String)>>(pairs: T) -> Directives {
        Directives(pairs.into_iter().collect())
    }
}

/// A keyword of ssh_config(5), or our own `AllowNone`.
pub fn is_known(keyword: &str) -> bool {
    let keyword = keyword.to_ascii_lowercase();
    let keyword = keyword.as_str();
    APPLIED.contains(&keyword)
        || NO_EFFECT.contains(&keyword)
        || REFUSED.iter().any(|(known, _)| *known == keyword)
}
