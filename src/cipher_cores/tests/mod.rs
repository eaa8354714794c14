//! Each implementation against the vectors of the standards, the other implementations, packets of
//! an independent implementation of SSH, and tampering.

mod independent;
mod interoperability;
mod vectors;

use super::implementation::Implementation;
use super::libraries;
use super::packet::{Open, Seal};
use super::suite::{Keys, Suite};

/// All of them; the tests need the system's libcrypto as well.
fn all() -> Vec<Box<dyn Implementation>> {
    let (all, loaded) = libraries::load(None);
    loaded.unwrap_or_else(|error| panic!("install libssl3 (Debian): {error}"));
    all
}

/// A packet with this payload, its padding and room for the tag.
fn framed(suite: Suite, payload: &[u8]) -> Vec<u8> {
    let layout = suite.layout();
    let mut packet = vec![0xee; layout.packet_bytes(payload.len())];
    packet[layout.payload(payload.len())].copy_from_slice(payload);
    layout.frame(payload.len(), &mut packet);
    packet
}

fn sealers(suite: Suite, keys: &Keys) -> Vec<(&'static str, Box<dyn Seal>)> {
    all().iter().filter_map(|one| Some((one.name(), one.sealer(suite, keys)?))).collect()
}

fn openers(suite: Suite, keys: &Keys) -> Vec<(&'static str, Box<dyn Open>)> {
    all().iter().filter_map(|one| Some((one.name(), one.opener(suite, keys)?))).collect()
}

#[test]
#[cfg(all(feature = "aws-lc-rs", feature = "ring", feature = "rustcrypto"))]
fn each_suite_has_the_implementations_that_docs_cores_lists() {
    let keys = Keys::for_measuring();
    for suite in Suite::all() {
        let names: Vec<&str> = sealers(suite, &keys).iter().map(|(name, _)| *name).collect();
        let expected: &[&str] = match (suite, suite.cipher().as_str()) {
            (Suite::Alone(_), _) => &["aws-lc-rs", "ring", "rustcrypto", "libcrypto"],
            (_, "3des-cbc") => &["rustcrypto", "libcrypto"],
            _ => &["aws-lc-rs", "rustcrypto", "libcrypto"],
        };
        assert_eq!(names, expected, "{suite}");
        assert_eq!(openers(suite, &keys).len(), expected.len(), "{suite}");
    }
}
