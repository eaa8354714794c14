//! The crates of RustCrypto: aes, aes-gcm, ctr, cbc, des, chacha20, poly1305, hmac. They look for AES
//! instructions themselves; OpenSSL's variables do not disable them.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt};
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

use crate::cipher_cores::chacha::{ChaCha, Key, nonce};
use crate::cipher_cores::gcm::{self, Gcm};
use crate::cipher_cores::implementation::Implementation;
use crate::cipher_cores::packet::Fault;
use crate::cipher_cores::suite::{Aead, Block, Hash, Keys};
use crate::cipher_cores::with_mac::{Authenticate, Blocks, Code, code};
use crate::model::cipher_cores::Work;

pub struct RustCrypto;

impl Implementation for RustCrypto {
    fn name(&self) -> &'static str {
        "rustcrypto"
    }

    fn gcm(&self, aead: Aead, keys: &Keys, _: Work) -> Option<Box<dyn Gcm>> {
        let key = &keys.key[..aead.key_bytes()];
        Some(match aead {
            Aead::ChaCha20Poly1305 => return None,
            Aead::Aes128Gcm => Box::new(Galois(Aes128Gcm::new_from_slice(key).ok()?)),
            Aead::Aes256Gcm => Box::new(Galois(Aes256Gcm::new_from_slice(key).ok()?)),
        })
    }

    fn chacha20(&self, keys: &Keys) -> Option<Box<dyn ChaCha>> {
        let (main, header) = keys.key.split_first_chunk()?;
        Some(Box::new(Streams { main: *main, header: header.try_into().ok()? }))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        match block {
            Block::Aes128Ctr => {
                Some(Box::new(Counter(keyed::<ctr::Ctr128BE<Aes128>>(block, keys)?)))
            }
            Block::Aes192Ctr => {
                Some(Box::new(Counter(keyed::<ctr::Ctr128BE<Aes192>>(block, keys)?)))
            }
            Block::Aes256Ctr => {
                Some(Box::new(Counter(keyed::<ctr::Ctr128BE<Aes256>>(block, keys)?)))
            }
            Block::Aes128Cbc => chained::<Aes128>(block, keys, work),
            Block::Aes192Cbc => chained::<Aes192>(block, keys, work),
            Block::Aes256Cbc => chained::<Aes256>(block, keys, work),
            Block::TripleDesCbc => chained::<TdesEde3>(block, keys, work),
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
        nonce: &gcm::Nonce,
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<gcm::Tag, Fault> {
        let nonce = nonce.as_slice().try_into().map_err(|_| Fault::Library)?;
        let tag = self.0.encrypt_inout_detached(nonce, associated, bytes.into());
        tag.ok().and_then(|tag| tag.as_slice().try_into().ok()).ok_or(Fault::Library)
    }

    fn decrypt(
        &mut self,
        nonce: &gcm::Nonce,
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let nonce = nonce.as_slice().try_into().map_err(|_| Fault::Library)?;
        let (bytes, tag) = gcm::split(bytes)?;
        let tag = tag.as_slice().try_into().map_err(|_| Fault::Library)?;
        let opened = self.0.decrypt_inout_detached(nonce, associated, bytes.into(), tag);
        opened.map_err(|_| Fault::Tampered)
    }
}

fn keyed<C: KeyIvInit>(block: Block, keys: &Keys) -> Option<C> {
    C::new_from_slices(&keys.key[..block.key_bytes()], &keys.iv[..block.bytes()]).ok()
}

/// Counter mode, the same both ways.
struct Counter<C>(C);

impl<C: StreamCipher + Send> Blocks for Counter<C> {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        self.0.try_apply_keystream(blocks).map_err(|_| Fault::Library)
    }
}

/// Cipher block chaining.
fn chained<C>(block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>>
where
    C: BlockCipherEncrypt + BlockCipherDecrypt + KeyInit + Send + 'static,
{
    Some(match work {
        Work::Seal => Box::new(Encryptor(keyed::<cbc::Encryptor<C>>(block, keys)?)),
        Work::Open => Box::new(Decryptor(keyed::<cbc::Decryptor<C>>(block, keys)?)),
    })
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
        Ok(code(&mac.finalize().into_bytes()))
    }
}

/// Bytes of a block of ChaCha20's stream.
const BLOCK: u64 = 64;

/// The two keys of ChaCha20.
struct Streams {
    main: [u8; 32],
    header: [u8; 32],
}

impl ChaCha for Streams {
    fn stream(
        &mut self,
        key: Key,
        block: u64,
        sequence: u32,
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let key = match key {
            Key::Main => &self.main,
            Key::Header => &self.header,
        };
        let mut stream = ChaCha20Legacy::new(key.into(), &nonce(sequence).into());
        if block > 0 {
            stream.try_seek(block * BLOCK).map_err(|_| Fault::Library)?;
        }
        stream.try_apply_keystream(bytes).map_err(|_| Fault::Library)
    }

    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault> {
        Ok(Poly1305::new(key.into()).compute_unpadded(bytes).into())
    }
}
