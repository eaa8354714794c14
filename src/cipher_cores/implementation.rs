//! What a library must bring, and the libraries that this program has.

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

    /// AES-GCM with its key, for the work of one end.
    fn galois(&self, aead: Aead, keys: &Keys, work: Work) -> Option<Box<dyn Gcm>>;

    /// ChaCha20-Poly1305 as SSH puts it together.
    fn chacha(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>>;

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
            Suite::Alone(Aead::ChaCha20Poly1305) => self.chacha(keys),
            Suite::Alone(aead) => {
                Some(Box::new(gcm::Packets::new(aead, self.galois(aead, keys, work)?, keys)))
            }
            Suite::With(block, hmac) => {
                let (cipher, mac) = (self.blocks(block, keys, work)?, self.mac(hmac.hash, keys)?);
                Some(Box::new(WithMac::new((block, hmac), cipher, mac)))
            }
        }
    }

    /// A sender's end.
    fn sealer(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Seal>> {
        Some(self.end(suite, keys, Work::Seal)?)
    }

    /// A receiver's end.
    fn opener(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Open>> {
        Some(self.end(suite, keys, Work::Open)?)
    }
}

/// The libraries that were compiled in.
pub fn compiled_in() -> Vec<Box<dyn Implementation>> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Box::new(super::aws_lc::AwsLc),
        #[cfg(feature = "ring")]
        Box::new(super::ring::Ring),
        #[cfg(feature = "rustcrypto")]
        Box::new(super::rustcrypto::RustCrypto),
    ]
}
