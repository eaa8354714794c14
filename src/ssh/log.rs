//! What a client's own log (`-v`, `-vv`) says of a connection: the proof that a trial used the
//! cipher it claims, and both ends' KEXINIT without a failed negotiation.

use crate::model::{Cipher, Mac, Negotiated, OneWay, Proposal};

/// Everything that a survey reads from one connection's log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// Needs `-vv`.
    pub client_proposal: Option<Proposal>,
    /// Needs `-vv`.
    pub server_proposal: Option<Proposal>,
    /// The first negotiation of the connection; rekeying repeats it.
    pub negotiated: Option<Negotiated>,
    /// A later negotiation of the same connection chose otherwise.
    pub renegotiated_otherwise: bool,
    /// The server's identification without `SSH-2.0-` (RFC 4253, section 4.2).
    pub server_version: Option<String>,
    /// An existing master connection carried the session: nothing was negotiated.
    pub multiplexed: bool,
    /// Authentication is done and the session may begin.
    pub session_up: bool,
    /// The log speaks of a ProxyCommand or ProxyJump.
    pub proxied: bool,
    /// Bytes received in the whole connection, framing and handshake included.
    pub received: Option<u64>,
}

/// The line of OpenSSH's log after which a session may begin.
pub const SESSION_UP: &str = "debug1: Entering interactive session.";

impl Transcript {
    pub fn parse(log: &str) -> Transcript {
        let mut transcript = Transcript::default();
        let mut proposal: Option<Whose> = None;
        let mut old = OldForm::default();
        let mut key_exchange = String::new();
        let mut ways: [Option<OneWay>; 2] = [None, None];
        for line in log.lines() {
            let line = line.trim_end_matches('\r');
            if let Some(said) = line.strip_prefix("debug2: ") {
                proposal = whose_proposal(said).or(proposal);
                if let Some(names) = said.strip_prefix("kex_parse_kexinit:") {
                    old.take(names, &mut transcript);
                }
                if let Some(whose) = proposal {
                    let slot = match whose {
                        Whose::Client => &mut transcript.client_proposal,
                        Whose::Server => &mut transcript.server_proposal,
                    };
                    read_proposal(slot.get_or_insert_default(), said);
                }
            }
            if let Some(totals) = line.strip_prefix("Transferred: sent ") {
                transcript.received = totals
                    .split_once("received ")
                    .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
            }
            let Some(said) = line.strip_prefix("debug1: ") else { continue };
            if let Some(name) = said.strip_prefix("kex: algorithm: ") {
                key_exchange = name.trim().to_owned();
            } else if let Some(names) = said.strip_prefix("kex: client->server ") {
                ways[0] = one_way(names);
            } else if let Some(names) = said.strip_prefix("kex: server->client ") {
                ways[1] = one_way(names);
            } else if let Some(version) = said.split_once("remote software version ") {
                transcript.server_version = Some(version.1.trim().to_owned());
            } else if said.starts_with("Entering interactive session") {
                transcript.session_up = true;
            } else if said.starts_with("auto-mux: Trying existing master")
                || said.starts_with("multiplexing control connection")
                || said.starts_with("mux_client_request_session")
            {
                transcript.multiplexed = true;
            } else if said.starts_with("Executing proxy command")
                || said.starts_with("Setting implicit ProxyCommand")
            {
                transcript.proxied = true;
            }
            if let [Some(up), Some(down)] = &ways {
                let negotiated = Negotiated {
                    client_to_server: up.clone(),
                    server_to_client: down.clone(),
                    key_exchange: key_exchange.clone(),
                };
                ways = [None, None];
                match &transcript.negotiated {
                    None => transcript.negotiated = Some(negotiated),
                    Some(first) => {
                        transcript.renegotiated_otherwise |= first.client_to_server
                            != negotiated.client_to_server
                            || first.server_to_client != negotiated.server_to_client;
                    }
                }
            }
        }
        transcript
    }
}

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
            // Keys are renewed.
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
    // Only the first proposal counts: when keys are renewed each end sends one again, and a
    // client's second lacks the strict-KEX marker.
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
    fn rekeying_to_another_cipher_is_noticed() {
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
}
