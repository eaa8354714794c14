//! A context of the library (`EVP_CIPHER_CTX`, `HMAC_CTX`, `EVP_MAC_CTX`), freed when it is dropped.

use std::ffi::c_void;
use std::sync::Arc;

use super::api::Api;
use crate::cipher_cores::packet::Fault;

pub struct Context {
    /// Keeps the library loaded.
    pub api: Arc<Api>,
    pub pointer: *mut c_void,
    free: Free,
}

type Free = unsafe extern "C" fn(*mut c_void);

// SAFETY: nothing of a context belongs to a thread.
unsafe impl Send for Context {}

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: it is ours and used no more.
        unsafe { (self.free)(self.pointer) };
    }
}

impl Context {
    /// Takes what the library allocated; absent where it allocated nothing.
    ///
    /// # Safety
    /// The context belongs to nobody else, and `free` is the function that frees it.
    pub unsafe fn new(api: &Arc<Api>, pointer: *mut c_void, free: Free) -> Option<Context> {
        (!pointer.is_null()).then(|| Context { api: api.clone(), pointer, free })
    }
}

/// What a call of the library came to.
pub fn done(done: bool) -> Result<(), Fault> {
    if done { Ok(()) } else { Err(Fault::Library) }
}
