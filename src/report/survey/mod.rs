//! What a report says of a survey besides its figures.

pub mod advice;
pub mod heading;
pub mod notes;
