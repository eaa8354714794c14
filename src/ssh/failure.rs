//! The last messages of an ssh client as a reason and a remedy.

use crate::model::units::printable;
use crate::ssh::log::SESSION_UP;

/// What kind of failure a client's log shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureKind {
    UnknownHost,
    Refused,
    Unreachable,
    /// The server closed the connection before authentication: for now it refuses more of them.
    Dropped,
    HostKeyUnknown,
    HostKeyChanged,
    HostKeyRevoked,
    Denied,
    NoCommonAlgorithm,
    /// The client does not know an option or cipher.
    BadUsage,
    /// The connection broke after authentication.
    Broken,
    Other,
}

/// A failed connection in words for its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    /// What happened, with ssh's own message.
    pub reason: String,
    pub remedy: Option<String>,
}

impl Failure {
    /// Reads a client's standard error (`-v` lines included) after it ended with an error.
    /// `host` is how messages name the target.
    pub fn read(log: &str, host: &str) -> Failure {
        let said: Vec<&str> = messages(log).collect();
        let (kind, matched) = classify(&said, log);
        let words = matched.or_else(|| said.last().copied()).unwrap_or("ssh: no message");
        let words = words.trim().trim_matches(['@', ' ']);
        let own = ["ssh: ", "scp: "].iter().any(|program| words.starts_with(program));
        let words = format!("{}{}", if own { "" } else { "ssh: " }, printable(words));
        Failure { kind, reason: describe(kind, host, &words), remedy: remedy(kind, host, log) }
    }

    /// Waiting may help: the server refuses connections for now.
    pub fn is_refusal(&self) -> bool {
        matches!(self.kind, FailureKind::Refused | FailureKind::Dropped)
    }
}

/// The last message of a client or a remote command, without the steps that `-v` shows.
pub fn last_message_of(log: &str) -> Option<&str> {
    messages(log).last().map(str::trim)
}

/// What the other end said in a session, as a log with `-v` has them: in between its own lines, and in
/// the middle of one where they have no line end.
pub fn said_in_session(log: &str) -> Option<String> {
    let (_, session) = log.split_once(SESSION_UP)?;
    let mut said = String::new();
    for line in session.lines() {
        let own = ["debug1: ", "debug2: ", "debug3: "].iter().filter_map(|start| line.find(start));
        match own.min() {
            Some(at) => said += &line[..at],
            None => said += &format!("{line}\n"),
        }
    }
    let said = messages(&said).map(str::trim).filter(|line| !line.starts_with("Authenticated to "));
    said.last().map(printable)
}

/// The exit status of the remote command, where the log tells it.
pub fn exit_status(log: &str) -> Option<u32> {
    let line = log.lines().rev().find_map(|line| line.strip_prefix("debug1: Exit status "))?;
    line.trim().parse().ok()
}

fn messages(log: &str) -> impl Iterator<Item = &str> {
    let lines = log.lines().map(|line| line.trim_end_matches('\r'));
    lines.filter(|line| {
        !line.trim().is_empty() && !NO_MESSAGES.iter().any(|start| line.starts_with(start))
    })
}

/// Phrases of OpenSSH's messages (sshconnect.c, sshconnect2.c, clientloop.c, packet.c) and of the
/// built-in client, the more telling first.
const PHRASES: &[(&str, FailureKind)] = &[
    ("REMOTE HOST IDENTIFICATION HAS CHANGED", FailureKind::HostKeyChanged),
    ("REVOKED HOST KEY DETECTED", FailureKind::HostKeyRevoked),
    ("host key is known for", FailureKind::HostKeyUnknown),
    ("Host key verification failed", FailureKind::HostKeyUnknown),
    ("Could not resolve hostname", FailureKind::UnknownHost),
    ("Connection refused", FailureKind::Refused),
    ("Permission denied (", FailureKind::Denied),
    ("Too many authentication failures", FailureKind::Denied),
    ("Unable to negotiate", FailureKind::NoCommonAlgorithm),
    ("no matching", FailureKind::NoCommonAlgorithm),
    ("Unknown cipher type", FailureKind::BadUsage),
    ("Bad configuration option", FailureKind::BadUsage),
    ("Bad SSH2 ", FailureKind::BadUsage),
    ("is not supported by the built-in client", FailureKind::BadUsage),
    ("this is the built-in client", FailureKind::BadUsage),
    ("No route to host", FailureKind::Unreachable),
    ("Network is unreachable", FailureKind::Unreachable),
    ("Connection timed out", FailureKind::Unreachable),
    ("Operation timed out", FailureKind::Unreachable),
    ("Not allowed at this time", FailureKind::Dropped),
    ("kex_exchange_identification", FailureKind::Dropped),
    ("ssh_exchange_identification", FailureKind::Dropped),
    ("banner exchange", FailureKind::Dropped),
];

/// How lines begin that `-v` adds to what ssh says anyway: steps, that the login has worked, and sums at the end.
const NO_MESSAGES: &[&str] =
    &["OpenSSH_", "debug", "Authenticated to ", "Transferred: sent ", "Bytes per second: sent "];

/// Phrases that mean a refusal before authentication, and a broken connection after it.
const CLOSED: &[&str] = &[
    "Connection reset",
    "closed by remote host",
    "Connection closed",
    "Broken pipe",
    "Timeout, server",
    "lost connection",
];

fn classify<'a>(said: &[&'a str], log: &str) -> (FailureKind, Option<&'a str>) {
    let find = |phrase: &str| said.iter().find(|line| line.contains(phrase)).copied();
    for (phrase, kind) in PHRASES {
        if let Some(line) = find(phrase) {
            return (*kind, Some(line));
        }
    }
    let authenticated =
        log.contains("Authenticated to ") || log.contains("Authentication succeeded");
    for phrase in CLOSED {
        if let Some(line) = find(phrase) {
            let kind = if authenticated { FailureKind::Broken } else { FailureKind::Dropped };
            return (kind, Some(line));
        }
    }
    // The remote command has told no exit status, and ssh says nothing of it (clientloop.c).
    if said.is_empty() && log.contains("\ndebug1: Exit status -1") {
        let words = "the server ended the session and gave no reason; some end those that idle";
        return (FailureKind::Broken, Some(words));
    }
    (FailureKind::Other, None)
}

fn describe(kind: FailureKind, host: &str, words: &str) -> String {
    let what = match kind {
        FailureKind::UnknownHost => format!("the name {host} can't be resolved"),
        FailureKind::Refused => format!("{host} refused the connection"),
        FailureKind::Unreachable => format!("{host} could not be reached"),
        FailureKind::Dropped => format!("{host} closed the connection before authentication"),
        FailureKind::HostKeyUnknown => {
            format!("the host key of {host} is not known, and is never accepted unseen")
        }
        FailureKind::HostKeyChanged => {
            format!("the host key of {host} has CHANGED; nothing was sent to it")
        }
        FailureKind::HostKeyRevoked => {
            format!("the host key of {host} is marked as revoked; nothing was sent to it")
        }
        FailureKind::Denied => format!("{host} accepted none of the keys"),
        FailureKind::NoCommonAlgorithm => {
            format!("{host} and the client have no algorithm in common")
        }
        FailureKind::BadUsage => "the SSH client refused its arguments".to_owned(),
        FailureKind::Broken => format!("the connection to {host} broke"),
        FailureKind::Other => format!("the SSH client failed on {host}"),
    };
    format!("{what} ({words})")
}

/// The first kind of host key that a server offers, where the client takes none of them.
fn old_host_key(log: &str) -> Option<String> {
    let (_, offer) = log.split_once("no matching host key type found. Their offer: ")?;
    let name: String =
        offer.chars().take_while(|c| c.is_ascii_alphanumeric() || "-@.".contains(*c)).collect();
    (!name.is_empty()).then_some(name)
}

fn remedy(kind: FailureKind, host: &str, log: &str) -> Option<String> {
    let text = match kind {
        FailureKind::UnknownHost => {
            "check the name, or add a Host block with its HostName to ~/.ssh/config".to_owned()
        }
        FailureKind::Refused => {
            format!("check that an SSH server runs on {host} and on which port (-p PORT)")
        }
        FailureKind::Unreachable => {
            format!("check the network and the address of {host}; try: ssh {host}")
        }
        FailureKind::Dropped => {
            "the server may be limiting connections (MaxStartups, PerSourcePenalties, or a firewall): wait \
             a few minutes, or ask its admin"
                .to_owned()
        }
        FailureKind::HostKeyUnknown => {
            format!("run 'ssh {host}' once by hand, compare the fingerprint, and accept the key")
        }
        FailureKind::HostKeyChanged => format!(
            "find out why before anything else; if the change is legitimate, remove the old key with \
             'ssh-keygen -R HOST' (the name or address that ssh shows for {host}), then run \
             'ssh {host}' once by hand"
        ),
        FailureKind::HostKeyRevoked => format!(
            "it may have been stolen: ask the admin of {host}; ssh's message names the line that \
             revokes it"
        ),
        FailureKind::Denied => {
            // `Offering public key: FILE ED25519-SK SHA256:…` (sshconnect2.c).
            let touch = log.lines().any(|line| {
                line.contains("-SK SHA256:")
                    && (line.contains("Offering public key") || line.contains("accepts key"))
            });
            let key = if touch {
                "a key that needs a touch can't be used for dozens of connections: name another \
                 one with -i; "
            } else {
                ""
            };
            format!(
                "{key}a survey makes dozens of connections and can't type passwords, codes or \
                 passphrases (BatchMode): install a key with 'ssh-copy-id {host}', load it into \
                 ssh-agent, or name it with -i"
            )
        }
        FailureKind::NoCommonAlgorithm if old_host_key(log).is_some() => format!(
            "its host keys are older than this client accepts; if you trust it, add -o \
             HostKeyAlgorithms=+{0} (and, where your own key is of that kind, -o \
             PubkeyAcceptedAlgorithms=+{0})",
            old_host_key(log).unwrap_or_default()
        ),
        FailureKind::NoCommonAlgorithm => {
            format!(
                "compare 'cipher-survey list {host}' with the Ciphers, MACs and KexAlgorithms \
                     of your ssh_config"
            )
        }
        FailureKind::BadUsage => "check the -o options, your ssh_config and --client".to_owned(),
        FailureKind::Broken | FailureKind::Other => return None,
    };
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `ssh -vv -s testbed sftp` with Dropbear 2022.83 without an sftp-server: the shell writes its words in
    /// pieces, and ssh its own lines in between.
    const NO_SFTP_SERVER: &str = "\
OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026
debug1: Entering interactive session.
debug1: Sending subsystem: sftp
debug2: channel 0: rcvd ext data 8
sh: 1: debug2: channel 0: written 8 to efd 6
debug2: channel 0: rcvd ext data 31
/usr/lib/sftp-server: not founddebug2: channel 0: written 31 to efd 6
debug2: channel 0: rcvd close

debug1: channel 0: free: client-session, nchannels 1
Transferred: sent 2196, received 1276 bytes, in 0.0 seconds
Bytes per second: sent 171867.7, received 99864.9
debug1: Exit status 127
";

    #[test]
    fn words_of_the_other_end_are_found_between_the_lines_of_the_log() {
        let said = said_in_session(NO_SFTP_SERVER);
        assert_eq!(said.as_deref(), Some("sh: 1: /usr/lib/sftp-server: not found"));
        assert_eq!(exit_status(NO_SFTP_SERVER), Some(127));
        let silent: String = NO_SFTP_SERVER
            .lines()
            .filter(|line| !line.contains("sftp-server"))
            .map(|l| format!("{l}\n"))
            .collect();
        let silent = silent.replace("sh: 1: ", "");
        assert_eq!(said_in_session(&silent), None);
        assert_eq!(said_in_session("OpenSSH_9.2p1\nssh: no route\n"), None);
    }

    /// Of `ssh -v` to an sshd 9.2 with `ChannelTimeout session:*=2`.
    #[test]
    fn a_session_that_the_server_ends_without_a_word_is_told() {
        let log = "OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.19 27 Jan 2026\n\
            debug1: Entering interactive session.\n\
            debug1: channel 0: free: client-session, nchannels 1\n\
            Transferred: sent 3504, received 3320 bytes, in 2.0 seconds\n\
            debug1: Exit status -1\n";
        let failure = Failure::read(log, "pi1");
        assert_eq!(failure.kind, FailureKind::Broken);
        assert!(failure.reason.contains("some end those that idle"), "{}", failure.reason);
    }
}
