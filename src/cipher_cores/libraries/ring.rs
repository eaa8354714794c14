//! The crate ring. It has AEADs, and no cipher that needs a MAC.

use super::ring_api::ring_api;
use crate::cipher_cores::gcm::Gcm;
use crate::cipher_cores::implementation::Implementation;
use crate::cipher_cores::packet::SealOrOpen;
use crate::cipher_cores::suite::{Aead, Keys};
use crate::model::cipher_cores::Work;

ring_api!(ring);

pub struct Ring;

impl Implementation for Ring {
    fn name(&self) -> &'static str {
        "ring"
    }

    fn gcm(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        aeads::gcm(aead, keys)
    }

    fn chacha20_poly1305(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(aeads::chacha20_poly1305(keys))
    }
}
