//! The system's libcrypto, loaded at run time: what the system's `ssh` uses, called as `ssh` calls it
//! (OpenSSH `cipher.c`, `cipher-chachapoly-libcrypto.c`, `digest-openssl.c`). One thing differs: for
//! chacha20-poly1305 `ssh` takes only ChaCha20 from libcrypto and has a Poly1305 of its own in plain
//! C; this core takes libcrypto's, which is faster.

mod api;
mod chacha;
mod cipher;
mod context;
mod hmac;

use std::path::Path;
use std::sync::Arc;

pub use api::LoadError;

use api::Api;
use chacha::Streams;
use cipher::Cipher;
use hmac::Hmac;

use crate::cipher_cores::chacha::ChaCha;
use crate::cipher_cores::gcm::Gcm;
use crate::cipher_cores::implementation::Implementation;
use crate::cipher_cores::suite::{Aead, Block, Hash, Keys};
use crate::cipher_cores::with_mac::{Authenticate, Blocks};
use crate::model::cipher_cores::Work;

pub struct LibCrypto(Arc<Api>);

impl LibCrypto {
    /// The library at `path`, or else the system's.
    ///
    /// # Errors
    /// It is absent, too old or of another ABI.
    pub fn load(path: Option<&Path>) -> Result<LibCrypto, LoadError> {
        api::load(path).map(LibCrypto)
    }
}

impl Implementation for LibCrypto {
    fn name(&self) -> &'static str {
        "libcrypto"
    }

    fn version(&self) -> Option<String> {
        Some(self.0.version.clone())
    }

    fn gcm(&self, aead: Aead, keys: &Keys, work: Work) -> Option<Box<dyn Gcm>> {
        let algorithm = match aead {
            Aead::ChaCha20Poly1305 => return None,
            Aead::Aes128Gcm => self.0.EVP_aes_128_gcm,
            Aead::Aes256Gcm => self.0.EVP_aes_256_gcm,
        };
        Some(Box::new(Cipher::new(&self.0, algorithm, &keys.key, None, work)?))
    }

    fn chacha20(&self, keys: &Keys) -> Option<Box<dyn ChaCha>> {
        Some(Box::new(Streams::new(&self.0, keys)?))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        let algorithm = match block {
            Block::Aes128Ctr => self.0.EVP_aes_128_ctr,
            Block::Aes192Ctr => self.0.EVP_aes_192_ctr,
            Block::Aes256Ctr => self.0.EVP_aes_256_ctr,
            Block::Aes128Cbc => self.0.EVP_aes_128_cbc,
            Block::Aes192Cbc => self.0.EVP_aes_192_cbc,
            Block::Aes256Cbc => self.0.EVP_aes_256_cbc,
            Block::TripleDesCbc => self.0.EVP_des_ede3_cbc,
        };
        Some(Box::new(Cipher::new(&self.0, algorithm, &keys.key, Some(&keys.iv), work)?))
    }

    fn mac(&self, hash: Hash, keys: &Keys) -> Option<Box<dyn Authenticate>> {
        Some(Box::new(Hmac::new(&self.0, hash, keys)?))
    }
}
