//! The proof of a sample: the cipher, MAC and bytes that were used, not those that were asked for. Pure.

use crate::model::record::WireBytes;
use crate::model::{Configuration, Direction, Negotiated};
use crate::ssh::Transcript;

/// What was negotiated, or why the connection does not count.
pub fn negotiated(configuration: &Configuration, log: &Transcript) -> Result<Negotiated, String> {
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
    Ok(negotiated.clone())
}

/// Whether the TCP connection carried the payload, and no more than its packets need: under 120 bytes for
/// each (RFC 4253, section 6), and even short packets hold 4 KiB. Through a jump host each packet is
/// encrypted twice.
///
/// # Errors
/// Why the transfer does not count.
pub fn check_wire(
    direction: Direction,
    payload: u64,
    wire: WireBytes,
    proxied: bool,
) -> Result<(), String> {
    let carried = match direction {
        Direction::Upload => wire.sent,
        Direction::Download => wire.received,
    };
    let share = if proxied { 33 } else { 100 };
    let most = payload + payload / share + (1 << 16);
    match (payload..=most).contains(&carried) {
        true => Ok(()),
        false => Err(format!("{payload} bytes were moved and {carried} went over the network")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Cipher, Mac, Method};

    fn transcript(cipher: &str, compression: &str) -> Transcript {
        Transcript::parse(&format!(
            "debug1: kex: server->client cipher: {cipher} MAC: m compression: {compression}\n\
             debug1: kex: client->server cipher: {cipher} MAC: m compression: {compression}\n"
        ))
    }

    fn verdict(transcript: &Transcript, mac: Option<&str>) -> Result<Negotiated, String> {
        let configuration = Configuration {
            pairing: 0,
            method: Method::Pipe,
            cipher: Cipher::from("aes128-ctr"),
            mac: mac.map(Mac::from),
        };
        negotiated(&configuration, transcript)
    }

    #[test]
    fn bytes_on_the_wire_have_to_fit_those_of_the_payload() {
        let check = |sent| {
            let wire = WireBytes { sent, received: 100 };
            check_wire(Direction::Upload, 10_000_000, wire, false)
        };
        assert!(check(10_000_000).is_ok() && check(10_100_000).is_ok());
        assert!(check(9_999_999).is_err() && check(10_300_000).is_err());
        let wire = WireBytes { sent: 0, received: 10_300_000 };
        assert!(check_wire(Direction::Download, 10_000_000, wire, true).is_ok());
    }

    #[test]
    fn a_connection_counts_only_as_it_was_asked_for() {
        let good = transcript("aes128-ctr", "none");
        assert!(verdict(&good, None).is_ok() && verdict(&good, Some("m")).is_ok());
        let reason = |result: Result<Negotiated, String>| result.unwrap_err();
        assert!(reason(verdict(&good, Some("other"))).contains("MAC m"));
        assert!(reason(verdict(&transcript("3des-cbc", "none"), None)).contains("3des"));
        assert!(reason(verdict(&transcript("aes128-ctr", "zlib"), None)).contains("zlib"));
        let mut shared = good.clone();
        shared.multiplexed = true;
        assert!(reason(verdict(&shared, None)).contains("master"));
        assert!(reason(verdict(&Transcript::default(), None)).contains("does not show"));
    }
}
