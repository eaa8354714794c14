//! What a survey's trials say: figures, standings, warnings. Pure functions of the journal,
//! so that an old survey can be reported again anywhere.

pub mod advice;
pub mod apart;
mod candidate;
pub mod ceiling;
pub mod change;
pub mod compare;
pub mod conclusion;
pub mod cores;
mod disturbances;
pub mod figures;
pub mod finding;
pub mod fit;
pub mod floor;
pub mod intervals;
mod judge;
pub mod limit;
pub mod load;
pub mod masks;
pub mod outcomes;
pub mod pace;
pub mod pivot;
pub mod race;
pub mod recommend;
pub mod rows;
pub mod series;
pub mod standing;
pub mod startup;
pub mod statistics;
pub mod summary;
pub mod table;
#[cfg(test)]
pub mod testing;
pub mod warnings;

pub use summary::{Summary, summarise};
