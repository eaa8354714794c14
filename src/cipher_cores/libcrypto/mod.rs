//! The system's libcrypto, loaded at run time: what the system's `ssh` runs, called as it calls it
//! (OpenSSH `cipher.c`, `cipher-chachapoly-libcrypto.c`, `digest-openssl.c`). One thing differs: of
//! chacha20-poly1305 `ssh` takes only ChaCha20 from here and has a Poly1305 of its own in plain C,
//! while this core takes libcrypto's, which is faster.

mod api;

use std::ffi::{c_int, c_uint, c_void};
use std::path::Path;
use std::ptr::{null, null_mut};
use std::sync::Arc;

pub use api::LoadError;
use api::{Api, load};

use super::chacha::{self, ChaCha, nonce};
use super::gcm::{self, Gcm};
use super::implementation::Implementation;
use super::packet::{Fault, LENGTH, SealOrOpen};
use super::suite::{Aead, Block, Hash, Keys};
use super::with_mac::{Authenticate, Blocks, Code};
use crate::model::cipher_cores::Work;

/// `EVP_EncryptInit(3ssl)`: the tag of an AEAD, and its IV's length and fixed part.
const EVP_CTRL_AEAD_GET_TAG: c_int = 0x10;
const EVP_CTRL_AEAD_SET_TAG: c_int = 0x11;

pub struct LibCrypto(Arc<Api>);

impl LibCrypto {
    /// The library at `path`, or else the system's.
    ///
    /// # Errors
    /// It is absent, too old or of another ABI.
    pub fn load(path: Option<&Path>) -> Result<LibCrypto, LoadError> {
        load(path).map(LibCrypto)
    }

    pub(super) fn halves(&self, keys: &Keys) -> Option<Box<dyn ChaCha>> {
        Some(Box::new(Halves::new(&self.0, keys)?))
    }
}

impl Implementation for LibCrypto {
    fn name(&self) -> &'static str {
        "libcrypto"
    }

    fn version(&self) -> Option<String> {
        Some(self.0.version.clone())
    }

    fn galois(&self, aead: Aead, keys: &Keys, work: Work) -> Option<Box<dyn Gcm>> {
        let api = &self.0;
        Some(Box::new(Context::new(api, alone(api, aead)?, &keys.key, None, work)?))
    }

    fn chacha(&self, keys: &Keys) -> Option<Box<dyn SealOrOpen>> {
        Some(Box::new(chacha::Packets(self.halves(keys)?)))
    }

    fn blocks(&self, block: Block, keys: &Keys, work: Work) -> Option<Box<dyn Blocks>> {
        let api = &self.0;
        Some(Box::new(Context::new(api, with(api, block), &keys.key, Some(&keys.iv), work)?))
    }

    fn mac(&self, hash: Hash, keys: &Keys) -> Option<Box<dyn Authenticate>> {
        Some(Box::new(Hmac::new(&self.0, hash, keys)?))
    }
}

/// An `EVP_CIPHER`.
type Cipher = *const c_void;

fn alone(api: &Api, aead: Aead) -> Option<Cipher> {
    // SAFETY: these give constants.
    match aead {
        Aead::ChaCha20Poly1305 => None,
        Aead::Aes128Gcm => Some(unsafe { (api.EVP_aes_128_gcm)() }),
        Aead::Aes256Gcm => Some(unsafe { (api.EVP_aes_256_gcm)() }),
    }
}

fn with(api: &Api, block: Block) -> Cipher {
    let constant = match block {
        Block::Aes128Ctr => api.EVP_aes_128_ctr,
        Block::Aes192Ctr => api.EVP_aes_192_ctr,
        Block::Aes256Ctr => api.EVP_aes_256_ctr,
        Block::Aes128Cbc => api.EVP_aes_128_cbc,
        Block::Aes192Cbc => api.EVP_aes_192_cbc,
        Block::Aes256Cbc => api.EVP_aes_256_cbc,
        Block::TripleDesCbc => api.EVP_des_ede3_cbc,
    };
    // SAFETY: it gives a constant.
    unsafe { constant() }
}

/// An `EVP_CIPHER_CTX` with its key.
struct Context {
    api: Arc<Api>,
    context: *mut c_void,
}

// SAFETY: nothing of a context belongs to a thread.
unsafe impl Send for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it is ours and used no more.
        unsafe { (self.api.EVP_CIPHER_CTX_free)(self.context) };
    }
}

impl Context {
    /// Absent where the library refuses the cipher. `key` is at least as long as it wants.
    fn new(
        api: &Arc<Api>,
        cipher: Cipher,
        key: &[u8],
        iv: Option<&[u8; 16]>,
        work: Work,
    ) -> Option<Context> {
        // SAFETY: the key and the IV are as long as the longest of the ciphers above wants, and the
        // context frees itself.
        unsafe {
            let context = (api.EVP_CIPHER_CTX_new)();
            if context.is_null() || cipher.is_null() {
                return None;
            }
            let made = Context { api: api.clone(), context };
            let iv = iv.map_or(null(), |iv| iv.as_ptr());
            let encrypt = c_int::from(work == Work::Seal);
            let init = api.EVP_CipherInit_ex;
            (init(context, cipher, null(), key.as_ptr(), iv, encrypt) == 1).then_some(made)
        }
    }

    /// A new IV for the same key.
    fn restart(&mut self, iv: &[u8]) -> Result<(), Fault> {
        // SAFETY: callers give as many bytes as their cipher wants; -1 keeps the way.
        let done = unsafe {
            let init = self.api.EVP_CipherInit_ex;
            init(self.context, null(), null(), null(), iv.as_ptr(), -1)
        };
        if done == 1 { Ok(()) } else { Err(Fault::Library) }
    }

    /// Encrypts or decrypts in place.
    fn cipher(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        let pointer = bytes.as_mut_ptr();
        // SAFETY: a packet is shorter than 4 GiB, and in place is allowed.
        let done =
            unsafe { (self.api.EVP_Cipher)(self.context, pointer, pointer, bytes.len() as c_uint) };
        // A cipher of the first kind gives 1, one of a provider the number of bytes.
        if done > 0 || (done == 0 && bytes.is_empty()) { Ok(()) } else { Err(Fault::Library) }
    }

    /// Bytes that the tag is of as well (`EVP_Cipher` without a place to write to).
    fn associated(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        // SAFETY: as above.
        let done = unsafe {
            (self.api.EVP_Cipher)(self.context, null_mut(), bytes.as_ptr(), bytes.len() as c_uint)
        };
        if done > 0 { Ok(()) } else { Err(Fault::Library) }
    }

    /// Ends a message: computes the tag, or compares it.
    fn finish(&mut self) -> Result<(), Fault> {
        // SAFETY: `EVP_Cipher` without input ends an AEAD's message.
        let done = unsafe { (self.api.EVP_Cipher)(self.context, null_mut(), null(), 0) };
        if done >= 0 { Ok(()) } else { Err(Fault::Tampered) }
    }

    fn tag(&mut self, control: c_int, tag: &mut [u8; gcm::TAG]) -> Result<(), Fault> {
        let pointer = tag.as_mut_ptr().cast();
        // SAFETY: the tag has as many bytes as it says.
        let done = unsafe {
            (self.api.EVP_CIPHER_CTX_ctrl)(self.context, control, gcm::TAG as c_int, pointer)
        };
        if done > 0 { Ok(()) } else { Err(Fault::Library) }
    }
}

impl Blocks for Context {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        self.cipher(blocks)
    }
}

impl Gcm for Context {
    fn encrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<[u8; gcm::TAG], Fault> {
        let mut tag = [0; gcm::TAG];
        self.restart(nonce)?;
        self.associated(associated)?;
        self.cipher(bytes)?;
        self.finish()?;
        self.tag(EVP_CTRL_AEAD_GET_TAG, &mut tag)?;
        Ok(tag)
    }

    fn decrypt(
        &mut self,
        nonce: &[u8; 12],
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let (bytes, tag) = bytes.split_last_chunk_mut::<{ gcm::TAG }>().ok_or(Fault::Tampered)?;
        self.restart(nonce)?;
        self.tag(EVP_CTRL_AEAD_SET_TAG, tag)?;
        self.associated(associated)?;
        self.cipher(bytes)?;
        self.finish()
    }
}

/// An `HMAC_CTX` with its key.
struct Hmac {
    api: Arc<Api>,
    context: *mut c_void,
}

// SAFETY: nothing of a context belongs to a thread.
unsafe impl Send for Hmac {}

impl Drop for Hmac {
    fn drop(&mut self) {
        // SAFETY: it is ours and used no more.
        unsafe { (self.api.HMAC_CTX_free)(self.context) };
    }
}

impl Hmac {
    fn new(api: &Arc<Api>, hash: Hash, keys: &Keys) -> Option<Hmac> {
        // SAFETY: the key has as many bytes as it says, and the context frees itself.
        unsafe {
            let digest = match hash {
                Hash::Sha1 => (api.EVP_sha1)(),
                Hash::Sha256 => (api.EVP_sha256)(),
                Hash::Sha512 => (api.EVP_sha512)(),
            };
            let context = (api.HMAC_CTX_new)();
            if context.is_null() {
                return None;
            }
            let made = Hmac { api: api.clone(), context };
            let key = keys.mac[..hash.bytes()].as_ptr().cast();
            let done = (api.HMAC_Init_ex)(context, key, hash.bytes() as c_int, digest, null());
            (done == 1).then_some(made)
        }
    }
}

impl Authenticate for Hmac {
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault> {
        let mut code: Code = [0; 64];
        let mut length: c_uint = 0;
        let sequence = sequence.to_be_bytes();
        let (api, context) = (&self.api, self.context);
        // SAFETY: the longest of these MACs has 64 bytes; without a key it starts again with its own.
        let done = unsafe {
            (api.HMAC_Init_ex)(context, null(), 0, null(), null()) == 1
                && (api.HMAC_Update)(context, sequence.as_ptr(), sequence.len()) == 1
                && (api.HMAC_Update)(context, bytes.as_ptr(), bytes.len()) == 1
                && (api.HMAC_Final)(context, code.as_mut_ptr(), &mut length) == 1
        };
        if done { Ok(code) } else { Err(Fault::Library) }
    }
}

/// ChaCha20 with both halves of the key, and Poly1305.
struct Halves {
    rest: Context,
    length: Context,
    /// An `EVP_MAC_CTX`.
    poly1305: *mut c_void,
}

// SAFETY: nothing of a context belongs to a thread.
unsafe impl Send for Halves {}

impl Drop for Halves {
    fn drop(&mut self) {
        if let Some(poly1305) = &self.rest.api.poly1305 {
            // SAFETY: it is ours and used no more.
            unsafe { (poly1305.EVP_MAC_CTX_free)(self.poly1305) };
        }
    }
}

impl Halves {
    /// Absent where the library has no Poly1305 that can be called by itself.
    fn new(api: &Arc<Api>, keys: &Keys) -> Option<Halves> {
        let poly1305 = api.poly1305.as_ref()?;
        // SAFETY: it gives a constant.
        let chacha = unsafe { (api.EVP_chacha20)() };
        let half = |key| Context::new(api, chacha, key, None, Work::Seal);
        let (rest, length) = keys.key.split_at(32);
        let (rest, length) = (half(rest)?, half(length)?);
        // SAFETY: the EVP_MAC lives as long as the library.
        let context = unsafe { (poly1305.EVP_MAC_CTX_new)(poly1305.mac) };
        (!context.is_null()).then_some(Halves { rest, length, poly1305: context })
    }
}

/// Where in its stream ChaCha20 starts: the block's number, the lowest byte first, and the nonce
/// (`EVP_chacha20(3ssl)`).
fn start(block: u64, sequence: u32) -> [u8; 16] {
    let mut iv = [0; 16];
    iv[..8].copy_from_slice(&block.to_le_bytes());
    iv[8..].copy_from_slice(&nonce(sequence));
    iv
}

impl ChaCha for Halves {
    fn length(&mut self, sequence: u32, length: &mut [u8; LENGTH]) -> Result<(), Fault> {
        self.length.restart(&start(0, sequence))?;
        self.length.cipher(length)
    }

    fn poly1305_key(&mut self, sequence: u32) -> Result<[u8; 32], Fault> {
        let mut key = [0; 32];
        self.rest.restart(&start(0, sequence))?;
        self.rest.cipher(&mut key)?;
        Ok(key)
    }

    fn rest(&mut self, sequence: u32, bytes: &mut [u8]) -> Result<(), Fault> {
        self.rest.restart(&start(1, sequence))?;
        self.rest.cipher(bytes)
    }

    fn poly1305(&mut self, key: &[u8; 32], bytes: &[u8]) -> Result<[u8; 16], Fault> {
        let api = self.rest.api.poly1305.as_ref().ok_or(Fault::Library)?;
        let context = self.poly1305;
        let mut tag = [0; 16];
        let mut length = 0;
        // SAFETY: key, bytes and tag are as long as they say.
        let done = unsafe {
            (api.EVP_MAC_init)(context, key.as_ptr(), key.len(), null()) == 1
                && (api.EVP_MAC_update)(context, bytes.as_ptr(), bytes.len()) == 1
                && (api.EVP_MAC_final)(context, tag.as_mut_ptr(), &mut length, tag.len()) == 1
        };
        if done { Ok(tag) } else { Err(Fault::Library) }
    }
}
