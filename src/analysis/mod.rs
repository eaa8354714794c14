//! What the samples of a survey say: figures, bottlenecks, warnings, advice. Pure functions of the
//! journal, so that an old survey can be reported again anywhere.

pub mod advice;
pub mod bottleneck;
pub mod cipher_cores;
pub mod comparison;
pub mod end;
pub mod expectation;
pub mod naming;
pub mod phrases;
pub mod policy;
pub mod rows;
pub mod samples;
pub mod summary;
#[cfg(test)]
pub mod testing;
pub mod warnings;
pub mod window;

pub use summary::{Summary, summarise};
