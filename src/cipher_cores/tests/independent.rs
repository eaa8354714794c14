//! Packets that asyncssh sealed (`fixtures/packets/make`): each implementation opens them, and seals
//! to the same bytes.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::*;
use crate::model::{Cipher, Mac};

#[derive(Deserialize)]
struct Fixture {
    suites: Vec<Sealed>,
}

#[derive(Deserialize)]
struct Sealed {
    cipher: String,
    mac: Option<String>,
    key: String,
    iv: String,
    mac_key: String,
    packets: Vec<Packet>,
}

#[derive(Deserialize)]
struct Packet {
    sequence: u32,
    payload: String,
    packet: String,
}

fn bytes(hex: &str) -> Vec<u8> {
    HEXLOWER.decode(hex.as_bytes()).unwrap()
}

fn filled<const N: usize>(hex: &str) -> [u8; N] {
    let mut array = [0; N];
    let bytes = bytes(hex);
    array[..bytes.len()].copy_from_slice(&bytes);
    array
}

#[test]
fn packets_of_asyncssh_are_opened_and_sealed_to_the_same_bytes() {
    let fixture = include_str!("../../../fixtures/packets/asyncssh.json");
    let fixture: Fixture = serde_json::from_str(fixture).unwrap();
    let suites: Vec<(Suite, Sealed)> = fixture
        .suites
        .into_iter()
        .map(|one| {
            let mac = one.mac.as_deref().map(Mac::from);
            (Suite::named(&Cipher::from(one.cipher.as_str()), mac.as_ref()).unwrap(), one)
        })
        .collect();
    for suite in Suite::all() {
        assert!(suites.iter().any(|(fixed, _)| *fixed == suite), "{suite} is not in the fixture");
    }
    for (suite, sealed) in suites {
        let keys =
            Keys { key: filled(&sealed.key), iv: filled(&sealed.iv), mac: filled(&sealed.mac_key) };
        let mut ends: Vec<_> =
            sealers(suite, &keys).into_iter().zip(openers(suite, &keys)).collect();
        for fixed in sealed.packets {
            let payload = bytes(&fixed.payload);
            for ((name, sealer), (_, opener)) in &mut ends {
                let mut packet = bytes(&fixed.packet);
                let found = opener.open(fixed.sequence, &mut packet).unwrap();
                assert_eq!(packet[found], payload, "{suite}: {name}");
                // Once opened it has the padding that asyncssh chose.
                sealer.seal(fixed.sequence, &mut packet).unwrap();
                assert_eq!(packet, bytes(&fixed.packet), "{suite}: {name}");
            }
        }
    }
}
