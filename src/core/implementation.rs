//! What a library must bring, and the libraries that this program has.

use super::packet::{Open, Seal};
use super::suite::{Keys, Suite};

/// A library of cipher cores.
pub trait Implementation {
    /// As `--impl` and records have it.
    fn name(&self) -> &'static str;

    /// Which version of the library, where it says so.
    fn version(&self) -> Option<String> {
        None
    }

    /// A sender's end; absent where the library has no such cipher or MAC.
    fn sealer(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Seal>>;

    /// A receiver's end; absent where the library has no such cipher or MAC.
    fn opener(&self, suite: Suite, keys: &Keys) -> Option<Box<dyn Open>>;
}

/// The libraries that were compiled in.
pub fn compiled_in() -> Vec<Box<dyn Implementation>> {
    vec![
        #[cfg(feature = "aws-lc-rs")]
        Box::new(super::aws_lc::AwsLc),
        #[cfg(feature = "ring")]
        Box::new(super::ring::Ring),
        #[cfg(feature = "rustcrypto")]
        Box::new(super::rustcrypto::RustCrypto),
    ]
}
