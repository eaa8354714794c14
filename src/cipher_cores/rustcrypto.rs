//! The crates of RustCrypto: aes, aes-gcm, ctr, cbc, des, chacha20, poly1305, hmac. They look for AES
//! instructions themselves, and know nothing of OpenSSL's masks.

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes128Gcm, Aes256Gcm};
use chacha20::ChaCha20Legacy;
use chacha20::cipher::{
    Block as OneBlock, BlockModeDecrypt, BlockModeEncrypt, KeyInit, KeyIvInit, StreamCipher,
    StreamCipherSeek,
};
use des::TdesEde3;
use hmac::{Hmac, Mac};
use poly1305::Poly1305;
use sha1::Sha1;
use sha2::{Sha256, Sha512};

use super::chacha::{self, ChaCha, nonce};
use super::gcm::{self, Gcm};
use super::implementation::Implementation;
use super::packet::{Fault, LENGTH, SealOrOpen};
use super::suite::{Aead, Block, Hash, Keys};
use super::with_mac::{Authenticate, Blocks, Code};
use crate::model::cipher_cores::Work;

pub struct RustCrypto;

impl Implementation for RustCrypto {
    fn name(&self) -> &'static str {
        "rustcrypto"
    }

    fn galois(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        let key = &keys.key[..aead.key_bytes()];
        Some(match aead {
            Aead::ChaCha20Poly1305 => return None,
            Aead::Aes128Gcm => Box::new(Galois(Aes128Gcm::new_from_slice(key).ok()?)),
            Aead::Aes256Gcm => Box::new(Galois(Aes256Gcm::new_from_slice(key).ok()?)),
        })
    }

    fn chacha(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(Box::new(chacha::Packets(halves(keys)?)))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        match work {
            Work::Seal => encryption(block, keys),
            Work::Open => decryption(block, keys),
        }
    }

    fn mac(&self, hash: Hash, keys: &Keys) -> Option<Box<dyn Authenticate>> {
        let key = &keys.mac[..hash.bytes()];
        Some(match hash {
            Hash::Sha1 => Box::new(Keyed(<Hmac<Sha1> as KeyInit>::new_from_slice(key).ok()?)),
            Hash::Sha256 => Box::new(Keyed(<Hmac<Sha256> as KeyInit>::new_from_slice(key).ok()?)),
            Hash::Sha512 => Box::new(Keyed(<Hmac<Sha512> as KeyInit>::new_from_slice(key).ok()?)),
        })
    }
}

struct Galois<A>(A);

impl<A: AeadInOut + Send> Gcm for Galois<A> {
    fn encrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; gcm::TAG], Fault> {
        let nonce = nonce.as_slice().try_into().map_err(|_| Fault::Library)?;
        let tag = self.0.encrypt_inout_detached(nonce, associated, bytes.into());
        tag.ok().and_then(|tag| tag.as_slice().try_into().ok()).ok_or(Fault::Library)
    }

    fn decrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let nonce = nonce.as_slice().try_into().map_err(|_| Fault::Library)?;
        let (bytes, tag) = bytes.split_last_chunk_mut::<{ gcm::TAG }>().ok_or(Fault::Tampered)?;
        let tag = tag.as_slice().try_into().map_err(|_| Fault::Library)?;
        let opened = self.0.decrypt_inout_detached(nonce, associated, bytes.into(), tag);
        opened.map_err(|_| Fault::Tampered)
    }
}

fn encryption(block: Block, keys: &Keys) -> Option<Box<dyn Blocks>> {
    Some(match block {
        Block::Aes128Ctr => Box::new(Counter(keyed::<ctr::Ctr128BE<Aes128>>(block, keys)?)),
        Block::Aes192Ctr => Box::new(Counter(keyed::<ctr::Ctr128BE<Aes192>>(block, keys)?)),
        Block::Aes256Ctr => Box::new(Counter(keyed::<ctr::Ctr128BE<Aes256>>(block, keys)?)),
        Block::Aes128Cbc => Box::new(Encryptor(keyed::<cbc::Encryptor<Aes128>>(block, keys)?)),
        Block::Aes192Cbc => Box::new(Encryptor(keyed::<cbc::Encryptor<Aes192>>(block, keys)?)),
        Block::Aes256Cbc => Box::new(Encryptor(keyed::<cbc::Encryptor<Aes256>>(block, keys)?)),
        Block::TripleDesCbc => Box::new(Encryptor(keyed::<cbc::Encryptor<TdesEde3>>(block, keys)?)),
    })
}

fn decryption(block: Block, keys: &Keys) -> Option<Box<dyn Blocks>> {
    Some(match block {
        Block::Aes128Cbc => Box::new(Decryptor(keyed::<cbc::Decryptor<Aes128>>(block, keys)?)),
        Block::Aes192Cbc => Box::new(Decryptor(keyed::<cbc::Decryptor<Aes192>>(block, keys)?)),
        Block::Aes256Cbc => Box::new(Decryptor(keyed::<cbc::Decryptor<Aes256>>(block, keys)?)),
        Block::TripleDesCbc => Box::new(Decryptor(keyed::<cbc::Decryptor<TdesEde3>>(block, keys)?)),
        // The same both ways.
        Block::Aes128Ctr | Block::Aes192Ctr | Block::Aes256Ctr => encryption(block, keys)?,
    })
}

fn keyed<C: KeyIvInit>(block: Block, keys: &Keys) -> Option<C> {
    C::new_from_slices(&keys.key[..block.key_bytes()], &keys.iv[..block.bytes()]).ok()
}

struct Counter<C>(C);

impl<C: StreamCipher + Send> Blocks for Counter<C> {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        self.0.try_apply_keystream(blocks).map_err(|_| Fault::Library)
    }
}

struct Encryptor<C>(C);

impl<C: BlockModeEncrypt + Send> Blocks for Encryptor<C> {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let (blocks, rest) = OneBlock::<C>::slice_as_chunks_mut(blocks);
        self.0.encrypt_blocks(blocks);
        if rest.is_empty() { Ok(()) } else { Err(Fault::Tampered) }
    }
}

struct Decryptor<C>(C);

impl<C: BlockModeDecrypt + Send> Blocks for Decryptor<C> {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        let (blocks, rest) = OneBlock::<C>::slice_as_chunks_mut(blocks);
        self.0.decrypt_blocks(blocks);
        if rest.is_empty() { Ok(()) } else { Err(Fault::Tampered) }
    }
}

struct Keyed<M>(M);

impl<M: Mac + Clone + Send> Authenticate for Keyed<M> {
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault> {
        let mut mac = self.0.clone();
        mac.update(&sequence.to_be_bytes());
        mac.update(bytes);
        let tag = mac.finalize().into_bytes();
        let mut code: Code = [0; 64];
        code[..tag.len()].copy_from_slice(&tag);
        Ok(code)
    }
}

/// Both halves of the key.
struct Halves {
    rest: [u8; 32],
    length: [u8; 32],
}

pub(super) fn halves(keys: &Keys) -> Option<Box<dyn ChaCha>> {
    let (rest, length) = keys.key.split_first_chunk::<32>()?;
    Some(Box::new(Halves { rest: *rest, length: length.try_into().ok()? }))
}

impl Halves {
    fn stream(key: &[u8; 32], sequence: u32) -> ChaCha20Legacy {
        ChaCha20Legacy::new(key.into(), &nonce(sequence).into())
    }
}

impl ChaCha for Halves {
    fn length(&mut self, sequence: u32, length: &mut [u8; LENGTH]) -> Result<(), Fault> {
        let mut stream = Halves::stream(&self.length, sequence);
        stream.try_apply_keystream(length).map_err(|_| Fault::Library)
    }

    fn poly1305_key(&mut self, sequence: u32) -> Result<[u8; 32], Fault> {
        let mut key = [0; 32];
        let mut stream = Halves::stream(&self.rest, sequence);
        stream.try_apply_keystream(&mut key).map_err(|_| Fault::Library)?;
        Ok(key)
    }

    fn rest(&mut self, sequence: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        /// Bytes of the stream's block 0.
        const FIRST: u64 = 64;
        let mut stream = Halves::stream(&self.rest, sequence);
        stream.try_seek(FIRST).map_err(|_| Fault::Library)?;
        stream.try_apply_keystream(bytes).map_err(|_| Fault::Library)
    }

    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault> {
        Ok(Poly1305::new(key.into()).compute_unpadded(bytes).into())
    }
}
