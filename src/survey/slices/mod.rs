//! Rounds of methods whose connections stay open: generations of connections, fed in slices.

mod accounts;
pub mod aes_check;
pub mod at_once;
mod failures;
pub mod feed;
pub mod generation;
mod live;
mod member;
mod opening;
mod samples;
pub mod sizes;
mod slice;
pub mod state;
mod sum;
mod timing;
