//! ChaCha20 and Poly1305: `EVP_chacha20(3ssl)`, `EVP_MAC-POLY1305(7ssl)`.

use std::ptr::null;
use std::sync::Arc;

use super::api::Api;
use super::cipher::Cipher;
use super::context::{Context, done};
use crate::cipher_cores::chacha::{ChaCha, Key, nonce};
use crate::cipher_cores::packet::Fault;
use crate::cipher_cores::suite::Keys;
use crate::model::cipher_cores::Work;

/// ChaCha20 with both keys, and Poly1305.
pub struct Streams {
    main: Cipher,
    header: Cipher,
    /// An `EVP_MAC_CTX`.
    poly1305: Context,
}

impl Streams {
    /// Absent where the library has no Poly1305 that can be called by itself.
    pub fn new(api: &Arc<Api>, keys: &Keys) -> Option<Streams> {
        let poly1305 = api.poly1305.as_ref()?;
        // SAFETY: the EVP_MAC lives as long as the library.
        let poly1305 = unsafe {
            let context = (poly1305.EVP_MAC_CTX_new)(poly1305.mac);
            Context::new(api, context, poly1305.EVP_MAC_CTX_free)?
        };
        let keyed = |key| Cipher::new(api, api.EVP_chacha20, key, None, Work::Seal);
        let (main, header) = keys.key.split_at(32);
        Some(Streams { main: keyed(main)?, header: keyed(header)?, poly1305 })
    }
}

/// Where in its stream ChaCha20 starts: the block's number, little-endian, and the nonce
/// (`EVP_chacha20(3ssl)`).
fn start(block: u64, sequence: u32) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..8].copy_from_slice(&block.to_le_bytes());
    iv[8..].copy_from_slice(&nonce(sequence));
    iv
}

impl ChaCha for Streams {
    fn stream(
        &mut self,
        key: Key,
        block: u64,
        sequence: u32,
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let cipher = match key {
            Key::Main => &mut self.main,
            Key::Header => &mut self.header,
        };
        cipher.restart(&start(block, sequence))?;
        cipher.apply(bytes)
    }

    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault> {
        let Context { api, pointer, .. } = &self.poly1305;
        let api = api.poly1305.as_ref().ok_or(Fault::Library)?;
        let mut tag = [0; 16];
        let mut length = 0;
        // SAFETY: key, bytes and tag are as long as they say.
        done(unsafe {
            (api.EVP_MAC_init)(*pointer, key.as_ptr(), key.len(), null()) == 1
                && (api.EVP_MAC_update)(*pointer, bytes.as_ptr(), bytes.len()) == 1
                && (api.EVP_MAC_final)(*pointer, tag.as_mut_ptr(), &mut length, tag.len()) == 1
        })?;
        Ok(tag)
    }
}
