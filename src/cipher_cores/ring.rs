//! The crate ring. It has AEADs, and no cipher that needs a MAC.

use super::implementation::Implementation;
use super::ring_api::ring_api;
use crate::model::cipher_cores::Work;

ring_api!(ring);

pub struct Ring;

impl Implementation for Ring {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn galois(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        galois(aead, keys)
    }

    fn chacha(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(chacha(keys))
    }
}
