//! The crate ring. It has AEADs, and no cipher that needs a MAC.

use super::implementation::Implementation;
use super::ring_api::ring_api;

ring_api!(ring);

pub struct Ring;

impl Implementation for Ring {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn sealer(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Seal>> {
        let Suite::Alone(aead) = suite else { return None };
        Some(alone(aead, keys)?)
    }

    fn opener(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Open>> {
        let Suite::Alone(aead) = suite else { return None };
        Some(alone(aead, keys)?)
    }
}
