//! MACs: `HMAC(3ssl)`.

use std::ffi::{c_int, c_uint};
use std::ptr::null;
use std::sync::Arc;

use super::api::Api;
use super::context::{Context, done};
use crate::cipher_cores::packet::Fault;
use crate::cipher_cores::suite::{Hash, Keys};
use crate::cipher_cores::with_mac::{Authenticate, Code};

/// An `HMAC_CTX` with its key.
pub struct Hmac(Context);

impl Hmac {
    /// Absent where the library refuses the hash.
    pub fn new(api: &Arc<Api>, hash: Hash, keys: &Keys) -> Option<Hmac> {
        let digest = match hash {
            Hash::Sha1 => api.EVP_sha1,
            Hash::Sha256 => api.EVP_sha256,
            Hash::Sha512 => api.EVP_sha512,
        };
        let key = &keys.mac[..hash.bytes()];
        // SAFETY: the key has as many bytes as it says.
        unsafe {
            let context = Context::new(api, (api.HMAC_CTX_new)(), api.HMAC_CTX_free)?;
            let (pointer, bytes) = (key.as_ptr().cast(), key.len() as c_int);
            let done = (api.HMAC_Init_ex)(context.pointer, pointer, bytes, digest(), null());
            (done == 1).then_some(Hmac(context))
        }
    }
}

impl Authenticate for Hmac {
    fn code(&mut self, sequence: u32, bytes: &[u8]) -> Result<Code, Fault> {
        let mut code: Code = [0; 64];
        let mut length: c_uint = 0;
        let sequence = sequence.to_be_bytes();
        let Context { api, pointer, .. } = &self.0;
        // SAFETY: the longest of these MACs has 64 bytes; without a key it starts again with its own.
        done(unsafe {
            (api.HMAC_Init_ex)(*pointer, null(), 0, null(), null()) == 1
                && (api.HMAC_Update)(*pointer, sequence.as_ptr(), sequence.len()) == 1
                && (api.HMAC_Update)(*pointer, bytes.as_ptr(), bytes.len()) == 1
                && (api.HMAC_Final)(*pointer, code.as_mut_ptr(), &mut length) == 1
        })?;
        Ok(code)
    }
}
