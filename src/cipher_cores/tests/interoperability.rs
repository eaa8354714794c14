//! Each implementation opens what any other sealed, and none opens a packet that was changed.

use proptest::prelude::*;

use super::*;
use crate::cipher_cores::packet::Fault;

fn keys() -> impl Strategy<Value = Keys> {
    any::<([u8; 32], [u8; 32], [u8; 16], [u8; 32], [u8; 32])>().prop_map(
        |(key, more, iv, mac, more_mac)| Keys {
            key: std::array::from_fn(
                |index| if index < 32 { key[index] } else { more[index - 32] },
            ),
            iv,
            mac: std::array::from_fn(|i| if i < 32 { mac[i] } else { more_mac[i - 32] }),
        },
    )
}

fn suite() -> impl Strategy<Value = Suite> {
    prop::sample::select(Suite::all().collect::<Vec<_>>())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn each_opens_what_any_other_sealed(
        suite in suite(),
        keys in keys(),
        first: u32,
        payloads in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 1..5),
    ) {
        for (sealed_by, mut sealer) in sealers(suite, &keys) {
            let mut openers = openers(suite, &keys);
            for (number, payload) in payloads.iter().enumerate() {
                let sequence = first.wrapping_add(number as u32);
                let plain = framed(suite, payload);
                let mut sealed = plain.clone();
                sealer.seal(sequence, &mut sealed).unwrap();
                prop_assert_ne!(&sealed, &plain);
                for (opened_by, opener) in &mut openers {
                    let mut packet = sealed.clone();
                    let found = opener.open(sequence, &mut packet);
                    let place = suite.layout().payload(payload.len());
                    prop_assert_eq!(found, Ok(place), "{}: {} to {}", suite, sealed_by, opened_by);
                    let end = packet.len() - suite.layout().tag;
                    prop_assert_eq!(&packet[..end], &plain[..end]);
                }
            }
        }
    }

    #[test]
    fn a_flipped_bit_or_another_sequence_number_is_refused(
        suite in suite(),
        keys in keys(),
        sequence: u32,
        payload in prop::collection::vec(any::<u8>(), 0..200),
        at: prop::sample::Index,
        bit in 0..8,
    ) {
        for (sealed_by, mut sealer) in sealers(suite, &keys) {
            let mut sealed = framed(suite, &payload);
            sealer.seal(sequence, &mut sealed).unwrap();
            let mut flipped = sealed.clone();
            flipped[at.index(sealed.len())] ^= 1_u8 << bit;
            for (opened_by, mut opener) in openers(suite, &keys) {
                let refused = opener.open(sequence, &mut flipped.clone());
                prop_assert_eq!(refused, Err(Fault::Tampered), "{}: {} to {}", suite, sealed_by, opened_by);
            }
            // GCM counts packets itself and does not use the sequence number.
            let number_counts = !suite.cipher().as_str().contains("gcm");
            for (opened_by, mut opener) in openers(suite, &keys) {
                let other = opener.open(sequence.wrapping_add(1), &mut sealed.clone());
                prop_assert_eq!(other.is_err(), number_counts, "{}: {} to {}", suite, sealed_by, opened_by);
            }
        }
    }

    #[test]
    fn a_truncated_packet_or_other_bytes_are_refused(
        suite in suite(),
        bytes in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let keys = Keys::for_measuring();
        let mut sealed = framed(suite, b"a payload");
        for (_, mut sealer) in sealers(suite, &keys).into_iter().take(1) {
            sealer.seal(7, &mut sealed).unwrap();
        }
        let cut = &sealed[..bytes.len().min(sealed.len() - 1)];
        for (opened_by, mut opener) in openers(suite, &keys) {
            prop_assert_eq!(opener.open(7, &mut bytes.clone()), Err(Fault::Tampered), "{}", opened_by);
        }
        for (opened_by, mut opener) in openers(suite, &keys) {
            prop_assert_eq!(opener.open(7, &mut cut.to_vec()), Err(Fault::Tampered), "{}", opened_by);
        }
    }
}

#[test]
fn every_single_bit_of_a_packet_is_protected() {
    let keys = Keys::for_measuring();
    for suite in Suite::all() {
        for (name, mut sealer) in sealers(suite, &keys) {
            let mut sealed = framed(suite, b"ls");
            sealer.seal(3, &mut sealed).unwrap();
            for bit in 0..sealed.len() * 8 {
                let mut flipped = sealed.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                let opener = all().into_iter().find(|one| one.name() == name);
                let mut opener = opener.and_then(|one| one.opener(suite, &keys)).unwrap();
                assert_eq!(opener.open(3, &mut flipped), Err(Fault::Tampered), "{suite}: {name}");
            }
        }
    }
}
