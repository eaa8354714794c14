//! What a survey's trials say. Pure functions of the journal.

#[cfg(test)]
pub mod testing;
