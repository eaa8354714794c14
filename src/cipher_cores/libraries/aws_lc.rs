//! The crate aws-lc-rs, which the built-in SSH uses for its AEADs. Its bindings do not include 3DES
//! by default.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use super::ring_api::ring_api;
use crate::cipher_cores::gcm::Gcm;
use crate::cipher_cores::implementation::Implementation;
use crate::cipher_cores::packet::{Fault, SealOrOpen};
use crate::cipher_cores::suite::{Aead, Block, Hash, Keys};
use crate::cipher_cores::with_mac::{Authenticate, Blocks, Code, code};
use crate::model::cipher_cores::Work;
use crate::ssh::catalog::Mode;

ring_api!(aws_lc_rs);

pub struct AwsLc;

impl Implementation for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
    }

    fn gcm(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        aeads::gcm(aead, keys)
    }

    fn chacha20_poly1305(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(aeads::chacha20_poly1305(keys))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        let (key, iv) = (key(block, keys)?, keys.iv);
        Some(match (block.mode(), work) {
            // Counter mode is the same both ways.
            (Mode::Ctr, _) => {
                let key = EncryptingKey::ctr(key).ok()?;
                Box::new(Encryption { key, iv, next: counted_on })
            }
            (_, Work::Seal) => {
                let key = EncryptingKey::cbc(key).ok()?;
                Box::new(Encryption { key, iv, next: last_block })
            }
            (_, Work::Open) => Box::new(Decryption { key: DecryptingKey::cbc(key).ok()?, iv }),
        })
    }

    fn mac(&self, hash: Hash, keys: &Keys) -> Option<Box<dyn Authenticate>> {
        let algorithm = match hash {
            Hash::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Hash::Sha256 => hmac::HMAC_SHA256,
            Hash::Sha512 => hmac::HMAC_SHA512,
        };
        Some(Box::new(Hmac(hmac::Key::new(algorithm, &keys.mac[..hash.bytes()]))))
    }
}

/// The key of AES; absent for another cipher.
fn key(block: Block, keys: &Keys) -> Option<UnboundCipherKey> {
    let algorithm = match block {
        Block::Aes128Ctr | Block::Aes128Cbc => &AES_128,
        Block::Aes192Ctr | Block::Aes192Cbc => &AES_192,
        Block::Aes256Ctr | Block::Aes256Cbc => &AES_256,
        Block::TripleDesCbc => return None,
    };
    UnboundCipherKey::new(algorithm, &keys.key[..block.key_bytes()]).ok()
}

type Iv = [u8; 16];

/// CTR, or encryption with CBC. The library takes the IV with each call, so we keep the next one.
struct Encryption {
    key: EncryptingKey,
    iv: Iv,
    /// The IV after the one that was used, and after what was encrypted with it.
    next: fn(Iv, &[u8]) -> Iv,
}

impl Blocks for Encryption {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let iv = EncryptionContext::Iv128(FixedLength::from(self.iv));
        self.key.less_safe_encrypt(blocks, iv).map_err(|_| Fault::Library)?;
        self.iv = (self.next)(self.iv, blocks);
        Ok(())
    }
}

/// Decryption with CBC.
struct Decryption {
    key: DecryptingKey,
    iv: Iv,
}

impl Blocks for Decryption {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let iv = DecryptionContext::Iv128(FixedLength::from(self.iv));
        self.iv = last_block(self.iv, blocks);
        self.key.decrypt(blocks, iv).map(|_| ()).map_err(|_| Fault::Library)
    }
}

/// The counter of CTR after these blocks.
fn counted_on(iv: Iv, blocks: &[u8]) -> Iv {
    u128::from_be_bytes(iv).wrapping_add((blocks.len() / 16) as u128).to_be_bytes()
}

/// The IV of CBC after these encrypted blocks: the last of them.
fn last_block(iv: Iv, encrypted: &[u8]) -> Iv {
    encrypted.last_chunk().copied().unwrap_or(iv)
}

struct Hmac(hmac::Key);

impl Authenticate for Hmac {
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&sequence.to_be_bytes());
        context.update(bytes);
        Ok(code(context.sign().as_ref()))
    }
}
