//! What a library of cipher cores provides.

use super::chacha::{self, ChaCha};
use super::gcm::{self, Gcm};
use super::packet::{Open, Seal, SealOrOpen};
use super::suite::{Aead, Block, Hash, Keys, Suite};
use super::with_mac::{Authenticate, Blocks, WithMac};
use crate::model::cipher_cores::Work;

/// A library of cipher cores: the parts that packets are sealed and opened with. A part is absent
/// where the library has none.
pub trait Implementation {
    /// As `--impl` and records have it.
    fn name(&self) -> &'static str;

    /// Which version of the library, where it says so.
    fn version(&self) -> Option<String> {
        None
    }

    /// AES-GCM with its key, for the work of one end; absent for another AEAD.
    fn gcm(&self, aead: Aead, keys: &Keys, work: Work) -> Option<Box<dyn Gcm>>;

    /// ChaCha20 and Poly1305 with their keys, one by one.
    fn chacha20(&self, _keys: &Keys) -> Option<Box<dyn ChaCha>> {
        None
    }

    /// ChaCha20-Poly1305 on SSH's packets: put together from its parts, unless the library itself
    /// has OpenSSH's construction.
    fn chacha20_poly1305(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(Box::new(chacha::Packets(self.chacha20(keys)?)))
    }

    /// A cipher that needs a MAC, for the work of one end.
    fn blocks(&self, _block: Block, _keys: &Keys, _work: Work) -> Option<Box<dyn Blocks>> {
        None
    }

    /// A MAC.
    fn mac(&self, _hash: Hash, _keys: &Keys) -> Option<Box<dyn Authenticate>> {
        None
    }

    /// A suite put together from its parts, for the work of one end.
    fn end(&self, suite: Suite, keys: &Keys, work: Work) -> Option<Box<dyn SealOrOpen>> {
        match suite {
            Suite::Alone(Aead::ChaCha20Poly1305) => self.chacha20_poly1305(keys),
            Suite::Alone(aead) => {
                Some(Box::new(gcm::Packets::new(aead, self.gcm(aead, keys, work)?, keys)))
            }
            Suite::With(block, hmac) => {
                let (cipher, mac) = (self.blocks(block, keys, work)?, self.mac(hmac.hash, keys)?);
                Some(Box::new(WithMac::new((block, hmac), cipher, mac)))
            }
        }
    }

    /// The sender's end.
    fn sealer(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Seal>> {
        Some(self.end(suite, keys, Work::Seal)?)
    }

    /// The receiver's end.
    fn opener(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Open>> {
        Some(self.end(suite, keys, Work::Open)?)
    }
}
