//! Ciphers: `EVP_EncryptInit(3ssl)`.

use std::ffi::{c_int, c_uint, c_void};
use std::ptr::{null, null_mut};
use std::sync::Arc;

use super::api::Api;
use super::context::{Context, done};
use crate::cipher_cores::gcm::{self, Gcm};
use crate::cipher_cores::packet::Fault;
use crate::cipher_cores::with_mac::Blocks;
use crate::model::cipher_cores::Work;

/// `EVP_EncryptInit(3ssl)`: reads the tag of an AEAD, or sets the one that is expected.
const EVP_CTRL_AEAD_GET_TAG: c_int = 0x10;
const EVP_CTRL_AEAD_SET_TAG: c_int = 0x11;

/// A function that gives an `EVP_CIPHER`, a constant.
pub type Algorithm = unsafe extern "C" fn() -> *const c_void;

/// An `EVP_CIPHER_CTX` with its key.
pub struct Cipher(Context);

impl Cipher {
    /// Absent where the library refuses the cipher. `key` is at least as long as it wants.
    pub fn new(
        api: &Arc<Api>,
        algorithm: Algorithm,
        key: &[u8],
        iv: Option<&[u8; 16]>,
        work: Work,
    ) -> Option<Cipher> {
        // SAFETY: the key and the IV are as long as the longest of our ciphers wants.
        unsafe {
            let cipher = algorithm();
            let context = Context::new(api, (api.EVP_CIPHER_CTX_new)(), api.EVP_CIPHER_CTX_free)?;
            if cipher.is_null() {
                return None;
            }
            let iv = iv.map_or(null(), |iv| iv.as_ptr());
            let encrypt = c_int::from(work == Work::Seal);
            let init = api.EVP_CipherInit_ex;
            (init(context.pointer, cipher, null(), key.as_ptr(), iv, encrypt) == 1)
                .then_some(Cipher(context))
        }
    }

    /// A new IV for the same key.
    pub fn restart(&mut self, iv: &[u8]) -> Result<(), Fault> {
        let init = self.0.api.EVP_CipherInit_ex;
        // SAFETY: callers give as many bytes as their cipher wants; -1 keeps the direction.
        done(unsafe { init(self.0.pointer, null(), null(), null(), iv.as_ptr(), -1) } == 1)
    }

    /// Encrypts or decrypts in place.
    pub fn apply(&mut self, bytes: &mut [u8]) -> Result<(), Fault> {
        let to = bytes.as_mut_ptr();
        // A legacy cipher gives 1, one of a provider the number of bytes.
        let result = self.call(to, to, bytes.len());
        done(result > 0 || (result == 0 && bytes.is_empty()))
    }

    /// Bytes that the tag covers as well: no output.
    fn associated(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        done(self.call(null_mut(), bytes.as_ptr(), bytes.len()) > 0)
    }

    /// Ends an AEAD's message, by no input: computes the tag, or compares it.
    fn finish(&mut self) -> Result<(), Fault> {
        if self.call(null_mut(), null(), 0) >= 0 { Ok(()) } else { Err(Fault::Tampered) }
    }

    fn call(&mut self, to: *mut u8, from: *const u8, bytes: usize) -> c_int {
        // SAFETY: a packet is shorter than 4 GiB; the pointers are null or of so many bytes, and may
        // be the same.
        unsafe { (self.0.api.EVP_Cipher)(self.0.pointer, to, from, bytes as c_uint) }
    }

    fn tag(&mut self, control: c_int, tag: &mut gcm::Tag) -> Result<(), Fault> {
        let (bytes, pointer) = (tag.len() as c_int, tag.as_mut_ptr().cast());
        let ctrl = self.0.api.EVP_CIPHER_CTX_ctrl;
        // SAFETY: the tag has as many bytes as it says.
        done(unsafe { ctrl(self.0.pointer, control, bytes, pointer) } > 0)
    }
}

impl Blocks for Cipher {
    fn apply(&mut self, blocks: &mut [u8]) -> Result<(), Fault> {
        Cipher::apply(self, blocks)
    }
}

impl Gcm for Cipher {
    fn encrypt(
        &mut self,
        nonce: &gcm::Nonce,
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<gcm::Tag, Fault> {
        let mut tag = gcm::Tag::default();
        self.restart(nonce)?;
        self.associated(associated)?;
        self.apply(bytes)?;
        self.finish()?;
        self.tag(EVP_CTRL_AEAD_GET_TAG, &mut tag)?;
        Ok(tag)
    }

    fn decrypt(
        &mut self,
        nonce: &gcm::Nonce,
        associated: &[u8],
        bytes: &mut [u8],
    ) -> Result<(), Fault> {
        let (bytes, tag) = gcm::split(bytes)?;
        self.restart(nonce)?;
        self.tag(EVP_CTRL_AEAD_SET_TAG, tag)?;
        self.associated(associated)?;
        self.apply(bytes)?;
        self.finish()
    }
}
