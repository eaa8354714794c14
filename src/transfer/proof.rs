//! The proof of a sample: the cipher, MAC and bytes that were used, not those that were asked for. Pure.

use crate::model::Configuration;
use crate::model::Negotiated;
use crate::ssh::Transcript;

/// What is known of a completed transfer.
#[derive(Clone, Copy, Debug)]
pub struct Evidence<'a> {
    pub transcript: &'a Transcript,
    /// Bytes that were sent, that arrived and that were asked for; absent where unknown.
    pub sent: Option<u64>,
    pub received: Option<u64>,
    pub asked: Option<u64>,
}

/// What was negotiated, or why the sample does not count.
pub fn check(configuration: &Configuration, evidence: &Evidence) -> Result<Negotiated, String> {
    let log = evidence.transcript;
    if log.multiplexed {
        return Err(
            "an existing master connection (ControlMaster) carried the session; nothing was \
                    negotiated for it"
                .into(),
        );
    }
    let Some(negotiated) = &log.negotiated else {
        return Err("the client's log does not show what was negotiated".into());
    };
    if log.renegotiated_otherwise {
        return Err("another cipher was negotiated during the transfer".into());
    }
    for direction in [&negotiated.client_to_server, &negotiated.server_to_client] {
        if direction.cipher != configuration.cipher {
            return Err(format!(
                "{} was negotiated, not {}",
                direction.cipher, configuration.cipher
            ));
        }
        if let Some(mac) = &configuration.mac
            && direction.mac != mac.as_str()
        {
            return Err(format!("the MAC {} was negotiated, not {mac}", direction.mac));
        }
        if direction.compression != "none" {
            return Err(format!("the transfer was compressed ({})", direction.compression));
        }
    }
    match (evidence.sent, evidence.received, evidence.asked) {
        (_, None, _) => Err("the number of bytes that arrived is unknown".into()),
        (_, Some(0), _) if evidence.asked != Some(0) => Err("no byte arrived".into()),
        (Some(sent), Some(received), _) if sent != received => {
            Err(format!("{sent} bytes were sent and {received} arrived"))
        }
        (_, Some(received), Some(asked)) if received != asked => {
            Err(format!("{asked} bytes were asked for and {received} arrived"))
        }
        _ => Ok(negotiated.clone()),
    }
}

/// Bytes that arrived where the client itself wrote them to `/dev/null`: those that were sent, if the
/// client's count of the connection is at least that and at most the packet framing more (RFC 4253,
/// section 6: under 120 bytes per packet, and even short packets hold 4 KiB); else the client's count.
pub fn arrived(sent: Option<u64>, received_in_all: Option<u64>) -> Option<u64> {
    let (sent, received) = (sent?, received_in_all?);
    let most = sent + sent / 32 + (1 << 16);
    Some(if (sent..=most).contains(&received) { sent } else { received })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Direction, Mac, Method};

    fn transcript(cipher: &str, compression: &str) -> Transcript {
        Transcript::parse(&format!(
            "debug1: kex: server->client cipher: {cipher} MAC: m compression: {compression}\n\
             debug1: kex: client->server cipher: {cipher} MAC: m compression: {compression}\n"
        ))
    }

    fn verdict(
        transcript: &Transcript,
        mac: Option<&str>,
        bytes: (u64, u64, u64),
    ) -> Result<Negotiated, String> {
        let configuration = Configuration {
            pairing: 0,
            method: Method::Pipe,
            direction: Direction::Upload,
            cipher: Cipher::from("aes128-ctr"),
            mac: mac.map(Mac::from),
        };
        let (sent, received, asked) = (Some(bytes.0), Some(bytes.1), Some(bytes.2));
        check(&configuration, &Evidence { transcript, sent, received, asked })
    }

    #[test]
    fn the_clients_count_of_bytes_has_to_fit_those_sent() {
        assert_eq!(arrived(Some(1_000_000), Some(1_004_000)), Some(1_000_000));
        assert_eq!(arrived(Some(1_000_000), Some(999_999)), Some(999_999));
        assert_eq!(arrived(Some(1_000_000), Some(2_000_000)), Some(2_000_000));
        assert_eq!(arrived(Some(1_000_000), None), None);
        assert_eq!(arrived(None, Some(1)), None);
    }

    #[test]
    fn a_sample_counts_only_as_it_was_asked_for() {
        let good = transcript("aes128-ctr", "none");
        assert!(verdict(&good, None, (5, 5, 5)).is_ok());
        assert!(verdict(&good, Some("m"), (5, 5, 5)).is_ok());
        let reason = |result: Result<Negotiated, String>| result.unwrap_err();
        assert!(reason(verdict(&good, Some("other"), (5, 5, 5))).contains("MAC m"));
        assert!(reason(verdict(&good, None, (5, 4, 5))).contains("4 arrived"));
        assert!(reason(verdict(&good, None, (4, 4, 5))).contains("5 bytes were asked"));
        assert!(reason(verdict(&good, None, (0, 0, 5))).contains("no byte"));
        assert!(reason(verdict(&transcript("3des-cbc", "none"), None, (5, 5, 5))).contains("3des"));
        assert!(
            reason(verdict(&transcript("aes128-ctr", "zlib"), None, (5, 5, 5))).contains("zlib")
        );
        let mut shared = good.clone();
        shared.multiplexed = true;
        assert!(reason(verdict(&shared, None, (5, 5, 5))).contains("master"));
        assert!(reason(verdict(&Transcript::default(), None, (5, 5, 5))).contains("does not show"));
    }
}
