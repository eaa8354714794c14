//! What a client's own log (`-v`, `-vv`) says of a connection: the proof that a sample used its cipher,
//! and the KEXINIT of both ends without a failed negotiation.

use crate::model::{Cipher, Mac, Negotiated, OneWay, Proposal};

/// Everything that a survey reads from one connection's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// Needs `-vv`.
    pub client_proposal: Option<Proposal>,
    /// Needs `-vv`.
    pub server_proposal: Option<Proposal>,
    /// The first negotiation of the connection; a key re-exchange repeats it.
    pub negotiated: Option<Negotiated>,
    /// A key re-exchange chose other algorithms.
    pub renegotiated_otherwise: bool,
    /// The server's identification without `SSH-2.0-` (RFC 4253, section 4.2).
    pub server_version: Option<String>,
    /// An existing master connection was used: nothing was negotiated.
    pub multiplexed: bool,
    /// Authentication is done, and the session may begin.
    pub session_up: bool,
    /// A ProxyCommand or ProxyJump was used.
    pub proxied: bool,
    /// Bytes that the server takes on the session's channel before it grants more (RFC 4254, section 5.2).
    /// Needs `-vv`.
    pub server_window: Option<u64>,
    /// Bytes received in the whole connection, framing and setup included.
    pub received: Option<u64>,
}

/// The line of OpenSSH's log after which a session may begin.
pub const SESSION_UP: &str = "debug1: Entering interactive session.";

impl Transcript {
    pub fn parse(log: &str) -> Transcript {
        let mut parser = Parser::default();
        for line in log.lines() {
            parser.take(line.trim_end_matches('\r'));
        }
        parser.transcript
    }
}

#[derive(Default)]
struct Parser {
    transcript: Transcript,
    /// Whose proposal the lines are of.
    proposal: Option<Whose>,
    old: OldForm,
    key_exchange: String,
    client_to_server: Option<OneWay>,
    server_to_client: Option<OneWay>,
    place: Place,
    /// What the connections to jump hosts have negotiated, which may exchange keys again too.
    of_jumps: Vec<Negotiated>,
}

/// Whose lines a log holds. A jump host's client (ProxyJump) is given `-v` too, and logs first: its own
/// connection, then the next one, which begins with another identification of a server.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    /// Clients that go through a proxy, and those of them that have authenticated.
    proxies: u32,
    through_proxy: u32,
}

impl Place {
    /// Takes a line of the log.
    pub fn take(&mut self, line: &str) {
        let said = line.strip_prefix("debug1: ").unwrap_or(line);
        if PROXIED.iter().any(|start| said.starts_with(start)) {
            self.proxies += u32::from(said.starts_with(PROXIED[0]));
        } else if line.starts_with("Authenticated to ") && line.contains("(via proxy)") {
            self.through_proxy += 1;
        }
    }

    /// Whether what is logged now is of the last connection, not of one to a jump host.
    pub fn is_last(&self) -> bool {
        self.through_proxy >= self.proxies
    }
}

impl Parser {
    fn take(&mut self, line: &str) {
        if let Some(said) = line.strip_prefix("debug2: ") {
            self.take_proposal(said);
            self.take_window(said);
        } else if let Some(totals) = line.strip_prefix("Transferred: sent ") {
            self.transcript.received = totals
                .split_once("received ")
                .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        } else if let Some(said) = line.strip_prefix("debug1: ") {
            self.take_step(said);
        } else {
            self.place.take(line);
        }
    }

    fn take_proposal(&mut self, said: &str) {
        self.proposal = whose_proposal(said).or(self.proposal);
        if let Some(names) = said.strip_prefix("kex_parse_kexinit:") {
            self.old.take(names, &mut self.transcript);
        }
        let slot = match self.proposal {
            Some(Whose::Client) => &mut self.transcript.client_proposal,
            Some(Whose::Server) => &mut self.transcript.server_proposal,
            None => return,
        };
        read_proposal(slot.get_or_insert_default(), said);
    }

    /// OpenSSH grants nothing when the channel opens, and its window once there is a command for it.
    fn take_window(&mut self, said: &str) {
        let starts = ["channel 0: open confirm rwindow ", "channel 0: rcvd adjust "];
        let number = starts.iter().find_map(|start| {
            said.strip_prefix(start)?.split_whitespace().next()?.parse::<u64>().ok()
        });
        let window = &mut self.transcript.server_window;
        if window.is_none_or(|bytes| bytes == 0) {
            *window = number.or(*window);
        }
    }

    fn take_step(&mut self, said: &str) {
        let begins = |starts: &[&str]| starts.iter().any(|start| said.starts_with(start));
        let transcript = &mut self.transcript;
        if let Some(name) = said.strip_prefix("kex: algorithm: ") {
            self.key_exchange = name.trim().to_owned();
        } else if let Some(names) = said.strip_prefix("kex: client->server ") {
            self.client_to_server = one_way(names);
        } else if let Some(names) = said.strip_prefix("kex: server->client ") {
            self.server_to_client = one_way(names);
        } else if let Some((_, version)) = said.split_once("remote software version ") {
            // What came before was of the connection to a jump host.
            self.of_jumps.extend(transcript.negotiated.take());
            let proxied = transcript.proxied;
            *transcript = Transcript { proxied, ..Transcript::default() };
            transcript.server_version = Some(version.trim().to_owned());
        } else if begins(&["Entering interactive session"]) {
            transcript.session_up = self.place.is_last();
        } else if begins(MULTIPLEXED) {
            transcript.multiplexed = true;
        } else if begins(PROXIED) {
            transcript.proxied = true;
            self.place.take(said);
        }
        self.take_negotiated();
    }

    /// Takes what was negotiated, once both directions are known.
    fn take_negotiated(&mut self) {
        let both = self.client_to_server.clone().zip(self.server_to_client.clone());
        let Some((client_to_server, server_to_client)) = both else { return };
        (self.client_to_server, self.server_to_client) = (None, None);
        match &self.transcript.negotiated {
            None => {
                let key_exchange = self.key_exchange.clone();
                self.transcript.negotiated =
                    Some(Negotiated { client_to_server, server_to_client, key_exchange });
            }
            Some(first) => {
                let same = |known: &Negotiated| {
                    known.client_to_server == client_to_server
                        && known.server_to_client == server_to_client
                };
                self.transcript.renegotiated_otherwise |=
                    !same(first) && !self.of_jumps.iter().any(same);
            }
        }
    }
}

/// How lines begin that tell of an existing master connection (OpenSSH mux.c).
const MULTIPLEXED: &[&str] = &[
    "auto-mux: Trying existing master",
    "multiplexing control connection",
    "mux_client_request_session",
];

/// How lines begin that tell of a proxy (OpenSSH sshconnect.c, ssh.c).
const PROXIED: &[&str] = &["Executing proxy command", "Setting implicit ProxyCommand"];

/// Before OpenSSH 7.1 the log named no list: ours line by line, then the server's (kex.c,
/// kex_choose_conf and kex_buf2prop; the order is that of RFC 4253, section 7.1).
#[derive(Default)]
struct OldForm {
    proposals: usize,
    lines: usize,
}

impl OldForm {
    fn take(&mut self, names: &str, transcript: &mut Transcript) {
        let slot = match self.proposals {
            0 => &mut transcript.client_proposal,
            1 => &mut transcript.server_proposal,
            // A key re-exchange.
            _ => return,
        };
        let list = match self.lines {
            0 => "KEX algorithms: ",
            2 => "ciphers ctos: ",
            4 => "MACs ctos: ",
            _ => "",
        };
        read_proposal(slot.get_or_insert_default(), &format!("{list}{}", names.trim()));
        self.lines += 1;
        if names.trim_start().starts_with("reserved ") {
            *self = OldForm { proposals: self.proposals + 1, lines: 0 };
        }
    }
}

#[derive(Clone, Copy)]
enum Whose {
    Client,
    Server,
}

fn whose_proposal(said: &str) -> Option<Whose> {
    match said.trim_end() {
        "local client KEXINIT proposal" => Some(Whose::Client),
        "peer server KEXINIT proposal" => Some(Whose::Server),
        _ => None,
    }
}

fn read_proposal(proposal: &mut Proposal, said: &str) {
    let list = |names: &str| -> Vec<String> {
        names.trim().split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    // Only the first proposal counts: a key re-exchange repeats it, and the client's second one lacks
    // the strict-KEX marker.
    if let Some(names) = said.strip_prefix("KEX algorithms: ") {
        if proposal.key_exchanges.is_empty() {
            proposal.key_exchanges = list(names);
        }
    } else if let Some(names) = said.strip_prefix("ciphers ctos: ") {
        if proposal.ciphers.is_empty() {
            proposal.ciphers = list(names).into_iter().map(Cipher).collect();
        }
    } else if let Some(names) = said.strip_prefix("MACs ctos: ")
        && proposal.macs.is_empty()
    {
        proposal.macs = list(names).into_iter().map(Mac).collect();
    }
}

/// `cipher: aes128-ctr MAC: hmac-sha2-256 compression: none`; before OpenSSH 7.0
/// `aes128-ctr hmac-sha2-256 none`.
fn one_way(names: &str) -> Option<OneWay> {
    let words: Vec<&str> = names.split_whitespace().collect();
    let (cipher, mac, compression) = match words.as_slice() {
        ["cipher:", cipher, "MAC:", mac, "compression:", compression, ..] => {
            (cipher, mac, compression)
        }
        [cipher, mac, compression] => (cipher, mac, compression),
        _ => return None,
    };
    Some(OneWay {
        cipher: Cipher::from(*cipher),
        mac: (*mac).to_owned(),
        compression: (*compression).to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_old_form_of_the_line_is_read_too() {
        let way = one_way("aes128-ctr hmac-md5 none").unwrap();
        assert_eq!((way.cipher.as_str(), way.mac.as_str()), ("aes128-ctr", "hmac-md5"));
        assert!(one_way("cipher: aes128-ctr").is_none());
    }

    #[test]
    fn the_clients_own_count_is_read() {
        // OpenSSH 9.2, ssh -v, its last lines.
        let log = "Transferred: sent 3472, received 3360 bytes, in 0.5 seconds\n\
                   Bytes per second: sent 6937.7, received 6713.9\n";
        assert_eq!(Transcript::parse(log).received, Some(3360));
    }

    #[test]
    fn the_servers_window_is_what_it_grants_first() {
        // OpenSSH 9.2 (ssh -vv) with its own sshd, and with Dropbear 2022.83.
        let openssh = "debug2: channel 0: open confirm rwindow 0 rmax 32768\n\
                       debug2: channel 0: rcvd adjust 2097152\n";
        assert_eq!(Transcript::parse(openssh).server_window, Some(2 << 20));
        let dropbear = "debug2: channel 0: open confirm rwindow 24576 rmax 32759\n\
                        debug2: channel 0: rcvd adjust 16384\n";
        assert_eq!(Transcript::parse(dropbear).server_window, Some(24576));
        assert_eq!(Transcript::parse("").server_window, None);
    }

    #[test]
    fn a_key_re_exchange_with_another_cipher_is_noticed() {
        let log = |second: &str| {
            format!(
                "debug1: kex: algorithm: curve25519-sha256\n\
                 debug1: kex: server->client cipher: a MAC: m compression: none\n\
                 debug1: kex: client->server cipher: a MAC: m compression: none\n\
                 debug1: kex: server->client cipher: a MAC: m compression: none\n\
                 debug1: kex: client->server cipher: {second} MAC: m compression: none\n"
            )
        };
        assert!(!Transcript::parse(&log("a")).renegotiated_otherwise);
        assert!(Transcript::parse(&log("b")).renegotiated_otherwise);
    }

    #[test]
    fn the_log_of_a_jump_host_comes_first_and_is_not_the_targets() {
        // OpenSSH 9.2, ssh -v through a ProxyJump, its lines of the two connections.
        let log = "debug1: Executing proxy command: exec ssh -v -W '[127.0.0.1]:42222' pi1\n\
             debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 jump\n\
             debug1: kex: algorithm: sntrup761x25519-sha512\n\
             debug1: kex: server->client cipher: chacha20-poly1305@openssh.com MAC: <implicit> compression: none\n\
             debug1: kex: client->server cipher: chacha20-poly1305@openssh.com MAC: <implicit> compression: none\n\
             Authenticated to 127.0.0.1 ([127.0.0.1]:42222) using \"publickey\".\n\
             debug1: Entering interactive session.\n";
        let jump_only = Transcript::parse(log);
        assert!(!jump_only.session_up && jump_only.proxied);
        let target = "debug1: Remote protocol version 2.0, remote software version OpenSSH_9.2p1 target\n\
             debug1: kex: algorithm: sntrup761x25519-sha512\n\
             debug1: kex: server->client cipher: aes128-gcm@openssh.com MAC: <implicit> compression: none\n\
             debug1: kex: client->server cipher: aes128-gcm@openssh.com MAC: <implicit> compression: none\n\
             Authenticated to 127.0.0.1 (via proxy) using \"publickey\".\n\
             debug1: Entering interactive session.\n";
        let both = Transcript::parse(&format!("{log}{target}"));
        assert!(both.session_up && both.proxied && !both.renegotiated_otherwise);
        assert_eq!(both.server_version.as_deref(), Some("OpenSSH_9.2p1 target"));
        let negotiated = both.negotiated.unwrap();
        assert_eq!(negotiated.client_to_server.cipher.as_str(), "aes128-gcm@openssh.com");

        // The connection to the jump host exchanges keys again, with its own cipher; then the target with a third.
        let again = |cipher: &str| {
            let way = |way: &str| {
                format!("debug1: kex: {way} cipher: {cipher} MAC: <implicit> compression: none\n")
            };
            format!("{}{}", way("server->client"), way("client->server"))
        };
        let jump = format!("{log}{target}{}", again("chacha20-poly1305@openssh.com"));
        assert!(!Transcript::parse(&jump).renegotiated_otherwise);
        let other = format!("{jump}{}", again("aes256-gcm@openssh.com"));
        assert!(Transcript::parse(&other).renegotiated_otherwise);
    }
}
