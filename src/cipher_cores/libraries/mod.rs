//! The libraries that this program has, each behind [`Implementation`].

#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod libcrypto;
#[cfg(feature = "ring")]
mod ring;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod ring_api;
#[cfg(feature = "rustcrypto")]
mod rustcrypto;

use std::path::Path;

pub use libcrypto::LoadError;

use super::implementation::Implementation;

/// Those that were compiled in, then libcrypto: the one at `path`, or else the system's. Where it
/// can't be loaded, why.
pub fn load(path: Option<&Path>) -> (Vec<Box<dyn Implementation>>, Result<(), LoadError>) {
    let mut libraries = compiled_in();
    let loaded = libcrypto::LibCrypto::load(path).map(|library| libraries.push(Box::new(library)));
    (libraries, loaded)
}

/// The libraries that were compiled in.
pub fn compiled_in() -> Vec<Box<dyn Implementation>> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Box::new(aws_lc::AwsLc),
        #[cfg(feature = "ring")]
        Box::new(ring::Ring),
        #[cfg(feature = "rustcrypto")]
        Box::new(rustcrypto::RustCrypto),
    ]
}
