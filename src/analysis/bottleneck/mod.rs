//! What kept transfers from being faster.

pub mod find;
pub mod kind;
pub mod load;
pub mod path;
