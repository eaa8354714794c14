//! Tables, sections and rows: the figures of each cipher, compared and ranked.

pub mod compare;
pub mod conclusion;
pub mod mark;
pub mod rank;
pub mod ranking;
pub mod row;
pub mod storage;
pub mod table;
pub mod unranked;
pub mod upper_bound;
pub mod whole;
