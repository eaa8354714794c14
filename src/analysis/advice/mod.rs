//! Which cipher to use.

pub mod alternative;
pub mod answer;
pub mod between;
pub mod choose;
pub mod confirmation;
pub mod copies;
pub mod for_all;
pub mod goal;
mod judged;
pub mod recommend;
pub mod recommendation;
pub mod security_floor;
pub mod sentence;
mod storage;
