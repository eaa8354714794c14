//! What a survey's trials say: figures, standings, warnings. Pure functions of the journal,
//! so that an old survey can be reported again anywhere.

pub mod advice;
pub mod aes_check;
mod alternative;
pub mod bottleneck;
pub mod change;
pub mod cipher_cores;
pub mod compare;
pub mod conclusion;
mod disturbances;
pub mod figures;
pub mod finding;
pub mod floor;
mod judge;
pub mod load;
pub mod outcomes;
pub mod pace;
pub mod pivot;
pub mod ranking;
pub mod recommend;
pub mod rows;
pub mod series;
pub mod startup;
pub mod summary;
pub mod table;
#[cfg(test)]
pub mod testing;
pub mod unranked;
pub mod upper_bound;
pub mod warnings;

pub use summary::{Summary, summarise};
