//! Which cipher to use.

pub mod alternative;
pub mod goal;
pub mod recommend;
pub mod security_floor;
pub mod sentence;
