//! The functions of libcrypto that the cores use, found at run time: those of OpenSSL 1.1.0 and later
//! (`crypto(7ssl)`), which LibreSSL has too, and the interface to Poly1305 of 3.0 and later.

use std::ffi::{CStr, c_char, c_int, c_uchar, c_uint, c_void};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libloading::Library;
use thiserror::Error;

/// The names under which systems have it, the newest ABI first. The name without a number comes with
/// developers' packages and is usual on macOS and the BSDs.
const NAMES: [&str; 5] =
    ["libcrypto.so.4", "libcrypto.so.3", "libcrypto.so.1.1", "libcrypto.so", "libcrypto.dylib"];

/// Why the library is not used.
#[derive(Debug, Error)]
pub enum LoadError {
    #[error("there is no libcrypto ({})", NAMES.join(", "))]
    Absent,
    #[error("{path} can't be loaded: {why}")]
    Unloadable { path: PathBuf, why: String },
    #[error("{path} is {version}, which has no {symbol}; OpenSSL 1.1.0 or later is needed")]
    OtherAbi { path: PathBuf, version: String, symbol: &'static str },
}

macro_rules! functions {
    ($($name:ident($($argument:ty),*) $(-> $result:ty)?;)*) => {
        /// `crypto(7ssl)` and the manual page of each function.
        #[allow(non_snake_case)]
        pub struct Api {
            $(pub $name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
            pub poly1305: Option<Poly1305>,
            pub version: String,
            /// The library that the functions belong to, unloaded last.
            _library: Library,
        }

        impl Api {
            fn find(library: Library, path: &Path) -> Result<Api, LoadError> {
                let version = version(&library);
                let other_abi = |symbol| LoadError::OtherAbi {
                    path: path.to_owned(),
                    version: version.clone(),
                    symbol,
                };
                Ok(Api {
                    // SAFETY: the types are those of the manual.
                    $($name: *unsafe { library.get(stringify!($name)) }
                        .map_err(|_| other_abi(stringify!($name)))?,)*
                    poly1305: Poly1305::find(&library),
                    version,
                    _library: library,
                })
            }
        }
    };
}

functions! {
    EVP_CIPHER_CTX_new() -> *mut c_void;
    EVP_CIPHER_CTX_free(*mut c_void);
    EVP_CipherInit_ex(*mut c_void, *const c_void, *const c_void, *const c_uchar, *const c_uchar, c_int) -> c_int;
    EVP_Cipher(*mut c_void, *mut c_uchar, *const c_uchar, c_uint) -> c_int;
    EVP_CIPHER_CTX_ctrl(*mut c_void, c_int, c_int, *mut c_void) -> c_int;
    EVP_aes_128_gcm() -> *const c_void;
    EVP_aes_256_gcm() -> *const c_void;
    EVP_aes_128_ctr() -> *const c_void;
    EVP_aes_192_ctr() -> *const c_void;
    EVP_aes_256_ctr() -> *const c_void;
    EVP_aes_128_cbc() -> *const c_void;
    EVP_aes_192_cbc() -> *const c_void;
    EVP_aes_256_cbc() -> *const c_void;
    EVP_des_ede3_cbc() -> *const c_void;
    EVP_chacha20() -> *const c_void;
    EVP_sha1() -> *const c_void;
    EVP_sha256() -> *const c_void;
    EVP_sha512() -> *const c_void;
    HMAC_CTX_new() -> *mut c_void;
    HMAC_CTX_free(*mut c_void);
    HMAC_Init_ex(*mut c_void, *const c_void, c_int, *const c_void, *const c_void) -> c_int;
    HMAC_Update(*mut c_void, *const c_uchar, usize) -> c_int;
    HMAC_Final(*mut c_void, *mut c_uchar, *mut c_uint) -> c_int;
}

/// `EVP_MAC(3ssl)`.
#[allow(non_snake_case)]
pub struct Poly1305 {
    pub EVP_MAC_CTX_new: unsafe extern "C" fn(*mut c_void) -> *mut c_void,
    pub EVP_MAC_CTX_free: unsafe extern "C" fn(*mut c_void),
    pub EVP_MAC_init:
        unsafe extern "C" fn(*mut c_void, *const c_uchar, usize, *const c_void) -> c_int,
    pub EVP_MAC_update: unsafe extern "C" fn(*mut c_void, *const c_uchar, usize) -> c_int,
    pub EVP_MAC_final: unsafe extern "C" fn(*mut c_void, *mut c_uchar, *mut usize, usize) -> c_int,
    /// The `EVP_MAC`, kept as long as the library.
    pub mac: *mut c_void,
}

// SAFETY: an EVP_MAC is reference-counted and does not change once it was fetched.
unsafe impl Send for Poly1305 {}
unsafe impl Sync for Poly1305 {}

impl Poly1305 {
    fn find(library: &Library) -> Option<Poly1305> {
        type Fetch = unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> *mut c_void;
        // SAFETY: the types are those of the manual.
        unsafe {
            let fetch = library.get::<Fetch>("EVP_MAC_fetch").ok()?;
            let mac = fetch(std::ptr::null_mut(), c"POLY1305".as_ptr(), std::ptr::null());
            if mac.is_null() {
                return None;
            }
            Some(Poly1305 {
                EVP_MAC_CTX_new: *library.get("EVP_MAC_CTX_new").ok()?,
                EVP_MAC_CTX_free: *library.get("EVP_MAC_CTX_free").ok()?,
                EVP_MAC_init: *library.get("EVP_MAC_init").ok()?,
                EVP_MAC_update: *library.get("EVP_MAC_update").ok()?,
                EVP_MAC_final: *library.get("EVP_MAC_final").ok()?,
                mac,
            })
        }
    }
}

/// Loads the library at `path`, or else the system's.
///
/// # Errors
/// [`LoadError`]: it is absent, or has not the functions that we need.
pub fn load(path: Option<&Path>) -> Result<Arc<Api>, LoadError> {
    let names = match path {
        Some(path) => vec![path],
        None => NAMES.iter().map(Path::new).collect(),
    };
    let mut why = LoadError::Absent;
    for name in names {
        // SAFETY: loading runs what the library does at its start, and we trust the system's as
        // `ssh` does, or what the user named.
        match unsafe { Library::new(name) } {
            Ok(library) => match Api::find(library, name) {
                Ok(api) => return Ok(Arc::new(api)),
                Err(other) => why = other,
            },
            Err(error) if path.is_some() => {
                let why = std::error::Error::source(&error)
                    .map_or(error.to_string(), |source| source.to_string());
                return Err(LoadError::Unloadable { path: name.to_owned(), why });
            }
            Err(_) => {}
        }
    }
    Err(why)
}

/// The library's own name and version: `OpenSSL_version(3ssl)`, before 1.1.0 `SSLeay_version`.
fn version(library: &Library) -> String {
    type Version = unsafe extern "C" fn(c_int) -> *const c_char;
    for symbol in ["OpenSSL_version", "SSLeay_version"] {
        // SAFETY: the types are those of the manual; 0 asks for the version, a constant string.
        let text = unsafe {
            let Ok(version) = library.get::<Version>(symbol) else { continue };
            version(0)
        };
        if !text.is_null() {
            // SAFETY: it ends with a zero.
            return unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
        }
    }
    "a library without a version".into()
}
