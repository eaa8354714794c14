//! The crate aws-lc-rs, which the built-in SSH uses for its AEADs. Of its 3DES the bindings are not
//! built by default.

use aws_lc_rs::cipher::{
    AES_128, AES_192, AES_256, DecryptingKey, DecryptionContext, EncryptingKey, EncryptionContext,
    UnboundCipherKey,
};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;

use crate::ssh::catalog::Mode;

use super::implementation::Implementation;
use super::ring_api::ring_api;
use super::suite::{Block, Hash};
use super::with_mac::{Authenticate, Blocks, Code};
use crate::model::cipher_cores::Work;

ring_api!(aws_lc_rs);

pub struct AwsLc;

impl Implementation for AwsLc {
    fn name(&self) -> &'static str {
        "aws-lc-rs"
    }

    fn galois(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        galois(aead, keys)
    }

    fn chacha(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(chacha(keys))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        let (key, iv) = (key(block, keys)?, keys.iv);
        Some(match (block.mode(), work) {
            (Mode::Ctr, _) => {
                let key = EncryptingKey::ctr(key).ok()?;
                Box::new(Counter { key, next: u128::from_be_bytes(iv) })
            }
            (_, Work::Seal) => Box::new(CbcEncryption { key: EncryptingKey::cbc(key).ok()?, iv }),
            (_, Work::Open) => Box::new(CbcDecryption { key: DecryptingKey::cbc(key).ok()?, iv }),
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

/// Counter mode, the same both ways. The library takes the counter with each call, so we count.
struct Counter {
    key: EncryptingKey,
    next: u128,
}

impl Blocks for Counter {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let iv = EncryptionContext::Iv128(FixedLength::from(self.next.to_be_bytes()));
        self.key.less_safe_encrypt(blocks, iv).map_err(|_| Fault::Library)?;
        self.next = self.next.wrapping_add((blocks.len() / 16) as u128);
        Ok(())
    }
}

/// The library takes the IV with each call, so we keep the last block.
struct CbcEncryption {
    key: EncryptingKey,
    iv: [u8; 16],
}

impl Blocks for CbcEncryption {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let iv = EncryptionContext::Iv128(FixedLength::from(self.iv));
        self.key.less_safe_encrypt(blocks, iv).map_err(|_| Fault::Library)?;
        self.iv = blocks.last_chunk().copied().unwrap_or(self.iv);
        Ok(())
    }
}

struct CbcDecryption {
    key: DecryptingKey,
    iv: [u8; 16],
}

impl Blocks for CbcDecryption {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let iv = DecryptionContext::Iv128(FixedLength::from(self.iv));
        self.iv = blocks.last_chunk().copied().unwrap_or(self.iv);
        self.key.decrypt(blocks, iv).map(|_| ()).map_err(|_| Fault::Library)
    }
}

struct Hmac(hmac::Key);

impl Authenticate for Hmac {
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault> {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(&sequence.to_be_bytes());
        context.update(bytes);
        let mut code = Code::from([0; 64]);
        let tag = context.sign();
        code[..tag.as_ref().len()].copy_from_slice(tag.as_ref());
        Ok(code)
    }
}
